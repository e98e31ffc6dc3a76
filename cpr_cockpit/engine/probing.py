"""Own probes between two recordings: the judge gets each at once, the journal gets them in one observation."""

from __future__ import annotations

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
