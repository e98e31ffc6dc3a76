"""What others could change, over the wire: parts that are read, parts that are not, and no value that leaves."""

from __future__ import annotations

from typing import Any

import pytest

from cpr_cockpit.adapters.azure import manager
from cpr_cockpit.adapters.azure.surroundings import AzureSurroundings
from cpr_cockpit.core.ports import PRODUCTION, PortError
from cpr_cockpit.core.surroundings import Deployment, PlanScale
from tests.azure.conftest import Azure
from tests.azure.sites import GREEN, GROUP, SITE, site
from tests.azure.wire import Answer, Wire

PLAN = f"{GROUP}/providers/Microsoft.Web/serverfarms/plan"
LOG = "/subscriptions/22222222-2222-2222-2222-222222222222/providers/Microsoft.Insights/eventtypes/management/values"
SECRET = "Server=sql;Password=hunter2"
KEY = b"k" * 32


def reader(azure: Azure, key: bytes = KEY) -> AzureSurroundings:
    return AzureSurroundings(azure.manager, azure.web_apps, "green", key)


def told(wire: Wire, **changed: Any) -> None:
    """An app with a slot; ``changed``: settings, workers, numberOfWorkers, sticky."""
    wire.on("GET", SITE, Answer(body=site()))
    wire.on("GET", f"{SITE}/slots", Answer(body={"value": [site("goals/green")]}))
    rules = [{"actionHostName": "goals-green.example.net", "reroutePercentage": 37.0, "name": "green"}]
    web = {
        "alwaysOn": True,
        "numberOfWorkers": changed.get("numberOfWorkers", 1),
        "scmType": changed.get("scm", "None"),
    }
    for place, own in ((SITE, {"experiments": {"rampUpRules": rules}}), (GREEN, {})):
        settings = {"Db": SECRET, "Flag": changed.get("settings", "on") if place == GREEN else "on"}
        wire.on("POST", f"{place}/config/appsettings/list", Answer(body={"properties": settings}))
        value = changed.get("string", SECRET) if place == GREEN else SECRET
        strings = {"Main": {"value": value, "type": "SQLAzure"}}
        wire.on("POST", f"{place}/config/connectionstrings/list", Answer(body={"properties": strings}))
        wire.on("GET", f"{place}/config/web", Answer(body={"properties": web | own}))
    wire.on(
        "GET",
        f"{SITE}/config/slotConfigNames",
        Answer(body={"properties": {"appSettingNames": changed.get("sticky", ["Db"])}}),
    )
    for place, id in ((SITE, "1"), (GREEN, "2")):
        body = {"id": id, "deployer": "Zip\x1bDeploy", "received_time": "2026-11-29T12:00:00.5Z", "is_temp": False}
        temporary = {"name": "temp-1", "properties": {"id": "temp-1", "is_temp": True}}
        listed = [{"name": f"dep{id}", "properties": body}, temporary]
        wire.on("GET", f"{place}/deployments", Answer(body={"value": listed}))
    sku = {"name": "P1v3", "capacity": changed.get("workers", 1)}
    wire.on("GET", PLAN, Answer(body={"name": "plan", "sku": sku}))


async def test_all_parts_are_read_and_no_value_leaves(azure: Azure, wire: Wire) -> None:
    told(wire)
    seen = await reader(azure).read(5.0)
    assert (seen.at, seen.troubles, seen.shares) == (5.0, (), {"green": 37.0})
    assert seen.plan == PlanScale("plan", "P1v3", 1)
    assert seen.deployments == {
        PRODUCTION: (Deployment("1", PRODUCTION, "Zip Deploy", "2026-11-29T12:00:00.5Z"),),
        "green": (Deployment("2", "green", "Zip Deploy", "2026-11-29T12:00:00.5Z"),),
    }
    assert set(seen.settings) == {
        "app settings of production",
        "app settings of slot green",
        "configuration of production",
        "configuration of slot green",
        "connection strings of production",
        "connection strings of slot green",
        "slot config names",
    }
    assert "hunter2" not in repr(seen)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"settings": "off"}, {"app settings of slot green"}),
        ({"sticky": ["Db", "Flag"]}, {"slot config names"}),
        ({"string": "Server=other"}, {"connection strings of slot green"}),
        ({"numberOfWorkers": 3, "scm": "VSTSRM"}, set()),
    ],
)
async def test_only_what_changed_has_another_hash(
    azure: Azure, wire: Wire, changed: dict[str, Any], what: set[str]
) -> None:
    told(wire)
    before = (await reader(azure).read(1.0)).settings
    told(wire, **changed)
    after = (await reader(azure).read(2.0)).settings
    assert {name for name in before if before[name] != after[name]} == what


