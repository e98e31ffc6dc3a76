"""Resource Manager's metrics of any resource: the question, and points by metric with each metric's own trouble.

Api-version 2018-01-01: azure-monitor-query 2 has no client for them. A point without the key of its aggregation says
that there is no data for that time, which is not zero; a metric's error stands inside an answer of success.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import isodate  # type: ignore[import-untyped]  # it has no types of its own

from cpr_cockpit.adapters.azure.errors import clean, unreadable
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.times import epoch

METRICS_VERSION = "2018-01-01"
AVERAGE, TOTAL = "average", "total"
# The grains that Azure Monitor offers, in seconds, by their names.
_GRAINS = ((60, "PT1M"), (300, "PT5M"), (900, "PT15M"), (1800, "PT30M"), (3600, "PT1H"))


@dataclass(frozen=True, slots=True)
class Measured:
    """An answer. ``points``: values by the start of their point (epoch seconds) of each metric that was asked.

    ``grain``: seconds of one point, the answer's own; ``troubles``: what the service says of single metrics.
    """

    grain: float
    points: Mapping[str, Mapping[float, float]]
    troubles: tuple[str, ...] = ()

    def ended(self, name: str, received: float) -> dict[float, float]:
        """The metric's points that had ended when the answer came: the newest one is still growing."""
        return {at: value for at, value in self.points[name].items() if at + self.grain <= received}


async def measure(
    manager: Manager,
    doing: str,
    resource_id: str,
    metrics: Mapping[str, str],
    *,
    start: float,
    end: float,
    granularity_s: float = 60.0,
) -> Measured:
    """Points since ``start`` of ``metrics`` (name to aggregation) of one resource; at most 20 of them. PortError."""
    url = manager.environment.manager_url(f"{resource_id}/providers/Microsoft.Insights/metrics")
    answer = await manager.get(doing, url, _question(metrics, start, end, granularity_s))
    try:
        body: Mapping[str, Any] = answer.json()
        found = {str(value["name"]["value"]).lower(): value for value in body["value"]}
        troubles = [_trouble(name, found.get(name.lower())) for name in metrics]
        return Measured(
            _seconds(body["interval"]),
            {name: _points(found.get(name.lower(), {}), aggregation) for name, aggregation in metrics.items()},
            tuple(trouble for trouble in troubles if trouble),
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        raise unreadable(doing, repr(error)) from error


def _question(metrics: Mapping[str, str], start: float, end: float, granularity_s: float) -> dict[str, str]:
    grain = next((name for seconds, name in _GRAINS if seconds >= granularity_s), _GRAINS[-1][1])
    return {
        "api-version": METRICS_VERSION,
        "metricnames": ",".join(metrics),
        "aggregation": ",".join(dict.fromkeys(metrics.values())),
        "interval": grain,
        "timespan": f"{_written(start)}/{_written(max(end, start + 1.0))}",
    }


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(duration: str) -> float:
    """Seconds of an ISO 8601 duration of weeks and less; ValueError."""
    length = isodate.parse_duration(duration)
    # Months and years have no length of their own: they come back as another type.
    if not isinstance(length, timedelta) or not length > timedelta():
        raise ValueError(f"the interval {duration!r} is no length of time")
    return length.total_seconds()


def _points(metric: Mapping[str, Any], aggregation: str) -> dict[float, float]:
    """Values by the start of their point; points without one are left out.

    Without a filter there is one series. Should there be more, totals add up, and of averages the highest is taken:
    it is the one that a person has to look at. A point that is told twice by one series counts once.
    """
    values: dict[float, float] = {}
    for series in metric.get("timeseries") or ():
        for at, value in _series(series, aggregation).items():
            before = values.get(at)
            if before is None:
                values[at] = value
            else:
                values[at] = before + value if aggregation == TOTAL else max(before, value)
    return values


def _series(series: Mapping[str, Any], aggregation: str) -> dict[float, float]:
    told = [(point["timeStamp"], point.get(aggregation)) for point in series.get("data") or ()]
    return {epoch(at): float(value) for at, value in told if value is not None and math.isfinite(float(value))}


def _trouble(name: str, metric: Mapping[str, Any] | None) -> str:
    """What the service says is wrong with one metric, "" where nothing is."""
    if metric is None:
        return f"{name} is not in the answer"
    code = str(metric.get("errorCode") or "Success")
    if code.lower() == "success":
        return ""
    return clean(f"{name}: {metric.get('errorMessage') or 'no reason given'} ({code})")
