"""Feature flags and keys of the lab's App Configuration store by the real `az` client, as its managed identity too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.az.client import NEEDS_AZ, Az
from tests.az.conftest import Bench
from tests.lab.running import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600), NEEDS_AZ]

FLAG = "goal-suggestions"
KEY = f".appconfig.featureflag/{FLAG}"
AUDIENCE = "https://appconfig.azure.com"


@pytest.fixture(scope="module")
def store(bench: Bench) -> Iterator[httpx.Client]:
    """The store by its REST API, which is what the lab itself shows."""
    with bench.lab.client(bench.lab.ready["app_configuration"], bench.lab.token(AUDIENCE)) as client:
        client.params = httpx.QueryParams({"api-version": "2026-04-01"})
        yield client


@pytest.fixture
def access(bench: Bench) -> tuple[str, ...]:
    return ("--endpoint", bench.lab.ready["app_configuration"], "--auth-mode", "login")


def _flag(store: httpx.Client) -> dict[str, Any]:
    """The flag's value as the store has it."""
    value: dict[str, Any] = json.loads(store.get(f"/kv/{KEY}").raise_for_status().json()["value"])
    return value


def _told(bench: Bench, user: str) -> str:
    """What the product says the flag is for a user, in an answer of production."""
    with bench.lab.client(bench.lab.ready["production_url"]) as client:
        answer = client.get("/api/health", headers={"X-User-Id": user})
    told: str = answer.headers[f"x-feature-{FLAG}"]
    return told


def test_a_flag_is_shown_targeted_enabled_and_disabled_and_the_product_follows(
    bench: Bench, store: httpx.Client, access: tuple[str, ...]
) -> None:
    before = _flag(store)
    shown = bench.az("appconfig", "feature", "show", "--feature", FLAG, *access)
    assert (shown["name"], shown["state"]) == (FLAG, "off")
    # What the rollback card keeps first: the whole flag, of which the client itself drops a part below.
    kept = json.loads(bench.az("appconfig", "kv", "show", "--key", KEY, *access)["value"])
    assert {name: kept[name] for name in before} == before
    everyone = 'Audience={"Users":[],"Groups":[],"DefaultRolloutPercentage":100}'
    filters = ("--filter-name", "Microsoft.Targeting", "--filter-parameters", everyone)
    bench.az("appconfig", "feature", "filter", "update", "--feature", FLAG, *filters, *access, "--yes")
    bench.az("appconfig", "feature", "enable", "--feature", FLAG, *access, "--yes")
    enabled = _flag(store)
    (targeting,) = enabled["conditions"]["client_filters"]
    assert (enabled["enabled"], targeting["parameters"]["Audience"]["DefaultRolloutPercentage"]) == (True, 100)
    # Other members than those that this client knows it does not keep: the flag's owner is gone.
    assert [enabled[name] for name in ("id", "description")] == [before[name] for name in ("id", "description")]
    # The processes read it within their refresh interval, on activity.
    assert until(lambda: _told(bench, "u1") == "on", 30.0)
    bench.az("appconfig", "feature", "disable", "--feature", FLAG, *access, "--yes")
    assert _flag(store)["enabled"] is False
    assert until(lambda: _told(bench, "u1") == "off", 30.0)


def test_a_locked_flag_is_not_changed_until_it_is_unlocked(
    bench: Bench, store: httpx.Client, access: tuple[str, ...]
) -> None:
    bench.az("appconfig", "feature", "lock", "--feature", FLAG, *access, "--yes")
    before = _flag(store)
    assert bench.az.refused("appconfig", "feature", "enable", "--feature", FLAG, *access, "--yes")
    assert _flag(store) == before
    bench.az("appconfig", "feature", "unlock", "--feature", FLAG, *access, "--yes")
    bench.az("appconfig", "feature", "enable", "--feature", FLAG, *access, "--yes")
    assert _flag(store)["enabled"] is True
    bench.az("appconfig", "feature", "disable", "--feature", FLAG, *access, "--yes")


def test_a_new_flag_is_set_listed_and_deleted(bench: Bench, store: httpx.Client, access: tuple[str, ...]) -> None:
    bench.az("appconfig", "feature", "set", "--feature", "Beta", "--description", "A trial", *access, "--yes")
    made = json.loads(store.get("/kv/.appconfig.featureflag/Beta").raise_for_status().json()["value"])
    assert (made["id"], made["enabled"], made["description"]) == ("Beta", False, "A trial")
    listed = bench.az("appconfig", "feature", "list", *access)
    assert {one["name"] for one in listed} == {FLAG, "Beta"}
    bench.az("appconfig", "feature", "delete", "--feature", "Beta", *access, "--yes")
    assert store.get("/kv/.appconfig.featureflag/Beta").status_code == 404


def test_keys_are_set_listed_and_deleted_by_the_managed_identity(
    bench: Bench, store: httpx.Client, access: tuple[str, ...]
) -> None:
    ready = bench.lab.ready
    more = {"IDENTITY_ENDPOINT": ready["identity_endpoint"], "IDENTITY_HEADER": ready["identity_header"]}
    folder = bench.az.folder / "identity"
    folder.mkdir()
    app: Az = replace(bench.az, folder=folder, more=more)
    app.meet(ready)
    (subscription,) = app("login", "--identity")
    assert (subscription["id"], subscription["user"]["type"]) == (ready["subscription"], "servicePrincipal")
    app("appconfig", "kv", "set", "--key", "app/size", "--value", "5", "--label", "blue", *access, "--yes")
    assert store.get("/kv/app/size", params={"label": "blue"}).json()["value"] == "5"
    assert store.get("/kv/app/size").status_code == 404
    app("appconfig", "kv", "set", "--key", "app/size", "--value", "6", "--label", "blue", *access, "--yes")
    listed = app("appconfig", "kv", "list", "--key", "app/*", "--label", "*", *access)
    assert [(one["key"], one["label"], one["value"]) for one in listed] == [("app/size", "blue", "6")]
    app("appconfig", "kv", "delete", "--key", "app/size", "--label", "blue", *access, "--yes")
    assert store.get("/kv/app/size", params={"label": "blue"}).status_code == 404