async def test_in_a_round_nothing_is_asked_for_twice(azure: Azure, wire: Wire) -> None:
    told(wire)
    around = reader(azure)
    await around.read(1.0)
    before = len(wire.asked)
    # Who serves what is read in the same round, the app and its slots with it.
    await azure.web_apps.swap_status()
    seen = await around.read(2.0)
    asked = [(request.method, request.path) for request in wire.asked[before:]]
    assert seen.shares == {"green": 37.0}
    assert len(asked) == len(set(asked))


async def test_another_run_makes_other_hashes_and_says_so(azure: Azure, wire: Wire) -> None:
    told(wire)
    mine, other = await reader(azure).read(1.0), await reader(azure, b"o" * 32).read(1.0)
    assert mine.key != other.key
    assert not set(mine.settings.values()) & set(other.settings.values())


async def test_a_part_that_may_not_be_read_is_told_and_hides_no_other(azure: Azure, wire: Wire) -> None:
    told(wire)
    wire.on("POST", f"{GREEN}/config/appsettings/list", Answer(403, {"error": {"code": "Forbidden", "message": "no"}}))
    seen = await reader(azure).read(1.0)
    assert [words.partition(":")[0] for words in seen.troubles] == ["Reading the settings of slot green was refused"]
    assert "app settings of production" in seen.settings
    assert "app settings of slot green" not in seen.settings
    assert (seen.plan is not None, seen.shares) == (True, {"green": 37.0})


async def test_a_slot_that_does_not_exist_is_no_trouble(azure: Azure, wire: Wire) -> None:
    told(wire)
    for method, path in (("POST", "config/appsettings/list"), ("GET", "config/web"), ("GET", "deployments")):
        wire.on(method, f"{GREEN}/{path}", Answer(404, {"error": {"code": "NotFound", "message": "none"}}))
    seen = await reader(azure).read(1.0)
    assert seen.troubles == ()
    assert set(seen.deployments) == {PRODUCTION}


@pytest.mark.parametrize(
    ("method", "path", "doing"),
    [
        ("POST", f"{SITE}/config/appsettings/list", "Reading the settings of production"),
        ("GET", f"{SITE}/deployments", "Reading the deployments to production"),
        ("GET", f"{SITE}/config/slotConfigNames", "Reading the slot config names"),
        ("GET", PLAN, "Reading how large the plan is"),
    ],
)
async def test_what_every_app_has_is_a_trouble_where_it_is_not_found(
    azure: Azure, wire: Wire, method: str, path: str, doing: str
) -> None:
    told(wire)
    wire.on(method, path, Answer(404, {"error": {"code": "NotFound", "message": "none"}}))
    [trouble] = (await reader(azure).read(1.0)).troubles
    assert trouble.startswith(f"{doing} was refused")


async def test_the_activity_log_is_asked_for_the_group_since_then(azure: Azure, wire: Wire) -> None:
    told(wire)
    entry = {
        "caller": "eve@example.com",
        "operationName": {"value": "Microsoft.Web/sites/slots/config/write"},
        "eventTimestamp": "2026-11-29T12:00:01.1234567Z",
        "resourceId": f"{GREEN}/config/appsettings",
    }
    wire.on("GET", LOG, Answer(body={"value": [entry, entry | {"caller": None}, {"caller": "x"}, 7]}))
    [found] = await reader(azure).activities(1_795_953_600.0)
    assert (found.caller, found.operation) == ("eve@example.com", "Microsoft.Web/sites/slots/config/write")
    assert found.at == pytest.approx(1_795_953_601.123456)
    [asked] = wire.of("GET", "values")
    assert asked.query["api-version"] == "2015-04-01"
    assert asked.query["$filter"] == "eventTimestamp ge '2026-11-29T12:00:00.000000Z' and resourceGroupName eq 'rg'"


async def test_a_read_that_fails_for_good_is_tried_three_times(
    azure: Azure, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "_PAUSES", (0.0, 0.0))
    told(wire)
    for path in (PLAN, LOG):
        wire.on("GET", path, Answer(503, "busy"))
    [trouble] = (await AzureSurroundings(azure.manager, azure.web_apps, "green", KEY).read(1.0)).troubles
    assert "how large the plan is" in trouble
    with pytest.raises(PortError):
        await reader(azure).activities(0.0)
    assert (len(wire.of("GET", PLAN)), len(wire.of("GET", LOG))) == (3, 3)


async def test_a_log_that_leads_elsewhere_is_not_followed(azure: Azure, wire: Wire) -> None:
    wire.on("GET", LOG, Answer(body={"value": None, "nextLink": "https://elsewhere.example.net/next"}))
    assert await reader(azure).activities(0.0) == ()
    assert len(wire.of("GET", "values")) == 1


@pytest.mark.parametrize("body", [7, "x"])
async def test_a_log_of_another_form_is_an_error_in_words(azure: Azure, wire: Wire, body: Any) -> None:
    wire.on("GET", LOG, Answer(body=body))
    with pytest.raises(PortError, match="Reading the activity log: the answer cannot be read"):
        await reader(azure).activities(0.0)
