"""The strategies and their options, in the place of the foot: each with why it cannot be taken now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Blur

from cpr_cockpit.core.view import PlanChoice
from cpr_cockpit.tui.messages import FootLeft
from cpr_cockpit.tui.toned import Row, row, wrapped
from cpr_cockpit.tui.widgets.rows import Rows

_INDENT = 6


class StrategyMenu(Rows):
    """A number points at a row, Enter chooses it; Escape leaves. A digit alone also leads to a screen: it may slip."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"point({number})", show=False) for number in range(1, 10)),
        Binding("enter", "choose", "Choose", show=False),
        Binding("escape,o", "leave", "Leave", show=False),
    ]
    DEFAULT_CSS = """
    StrategyMenu { background: $panel; width: 1fr; }
    """

    def __init__(self, choices: Sequence[PlanChoice], answer: Callable[[PlanChoice | None], Awaitable[None]]) -> None:
        super().__init__(cursor=True, wrap=True, indent=_INDENT, classes="foot-place")
        self._answer = answer
        self._choices = tuple(choices)

    def on_mount(self) -> None:
        """As many lines as it needs, up to half of the screen."""
        rows, size = menu_rows(self._choices), self.app.size
        lines = sum(len(wrapped(one, size.width - 1, _INDENT)) for one in rows)
        self.styles.height = min(lines, max(3, size.height // 2))
        self.show(rows, headings=frozenset((0,)))
        self.focus()

    def on_blur(self, event: Blur) -> None:
        """Whoever looks elsewhere has left."""
        self.post_message(FootLeft(self))

    def action_point(self, number: int) -> None:
        """Put the cursor on that row."""
        if number <= len(self._choices):
            self.rest_on(number)

    async def action_choose(self) -> None:
        """The row under the cursor."""
        place = self.index - 1
        if 0 <= place < len(self._choices):
            await self._answer(self._choices[place])

    async def action_leave(self) -> None:
        """None of them."""
        await self._answer(None)


def menu_rows(choices: Sequence[PlanChoice]) -> list[Row]:
    """A heading, then each choice: chosen, free, or in grey with its reason, which is told in words as well."""
    rows = [row((" STRATEGY until START: ", "key"), ("a number points, enter chooses; esc leaves", "dim"))]
    for number, one in enumerate(choices, start=1):
        chosen = ("[x] " if one.chosen else "[ ] ", "strong" if one.chosen else "")
        if one.why_not:
            rows.append(row((f" {number} ", "dim"), (f"{chosen[0]}{one.label}  NOT NOW: {one.why_not}", "dim")))
        else:
            rows.append(row((f" {number} ", "key"), chosen, (one.label, "strong" if one.chosen else "")))
    return rows
