"""Feature flags over the wire: what is read, the one conditional write, and what every refusal becomes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from cpr_cockpit.adapters.azure.feature_flags import AppConfigurationFlags
from cpr_cockpit.core.flags import RANDOM, TARGETING
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.wire import Answer, Wire

KEY = ".appconfig.featureflag/goal-suggestions"
PATH = f"/kv/{KEY}"
OWN = {"name": "Contoso.Own", "parameters": {"Rings": ["a", {"deep": 1.5}]}}
AUDIENCE = {"Users": ["ana"], "Groups": [{"Name": "beta", "RolloutPercentage": 50}], "DefaultRolloutPercentage": 0}
VALUE = {
    "id": "goal-suggestions",
    "description": "Suggests the next goal.",
    "enabled": False,
    "conditions": {
        "requirement_type": "Any",
        "client_filters": [OWN, {"name": TARGETING, "parameters": {"Audience": AUDIENCE, "Later": True}}],
    },
    "owner": "team-goals",
    "telemetry": {"enabled": True},
}


@pytest.fixture
async def flags(azure: Azure, wire: Wire) -> AsyncIterator[AppConfigurationFlags]:
    environment = replace(azure.environment, app_configuration=wire.url)
    adapter = AppConfigurationFlags(environment, azure.credential, azure.transport)
    yield adapter
    await adapter.close()


def told(wire: Wire, value: Any = VALUE, *, locked: bool = False, etag: str = "e-1") -> None:
    """The store holds this flag."""
    body = {
        "key": KEY,
        "label": None,
        "content_type": "application/vnd.microsoft.appconfig.ff+json;charset=utf-8",
        "value": value if isinstance(value, str) else json.dumps(value),
        "tags": {"team": "goals"},
        "locked": locked,
        "last_modified": "2026-11-29T12:00:00+00:00",
        "etag": etag,
    }
    wire.on("GET", PATH, Answer(body=body, headers={"ETag": f'"{etag}"'}))
    wire.on("PUT", PATH, Answer(body=body | {"etag": "e-2"}))


async def test_a_flag_is_read_with_its_share_its_filters_and_its_lock(flags: AppConfigurationFlags, wire: Wire) -> None:
    told(wire, locked=True)
    seen = await flags.read("goal-suggestions")
    assert (seen.exists, seen.enabled, seen.percent, seen.share, seen.locked) == (True, False, 0.0, 0.0, True)
    assert (seen.filters, seen.etag) == (("Contoso.Own", TARGETING), "e-1")
    assert any("appconfig.azure.com" in asked for asked in wire.tokens_asked)


async def test_a_flag_that_does_not_exist_is_told_as_such(flags: AppConfigurationFlags, wire: Wire) -> None:
    wire.on("GET", PATH, Answer(404, ""))
    seen = await flags.read("goal-suggestions")
    assert (seen.exists, seen.share) == (False, 0.0)


@pytest.mark.parametrize(
    ("value", "share"),
    [
        ({"id": "goal-suggestions", "enabled": True}, 100.0),
        ({"id": "goal-suggestions", "enabled": True, "conditions": {"client_filters": [{"name": RANDOM}]}}, 100.0),
        (VALUE | {"enabled": "true"}, 0.0),
    ],
)
async def test_without_targeting_a_flag_that_is_on_may_be_on_for_everybody(
    flags: AppConfigurationFlags, wire: Wire, value: dict[str, Any], share: float
) -> None:
    told(wire, value)
    assert (await flags.read("goal-suggestions")).share == share


@pytest.mark.parametrize(
    "value",
    [
        "no JSON",
        "[]",
        "",
        VALUE | {"conditions": "none"},
        VALUE | {"conditions": {"client_filters": ["x"]}},
        VALUE | {"conditions": {"client_filters": [{"name": TARGETING, "parameters": {"Audience": 5}}]}},
        VALUE
        | {
            "conditions": {
                "client_filters": [
                    {"name": TARGETING, "parameters": {"Audience": {"DefaultRolloutPercentage": "many"}}}
                ]
            }
        },
        VALUE
        | {
            "conditions": {
                "client_filters": [{"name": TARGETING, "parameters": {"Audience": {"DefaultRolloutPercentage": 250}}}]
            }
        },
    ],
)
async def test_what_is_no_flag_is_an_error_in_words(flags: AppConfigurationFlags, wire: Wire, value: Any) -> None:
    told(wire, value)
    with pytest.raises(PortError, match="Reading the feature flag goal-suggestions: the answer cannot be read"):
        await flags.read("goal-suggestions")


async def test_a_raise_is_one_conditional_write_that_keeps_all_else(flags: AppConfigurationFlags, wire: Wire) -> None:
    told(wire)
    seen = await flags.read("goal-suggestions")
    await flags.write("goal-suggestions", enabled=True, percent=5.0, etag=seen.etag)
    [put] = wire.of("PUT")
    assert put.headers["If-Match"] == '"e-1"'
    sent = put.json
    assert (sent["tags"], sent["content_type"][:24]) == ({"team": "goals"}, "application/vnd.microsof")
    audience = AUDIENCE | {"DefaultRolloutPercentage": 5}
    filters = [OWN, {"name": TARGETING, "parameters": {"Audience": audience, "Later": True}}]
    expected = VALUE | {"enabled": True, "conditions": {"requirement_type": "Any", "client_filters": filters}}
    assert json.loads(sent["value"]) == expected


async def test_off_changes_one_member_and_no_share(flags: AppConfigurationFlags, wire: Wire) -> None:
    value = VALUE | {"enabled": True}
    told(wire, value)
    seen = await flags.read("goal-suggestions")
    await flags.write("goal-suggestions", enabled=False, percent=None, etag=seen.etag)
    assert json.loads(wire.of("PUT")[0].json["value"]) == value | {"enabled": False}


async def test_a_flag_without_filters_gets_targeting(flags: AppConfigurationFlags, wire: Wire) -> None:
    told(wire, {"id": "goal-suggestions", "enabled": False})
    seen = await flags.read("goal-suggestions")
    await flags.write("goal-suggestions", enabled=True, percent=12.5, etag=seen.etag)
    filters = json.loads(wire.of("PUT")[0].json["value"])["conditions"]["client_filters"]
    audience = {"Users": [], "Groups": [], "DefaultRolloutPercentage": 12.5}
    assert filters == [{"name": TARGETING, "parameters": {"Audience": audience}}]


@pytest.mark.parametrize(
    ("answer", "ambiguous", "status", "words"),
    [
        (Answer(412, {"title": "Precondition failed"}), False, 412, "Somebody else has changed the flag"),
        (Answer(409, {"title": "Modifying is not allowed"}), False, 409, "is locked: unlock it"),
        (Answer(404, ""), False, 404, "correct its name"),
        (Answer(503, "oops"), True, 503, "Do not send it again"),
        (Answer(cut=True), True, None, "Do not send it again"),
        (Answer(429, "", {"Retry-After": "1"}), False, 429, "Too many requests"),
        (Answer(200, b"{no json", {"Content-Type": "application/json"}), True, None, "It may have been done"),
        (Answer(200, b"[1]", {"Content-Type": "application/json"}), True, None, "It may have been done"),
    ],
)
async def test_a_write_is_sent_once_whatever_comes_of_it(
    flags: AppConfigurationFlags, wire: Wire, answer: Answer, ambiguous: bool, status: int | None, words: str
) -> None:
    told(wire)
    seen = await flags.read("goal-suggestions")
    wire.on("PUT", PATH, answer, Answer(body={}))
    with pytest.raises(PortError) as caught:
        await flags.write("goal-suggestions", enabled=True, percent=5.0, etag=seen.etag)
    assert (caught.value.ambiguous, caught.value.status) == (ambiguous, status)
    assert words in caught.value.words()
    assert wire.count("PUT") == 1


async def test_what_was_not_read_is_not_written(flags: AppConfigurationFlags, wire: Wire) -> None:
    told(wire)
    with pytest.raises(PortError, match="its state was not read"):
        await flags.write("goal-suggestions", enabled=True, percent=5.0, etag="e-1")
    assert wire.count("PUT") == 0


async def test_the_plan_tells_both_requests_and_their_condition(flags: AppConfigurationFlags) -> None:
    act = Act(ActKind.SET_FLAG, "production", flag="goal-suggestions", percent=25.0)
    read, write = flags.planned(act)
    assert (read.method, write.method) == ("GET", "PUT")
    assert read.url.endswith("/kv/.appconfig.featureflag%2Fgoal-suggestions")
    assert "If-Match" in write.body
    assert "DefaultRolloutPercentage 25" in write.body
    assert flags.planned(Act(ActKind.SWAP, "green")) == ()
