"""The triggers that a person may raise, in one line in the place of the foot; a number chooses, which arms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Blur

from cpr_cockpit.tui.decision import TRIGGERS
from cpr_cockpit.tui.messages import FootLeft
from cpr_cockpit.tui.toned import Line, Span, row


class TriggerMenu(Line, can_focus=True):
    """``1``, ``2``, ``3`` choose; Escape leaves. ``answer`` gets the trigger, or none (``""``), and the key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"choose({number})", show=False) for number in range(1, len(TRIGGERS) + 1)),
        Binding("escape,t", "leave", "Leave", show=False),
    ]
    DEFAULT_CSS = """
    TriggerMenu { background: $panel; }
    """

    def __init__(self, answer: Callable[[str, str], Awaitable[None]]) -> None:
        super().__init__(classes="foot-place")
        self._answer = answer

    def on_mount(self) -> None:
        """Say what can be chosen, shorter where there is little room."""
        short = self.app.size.width < 80
        spans: list[Span] = [(" raise ", "key")]
        for number, trigger in enumerate(TRIGGERS, start=1):
            spans += [(str(number), "key"), (f" {trigger.split()[0] if short else trigger}  ", "")]
        self.say(row(*spans, ("esc", "key")))
        self.focus()

    def on_blur(self, event: Blur) -> None:
        """Whoever looks elsewhere has left."""
        self.post_message(FootLeft(self))

    async def action_choose(self, number: int) -> None:
        """That trigger."""
        await self._answer(TRIGGERS[number - 1], str(number))

    async def action_leave(self) -> None:
        """None of them."""
        await self._answer("", "")
