"""Own probes between two recordings: the judge gets each at once, the journal gets them in one observation."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.signals import Observation, ProbeCount, Source


class ProbeBatch:
    """The probes of one slot that are not in the journal yet."""

    def __init__(self, source: Source, every_s: float, now: float) -> None:
        self.source = source
        self._every_s = every_s
        self._since = now
        self._pending: list[Sighting] = []
        self._second_host: bool | None = None

    def add(self, seen: Sighting, now: float, second_host: bool | None) -> Observation:
        """Keep a probe for the journal; the observation of it alone is for the judge."""
        self._pending.append(seen)
        self._second_host = second_host if second_host is not None else self._second_host
        return _observation(self.source, [seen], now, second_host)

    def due(self, now: float) -> bool:
        """Whether it is time to record: the length of a reading is over, or something failed."""
        return now - self._since >= self._every_s or any(not seen.ok for seen in self._pending)

    def whole(self, now: float) -> Observation | None:
        """All that is pending, in one observation; None where there is nothing."""
        return _observation(self.source, self._pending, now, self._second_host) if self._pending else None

    def recorded(self, now: float) -> None:
        """What was pending is in the journal."""
        self._pending, self._second_host, self._since = [], None, now


def _observation(source: Source, sightings: list[Sighting], now: float, second_host: bool | None) -> Observation:
    counts = tuple(
        ProbeCount(
            at=seen.at,
            ok=int(seen.ok),
            failed=int(not seen.ok),
            versions=(seen.version,) if seen.version is not None else (),
        )
        for seen in sightings
    )
    lag = max(seen.ms for seen in sightings) / 1000.0
    newest = max(seen.at for seen in sightings)
    return Observation(source, now, measured_at=newest, probes=counts, lag_p95=lag, second_host=second_host)


# Runs of like answers that are kept before they go to the journal: an application that answers now and then.
_MOST_RUNS = 200
# Versions that are told of all those together for which there was no room.
_MOST_VERSIONS = 8


@dataclass(slots=True)
class _Run:
    """Answers in a row that are alike: the first one, and how many followed it until when."""

    first: ProbeCount
    more: int = 0
    last_at: float = 0.0

    def counts(self) -> tuple[ProbeCount, ...]:
        """The first answer by itself, the rest together, so that how long nothing answered can be told."""
        if not self.more:
            return (self.first,)
        ok = self.more if self.first.ok else 0
        return (self.first, ProbeCount(self.last_at, ok, self.more - ok, self.first.versions))


class ProbeRuns:
    """The probes of one slot between two checks of the schedule, hours apart, in a few counts.

    While the journal takes none, the oldest are added up in one count: all are told, and the newest one by one.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._runs: list[_Run] = []
        self._oldest: ProbeCount | None = None
        self._slowest_ms = 0.0
        self._second_host: bool | None = None

    def add(self, seen: Sighting, now: float, second_host: bool | None) -> Observation:
        """Count a probe for the journal; the observation of it alone is for the judge."""
        alone = _observation(self.source, [seen], now, second_host)
        probe = alone.probes[0]
        last = self._runs[-1] if self._runs else None
        if last is not None and (last.first.ok, last.first.versions) == (probe.ok, probe.versions):
            last.more, last.last_at = last.more + 1, probe.at
        else:
            self._runs.append(_Run(probe))
            if len(self._runs) > _MOST_RUNS:
                self._oldest = _together(self._oldest, self._runs.pop(0))
        self._slowest_ms = max(self._slowest_ms, seen.ms)
        self._second_host = second_host if second_host is not None else self._second_host
        return alone

    @property
    def full(self) -> bool:
        """Whether no more is to be kept before it is recorded."""
        return len(self._runs) >= _MOST_RUNS

    @property
    def count(self) -> int:
        """How many runs are kept."""
        return len(self._runs)

    def whole(self, now: float) -> Observation | None:
        """All of them in one observation; None where there is nothing."""
        newest_runs = tuple(count for run in self._runs for count in run.counts())
        counts = newest_runs if self._oldest is None else (self._oldest, *newest_runs)
        if not counts:
            return None
        newest, lag = counts[-1].at, self._slowest_ms / 1000.0
        return Observation(
            self.source, now, measured_at=newest, probes=counts, lag_p95=lag, second_host=self._second_host
        )

    def recorded(self) -> None:
        """What was kept is in the journal."""
        self._runs, self._oldest, self._slowest_ms, self._second_host = [], None, 0.0, None


def _together(oldest: ProbeCount | None, run: _Run) -> ProbeCount:
    """One count of all of them, dated by the last."""
    counts = (*((oldest,) if oldest is not None else ()), *run.counts())
    versions = dict.fromkeys(version for count in counts for version in count.versions)
    return ProbeCount(
        counts[-1].at,
        sum(count.ok for count in counts),
        sum(count.failed for count in counts),
        tuple(versions)[:_MOST_VERSIONS],
    )
