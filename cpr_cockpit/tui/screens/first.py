"""What is painted first, before anything of the session is known: as little as says what this is."""

from __future__ import annotations

from textual.app import ComposeResult

from cpr_cockpit.tui.screens.base import CockpitScreen
from cpr_cockpit.tui.shown import Shown
from cpr_cockpit.tui.widgets.foot import Foot
from cpr_cockpit.tui.widgets.header import HeaderBar
from cpr_cockpit.tui.widgets.rail import Rail


class FirstScreen(CockpitScreen):
    """Header, rail, foot: every other widget would come later to the eye than it is needed."""

    def compose(self) -> ComposeResult:
        """Three lines."""
        yield HeaderBar()
        yield Rail()
        yield Foot(id="first-foot")

    def show(self, shown: Shown) -> None:
        """Draw them."""
        if self.drawable:
            self.query_one(HeaderBar).show(shown)
            self.query_one(Rail).show((), "")
            self.query_one(Foot).show(shown, self.KEY)
