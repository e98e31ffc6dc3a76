"""Rows of the further sources: dependencies, exceptions, browsers, users, plan, database, the team's own signals."""

from __future__ import annotations

from cpr_cockpit.core import view as vw
from cpr_cockpit.core.afterwards import STAGES
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.verdict import Figure, percent

_FURTHER = tuple(
    source.value
    for source in Source
    if source not in (Source.LOGS, Source.PLATFORM, Source.PROBES_PRODUCTION, Source.PROBES_SLOT, Source.LOG_STREAM)
)
_SLOWEST_POLL_S = 60.0
_POLLS = 4.0
_LEAST_S = 10.0
_WHOLE = 100.0
"""From here on nobody reads a fraction."""


def further_signals(stage: Stage) -> tuple[vw.Signal, ...]:
    """One row for every reading of a further source, named after it; the live log has a screen of its own."""
    figures = stage.verdict.figures if stage.verdict is not None else ()
    return tuple(_row(figure, stage) for figure in figures if _is_further(figure))


def _is_further(figure: Figure) -> bool:
    source, colon, _ = figure.name.partition(": ")
    return bool(colon) and source.split(" ")[0] in _FURTHER


def slowest_poll_s(stage: Stage) -> float:
    """Seconds between two readings of the slowest further source; after GO the pace is the schedule's."""
    polls = {one.name: one.poll_s for one in STAGES}
    later = polls.get(stage.later.stage, 0.0) if stage.later is not None else 0.0
    return max(stage.policy.poll_floor_s, max(_SLOWEST_POLL_S, later) * stage.policy.scale)


def stale_after(stage: Stage) -> float:
    """Seconds after which the newest datum of a further source is too old to speak for now."""
    return _LEAST_S + _POLLS * slowest_poll_s(stage)


def _row(figure: Figure, stage: Stage) -> vw.Signal:
    limit_s = stale_after(stage)
    return vw.Signal(
        key=figure.name,
        name=figure.name.partition(": ")[2],
        now=words(figure, figure.value),
        target="",
        trigger="" if figure.limit is None else words(figure, figure.limit),
        before="" if figure.before is None else words(figure, figure.before),
        n=figure.n,
        measured_at=measured_at(figure, stage),
        stale_after_s=limit_s,
        state=_state(figure, limit_s),
        further=True,
    )


def measured_at(figure: Figure, stage: Stage) -> float | None:
    """When a figure was measured (epoch seconds); None where there is none."""
    if figure.age_s is None or stage.verdict is None:
        return None
    return stage.verdict.at - figure.age_s


def words(figure: Figure, value: float | None) -> str:
    """A value with its unit."""
    if value is None:
        return "no data"
    if figure.unit == "share":
        return percent(value)
    number = f"{value:.0f}" if abs(value) >= _WHOLE else f"{value:.3g}"
    return f"{number} {figure.unit}".strip()


def _state(figure: Figure, limit_s: float) -> vw.State:
    """These figures roll nothing back by themselves: what is above its limit is for a person to look at."""
    if figure.value is None or (figure.age_s is not None and figure.age_s > limit_s):
        return vw.State.NO_DATA
    above = figure.limit is not None and figure.value > figure.limit
    return vw.State.WARN if above else vw.State.OK
