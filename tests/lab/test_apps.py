"""Several apps over Resource Manager, without their processes: each has its own of everything, found by its name."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.lab.rest.wire import utc
from tests.lab.apps_world import Apps, apps

NAMES = ["goals-lab", "goals-lab-2", "goals-lab-3"]
PROFILES = "/providers/Microsoft.Network/trafficManagerProfiles"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Apps]:
    async with apps(tmp_path) as made:
        yield made


def _endpoint(world: Apps, name: str) -> str:
    return f"{world.group}{PROFILES}/goals-front/azureEndpoints/{name}"


async def _drain(world: Apps, name: str, status: str = "Disabled") -> Any:
    code, body = await world.ask("PATCH", _endpoint(world, name), json={"properties": {"endpointStatus": status}})
    assert code == 200, body
    return body


async def test_lists_show_all_apps_in_their_regions(world: Apps) -> None:
    listed = (await world.get(f"{world.group}/providers/Microsoft.Web/sites"))["value"]
    subscription = world.group.partition("/resourceGroups")[0]
    assert listed == (await world.get(f"{subscription}/providers/Microsoft.Web/sites"))["value"]
    assert [site["name"] for site in listed] == NAMES
    assert [site["location"] for site in listed] == ["westeurope", "northeurope", "uksouth"]
    assert {site["properties"]["resourceGroup"] for site in listed} == {world.world.resource_group}
    with_slots = (await world.get(f"{world.group}/providers/Microsoft.Web/sites", includeSlots="true"))["value"]
    assert [site["name"] for site in with_slots] == [slot for name in NAMES for slot in (name, f"{name}/green")]


async def test_an_app_is_found_by_its_name_in_any_case(world: Apps) -> None:
    found = await world.get(world.site("GOALS-Lab-2"))
    assert (found["id"], found["name"]) == (world.site("goals-lab-2"), "goals-lab-2")
    assert found["properties"]["serverFarmId"].endswith("/serverfarms/lab-plan-2")
    slots = (await world.get(f"{world.site('goals-lab-2')}/slots"))["value"]
    assert [slot["id"] for slot in slots] == [world.site("goals-lab-2") + "/slots/green"]
    status, body = await world.ask("GET", world.site("goals-lab-4"))
    assert (status, body["error"]["code"]) == (404, "ResourceNotFound")


async def test_every_slot_of_every_app_has_a_host_of_its_own(world: Apps) -> None:
    listed = (await world.get(f"{world.group}/providers/Microsoft.Web/sites", includeSlots="true"))["value"]
    assert len({site["properties"]["defaultHostName"] for site in listed}) == 6


async def test_settings_slots_and_sticky_names_of_an_app_are_its_own(world: Apps) -> None:
    one, two = world.site(NAMES[0]), world.site(NAMES[1])
    body = {"properties": {"appSettingNames": ["SLOT_ENVIRONMENT", "REGION"]}}
    assert (await world.ask("PUT", f"{two}/config/slotConfigNames", json=body))[0] == 200
    assert (await world.ask("PUT", f"{two}/slots/blue", json={"location": "northeurope"}))[0] == 202
    while len((await world.get(f"{two}/slots"))["value"]) < 2:
        pass
    assert [slot["name"] for slot in (await world.get(f"{one}/slots"))["value"]] == ["goals-lab/green"]
    found = [(await world.get(f"{site}/config/slotConfigNames"))["properties"] for site in (one, two)]
    assert [names["appSettingNames"] for names in found] == [
        ["SLOT_ENVIRONMENT", "WORKERS_ENABLED"],
        ["SLOT_ENVIRONMENT", "REGION"],
    ]


async def test_ramp_up_rules_of_an_app_are_its_own(world: Apps) -> None:
    two = world.site(NAMES[1])
    host = (await world.get(f"{two}/slots/green"))["properties"]["defaultHostName"]
    rule = {"actionHostName": host, "reroutePercentage": 20.0, "name": "green"}
    body = {"properties": {"experiments": {"rampUpRules": [rule]}}}
    assert (await world.ask("PATCH", f"{two}/config/web", json=body))[0] == 200
    rules = {
        name: (await world.get(f"{world.site(name)}/config/web"))["properties"]["experiments"]["rampUpRules"]
        for name in NAMES
    }
    assert rules == {NAMES[0]: [], NAMES[1]: [rule], NAMES[2]: []}
    assert {name: site.front.shares.in_force for name, site in world.world.sites.items()} == {
        NAMES[0]: False,
        NAMES[1]: True,
        NAMES[2]: False,
    }
    assert world.world.log.entries[-2]["app"] == NAMES[1], "the operation log says where"


async def test_an_operation_stands_in_the_way_of_its_own_app_only(world: Apps) -> None:
    swap = {"targetSlot": "production", "preserveVnet": True}
    status, _ = await world.ask("POST", f"{world.site(NAMES[1])}/slots/green/slotsswap", json=swap)
    assert status == 202
    status, body = await world.ask("POST", f"{world.site(NAMES[1])}/slots/green/slotsswap", json=swap)
    assert status == 409
    assert "SiteName: goals-lab-2, SlotName: green" in body["Message"]
    status, _ = await world.ask("POST", f"{world.site(NAMES[0])}/slots/green/slotsswap", json=swap)
    assert status == 202
    operation = world.world.sites[NAMES[1]].busy()
    assert operation is not None
    status, _ = await world.ask("GET", f"{world.site(NAMES[0])}/slots/green/operationresults/{operation.id}")
    assert status == 404


async def test_the_faults_of_a_swap_are_those_of_its_app(world: Apps) -> None:
    world.world.sites[NAMES[1]].faults.load(["conflict"])
    swap = {"targetSlot": "production", "preserveVnet": True}
    statuses = [(await world.ask("POST", f"{world.site(name)}/slots/green/slotsswap", json=swap))[0] for name in NAMES]
    assert statuses == [202, 409, 202]


async def test_plans_and_metrics_are_told_apart(world: Apps) -> None:
    plan = await world.get(f"{world.group}/providers/Microsoft.Web/serverfarms/Lab-Plan-3")
    assert (plan["name"], plan["location"], plan["properties"]["numberOfSites"]) == ("lab-plan-3", "uksouth", 2)
    now = time.time()
    world.world.telemetry.counted("goals-lab-2/production", now, 200, 0.1)
    world.clock.ahead = 5.0
    span = f"{utc(now - 60.0)}/{utc(now + 5.0)}"
    totals = {}
    for name in NAMES:
        path = f"{world.site(name)}/providers/Microsoft.Insights/metrics"
        answer = await world.get(path, metricnames="Requests", timespan=span, aggregation="total")
        points = answer["value"][0]["timeseries"]
        totals[name] = sum(point.get("total", 0.0) for series in points for point in series["data"])
        assert answer["resourceregion"] == world.world.sites[name].location
    assert totals == {NAMES[0]: 0.0, NAMES[1]: 1.0, NAMES[2]: 0.0}


async def test_the_front_is_a_traffic_manager_profile_with_an_endpoint_for_each_app(world: Apps) -> None:
    (profile,) = (await world.get(world.group + PROFILES))["value"]
    assert profile == await world.get(f"{world.group}{PROFILES.lower()}/Goals-Front")
    assert (profile["location"], profile["properties"]["profileStatus"]) == ("global", "Enabled")
    endpoints = profile["properties"]["endpoints"]
    assert [endpoint["name"] for endpoint in endpoints] == NAMES
    assert endpoints[1] == await world.get(_endpoint(world, "goals-lab-2"))
    assert endpoints[1]["type"] == "Microsoft.Network/trafficManagerProfiles/azureEndpoints"
    assert endpoints[1]["properties"] == {
        "endpointStatus": "Enabled",
        "endpointMonitorStatus": "CheckingEndpoint",
        "targetResourceId": world.site("goals-lab-2"),
        "target": world.world.sites["goals-lab-2"].slots["production"].host,
        "weight": 1,
        "priority": 2,
        "endpointLocation": "North Europe",
    }


async def test_an_app_is_drained_and_taken_back_by_its_endpoint(world: Apps) -> None:
    drained = await _drain(world, "Goals-Lab-3")
    assert (drained["properties"]["endpointStatus"], drained["properties"]["endpointMonitorStatus"]) == (
        "Disabled",
        "Disabled",
    )
    # As a client that reads an endpoint, changes it, and writes all of it back.
    drained["properties"]["endpointStatus"] = "Enabled"
    status, body = await world.ask("PATCH", _endpoint(world, "goals-lab-3"), json=drained)
    assert (status, body["properties"]["endpointStatus"]) == (200, "Enabled")
    told = [entry["status"] for entry in world.world.log.entries if entry["kind"] == "front.endpoint"]
    assert told == ["Disabled", "Enabled"]


@pytest.mark.parametrize(
    "properties", [{"endpointStatus": "Off"}, {"weight": 5}, {"target": "elsewhere"}, "Disabled", None]
)
async def test_an_endpoint_takes_no_other_change(world: Apps, properties: Any) -> None:
    before = await world.get(_endpoint(world, NAMES[1]))
    status, body = await world.ask("PATCH", _endpoint(world, NAMES[1]), json={"properties": properties})
    assert (status, body["error"]["code"]) == (400, "InvalidRequestContent")
    assert await world.get(_endpoint(world, NAMES[1])) == before


async def test_a_profile_or_an_endpoint_that_is_not_there(world: Apps) -> None:
    for path in (f"{world.group}{PROFILES}/other", _endpoint(world, "goals-lab-4")):
        assert (await world.ask("GET", path))[0] == 404


async def test_one_app_has_no_front(tmp_path: Path) -> None:
    async with apps(tmp_path, 1) as world:
        assert (await world.get(world.group + PROFILES))["value"] == []
        assert (await world.ask("GET", _endpoint(world, "goals-lab")))[0] == 404
        assert list(world.world.sites) == ["goals-lab"]
        assert all("app" not in entry for entry in world.world.log.entries)


async def test_staging_is_an_app_of_its_own_whose_rows_and_traffic_are_no_production_s(tmp_path: Path) -> None:
    async with apps(tmp_path, 1, staging=True) as made:
        world = made.world
        staging = world.staging
        assert staging is not None
        listed = (await made.get(f"{made.group}/providers/Microsoft.Web/sites"))["value"]
        assert [site["name"] for site in listed] == ["goals-lab", "goals-lab-staging"]
        found = await made.get(made.site("goals-lab-staging"))
        assert found["properties"]["serverFarmId"].endswith("/serverfarms/lab-plan-2-staging")
        assert (await made.get(f"{made.site('goals-lab-staging')}/slots"))["value"] == []
        assert list(world.sites) == ["goals-lab"], "what users and scenarios reach"
        staging._sink().request({"TimeGenerated": time.time(), "DurationMs": 1.0})
        (row,) = world.telemetry.rows("AppRequests", time.time() + 1.0)
        assert row["_ResourceId"] == f"{world.app_insights_id}-staging"
