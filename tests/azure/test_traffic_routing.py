"""Traffic routing over the wire: which share each slot gets, and the one PATCH that changes it."""

from __future__ import annotations

from typing import Any

import pytest

from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.sites import SITE, app_service, site
from tests.azure.wire import Answer, Wire

WEB = f"{SITE}/config/web"
GREEN_RULE = {"actionHostName": "goals-green.example.net", "reroutePercentage": 5.0, "name": "green"}
# What somebody else set: members that this program does not use go back as they came.
BLUE_RULE = {
    "actionHostName": "goals-blue.example.net",
    "reroutePercentage": 12.5,
    "name": "by hand",
    "changeStep": 1.0,
    "changeIntervalInMinutes": 10,
}


def told(wire: Wire, rules: list[dict[str, Any]] | None) -> None:
    """Production with two slots, and with these rules."""
    hosts = {"green": "goals-green.example.net", "blue": "goals-blue.example.net"}
    wire.on("GET", SITE, Answer(body=site()))
    slots = [site(f"goals/{name}", defaultHostName=host) for name, host in hosts.items()]
    wire.on("GET", f"{SITE}/slots", Answer(body={"value": slots}))
    experiments = None if rules is None else {"rampUpRules": rules}
    wire.on("GET", WEB, Answer(body={"properties": {"alwaysOn": True, "experiments": experiments}}))


@pytest.mark.parametrize("rules", [None, [], [GREEN_RULE | {"reroutePercentage": 0.0}]])
async def test_without_a_rule_that_routes_nobody_is_routed(azure: Azure, wire: Wire, rules: Any) -> None:
    told(wire, rules)
    assert await azure.web_apps.shares() == {}


async def test_a_rule_is_of_the_slot_whose_host_it_names(azure: Azure, wire: Wire) -> None:
    told(wire, [GREEN_RULE, BLUE_RULE])
    assert await azure.web_apps.shares() == {"green": 5.0, "blue": 12.5}


async def test_a_rule_of_an_unknown_host_stands_under_its_own_name(azure: Azure, wire: Wire) -> None:
    told(wire, [GREEN_RULE | {"actionHostName": "gone.example.net", "name": "old slot"}])
    assert await azure.web_apps.shares() == {"old slot": 5.0}


async def test_a_share_is_one_patch_that_keeps_what_others_set(azure: Azure, wire: Wire) -> None:
    told(wire, [GREEN_RULE, BLUE_RULE])
    wire.on("PATCH", WEB, Answer(body={}))
    await azure.web_apps.route("green", 25.0)
    [patch] = wire.of("PATCH")
    assert patch.path == WEB
    rules = patch.json["properties"]["experiments"]["rampUpRules"]
    assert rules == [BLUE_RULE, GREEN_RULE | {"reroutePercentage": 25.0}]
    # Nothing but the rules is sent: a PATCH of what was read would undo what somebody else changed meanwhile.
    assert set(patch.json["properties"]) == {"experiments"}


async def test_nobody_is_routed_by_taking_the_rule_away(azure: Azure, wire: Wire) -> None:
    told(wire, [GREEN_RULE, BLUE_RULE])
    wire.on("PATCH", WEB, Answer(body={}))
    await azure.web_apps.route("green", 0.0)
    assert wire.of("PATCH")[0].json["properties"]["experiments"]["rampUpRules"] == [BLUE_RULE]


async def test_a_slot_that_is_not_there_can_get_no_share_and_lose_any(azure: Azure, wire: Wire) -> None:
    told(wire, [GREEN_RULE | {"actionHostName": "gone.example.net", "name": "amber"}])
    wire.on("PATCH", WEB, Answer(body={}))
    with pytest.raises(PortError, match="Slot amber has no host"):
        await azure.web_apps.route("amber", 5.0)
    assert wire.count("PATCH") == 0
    await azure.web_apps.route("amber", 0.0)
    assert wire.of("PATCH")[0].json["properties"]["experiments"]["rampUpRules"] == []


@pytest.mark.parametrize(
    ("answer", "ambiguous"),
    [
        (Answer(503, app_service("X", "oops")), True),
        (Answer(cut=True), True),
        (Answer(409, app_service("Conflict", "busy")), False),
    ],
)
async def test_a_share_is_sent_once_whatever_comes_of_it(
    azure: Azure, wire: Wire, answer: Answer, ambiguous: bool
) -> None:
    told(wire, [])
    wire.on("PATCH", WEB, answer, Answer(body={}))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.route("green", 5.0)
    assert caught.value.ambiguous is ambiguous
    assert wire.count("PATCH") == 1


def test_the_plan_tells_the_requests_of_a_share(azure: Azure) -> None:
    planned = azure.web_apps.planned(Act(ActKind.ROUTE, "green", percent=5.0))
    assert [one.method for one in planned] == ["GET", "PATCH"]
    assert "5 % to green" in planned[1].body
