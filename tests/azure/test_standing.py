"""How long roles last, how far the clocks are apart, and what there is to choose from, over the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate
from time import time

import pytest

from cpr_cockpit.adapters.azure.inventory import Inventory
from cpr_cockpit.adapters.azure.standing import ACTIVE, AzureStanding, RoleTerm
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.sites import SITE
from tests.azure.wire import Answer, Wire

ROLES = f"{SITE}/providers/Microsoft.Authorization/{ACTIVE}"
SUBSCRIPTION = SITE.partition("/resourceGroups/")[0]


async def test_roles_are_told_with_their_end(azure: Azure, wire: Wire) -> None:
    rows = [
        {
            "properties": {
                "assignmentType": "Activated",
                "endDateTime": "2026-12-01T10:00:00.123Z",
                "expandedProperties": {"roleDefinition": {"displayName": "Website Contributor"}},
            }
        },
        {
            "properties": {
                "assignmentType": "Assigned",
                "roleDefinitionId": "/roleDefinitions/reader",
                "endDateTime": None,
            }
        },
    ]
    wire.on("GET", ROLES, Answer(body={"value": rows}))
    found = await AzureStanding(azure.manager).roles(ACTIVE)
    end = datetime(2026, 12, 1, 10, 0, 0, 123_000, UTC).timestamp()
    assert found == (RoleTerm("Website Contributor", end, True), RoleTerm("reader", None, False))
    assert [one.query["$filter"] for one in wire.of("GET", ACTIVE)] == ["asTarget()"]


@pytest.mark.parametrize(
    "body", [[], {}, {"value": 7}, {"value": [7]}, {"value": [{"properties": {"endDateTime": "x"}}]}]
)
async def test_an_answer_of_another_form_is_no_role(azure: Azure, wire: Wire, body: object) -> None:
    wire.on("GET", ROLES, Answer(body=body))
    with pytest.raises(PortError, match="cannot be read"):
        await AzureStanding(azure.manager).roles(ACTIVE)


@pytest.mark.parametrize("ahead_s", [0.0, 40.0, -40.0])
async def test_the_clocks_are_compared_by_the_answers_date(azure: Azure, wire: Wire, ahead_s: float) -> None:
    wire.on("GET", SITE, Answer(body={}, headers={"Date": formatdate(time() - ahead_s, usegmt=True)}))
    skew = await AzureStanding(azure.manager).skew_s()
    assert skew is not None
    assert abs(skew - ahead_s) < 2.0


async def test_apps_are_listed_from_all_pages_without_function_apps(azure: Azure, wire: Wire) -> None:
    path = f"{SUBSCRIPTION}/providers/Microsoft.Web/sites"
    web = {
        "id": SITE,
        "name": "goals",
        "kind": "app",
        "properties": {"resourceGroup": "rg", "defaultHostName": "g.net"},
    }
    pages = [
        {"value": [{"name": "jobs", "kind": "functionapp,linux"}], "nextLink": f"{wire.url}{path}?page=2"},
        {"value": [web | {"tags": {"a": "b\x1b[2J"}}, web | {"name": "\u202eadmin", "tags": 7, "properties": None}]},
    ]
    wire.on("GET", path, *(Answer(body=page) for page in pages))
    found = await Inventory(azure.manager).apps(SUBSCRIPTION.rpartition("/")[2])
    assert [one.name.isprintable() for one in found] == [True, True]
    goals = next(one for one in found if one.name == "goals")
    assert (goals.host, goals.resource_group, "\x1b" in str(goals.tags)) == ("g.net", "rg", False)


async def test_the_next_page_at_another_host_is_not_followed(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/subscriptions", Answer(body={"value": [], "nextLink": "https://elsewhere.example.net/x"}))
    with pytest.raises(PortError, match="not at Resource Manager"):
        await Inventory(azure.manager).subscriptions()
