"""How grave an issue is, in one line in the place of the foot: a number chooses, then its words are asked for."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Blur
from textual.message import Message

from cpr_cockpit.tui.toned import Line, Span, row

# As a person counts them: the gravest first. The last one is not a severity.
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
MORE = "more"


class IssueMenu(Line, can_focus=True):
    """``1`` to ``4`` choose a severity, ``5`` more of one that is there; Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"choose({number})", show=False) for number in range(1, len(SEVERITIES) + 2)),
        Binding("escape,p", "leave", "Leave", show=False),
    ]
    DEFAULT_CSS = """
    IssueMenu { background: $panel; }
    """

    class Chosen(Message):
        """A severity was chosen, or `MORE`, or nothing (``""``)."""

        def __init__(self, word: str) -> None:
            super().__init__()
            self.word = word

    def __init__(self) -> None:
        super().__init__(classes="foot-place")

    def on_mount(self) -> None:
        """Say what can be chosen."""
        spans: list[Span] = [(" issue ", "key")]
        for number, word in enumerate((*SEVERITIES, "more of one"), start=1):
            spans += [(str(number), "key"), (f" {word}  ", "")]
        self.say(row(*spans, ("esc", "key")))
        self.focus()

    def on_blur(self, event: Blur) -> None:
        """Whoever looks elsewhere has left."""
        self.action_leave()

    def action_choose(self, number: int) -> None:
        """That severity."""
        self.post_message(self.Chosen((*SEVERITIES, MORE)[number - 1]))

    def action_leave(self) -> None:
        """None of them."""
        self.post_message(self.Chosen(""))
