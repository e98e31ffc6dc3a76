"""Swap with preview over the wire: each half is one POST, and what is pending is read from the slot."""

from __future__ import annotations

from typing import Any

import pytest

from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.sites import GREEN, PREPARED, SITE, app_service, site
from tests.azure.wire import Answer, Wire

APPLY, RESET = f"{GREEN}/applySlotConfig", f"{GREEN}/resetSlotConfig"


async def test_the_preview_is_one_post_on_the_slot_with_production_as_its_target(azure: Azure, wire: Wire) -> None:
    wire.on("POST", APPLY, Answer(200))
    assert (await azure.web_apps.preview("green")).operation == ""
    [post] = wire.of("POST")
    assert (post.path, post.json) == (APPLY, {"targetSlot": "production", "preserveVnet": True})


async def test_it_is_undone_by_one_post_on_the_slot(azure: Azure, wire: Wire) -> None:
    wire.on("POST", RESET, Answer(200))
    assert (await azure.web_apps.reset_preview("green")).operation == ""
    [post] = wire.of("POST")
    assert (post.path, post.body) == (RESET, b"")


@pytest.mark.parametrize("path", [APPLY, RESET])
@pytest.mark.parametrize(
    ("answer", "ambiguous"),
    [
        (Answer(503, app_service("X", "oops")), True),
        (Answer(cut=True), True),
        (Answer(409, app_service("Conflict", PREPARED)), False),
        (Answer(403, app_service("AuthorizationFailed", "no right")), False),
    ],
)
async def test_neither_is_sent_twice_whatever_comes_of_it(
    azure: Azure, wire: Wire, path: str, answer: Answer, ambiguous: bool
) -> None:
    wire.on("POST", path, answer, Answer(200))
    with pytest.raises(PortError) as caught:
        await (azure.web_apps.preview("green") if path == APPLY else azure.web_apps.reset_preview("green"))
    assert caught.value.ambiguous is ambiguous
    assert wire.count("POST") == 1


async def test_what_is_pending_is_read_from_the_slot_that_it_shows_on(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body=site()))
    slots = [site("goals/blue"), site("goals/green", targetSwapSlot="production")]
    wire.on("GET", f"{SITE}/slots", Answer(body={"value": slots}))
    told = await azure.web_apps.swap_status()
    assert (told.pending_preview, told.preview_on) == ("production", "green")


@pytest.mark.parametrize(
    ("production", "green", "expected"),
    [(False, False, ()), (True, False, ("production",)), (True, True, ("production", "green"))],
)
async def test_who_has_a_sign_in_is_told(
    azure: Azure, wire: Wire, production: bool, green: bool, expected: tuple[str, ...]
) -> None:
    def platform(enabled: bool) -> dict[str, Any]:
        return {"properties": {"platform": {"enabled": enabled}}}

    wire.on("GET", f"{SITE}/config/authsettingsV2", Answer(body=platform(production)))
    wire.on("GET", f"{GREEN}/config/authsettingsV2", Answer(body=platform(green)))
    assert await azure.web_apps.signing_in("green") == expected


def test_the_plan_tells_both_requests(azure: Azure) -> None:
    posts = [
        one.url.partition("?")[0].rpartition("/")[2]
        for kind in (ActKind.PREVIEW, ActKind.RESET_PREVIEW)
        for one in azure.web_apps.planned(Act(kind, "green"))
        if one.method == "POST"
    ]
    assert posts == ["applySlotConfig", "resetSlotConfig"]
