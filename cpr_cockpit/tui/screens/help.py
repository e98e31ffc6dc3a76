"""The keys: of the pane that had the focus, of its screen, and those that work everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from cpr_cockpit.core.view import View
from cpr_cockpit.tui.actions import ACTIONS, REPLAY, Action, key_word
from cpr_cockpit.tui.screens.base import CockpitScreen, title
from cpr_cockpit.tui.shown import Shown
from cpr_cockpit.tui.toned import Row, row
from cpr_cockpit.tui.widgets.rows import Rows

_PANE = (
    ("up, down", "one row; pageup, pagedown, home, end go further"),
    ("tab", "the next pane"),
    ("c", "copies what is under the cursor"),
    ("z", "this pane alone, and back"),
)


class HelpScreen(CockpitScreen):
    """Help for one screen; any screen's key leaves it."""

    KEY: ClassVar[str] = "help"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark", "app.back_home", "Back", show=False)]

    def __init__(self, newest: Callable[[], Shown], screen: str, words: str, pane: str) -> None:
        super().__init__(newest)
        self._of = screen
        self._words = words
        self._pane = pane

    def panes(self) -> Iterable[Widget]:
        """One pane."""
        yield Rows(id="keys", classes="pane", wrap=True, indent=14)

    def show(self, shown: Shown) -> None:
        """Draw the keys also before the first View."""
        super().show(shown)
        if not self.drawable:
            return
        pane = self.query_one("#keys", Rows)
        title(pane, "  ".join(part for part in ("HELP", self._of, "(? or esc: back)") if part))
        pane.show(self._rows(shown))

    def draw(self, view: View, shown: Shown) -> None:
        """Nothing of the View is needed."""

    def _rows(self, shown: Shown) -> list[Row]:
        own = [one for one in ACTIONS if one.where == self._of] if self._of else []
        rows = [row(self._words), row()] if self._words else []
        if shown.replay:
            rows += [row(("in this replay", "strong")), *(_row(one, shown) for one in REPLAY), row()]
        if self._pane:
            rows += [row((f"in the pane {self._pane}", "strong"))]
            rows += [row((f"  {key:<12}", "key"), words) for key, words in _PANE]
        if own:
            rows += [row(), row(("on this screen", "strong")), *(_row(one, shown) for one in own)]
        rows += [row(), row(("everywhere", "strong"))]
        return rows + [_row(one, shown) for one in ACTIONS if not one.where]


def _row(action: Action, shown: Shown) -> Row:
    why = action.why_not(shown)
    words = f"{action.label}: {action.tooltip}" if action.tooltip else action.label
    return row((f"  {key_word(action.key):<12}", "key"), words, (f"  (not now: {why})" if why else "", "dim"))
