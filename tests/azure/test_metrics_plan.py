from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.metrics_database import DatabaseReader, kind_of
from cpr_cockpit.adapters.azure.metrics_plan import LoadLimits, PlanReader
from cpr_cockpit.core.ports import Asked, PortError
from cpr_cockpit.core.signals import Observation, Source
from tests.azure.clocks import FixedClock
from tests.azure.conftest import Azure
from tests.azure.sites import GROUP, SITE, site
from tests.azure.wire import Answer, Wire

PLAN = f"{GROUP}/providers/Microsoft.Web/serverfarms/plan"
DATABASE = f"{GROUP}/providers/Microsoft.Sql/servers/sql/databases/goals"
OF = "/providers/Microsoft.Insights/metrics"
T0 = 1_700_000_040.0  # on a minute
NOW = T0 + 300.0
UNKNOWN = {"code": "BadRequest", "message": "Failed to find metric configuration, metric: InstanceCount"}


def asked(now: float = NOW) -> Asked:
    return Asked(now, T0, "v1", "v2", 900.0, 1.0)


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(T0 + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def metric(name: str, points: dict[float, float | None], how: str = "average", **members: Any) -> dict[str, Any]:
    data = [{"timeStamp": _at(at)} | ({} if value is None else {how: value}) for at, value in points.items()]
    return {"name": {"value": name}, "timeseries": [{"data": data}], "errorCode": "Success", **members}


def body(*metrics: dict[str, Any]) -> Answer:
    return Answer(body={"interval": "PT1M", "value": list(metrics)})


LOAD = body(metric("CpuPercentage", {180: 40.0, 240: 91.5}), metric("MemoryPercentage", {180: 60.0, 240: 62.0}))
LOAD_BEFORE = body(metric("CpuPercentage", {-120: 30.0, -60: 34.0}), metric("MemoryPercentage", {-60: 61.0}))
COUNTS = body(
    metric("InstanceCount", {240: 2.0}),
    metric("RequestsInApplicationQueue", {240: 0.0}),
    metric("HttpResponseTime", {240: 0.125}),
    metric("Http4xx", {180: 1.0, 240: 30.0}, "total"),
    metric("Requests", {180: 100.0, 240: 600.0}, "total"),
)
COUNTS_BEFORE = body(metric("Http4xx", {-60: 5.0}, "total"), metric("Requests", {-60: 500.0}, "total"))


def reader(azure: Azure, now: float = NOW, **limits: float) -> PlanReader:
    return PlanReader(azure.manager, FixedClock(now), LoadLimits(**limits))


def told(found: Observation) -> dict[str, tuple[float | None, float | None]]:
    return {one.name: (one.value, one.before) for one in found.readings}


@pytest.fixture
def plan(wire: Wire) -> Wire:
    wire.on("GET", SITE, Answer(body=site()))
    wire.on("GET", PLAN + OF, LOAD, LOAD_BEFORE, LOAD)
    wire.on("GET", SITE + OF, COUNTS, COUNTS_BEFORE, COUNTS)
    return wire


async def test_load_of_the_plan_and_what_the_front_end_says_each_with_its_value_before(
    azure: Azure, plan: Wire
) -> None:
    found = await reader(azure, cpu_percent=70.0).read(asked())
    assert (found.source, found.measured_at, found.granularity_s) == (Source.PLAN, T0 + 300.0, 60.0)
    assert (found.cpu_percent, found.memory_percent) == (91.5, 62.0)
    assert (found.partial, found.error, found.lines) == (None, None, ())
    assert told(found) == {
        "CPU": (91.5, 32.0),
        "memory": (62.0, 61.0),
        "instances": (2.0, None),
        "application queue": (0.0, None),
        "response time at the front end": (125.0, None),
        "4xx at the front end": (0.05, 0.01),
    }
    assert {one.name: one.limit for one in found.readings if one.limit} == {"CPU": 70.0, "memory": 85.0}
    assert found.readings[-1].n == 600


async def test_the_plan_is_the_one_that_the_site_names_and_each_question_has_its_own_aggregations(
    azure: Azure, plan: Wire
) -> None:
    one = reader(azure)
    await one.read(asked())
    await one.read(asked())
    assert len([request for request in plan.of("GET") if request.path == SITE]) == 1
    [first, before, again] = [request.query for request in plan.of("GET", PLAN + OF)]
    assert (first["metricnames"], first["aggregation"]) == ("CpuPercentage,MemoryPercentage", "average")
    assert before["timespan"] == "2023-11-14T22:04:00Z/2023-11-14T22:14:00Z"
    assert again["timespan"] == first["timespan"] == "2023-11-14T22:09:00Z/2023-11-14T22:19:00Z"
    assert plan.of("GET", SITE + OF)[0].query["aggregation"] == "average,total"


async def test_after_go_the_figures_from_before_the_switch_are_asked_once(azure: Azure, plan: Wire) -> None:
    one = reader(azure)
    for later in (0.0, 300.0, 600.0):
        now = NOW + later
        found = await one.read(replace(asked(now), since=now - 900.0))
        assert told(found)["CPU"][1] == 32.0
    begins = [request.query["timespan"].partition("/")[0] for request in plan.of("GET", PLAN + OF)]
    assert begins == [f"2023-11-14T22:{minute}:00Z" for minute in ("09", "04", "14", "19")]


async def test_a_plan_that_the_configuration_names_is_not_looked_for(azure: Azure, plan: Wire) -> None:
    own = f"{GROUP}/providers/Microsoft.Web/serverfarms/own"
    plan.on("GET", own + OF, LOAD)
    environment = replace(azure.environment, plan_id=own)
    manager = Manager(environment, azure.credential, azure.transport)
    found = await PlanReader(manager, FixedClock(NOW)).read(asked())
    await manager.close()
    assert found.cpu_percent == 91.5
    assert [request for request in plan.of("GET") if request.path == SITE] == []


async def test_a_missing_point_is_no_data_and_a_growing_one_is_not_read(azure: Azure, plan: Wire) -> None:
    plan.on("GET", PLAN + OF, body(metric("CpuPercentage", {180: 40.0, 240: None, 300: 99.0})))
    plan.on("GET", SITE + OF, body(metric("Requests", {240: 0.0}, "total"), metric("Http4xx", {240: 0.0}, "total")))
    found = await reader(azure, NOW + 30.0).read(asked(NOW + 30.0))
    assert found.cpu_percent == 40.0
    assert found.memory_percent is None
    assert told(found)["memory"] == (None, None)
    assert told(found)["4xx at the front end"] == (None, None)
    assert found.partial is not None
    assert "MemoryPercentage is not in the answer" in found.partial


async def test_a_figure_that_fell_behind_the_others_tells_nothing_of_now(azure: Azure, plan: Wire) -> None:
    behind = body(metric("CpuPercentage", {240: 40.0}), metric("MemoryPercentage", {-120: 60.0}))
    plan.on("GET", PLAN + OF, behind)
    found = await reader(azure).read(asked())
    assert (found.cpu_percent, found.memory_percent) == (40.0, None)


async def test_an_error_of_one_metric_is_told_and_the_others_are_read(azure: Azure, plan: Wire) -> None:
    throttled = metric("MemoryPercentage", {}, errorCode="QueryThrottled", errorMessage="too many")
    plan.on("GET", PLAN + OF, body(metric("CpuPercentage", {240: 40.0}), throttled))
    found = await reader(azure).read(asked())
    assert found.cpu_percent == 40.0
    assert found.partial == "MemoryPercentage: too many (QueryThrottled)"


async def test_a_plan_that_may_not_be_read_leaves_what_the_front_end_says(azure: Azure, plan: Wire) -> None:
    plan.on("GET", PLAN + OF, Answer(403, {"error": {"code": "AuthorizationFailed", "message": "no right"}}))
    found = await reader(azure).read(asked())
    assert found.cpu_percent is None
    assert told(found)["instances"] == (2.0, None)
    assert found.partial is not None
    assert "Reading the plan's metrics was refused: no right" in found.partial


async def test_neither_of_the_two_is_an_error(azure: Azure, plan: Wire) -> None:
    plan.on("GET", PLAN + OF, Answer(403, {"error": {"code": "AuthorizationFailed", "message": "no right"}}))
    plan.on("GET", SITE + OF, Answer(404, {"error": {"code": "ResourceNotFound", "message": "no site"}}))
    with pytest.raises(PortError) as caught:
        await reader(azure).read(asked())
    assert caught.value.status == 403


async def test_one_metric_that_the_app_does_not_have_hides_no_other_and_is_asked_for_once(
    azure: Azure, plan: Wire
) -> None:
    names = ("RequestsInApplicationQueue", "HttpResponseTime", "Http4xx", "Requests")
    alone = [body(one) for one in COUNTS.body["value"] if one["name"]["value"] in names]
    plan.on("GET", SITE + OF, Answer(400, UNKNOWN), Answer(400, UNKNOWN), *alone, COUNTS_BEFORE, COUNTS)
    one = reader(azure)
    found = await one.read(asked())
    assert told(found)["instances"] == (None, None)
    assert told(found)["4xx at the front end"][0] == 0.05
    assert found.partial is None
    [missing] = found.lines
    assert "InstanceCount" in missing
    again = await one.read(asked())
    assert plan.of("GET", SITE + OF)[-1].query["metricnames"] == ",".join(names)
    assert again.lines == found.lines


async def test_points_of_the_future_show_in_the_date(azure: Azure, plan: Wire) -> None:
    plan.on("GET", PLAN + OF, body(metric("CpuPercentage", {240: 40.0, 900: 1.0})))
    found = await reader(azure).read(asked())
    assert (found.cpu_percent, found.measured_at) == (40.0, T0 + 900.0)


async def test_short_windows_ask_for_little_and_learn_the_grain(azure: Azure, plan: Wire) -> None:
    short = {"interval": "PT2S", "value": [metric("CpuPercentage", {296: 12.0}), metric("MemoryPercentage", {})]}
    plan.on("GET", PLAN + OF, Answer(body=short))
    one = reader(azure)
    question = Asked(NOW, T0, "v1", "v2", 30.0, 30.0 / 900.0)
    assert (await one.read(question)).cpu_percent == 12.0
    await one.read(question)
    spans = [request.query["timespan"] for request in plan.of("GET", PLAN + OF)]
    assert spans[0] == spans[2] == "2023-11-14T22:18:40Z/2023-11-14T22:19:00Z"


# -- database --------------------------------------------------------------------------------------------------------

SQL = body(
    metric("connection_successful", {240: 120.0}, "total"),
    metric("connection_failed", {240: 3.0}, "total"),
    metric("cpu_percent", {240: 71.0}),
    metric("sessions_percent", {240: 12.0}),
)


async def test_a_database_tells_connections_failures_and_load(azure: Azure, wire: Wire) -> None:
    wire.on("GET", DATABASE + OF, SQL)
    found = await DatabaseReader(azure.manager, FixedClock(NOW), DATABASE).read(asked())
    assert (found.source, found.measured_at, found.cpu_percent) == (Source.DATABASE, T0 + 300.0, None)
    assert {one.name: (one.value, one.unit) for one in found.readings} == {
        "database connections made": (120.0, "events"),
        "database connections failed": (3.0, "events"),
        "database CPU": (71.0, "%"),
        "database sessions": (12.0, "%"),
    }
    assert wire.of("GET")[0].query["aggregation"] == "total,average"


async def test_a_database_that_cannot_be_read_is_an_error(azure: Azure, wire: Wire) -> None:
    wire.on("GET", DATABASE + OF, Answer(400, UNKNOWN))
    one = DatabaseReader(azure.manager, FixedClock(NOW), DATABASE)
    with pytest.raises(PortError, match="database"):
        await one.read(asked())
    wire.on("GET", DATABASE + OF, SQL)
    assert (await one.read(asked())).lines == ()


@pytest.mark.parametrize(
    ("resource_id", "kind"),
    [
        (DATABASE, "microsoft.sql/servers/databases"),
        (
            f"{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg",
            "microsoft.dbforpostgresql/flexibleservers",
        ),
        ("goals", ""),
    ],
)
def test_the_kind_of_a_resource(resource_id: str, kind: str) -> None:
    assert kind_of(resource_id) == kind


def test_a_database_of_an_unknown_kind_is_refused(azure: Azure) -> None:
    with pytest.raises(ValueError, match="redis"):
        DatabaseReader(azure.manager, FixedClock(NOW), f"{GROUP}/providers/Microsoft.Cache/redis/goals")
