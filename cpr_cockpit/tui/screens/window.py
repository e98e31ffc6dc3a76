"""The critical window: countdown, charts, signals, checks, events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from cpr_cockpit.core.view import Check, Happening, View
from cpr_cockpit.tui.actions import bindings
from cpr_cockpit.tui.messages import Told
from cpr_cockpit.tui.screens.base import CockpitScreen, show_or_hide, title
from cpr_cockpit.tui.shown import Shown, clock
from cpr_cockpit.tui.toned import Row, cell, chip, row
from cpr_cockpit.tui.widgets.chart import ThresholdChart
from cpr_cockpit.tui.widgets.clock import Countdown, stopped
from cpr_cockpit.tui.widgets.rows import Rows
from cpr_cockpit.tui.widgets.signals import SignalTable

_CHARTS = 2
# Columns from which on there is room for two columns of panes, as in the breakpoints of the app.
_HUGE = 160
# What needs a person comes first; what is well, last.
_ORDER = ("FAIL", "no data", "warn", "open", "run", "ok", "-")

# What a fact begins with where it must not be passed over.
_WARNINGS = ("NOT READY", "NOT CHECKED", "NO ANSWER")


class WindowScreen(CockpitScreen):
    """What the decision is made from; nothing moves unless it means something."""

    KEY: ClassVar[str] = "window"
    CSS_PATH = "window.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("window")]
    HELP = (
        "Every figure with its target, its trigger, its value before, its age and its n. On a small screen v shows the "
        "charts in the place of the signals, and z one pane alone."
    )

    def panes(self) -> Iterable[Widget]:
        """Clock and checks, charts and signals, events."""
        facts = Rows(id="facts", wrap=True, indent=10)
        facts.can_focus = False
        with Container(id="window-panes"):
            yield Countdown(id="countdown")
            with Container(id="charts"):
                for number in range(_CHARTS):
                    yield ThresholdChart(id=f"chart-{number}")
            yield facts
            yield SignalTable(id="signals", classes="pane")
            yield Rows(id="checks", classes="pane", empty="No check has run yet.")
            yield Rows(id="events", classes="pane", empty="Nothing has happened yet.")

    def on_resize(self) -> None:
        """On a wide screen the checks stand below the clock, else beside the events."""
        super().on_resize()
        checks, signals = self.query_one("#checks"), self.query_one("#signals")
        panes = self.query_one("#window-panes")
        if self.size.width >= _HUGE:
            panes.move_child(checks, before=signals)
        else:
            panes.move_child(checks, after=signals)

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the window of this View."""
        self.query_one(Countdown).show(view.window, shown.now, stopped=stopped(view))
        self.query_one("#facts", Rows).show([fact_row(name, value) for name, value in view.window.facts])
        signals = self.query_one(SignalTable)
        title(signals, "SIGNALS")
        signals.show(view.signals, shown.now)
        self._draw_charts(view, shown.now)
        self._draw_checks(view.checks)
        self._draw_events(view.happenings)

    def _draw_charts(self, view: View, now: float) -> None:
        signals = {one.key: one for one in view.signals}
        for number in range(_CHARTS):
            series = view.series[number] if number < len(view.series) else None
            chart = self.query_one(f"#chart-{number}", ThresholdChart)
            show_or_hide(chart, series is not None or number == 0)
            signal = signals.get(series.key) if series is not None else None
            chart.show(series, view.window, now, signal)

    def _draw_checks(self, checks: tuple[Check, ...]) -> None:
        pane = self.query_one("#checks", Rows)
        counted = [(state, sum(1 for one in checks if one.state == state)) for state in _ORDER]
        title(pane, "CHECKS  " + "  ".join(f"{count} {state}" for state, count in counted if count))
        ordered = sorted(checks, key=_place)
        pane.show(lambda width: [check_row(one, width) for one in ordered])

    def _draw_events(self, happenings: tuple[Happening, ...]) -> None:
        pane = self.query_one("#events", Rows)
        title(pane, "EVENTS")
        pane.show([event_row(one) for one in happenings])

    def action_charts(self) -> None:
        """Charts in the place of the signals, and back, where there is no room for both."""
        if self.size.width >= _HUGE or self.has_class("-tall"):
            self.post_message(Told("there is room for both here"))
        else:
            self.toggle_class("-charts")


def _place(check: Check) -> int:
    return _ORDER.index(check.state) if check.state in _ORDER else 0


def check_row(check: Check, width: int) -> Row:
    """State, words, and when it was last seen."""
    at = f"{clock(check.at):>10}" if width >= 40 else ""
    words = max(8, width - 8 - len(at))
    tone = "dim" if check.state == "ok" else ""
    return row(*chip(check.state, 8), (cell(check.text, words), tone), (at, "dim"))


def fact_row(name: str, value: str) -> Row:
    """One fact beside the clock; what is not ready is not said in passing."""
    return row((cell(name, 10), "dim"), (value, "warn" if value.startswith(_WARNINGS) else ""))


def event_row(one: Happening) -> Row:
    """When, who, what."""
    return row((clock(one.at), "dim"), "  ", (cell(one.who, 8), "run"), " ", one.text)
