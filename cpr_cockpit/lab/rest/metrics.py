"""Platform metrics of the apps, their plans and their database as `Microsoft.Insights/metrics`, api-version 2018-01-01.

A point without the key of an aggregation means that there is no data for that time: not zero. A metric that a resource
does not have is told by its own `errorCode` beside those that it has, within a success.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.platform_metrics import DATABASE, PLAN, SITE
from cpr_cockpit.lab.rest import durations, metric_names, plan, scope
from cpr_cockpit.lab.rest.metric_names import Metric
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.wire import utc
from cpr_cockpit.lab.telemetry_faults import PLATFORM

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World

_AGGREGATIONS = ("average", "count", "maximum", "minimum", "total")
_MAX_POINTS = 10_000
_WINDOW = 900.0  # seconds of the real observation window; a shorter one in the lab shrinks the points alike


@dataclass(frozen=True, slots=True)
class _Resource:
    """What is asked about; `kind` and `name` as in `Telemetry.points`; `region`: where it is."""

    kind: str
    name: str
    id: str
    type: str
    region: str
    metrics: Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class _Asked:
    names: tuple[str, ...]
    aggregations: frozenset[str]
    start: float
    end: float
    step: float


def routes() -> list[Route]:
    """The routes of the metrics of each app and slot, of each plan, of the database."""
    end = "/providers/Microsoft.Insights/metrics"
    return [
        *scope.both("GET", end, _of_site, source=PLATFORM),
        Route("GET", scope.PLAN + end, _of_plan, source=PLATFORM),
        Route("GET", scope.DATABASE + end, _of_database, source=PLATFORM),
    ]


async def _of_site(call: Call) -> web.Response:
    site, slot = scope.site_of(call), scope.slot_of(call)
    name, id, kind = site.metered(slot.name), scope.slot_id(site, slot), scope.slot_type(slot)
    return _metrics(call, _Resource(SITE, name, id, kind, site.location, metric_names.SITE))


async def _of_plan(call: Call) -> web.Response:
    site = plan.site_on(call)
    id, kind = scope.plan_id(site), "Microsoft.Web/serverfarms"
    return _metrics(call, _Resource(PLAN, site.plan, id, kind, site.location, metric_names.PLAN))


async def _of_database(call: Call) -> web.Response:
    plan.check_database(call)
    id, region = scope.database_id(call.world), call.world.first.location
    return _metrics(call, _Resource(DATABASE, "", id, "Microsoft.Sql/servers/databases", region, metric_names.DATABASE))


def _metrics(call: Call, resource: _Resource) -> web.Response:
    asked = _asked(call)
    return web.json_response(
        {
            "cost": 0,
            "timespan": f"{utc(asked.start)}/{utc(asked.end)}",
            "interval": durations.duration(asked.step),
            "value": [_value(call.world, resource, name, asked) for name in asked.names],
            "namespace": resource.type,
            "resourceregion": resource.region,
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
    names = tuple(name.strip() for name in query.get("metricnames", "").split(",") if name.strip())
    return _Asked(names or ("Requests",), frozenset(aggregations), start, end, length)


def step(window: float) -> float:
    """Length of a point in seconds: a minute, shorter when the lab's observation window of `window` seconds is."""
    return max(1.0, 60.0 * min(1.0, window / _WINDOW))


def _value(world: World, resource: _Resource, asked_name: str, asked: _Asked) -> dict[str, Any]:
    name = next((known for known in resource.metrics if known.lower() == asked_name.lower()), None)
    if name is None:
        return _unknown(resource, asked_name)
    metric = resource.metrics[name]
    wanted = asked.aggregations or {metric.aggregation}
    measured = list(world.telemetry.points(resource.kind, resource.name, name, asked.start, asked.end))
    empty: list[tuple[float, dict[str, float]]] = [(at, {}) for at in set(_grid(asked)) - {at for at, _ in measured}]
    points = [
        {"timeStamp": utc(at)} | {key: number for key, number in point.items() if key in wanted}
        for at, point in sorted([*measured, *empty], key=itemgetter(0))
    ]
    shown = _shown(resource, name, metric.text)
    return shown | {
        "unit": metric.unit,
        "timeseries": [{"metadatavalues": [], "data": points}] if measured else [],
        "errorCode": "Success",
    }


def _shown(resource: _Resource, name: str, text: str) -> dict[str, Any]:
    return {
        "id": f"{resource.id}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": text},
        "displayDescription": text,
    }


def _unknown(resource: _Resource, name: str) -> dict[str, Any]:
    provider, _, kind = resource.type.partition("/")
    return _shown(resource, name, name) | {
        "unit": "Unspecified",
        "timeseries": [],
        "errorCode": "BadRequest",
        "errorMessage": f"Failed to find metric configuration for provider: {provider}, resource Type: {kind}, "
        f"metric: {name}, Valid metrics: {','.join(resource.metrics)}",
    }


def _grid(asked: _Asked) -> list[float]:
    first, past = math.floor(asked.start / asked.step), math.ceil(asked.end / asked.step)
    return [index * asked.step for index in range(first, past)]
