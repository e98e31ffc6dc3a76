"""The live log of a Run, from the newest reading of its stream; and what its journeys told."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core import view as vw
from cpr_cockpit.core.journeys_seen import walked_words
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.tally import reading

LINES, ERRORS, INTERRUPTIONS = "log lines", "error lines in the log", "log stream interruptions"
"""Names of the stream's readings."""
_LINES = 50


def log(run: Run) -> vw.LogView:
    """What the newest reading tells; where that one failed, the figures of the last good one beside its trouble."""
    seen = run.journeys
    said = tuple(walked_words(one) for one in seen.newest.values())
    return replace(_stream(run), journeys=said, journey_lines=tuple(seen.lines[::-1][:_LINES]))


def _stream(run: Run) -> vw.LogView:
    newest = reading(run.observations.get(Source.LOG_STREAM, {}))
    if newest is None:
        return vw.LogView()
    told = newest if newest.error is None else reading(run.readings.get(Source.LOG_STREAM, {}))
    if told is None:
        return vw.LogView(trouble=newest.error or "")
    figures = {one.name: int(one.value) for one in told.readings if one.value is not None}
    return vw.LogView(
        heard=True,
        lines=figures.get(LINES, 0),
        errors=figures.get(ERRORS, 0),
        interruptions=figures.get(INTERRUPTIONS, 0),
        at=told.measured_at,
        trouble=newest.error or newest.partial or "",
        newest=told.lines[::-1],
    )
