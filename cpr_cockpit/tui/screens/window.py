"""The critical window: countdown, charts, signals, checks, events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from cpr_cockpit.core.view import Check, Happening, View
from cpr_cockpit.tui.actions import bindings
from cpr_cockpit.tui.messages import Told
from cpr_cockpit.tui.plain_text import clean, elide
from cpr_cockpit.tui.screens.base import HUGE, TALL, CockpitScreen, show_or_hide, title
from cpr_cockpit.tui.shown import Shown, clock
from cpr_cockpit.tui.toned import Row, cell, chip, row
from cpr_cockpit.tui.widgets.chart import ThresholdChart
from cpr_cockpit.tui.widgets.clock import Countdown, stopped
from cpr_cockpit.tui.widgets.rows import Rows
from cpr_cockpit.tui.widgets.signals import SignalTable

_CHARTS = 2
# What needs a person comes first; what is well, last.
_ORDER = ("FAIL", "no data", "warn", "open", "run", "ok", "-")

# Cells of a fact's name, of a check's state, and before an event's words.
_NAME, _STATE, _BEFORE = 10, 8, 19
# Below so many cells an event stands without the column of what it was; then its words begin here.
_NARROW, _BARE = 50, 9
# Lines from which on a list has room for rows of several lines.
_ROOMY = 5
# What a fact begins with where it must not be passed over.
_WARNINGS = ("NOT READY", "NOT CHECKED", "NO ANSWER")


class WindowScreen(CockpitScreen):
    """What the decision is made from; nothing moves unless it means something."""

    KEY: ClassVar[str] = "window"
    CSS_PATH = "window.tcss"
    AUTO_FOCUS = "#signals"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("window")]
    HELP = (
        "Every figure with its target, its trigger, its value before, its age and its n. On a small screen v shows the "
        "charts in the place of the signals, and z one pane alone."
    )

    def panes(self) -> Iterable[Widget]:
        """Clock and checks, charts and signals, events."""
        with Container(id="window-panes"):
            yield Countdown(id="countdown")
            with Container(id="charts"):
                for number in range(_CHARTS):
                    yield ThresholdChart(id=f"chart-{number}")
            yield Rows(id="facts", classes="pane", wrap=True, indent=_NAME)
            yield SignalTable(id="signals", classes="pane")
            yield Rows(id="checks", classes="pane", wrap=True, indent=_STATE, empty="No check has run yet.")
            yield Rows(id="events", classes="pane", wrap=True, indent=_BEFORE, empty="Nothing has happened yet.")

    def on_resize(self) -> None:
        """On a wide screen the checks stand below the clock, else beside the events."""
        super().on_resize()
        checks, signals = self.query_one("#checks"), self.query_one("#signals")
        panes = self.query_one("#window-panes")
        if self.size.width >= HUGE:
            panes.move_child(checks, before=signals)
        else:
            panes.move_child(checks, after=signals)

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the window of this View."""
        self.query_one(Countdown).show(view.window, shown.now, stopped=stopped(view))
        self._draw_facts(view, shown.gone_since)
        signals = self.query_one(SignalTable)
        title(signals, "SIGNALS")
        signals.show(view.signals, shown.now)
        self._draw_charts(view, shown.now)
        self._draw_checks(view)
        self._draw_events(view.happenings)
        if self.has_class("-crowded") and self.focused in (self.query_one("#checks"), self.query_one("#events")):
            # They give way to the panel; the facts would take the focus, and room.
            signals.focus()

    def _draw_facts(self, view: View, gone_since: float | None) -> None:
        """Where there is one line for them, the first one, and how the others are reached."""
        pane, facts = self.query_one("#facts", Rows), view.window.facts
        # It has a line above it, but never a box.
        title(pane, " FACTS " if self.size.height >= TALL else "FACTS")
        self.set_class(pane.has_focus and self.small, "-facts")
        if gone_since is not None and facts:
            # Their ages were told by the session; nobody counts them on.
            facts = (("as of", f"{clock(gone_since)} UTC, when the session was last heard"), *facts)
        if self.small and facts and not pane.has_focus:
            pane.show(lambda width: [first_fact(facts, width)])
        else:
            pane.show([fact_row(name, value) for name, value in facts])

    def on_descendant_focus(self) -> None:
        """The facts have more room while they have the focus."""
        self.show(self._newest())

    def on_descendant_blur(self) -> None:
        """And less again."""
        self.show(self._newest())

    def _draw_charts(self, view: View, now: float) -> None:
        signals = {one.key: one for one in view.signals}
        for number in range(_CHARTS):
            series = view.series[number] if number < len(view.series) else None
            chart = self.query_one(f"#chart-{number}", ThresholdChart)
            show_or_hide(chart, series is not None or number == 0)
            signal = signals.get(series.key) if series is not None else None
            chart.show(series, view.window, now, signal)

    def _draw_checks(self, view: View) -> None:
        checks = view.checks
        # What is open until GO keeps nobody from it; after a rollback it is what is left to do.
        told_open = "open" if view.phase in ("rolling back", "ended") else "open, block nothing"
        pane = self.query_one("#checks", Rows)
        counted = [(state, sum(1 for one in checks if one.state == state)) for state in _ORDER]
        told = (f"{count} {told_open if state == 'open' else state}" for state, count in counted if count)
        title(pane, "CHECKS  " + "  ".join(told))
        ordered = sorted(checks, key=_place)
        pane.show(lambda width: [check_row(one, width, roomy=pane.size.height >= _ROOMY) for one in ordered])

    def _draw_events(self, happenings: tuple[Happening, ...]) -> None:
        pane = self.query_one("#events", Rows)
        title(pane, "EVENTS")
        pane.show(lambda width: [event_row(one, width, roomy=pane.size.height >= _ROOMY) for one in happenings])

    def action_charts(self) -> None:
        """Charts in the place of the signals, and back, where there is no room for both."""
        if not self.small:
            self.post_message(Told("there is room for both here"))
        else:
            self.toggle_class("-charts")
            self.query_one("#checks" if self.has_class("-charts") else "#signals").focus()


