"""A change is sent once, and its error says whether it may have taken effect: counted at the server."""

from __future__ import annotations

import pytest

from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.kudu import Kudu
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.sites import GREEN, GROUP, IN_PROGRESS, SITE, app_service, site
from tests.azure.wire import TENANT, TOKEN_PATH, Answer, Wire

SWAP = f"{GREEN}/slotsswap"


async def test_a_swap_is_one_post_with_the_pinned_ids_and_gives_the_address_to_follow(azure: Azure, wire: Wire) -> None:
    where = f"{wire.url}{GREEN}/operationresults/7?api-version=2025-05-01"
    wire.on("POST", SWAP, Answer(202, headers={"Location": where}))
    accepted = await azure.web_apps.swap("green")
    assert accepted.operation == where
    [post] = wire.of("POST")
    assert post.path == SWAP
    assert post.query == {"api-version": "2025-05-01"}
    assert post.json == {"targetSlot": "production", "preserveVnet": True}
    assert post.headers["Authorization"] == "Bearer a-token"


async def test_looks_share_a_connection_and_every_change_has_a_new_one(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body=site()))
    wire.on("GET", f"{SITE}/slots", Answer(body={"value": [site("goals/green")]}))
    wire.on("POST", SWAP, Answer(202))
    for _ in range(2):
        await azure.web_apps.slots()
        await azure.web_apps.swap("green")
    looks, changes = wire.of("GET"), wire.of("POST")
    # Two looks at a time.
    assert (len(looks), len({one.peer for one in looks})) == (4, 2)
    assert len({one.peer for one in changes} | {one.peer for one in looks}) == 4


@pytest.mark.parametrize("status", [200, 202])
async def test_a_swap_accepted_without_an_address_has_none(azure: Azure, wire: Wire, status: int) -> None:
    wire.on("POST", SWAP, Answer(status))
    assert (await azure.web_apps.swap("green")).operation == ""
    assert wire.count("POST") == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_swap_answered_5xx_is_ambiguous_and_not_sent_again(azure: Azure, wire: Wire, status: int) -> None:
    wire.on("POST", SWAP, Answer(status, app_service("X", "oops"), {"Retry-After": "0"}), Answer(202))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.swap("green")
    assert caught.value.ambiguous
    assert caught.value.status == status
    assert wire.count("POST") == 1


async def test_a_swap_whose_connection_is_cut_is_ambiguous_and_not_sent_again(azure: Azure, wire: Wire) -> None:
    wire.on("POST", SWAP, Answer(cut=True), Answer(202))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.swap("green")
    assert caught.value.ambiguous
    assert "no answer came back" in caught.value.what
    assert wire.count("POST") == 1


async def test_a_swap_whose_answer_of_success_cannot_be_read_may_have_been_done(azure: Azure, wire: Wire) -> None:
    wire.on("POST", SWAP, Answer(202, b"{no json", {"Content-Type": "application/json"}), Answer(202))
    with pytest.raises(PortError, match="the answer cannot be read") as caught:
        await azure.web_apps.swap("green")
    assert (caught.value.ambiguous, caught.value.status) == (True, None)
    assert caught.value.unchanged == "It may have been done all the same."
    assert wire.count("POST") == 1


async def test_a_swap_refused_is_not_ambiguous(azure: Azure, wire: Wire) -> None:
    wire.on("POST", SWAP, Answer(409, app_service("Conflict", IN_PROGRESS)), Answer(202))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.swap("green")
    assert not caught.value.ambiguous
    assert (caught.value.status, caught.value.code) == (409, "Conflict")
    assert "another operation is in progress" in caught.value.what
    assert wire.count("POST") == 1


async def test_throttled_is_refused_once(azure: Azure, wire: Wire) -> None:
    wire.on("POST", SWAP, Answer(429, "", {"Retry-After": "0"}), Answer(202))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.swap("green")
    assert (caught.value.ambiguous, caught.value.status) == (False, 429)
    assert wire.count("POST") == 1


async def test_an_unregistered_provider_is_told_not_registered(azure: Azure, wire: Wire) -> None:
    text = "The subscription is not registered to use namespace 'Microsoft.Web'. See https://aka.ms/rps-not-found"
    body = {"error": {"code": "MissingSubscriptionRegistration", "message": text}}
    wire.on("POST", SWAP, Answer(409, body), Answer(202))
    with pytest.raises(PortError):
        await azure.web_apps.swap("green")
    assert [one.path for one in wire.of("POST")] == [SWAP]


