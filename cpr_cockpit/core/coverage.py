"""How much of the data that must have come has come.

Missing data is not healthy: a bin without rows is not covered. What happened so recently that it cannot have arrived
yet is not missing.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.signals import USER_SOURCES, Bin, Source


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what must have come has come, as shares up to 1.

    ``time``: of the event time since T0, up to what can have arrived; ``rows``: requests that the rows stand for
    against those the platform counted (None: nothing to hold them against). The lower one counts.
    """

    source: Source
    time: float
    rows: float | None = None

    @property
    def value(self) -> float:
        """The lower of the two."""
        return self.time if self.rows is None else min(self.time, self.rows)


def coverages(evidence: Evidence) -> tuple[Coverage, ...]:
    """Coverage of every required source of user figures."""
    return tuple(
        coverage(evidence, source)
        for source in evidence.sources
        if source in USER_SOURCES and evidence.required(source)
    )


def coverage(evidence: Evidence, source: Source) -> Coverage:
    """Share of the event time since T0 that has come; for logs also rows against the platform's count."""
    rows = evidence.rows(evidence.new_version) if source is Source.LOGS else evidence.points()
    t0, received = evidence.t0, evidence.state(source).received
    if t0 is None or received is None:
        return Coverage(source, 0.0)
    if not rows:
        upto = min(evidence.seen_until(Source.LOGS), evidence.seen_until(Source.PLATFORM))
        return Coverage(source, 0.0, row_share(evidence, t0, upto) if evidence.all_rows is not None else None)
    upto = _settled(evidence, source, t0, received - evidence.lag(source), rows)
    if upto <= t0:
        return Coverage(source, 1.0)
    share = _covered(rows, t0, upto) / (upto - t0)
    return Coverage(source, share, row_share(evidence, t0, upto) if source is Source.LOGS else None)


def _settled(evidence: Evidence, source: Source, t0: float, come: float, rows: Sequence[Bin]) -> float:
    """End of the last bin (or point) that had ended by ``come``: what happened later cannot have come yet."""
    if source is not Source.LOGS:
        return come - max(row.length for row in rows)
    size = evidence.policy.bin_s
    # Epoch seconds as floats: a bin that ended just now must not be taken for one that has not.
    return t0 + size * math.floor((come - t0) / size + 1e-6)


def row_share(evidence: Evidence, t0: float, upto: float) -> float | None:
    """Requests that the rows stand for against what the platform counted, where both can have come."""
    if not evidence.required(Source.PLATFORM):
        return None
    if evidence.all_rows is not None:
        return _all_share(evidence, evidence.all_rows, t0, upto)
    rows = evidence.rows(evidence.new_version)
    starts, longest = [row.start for row in rows], max((row.length for row in rows), default=0.0)
    counted = told = 0.0
    for point in evidence.points():
        # Only where a point came: a missing one says nothing of how many requests there were.
        since, until = max(t0, point.start), min(upto, point.end)
        if since < until:
            # The platform counts the cockpit's own probes and journeys among its requests.
            counted += point.requests * _share(point, since, until) - evidence.own_between(since, until)
            near = rows[bisect_left(starts, since - longest) : bisect_left(starts, until)]
            told += sum(row.scaled_total * _share(row, since, until) for row in near)
    return None if counted < evidence.policy.error_min_requests else min(1.0, told / counted)


def _all_share(evidence: Evidence, rows: int, t0: float, upto: float) -> float | None:
    """All rows against all that was counted: where users are few, what we send ourselves is most of it."""
    counted = sum(point.requests * _share(point, t0, upto) for point in evidence.points() if point.end > t0)
    return None if counted < evidence.policy.error_min_requests else min(1.0, rows / counted)


def _covered(rows: Sequence[Bin], begin: float, end: float) -> float:
    """Seconds of [begin, end) that lie within any of ``rows``, which are in order; twice told is not twice covered."""
    covered, edge = 0.0, begin
    for row in rows:
        upto = min(row.end, end)
        if upto > edge:
            covered += upto - max(row.start, edge)
            edge = upto
    return covered


def _overlap(row: Bin, begin: float, end: float) -> float:
    """Seconds of ``row`` within [begin, end)."""
    return max(0.0, min(row.end, end) - max(row.start, begin))


def _share(row: Bin, begin: float, end: float) -> float:
    """Share of ``row`` within [begin, end)."""
    return _overlap(row, begin, end) / row.length if row.length else 0.0