def _place(check: Check) -> int:
    return _ORDER.index(check.state) if check.state in _ORDER else 0


def check_row(check: Check, width: int, *, roomy: bool) -> Row:
    """State, words, and when it was last seen; cut to one line unless there is room for more."""
    at = f"{clock(check.at):>10}" if width >= 40 else ""
    words = max(8, width - _STATE - len(at))
    tone = "dim" if check.state == "ok" else ""
    if roomy and cell_len(clean(check.text)) > words:
        return row(*chip(check.state, _STATE), (check.text, tone), (f"  {at.strip()}".rstrip(), "dim"))
    return row(*chip(check.state, _STATE), (cell(check.text, words), tone), (at, "dim"))


def fact_row(name: str, value: str) -> Row:
    """One fact beside the clock; what is not ready is not said in passing."""
    return row((cell(name, _NAME), "dim"), (value, "warn" if value.startswith(_WARNINGS) else ""))


def first_fact(facts: Sequence[tuple[str, str]], width: int) -> Row:
    """The first fact in one line, and that there are more."""
    (name, value), more = facts[0], f"  tab: {len(facts) - 1} more" if len(facts) > 1 else ""
    return (*fact_row(name, cell(value, max(8, width - _NAME - len(more)))), (more, "dim"))


def event_row(one: Happening, width: int, *, roomy: bool) -> Row:
    """When, who, what."""
    if width < _NARROW:
        # What it was is in its words, and a column beside them would cost half of these.
        return row((clock(one.at), "dim"), " ", one.text if roomy else elide(one.text, max(8, width - _BARE)))
    text = one.text if roomy else elide(one.text, max(8, width - _BEFORE))
    return row((clock(one.at), "dim"), "  ", (cell(one.who, 8), "run"), " ", text)