async def test_a_redirect_is_not_followed(azure: Azure, wire: Wire) -> None:
    wire.on("POST", SWAP, Answer(307, headers={"Location": f"{wire.url}/elsewhere"}))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.swap("green")
    assert caught.value.status == 307
    assert wire.count("POST") == 1


async def test_a_host_that_cannot_be_reached_is_not_ambiguous(azure: Azure, dead_environment: AzureEnvironment) -> None:
    manager = Manager(dead_environment, azure.credential, azure.transport)
    web_apps = AzureWebApps(manager, Kudu(dead_environment, azure.credential, azure.connections))
    with pytest.raises(PortError) as caught:
        await web_apps.swap("green")
    assert not caught.value.ambiguous
    assert "cannot be reached" in caught.value.what


async def test_a_refused_sign_in_sends_nothing_and_is_not_ambiguous(azure: Azure, wire: Wire) -> None:
    text = "AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2"
    wire.on("POST", TOKEN_PATH, Answer(401, {"error": "invalid_client", "error_description": text}))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.swap("green")
    problem = caught.value
    assert (problem.ambiguous, problem.status) == (False, 401)
    assert "AADSTS7000215: Invalid client secret provided." in problem.what
    assert "Trace" not in problem.what
    assert TENANT in problem.next_step
    assert wire.count("POST") == 0


async def test_a_sign_in_whose_answer_is_lost_sends_nothing_and_is_not_ambiguous(azure: Azure, wire: Wire) -> None:
    wire.on("POST", TOKEN_PATH, Answer(cut=True))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.swap("green")
    assert not caught.value.ambiguous
    assert wire.count("POST") == 0


def _tell_production(wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body=site()))
    configuration = {"linuxFxVersion": "DOTNETCORE|9.0", "alwaysOn": True, "experiments": {"rampUpRules": [{}]}}
    wire.on("GET", f"{SITE}/config/web", Answer(body={"properties": configuration}))
    sticky = {"appSettingNames": ["Sticky"], "connectionStringNames": ["Own"]}
    wire.on("GET", f"{SITE}/config/slotConfigNames", Answer(body={"properties": sticky}))
    settings = {"properties": {"Shared": "1", "STICKY": "2"}}
    wire.on("POST", f"{SITE}/config/appsettings/list", Answer(body=settings))
    strings = {"Main": {"value": "v", "type": "SQLAzure"}, "Own": {"value": "w", "type": "SQLAzure"}}
    wire.on("POST", f"{SITE}/config/connectionstrings/list", Answer(body={"properties": strings}))


async def test_a_slot_is_created_like_production_without_what_stays_with_a_slot(azure: Azure, wire: Wire) -> None:
    _tell_production(wire)
    where = f"{wire.url}/subscriptions/s/providers/Microsoft.Web/locations/westeurope/operations/1"
    wire.on("PUT", GREEN, Answer(202, site("goals/green"), {"Azure-AsyncOperation": where}))
    assert (await azure.web_apps.create_slot("green")).operation == where
    [put] = wire.of("PUT")
    body = put.json
    assert body["location"] == "westeurope"
    assert body["properties"]["serverFarmId"] == f"{GROUP}/providers/Microsoft.Web/serverfarms/plan"
    assert body["properties"]["siteConfig"] == {
        "linuxFxVersion": "DOTNETCORE|9.0",
        "alwaysOn": True,
        "appSettings": [{"name": "Shared", "value": "1"}],
        "connectionStrings": [{"name": "Main", "connectionString": "v", "type": "SQLAzure"}],
    }


async def test_a_slot_is_created_with_the_settings_that_are_to_be_its_own(azure: Azure, wire: Wire) -> None:
    _tell_production(wire)
    wire.on("PUT", GREEN, Answer(202, site("goals/green")))
    own = {"WORKERS_ENABLED": "0", "SHARED": "2"}
    await AzureWebApps(azure.manager, azure.kudu, own).create_slot("green")
    [put] = wire.of("PUT")
    assert put.json["properties"]["siteConfig"]["appSettings"] == [
        {"name": "WORKERS_ENABLED", "value": "0"},
        {"name": "SHARED", "value": "2"},
    ]


async def test_the_creation_of_a_slot_is_not_sent_again_when_its_connection_is_cut(azure: Azure, wire: Wire) -> None:
    _tell_production(wire)
    wire.on("PUT", GREEN, Answer(cut=True))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.create_slot("green")
    assert caught.value.ambiguous
    assert wire.count("PUT") == 1
