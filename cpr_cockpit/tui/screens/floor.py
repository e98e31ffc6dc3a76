"""The floor: what is left where there is hardly any room: how long, the verdict's word, why, and the keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from cpr_cockpit.core.view import Control, Panel
from cpr_cockpit.tui.screens.base import CockpitScreen
from cpr_cockpit.tui.shown import Shown
from cpr_cockpit.tui.toned import Row, Span, row
from cpr_cockpit.tui.widgets.ages import countdown_words
from cpr_cockpit.tui.widgets.clock import stopped
from cpr_cockpit.tui.widgets.foot import Foot
from cpr_cockpit.tui.widgets.rows import Rows

_TONES = {"breach": "fail", "look": "warn", "no-data": "warn", "go": "key", "calm": "strong"}


class FloorScreen(CockpitScreen):
    """One wrapped text; every key of the decision works."""

    KEY: ClassVar[str] = "floor"

    def compose(self) -> ComposeResult:
        """No frame at all."""
        yield from self.panes()
        yield Foot()

    def panes(self) -> Iterable[Widget]:
        """One pane."""
        yield Rows(id="floor", wrap=True)

    def show(self, shown: Shown) -> None:
        """Draw it."""
        if not self.drawable:
            return
        self.query_one(Foot).show(shown, self.KEY)
        rows = floor_rows(shown, shown.panel) if shown.panel is not None else [row("Waiting for the session.")]
        self.query_one("#floor", Rows).show(rows)


def floor_rows(shown: Shown, panel: Panel) -> list[Row]:
    """The order of importance: word, time, why, keys."""
    word = (panel.word, _TONES.get(panel.shape, "strong"))
    rows = [row(*_clock(shown), word, (_banner(shown), "warn"))]
    if shown.replay:
        rows.insert(0, row((f"{shown.replay} of {shown.run}", "warn")))
    armed = shown.arming.armed
    if armed is not None:
        guarded = shown.arming.guarded
        how = f"type {armed.control.type_this}" if armed.typed else f"{armed.confirm_key} confirms"
        reason = " and a reason" if armed.control.needs_reason else ""
        rows.append(row(("ARMED ", "fail"), (armed.control.label, "strong")))
        back = ", F9 rolls back" if armed.typed and panel.rollback is not None and panel.rollback.enabled else ""
        left = f"{how}{reason}{back}, esc not; {shown.arming.seconds_left:.0f} s"
        rows.append(row(("keys are ignored for a moment", "dim") if guarded else (left, "key")))
        if armed.typed:
            rows.append(row(f"> {armed.word}  {armed.reason}"))
        return [*rows, *(row(one) for one in armed.control.details)]
    if shown.arming.words:
        rows.append(row((shown.arming.words, "warn")))
    rows += [_key(control) for control in _controls(panel)]
    rows.append(row(panel.sentence))
    rows += [row(("$ ", "dim"), (one, "strong")) for one in panel.commands]
    rows += [row((panel.back, "warn"))] if panel.commands and panel.back else []
    # The face's own panel says in its detail how to go on; a View's has no room for it here.
    return [*rows, row(panel.detail)] if shown.view is None or shown.gone_since is not None else rows


def _clock(shown: Shown) -> tuple[Span, ...]:
    view = shown.view
    deadline = None if view is None or stopped(view) else view.window.deadline
    return () if deadline is None else ((f"{countdown_words(deadline - shown.now)} ", "strong"),)


def _banner(shown: Shown) -> str:
    return f" {shown.view.header.banner}" if shown.view is not None and shown.view.header.banner else ""


def _controls(panel: Panel) -> list[Control]:
    found = (panel.rollback, panel.go, panel.start)
    return [one for one in found if one is not None and (one.enabled or one is not panel.start)]


def _key(control: Control) -> Row:
    if control.enabled:
        return row((control.key, "key"), f" {control.label}")
    return row((f"{control.key} {control.label}: {control.reason}", "dim"))
