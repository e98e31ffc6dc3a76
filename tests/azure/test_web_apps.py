from __future__ import annotations

import json
from typing import Any

import pytest

from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.sites import GREEN, SITE, app_service, site
from tests.azure.wire import Answer, Wire

SLOTS = f"{SITE}/slots"
SWAPPED = {"timestampUtc": "2026-01-02T03:04:05.123456", "sourceSlotName": "green", "destinationSlotName": "production"}


async def test_slots_are_listed_production_first(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body=site()))
    wire.on("GET", SLOTS, Answer(body={"value": [site("goals/green", state="Stopped"), site("goals/blue")]}))
    found = await azure.web_apps.slots()
    assert [slot.name for slot in found] == ["production", "green", "blue"]
    assert [slot.state for slot in found] == ["Running", "Stopped", "Running"]
    assert found[1].host == "goals-green.example.net"


async def test_pages_of_slots_are_all_read(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body=site()))
    first = {"value": [site("goals/green")], "nextLink": f"{wire.url}{SLOTS}?page=2"}
    wire.on("GET", SLOTS, Answer(body=first), Answer(body={"value": [site("goals/blue")], "nextLink": None}))
    assert [slot.name for slot in await azure.web_apps.slots()] == ["production", "green", "blue"]


async def test_the_state_of_swaps_is_read_from_the_app_and_every_slot_each_time(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body=site()), Answer(body=site(slotSwapStatus=SWAPPED, inProgressOperationId="op")))
    preview = {"value": [site("goals/green", targetSwapSlot="production")]}
    wire.on("GET", SLOTS, Answer(body={"value": [site("goals/green")]}), Answer(body=preview))
    before = await azure.web_apps.swap_status()
    assert (before.in_flight, before.last_at, before.pending_preview) == (None, None, None)
    after = await azure.web_apps.swap_status()
    assert (after.in_flight, after.pending_preview) == ("op", "production")
    assert after.last_at == "2026-01-02T03:04:05.123456"
    assert (after.last_source, after.last_destination) == ("green", "production")


async def test_an_operation_that_only_the_slot_tells_of_counts(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body=site()))
    wire.on("GET", SLOTS, Answer(body={"value": [site("goals/green", inProgressOperationId="op")]}))
    assert (await azure.web_apps.swap_status()).in_flight == "op"


@pytest.mark.parametrize("fault", [Answer(500), Answer(503), Answer(cut=True), Answer(429)])
async def test_a_read_is_tried_again_after_a_fault_that_may_pass(azure: Azure, wire: Wire, fault: Answer) -> None:
    wire.on("GET", SITE, fault, Answer(body=site()))
    wire.on("GET", SLOTS, Answer(body={"value": []}))
    assert len(await azure.web_apps.slots()) == 1
    assert wire.count("GET", "/goals") == 2


async def test_a_read_that_keeps_failing_is_told(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(503, app_service("ServiceUnavailable", "try later")))
    wire.on("GET", SLOTS, Answer(body={"value": []}))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.slots()
    assert caught.value.status == 503
    assert not caught.value.ambiguous
    assert "try later" in caught.value.what
    assert wire.count("GET", "/goals") == 3


@pytest.mark.parametrize("body", ["<html>", "", [], 7, {"value": 7}, {"value": ["x"]}])
async def test_an_answer_of_another_form_is_an_error(azure: Azure, wire: Wire, body: Any) -> None:
    wire.on("GET", SITE, Answer(200, site()))
    wire.on("GET", SLOTS, Answer(200, body))
    with pytest.raises(PortError, match="cannot be read"):
        await azure.web_apps.slots()


async def test_a_name_that_does_not_exist_is_told_at_once(azure: Azure, wire: Wire) -> None:
    text = "The Resource 'Microsoft.Web/sites/goals' under resource group 'rg' was not found."
    wire.on("GET", SITE, Answer(404, {"error": {"code": "ResourceNotFound", "message": text}}))
    wire.on("GET", SLOTS, Answer(404, {"error": {"code": "ResourceNotFound", "message": text}}))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.slots()
    assert text.rstrip(".") in caught.value.what
    assert "pinned names" in caught.value.next_step
    assert wire.count("GET", "/goals") == 1


async def test_instances_are_named_without_those_that_are_stopped(azure: Azure, wire: Wire) -> None:
    def instance(name: str, state: str) -> dict[str, object]:
        return {"name": name, "properties": {"state": state}}

    listed = [instance("a", "READY"), instance("b", "STOPPED"), instance("c", "UNKNOWN"), instance("", "READY")]
    wire.on("GET", f"{SITE}/instances", Answer(body={"value": listed}))
    wire.on("GET", f"{GREEN}/instances", Answer(body={"value": [instance("g", "READY")]}))
    assert await azure.web_apps.instances("production") == ("a", "c")
    assert await azure.web_apps.instances("green") == ("g",)


async def test_what_a_plan_would_send_is_told_and_not_sent(azure: Azure, wire: Wire) -> None:
    requests = azure.web_apps.planned(Act(ActKind.SWAP, "green", version="v2"))
    [post] = [one for one in requests if one.method == "POST"]
    assert post.url == f"{wire.url}{GREEN}/slotsswap?api-version=2025-05-01"
    assert json.loads(post.body) == {"targetSlot": "production", "preserveVnet": True}
    deploy = azure.web_apps.planned(Act(ActKind.DEPLOY, "green", version="v2", artifact="new.zip"))
    assert [one.url for one in deploy if one.method == "POST"] == [
        "https://<deployment host of green>/api/zipdeploy?isAsync=true"
    ]
    assert azure.web_apps.planned(Act(ActKind.WARM_UP, "green")) == ()
    assert wire.asked == []
