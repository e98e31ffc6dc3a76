"""The rights at the app over the wire: pages, refusals, and a token that is used on where it cannot be renewed."""

from __future__ import annotations

import pytest

from cpr_cockpit.adapters.azure.rights import AzureRights
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.rights import SWAP, Permission, allows
from tests.azure.conftest import Azure
from tests.azure.sites import SITE
from tests.azure.wire import TOKEN_PATH, Answer, Wire

PATH = f"{SITE}/providers/Microsoft.Authorization/permissions"
CONTRIBUTOR = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Delete"], "dataActions": []}


def rights(azure: Azure) -> AzureRights:
    return AzureRights(azure.manager, azure.credential)


async def test_the_sets_of_all_pages_are_read_with_the_pinned_version(azure: Azure, wire: Wire) -> None:
    following = f"{wire.url}{PATH}?api-version=2022-04-01&page=2"
    pages = [{"value": [CONTRIBUTOR], "nextLink": following}, {"value": [{"actions": ["*/read"]}]}]
    wire.on("GET", PATH, *(Answer(body=page) for page in pages))
    found = await rights(azure).granted()
    assert found == (Permission(("*",), ("Microsoft.Authorization/*/Delete",)), Permission(("*/read",)))
    assert allows(found, SWAP)
    assert [one.query["api-version"] for one in wire.of("GET", "/permissions")] == ["2022-04-01", "2022-04-01"]


async def test_the_next_page_at_another_host_is_not_followed(azure: Azure, wire: Wire) -> None:
    wire.on("GET", PATH, Answer(body={"value": [], "nextLink": "https://elsewhere.example.net/permissions"}))
    with pytest.raises(PortError, match="not at Resource Manager"):
        await rights(azure).granted()


@pytest.mark.parametrize("status", [401, 403])
async def test_rights_that_ended_are_a_refusal_with_its_status(azure: Azure, wire: Wire, status: int) -> None:
    body = {"error": {"code": "AuthorizationFailed", "message": "The client does not have authorization"}}
    wire.on("GET", PATH, Answer(status, body))
    with pytest.raises(PortError) as caught:
        await rights(azure).granted()
    assert caught.value.status == status


@pytest.mark.parametrize("body", [{}, {"value": 7}, {"value": [7]}, {"value": [{"actions": [7]}]}, "no JSON"])
async def test_an_answer_of_another_form_is_no_right(azure: Azure, wire: Wire, body: object) -> None:
    wire.on("GET", PATH, Answer(body=body))
    with pytest.raises(PortError, match="cannot be read"):
        await rights(azure).granted()


async def test_both_tokens_are_warm_and_asked_for_once(azure: Azure, wire: Wire) -> None:
    left = await rights(azure).warm()
    assert left is not None
    assert 3500 < left <= 3600
    await rights(azure).warm()
    assert len(wire.tokens_asked) == 2


async def test_a_token_that_cannot_be_renewed_is_used_until_its_end(azure: Azure, wire: Wire) -> None:
    short = {"token_type": "Bearer", "expires_in": 120, "access_token": "a-token"}
    wire.on("POST", TOKEN_PATH, Answer(body=short), Answer(body=short), Answer(503, "no sign-in today"))
    await rights(azure).warm()
    left = await rights(azure).warm()
    assert left is not None
    assert 0 < left <= 120
