"""The live log of production: how much of it tells of errors, and the newest lines that do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from cpr_cockpit.core.view import LogView, View
from cpr_cockpit.tui.screens.base import CockpitScreen, title
from cpr_cockpit.tui.shown import Shown, clock
from cpr_cockpit.tui.toned import Row, row
from cpr_cockpit.tui.widgets.rows import Rows


class LogScreen(CockpitScreen):
    """Counts since the switch, trouble with the stream, newest error lines first."""

    KEY: ClassVar[str] = "log"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,l", "app.go_back", "Back", show=False)]
    HELP = (
        "How the newest walk of each journey ended, with what a command of one wrote; then lines of production's log "
        "since the switch that tell of an error, the newest first. The whole log is with Azure. esc goes back."
    )

    def panes(self) -> Iterable[Widget]:
        """One pane."""
        yield Rows(id="log", classes="pane", wrap=True, indent=2)

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the log of this View."""
        pane = self.query_one("#log", Rows)
        title(pane, f"LOG  {counted(view.log)}")
        pane.show(log_rows(view))


def counted(log: LogView) -> str:
    """How much was heard."""
    return f"{log.errors} error lines of {log.lines}" if log.heard else "not heard of yet"


def log_rows(view: View) -> list[Row]:
    """The journeys with what their commands wrote, trouble, how far it is heard, then the lines."""
    log, rows = view.log, [row(one) for one in view.log.journeys]
    rows += [row(("| ", "dim"), one) for one in log.journey_lines]
    if view.window.t0 is None:
        return [*rows, row(("The log is followed from the switch on.", "dim"))]
    if view.plan.slot:
        rows.append(row((f"Of production alone: the log of slot {view.plan.slot} is not followed here.", "dim")))
    if log.trouble:
        rows.append(row((log.trouble, "warn")))
    if log.heard:
        times = "1 interruption" if log.interruptions == 1 else f"{log.interruptions} interruptions"
        missed = f", {times} in which lines may be missing" if log.interruptions else ""
        rows.append(row((f"heard until {clock(log.at)} UTC{missed}", "dim")))
    elif not log.trouble:
        rows.append(row(("No reading has come yet.", "dim")))
    if log.heard and not log.newest:
        rows.append(row("No error line since the switch."))
    return [*rows, *(row(("! ", "fail"), one) for one in log.newest)]
