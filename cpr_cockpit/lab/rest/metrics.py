"""Platform metrics of a slot in the shape of `Microsoft.Insights/metrics`, api-version 2018-01-01.

A point without the key of an aggregation means that there is no data for that time: not zero.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest import durations, scope
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.wire import utc

if TYPE_CHECKING:
    from cpr_cockpit.lab.models import Slot
    from cpr_cockpit.lab.world import World

_AGGREGATIONS = ("average", "count", "maximum", "minimum", "total")
_MAX_POINTS = 10_000
_WINDOW = 900.0  # seconds of the real observation window; a shorter one in the lab shrinks the points alike


@dataclass(frozen=True, slots=True)
class _Metric:
    unit: str
    aggregation: str  # the one answered when none is asked for
    text: str


_METRICS = {
    "Requests": _Metric("Count", "total", "Requests"),
    "Http2xx": _Metric("Count", "total", "Http 2xx"),
    "Http4xx": _Metric("Count", "total", "Http 4xx"),
    "Http5xx": _Metric("Count", "total", "Http Server Errors"),
    "HttpResponseTime": _Metric("Seconds", "average", "Response Time"),
    "CpuTime": _Metric("Seconds", "total", "CPU Time"),
    "MemoryWorkingSet": _Metric("Bytes", "average", "Memory working set"),
    "InstanceCount": _Metric("Count", "average", "Automatic Scaling Instance Count"),
    "HealthCheckStatus": _Metric("Count", "average", "Health check status"),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    names: tuple[str, ...]
    aggregations: frozenset[str]
    start: float
    end: float
    step: float


def routes() -> list[Route]:
    """The route of the metrics of the app and of each slot."""
    return list(scope.both("GET", "/providers/Microsoft.Insights/metrics", _metrics))


async def _metrics(call: Call) -> web.Response:
    slot = scope.slot_of(call)
    asked = _asked(call)
    return web.json_response(
        {
            "cost": 0,
            "timespan": f"{utc(asked.start)}/{utc(asked.end)}",
            "interval": durations.duration(asked.step),
            "value": [_value(call.world, slot, name, asked) for name in asked.names],
            "namespace": scope.slot_type(slot),
            "resourceregion": call.world.location,
        }
    )


def _bad(text: str) -> ApiError:
    return ApiError(400, "BadRequest", text)


def _asked(call: Call) -> _Asked:
    query = {name.lower(): value for name, value in call.request.query.items()}
    now = time.time()
    try:
        start, end = durations.interval(query.get("timespan") or "PT1H", now)
        durations.seconds(query.get("interval") or "PT1M")
    except ValueError as error:
        raise _bad(f"The timespan or the interval is invalid: {error}.") from error
    length = step(call.world.settings.window)
    start = math.floor(start / length) * length
    if (end - start) / length > _MAX_POINTS:
        raise _bad(f"The timespan holds more than {_MAX_POINTS} points of {durations.duration(length)}.")
    aggregations = {name.strip().lower() for name in query.get("aggregation", "").split(",") if name.strip()}
    unknown = sorted(aggregations - set(_AGGREGATIONS))
    if unknown:
        raise _bad(f"Invalid aggregation type: {unknown[0]}.")
    return _Asked(_names(call, query.get("metricnames", "")), frozenset(aggregations), start, end, length)


def _names(call: Call, text: str) -> tuple[str, ...]:
    asked = [name.strip() for name in text.split(",") if name.strip()] or ["Requests"]
    known = {name.lower(): name for name in _METRICS}
    for name in asked:
        if name.lower() not in known:
            kind = "sites/slots" if "slot" in call.parts else "sites"
            raise _bad(
                f"Failed to find metric configuration for provider: Microsoft.Web, resource Type: {kind}, "
                f"metric: {name}, Valid metrics: {','.join(_METRICS)}"
            )
    return tuple(known[name.lower()] for name in asked)


def step(window: float) -> float:
    """Length of a point in seconds: a minute, shorter when the lab's observation window of `window` seconds is."""
    return max(1.0, 60.0 * min(1.0, window / _WINDOW))


def _value(world: World, slot: Slot, name: str, asked: _Asked) -> dict[str, Any]:
    metric = _METRICS[name]
    wanted = asked.aggregations or {metric.aggregation}
    measured = dict(world.telemetry.platform(slot.name, name, asked.start, asked.end))
    points = []
    for at in sorted({*_grid(asked), *measured}):
        values = {key: number for key, number in measured.get(at, {}).items() if key in wanted}
        points.append({"timeStamp": utc(at)} | values)
    return {
        "id": f"{scope.slot_id(world, slot)}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": metric.text},
        "displayDescription": metric.text,
        "unit": metric.unit,
        "timeseries": [{"metadatavalues": [], "data": points}] if measured else [],
        "errorCode": "Success",
    }


def _grid(asked: _Asked) -> list[float]:
    first, past = math.floor(asked.start / asked.step), math.ceil(asked.end / asked.step)
    return [index * asked.step for index in range(first, past)]
