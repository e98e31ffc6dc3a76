"""Platform metrics behind the Metrics port: what the front end of production counted.

Read from Resource Manager's metrics (api-version 2018-01-01): azure-monitor-query 2 has no client for them. A point
without the key of its aggregation says that there is no data for that time, which is not zero.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cpr_cockpit.adapters.azure.errors import clean, unreadable
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.signals import Bin, Observation, Source

METRICS_VERSION = "2018-01-01"
REQUESTS = "Requests"
FAILURES = "Http5xx"
_DOING = "Reading the platform's metrics"
# The grains that Azure Monitor offers, in seconds, by their names.
_GRAINS = ((60, "PT1M"), (300, "PT5M"), (900, "PT15M"), (1800, "PT30M"), (3600, "PT1H"))
_DURATION = re.compile(r"P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?")


class PlatformMetrics:
    """The Metrics port over Resource Manager."""

    def __init__(self, manager: Manager, clock: Clock) -> None:
        self._manager = manager
        self._clock = clock

    async def platform(self, *, start: float, end: float, granularity_s: float) -> Observation:
        """Requests and 5xx per point since ``start``. The grain is the answer's own, whatever was asked. PortError.

        A point that has not ended yet is left out: its counts are still growing.
        """
        environment = self._manager.environment
        url = environment.manager_url(f"{environment.site_id}/providers/Microsoft.Insights/metrics")
        answer = await self._manager.get(_DOING, url, self._question(start, end, granularity_s))
        received = self._clock.now()
        try:
            body: Mapping[str, Any] = answer.json()
            grain = _seconds(body["interval"])
            metrics = {str(value["name"]["value"]).lower(): value for value in body["value"]}
            totals = {name: _totals(metrics[name.lower()]) for name in (REQUESTS, FAILURES) if name.lower() in metrics}
            troubles = [found for name in (REQUESTS, FAILURES) if (found := _trouble(name, metrics.get(name.lower())))]
            # One that begins after now is kept, so that a clock that runs wrong shows.
            ended = [
                at
                for at in sorted(totals.get(REQUESTS, {}).keys() & totals.get(FAILURES, {}).keys())
                if at + grain > start and not at <= received < at + grain
            ]
            points, more = _points(ended, totals, grain)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise unreadable(_DOING, repr(error)) from error
        return Observation(
            Source.PLATFORM,
            received,
            measured_at=max((point.end if point.end <= received else point.start for point in points), default=None),
            bins=tuple(points),
            granularity_s=grain,
            partial="; ".join([*troubles, *more]) or None,
        )

    @staticmethod
    def _question(start: float, end: float, granularity_s: float) -> dict[str, str]:
        grain = next((name for seconds, name in _GRAINS if seconds >= granularity_s), _GRAINS[-1][1])
        return {
            "api-version": METRICS_VERSION,
            "metricnames": f"{REQUESTS},{FAILURES}",
            "aggregation": "total",
            "interval": grain,
            "timespan": f"{_written(start)}/{_written(max(end, start + 1.0))}",
        }


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> float:
    at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _seconds(duration: str) -> float:
    """Seconds of an ISO 8601 duration of days and less; ValueError."""
    found = _DURATION.fullmatch(duration)
    parts = [float(part) if part else 0.0 for part in found.groups()] if found else []
    seconds = sum(part * size for part, size in zip(parts, (86400.0, 3600.0, 60.0, 1.0), strict=False))
    if not seconds > 0:
        raise ValueError(f"the interval {duration!r} is no length of time")
    return seconds


def _totals(metric: Mapping[str, Any]) -> dict[float, float]:
    """Totals by the start of their point, added up over the series; points without a total are left out."""
    totals: dict[float, float] = {}
    for series in metric.get("timeseries") or ():
        for point in series.get("data") or ():
            total = point.get("total")
            if total is not None and math.isfinite(float(total)):
                at = _read(point["timeStamp"])
                totals[at] = totals.get(at, 0.0) + float(total)
    return totals


def _trouble(name: str, metric: Mapping[str, Any] | None) -> str:
    """What the service says is wrong with one metric (inside an answer of success), "" where nothing is."""
    if metric is None:
        return f"{name} is not in the answer"
    code = str(metric.get("errorCode") or "Success")
    if code.lower() == "success":
        return ""
    return clean(f"{name}: {metric.get('errorMessage') or 'no reason given'} ({code})")


def _points(
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
