"""The cockpit's own probes of production: those that fail up to now, and how many fell into a stretch of time.

Readings may come twice or out of order. What counts is when a probe ended, never when it was told of: a success that
arrives late still shortens the failing run that it falls into.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from cpr_cockpit.core.signals import ProbeCount


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """Probes of production that failed one after another, up to now; ``first`` and ``last`` are epoch seconds."""

    first: float
    last: float
    count: int


class ProbeLog:
    """The newest ``most`` probes, in order of the time at which they ended; two of the same time are one told twice."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: list[float] = []
        self._probes: list[ProbeCount] = []

    def take(self, probe: ProbeCount) -> None:
        """Add one; nothing happens where it is known already, or older than all that are kept."""
        place = bisect_left(self._times, probe.at)
        if place < len(self._times) and self._times[place] == probe.at:
            return
        self._times.insert(place, probe.at)
        self._probes.insert(place, probe)
        if len(self._times) > self._most:
            del self._times[0], self._probes[0]

    def failing(self) -> ProbeRun | None:
        """The failures since the last success; None where the newest probe succeeded."""
        first = last = None
        count = 0
        for probe in reversed(self._probes):
            if probe.ok:
                break
            if probe.failed:
                first, last = probe.at, probe.at if last is None else last
                count += probe.failed
        return None if first is None or last is None else ProbeRun(first, last, count)

    def between(self, begin: float, end: float) -> int:
        """How many probes ended in [begin, end)."""
        rows = self._probes[bisect_left(self._times, begin) : bisect_left(self._times, end)]
        return sum(probe.ok + probe.failed for probe in rows)

    def __len__(self) -> int:
        return len(self._times)
