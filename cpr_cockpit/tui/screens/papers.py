"""The papers: the report as it would be written now, as plain lines, and where it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from cpr_cockpit.core.view import View
from cpr_cockpit.tui.plain_text import elide_middle, lines_of
from cpr_cockpit.tui.screens.base import CockpitScreen, title
from cpr_cockpit.tui.shown import Shown
from cpr_cockpit.tui.toned import Row, row
from cpr_cockpit.tui.widgets.rows import Rows


class PapersScreen(CockpitScreen):
    """The report, from the journal."""

    KEY: ClassVar[str] = "papers"
    HELP = "The report as it stands in the journal now. c copies it; its file is named in the title."

    _shown = ("", "")

    def panes(self) -> Iterable[Widget]:
        """One pane."""
        yield Rows(id="report", classes="pane", wrap=True, empty="No report yet: it is written when the run ends.")

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the report of this View."""
        pane = self.query_one("#report", Rows)
        path = elide_middle(view.report_path, max(20, self.size.width - 16))
        title(pane, f"REPORT  {path}".rstrip())
        if (view.report, view.closing) != self._shown:
            self._shown = (view.report, view.closing)
            closing = [row(("closing  ", "dim"), (view.closing, "strong")), row()] if view.closing else []
            pane.show([*closing, *(_line(one) for one in lines_of(view.report))])


def _line(text: str) -> Row:
    if text.startswith("#"):
        return row((text, "strong"))
    if text.startswith("|"):
        return row((text, ""))
    return row(text)
