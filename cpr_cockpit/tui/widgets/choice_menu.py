"""A few words to choose from, in one line in the place of the foot: a number chooses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Blur

from cpr_cockpit.tui.messages import FootLeft
from cpr_cockpit.tui.toned import Line, Span, row


class ChoiceMenu(Line, can_focus=True):
    """``of``: what is chosen for, shown first; ``answer`` gets it with the word, or with none (``""``)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"choose({number})", show=False) for number in range(1, 10)),
        Binding("escape", "leave", "Leave", show=False),
    ]
    DEFAULT_CSS = """
    ChoiceMenu { background: $panel; }
    """

    def __init__(self, of: str, words: Sequence[str], answer: Callable[[str, str], Awaitable[None]]) -> None:
        super().__init__(classes="foot-place")
        self._answer = answer
        self._of = of
        self._words = tuple(words)

    def on_mount(self) -> None:
        """Say what can be chosen."""
        spans: list[Span] = [(f" {self._of} ", "key")]
        for number, word in enumerate(self._words, start=1):
            spans += [(str(number), "key"), (f" {word}  ", "")]
        self.say(row(*spans, ("esc", "key")))
        self.focus()

    def on_blur(self, event: Blur) -> None:
        """Whoever looks elsewhere has left."""
        self.post_message(FootLeft(self))

    async def action_choose(self, number: int) -> None:
        """That word; a number that stands for none leaves it open."""
        if number <= len(self._words):
            await self._answer(self._of, self._words[number - 1])

    async def action_leave(self) -> None:
        """None of them."""
        await self._answer(self._of, "")
