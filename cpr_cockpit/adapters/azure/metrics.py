"""Platform metrics behind the Metrics port: what the front end of production counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.metrics_api import TOTAL, measure
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.signals import Bin, Observation, Source

REQUESTS = "Requests"
FAILURES = "Http5xx"


class PlatformMetrics:
    """The Metrics port over Resource Manager."""

    def __init__(self, manager: Manager, clock: Clock) -> None:
        self._manager = manager
        self._clock = clock

    async def platform(self, *, start: float, end: float, granularity_s: float) -> Observation:
        """Requests and 5xx per point since ``start``. The grain is the answer's own, whatever was asked. PortError.

        A point that has not ended yet is left out: its counts are still growing.
        """
        found = await measure(
            self._manager,
            "Reading the platform's metrics",
            self._manager.environment.site_id,
            {REQUESTS: TOTAL, FAILURES: TOTAL},
            start=start,
            end=end,
            granularity_s=granularity_s,
        )
        received, grain = self._clock.now(), found.grain
        # One that begins after now is kept, so that a clock that runs wrong shows.
        ended = [
            at
            for at in sorted(found.points[REQUESTS].keys() & found.points[FAILURES].keys())
            if at + grain > start and not at <= received < at + grain
        ]
        points, more = _bins(ended, found.points, grain)
        return Observation(
            Source.PLATFORM,
            received,
            measured_at=max((point.end if point.end <= received else point.start for point in points), default=None),
            bins=tuple(points),
            granularity_s=grain,
            partial="; ".join([*found.troubles, *more]) or None,
        )


def _bins(
    starts: Sequence[float], totals: Mapping[str, Mapping[float, float]], grain: float
) -> tuple[list[Bin], list[str]]:
    """The points that begin at ``starts``; and words about those that cannot be."""
    points, impossible = [], 0
    for at in starts:
        counted, failed = round(totals[REQUESTS][at]), round(totals[FAILURES][at])
        if 0 <= failed <= counted:
            points.append(Bin(start=at, length=grain, version="", requests=counted, failures=failed))
        else:
            impossible += 1
    return points, [f"{impossible} points count more 5xx than requests"] if impossible else []
