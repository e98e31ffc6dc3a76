"""The feature flag of the sample product: its process over a real store, without the rest of a lab."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from cpr_cockpit.lab import flags
from cpr_cockpit.lab.instance import Instance
from cpr_cockpit.lab.key_values import Content
from cpr_cockpit.lab.models import Defect
from tests.lab.configuration import Place, place
from tests.lab.slots import GOALS, HEALTH, SERVING, SIGNED_IN, TOKEN, Slots, slots, until

INTERVAL = 0.05  # seconds, of these tests
HEADER = "x-feature-goal-suggestions"
FLAGS = "/api/flags"
USERS = [f"user-{number}@goals.example" for number in range(40)]


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Place]:
    folder = tmp_path / "store"
    folder.mkdir()
    async with place(folder) as made:
        yield made


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Slots]:
    async with slots(tmp_path) as made:
        yield made


def _settings(place: Slots, store: Place, **more: str) -> dict[str, str]:
    return {
        "DATABASE": str(place.folder / "goals.sqlite3"),
        "USER_TOKEN": TOKEN,
        "APP_CONFIGURATION": store.store,
        "FLAG_REFRESH": str(INTERVAL),
        "IDENTITY_ENDPOINT": store.identity,
        "IDENTITY_HEADER": store.world.identity_header,
        "SSL_CERT_FILE": str(store.ca),
    } | more


def _set(store: Place, enabled: bool, percent: float, **audience: Any) -> str:
    """Change the flag as a client of the store would; the version that it has now."""
    present = store.world.key_values.find(flags.KEY, None)
    assert present is not None
    value = json.loads(present.content.value or "")
    value["enabled"] = enabled
    value["conditions"]["client_filters"][0]["parameters"]["Audience"] = {
        "DefaultRolloutPercentage": percent
    } | audience
    return store.world.key_values.put(flags.KEY, None, Content(json.dumps(value), flags.CONTENT_TYPE)).etag


def _client(instance: Instance) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(f"http://127.0.0.1:{instance.port}", headers=SIGNED_IN)


async def _ask(client: aiohttp.ClientSession, user: str, path: str = GOALS) -> tuple[int, str, str]:
    """Status, flag and defect of one request."""
    headers = {"X-MS-CLIENT-PRINCIPAL-NAME": user} if user else {}
    async with client.get(path, headers=headers) as answer:
        await answer.read()
        return answer.status, answer.headers[HEADER], answer.headers.get("x-lab-defect", "")


async def _all(client: aiohttp.ClientSession, path: str = GOALS) -> dict[str, tuple[int, str, str]]:
    """The same of a request of each user, all at once."""
    return dict(zip(USERS, await asyncio.gather(*(_ask(client, user, path) for user in USERS)), strict=True))


async def _known(client: aiohttp.ClientSession) -> dict[str, Any]:
    async with client.get(FLAGS) as answer:
        assert answer.status == 200
        known: dict[str, Any] = (await answer.json())["flags"]["goal-suggestions"]
        return known


async def _comes(client: aiohttp.ClientSession, etag: str | None) -> dict[str, Any]:
    """Ask until the process knows this version of the flag."""
    while True:
        known = await _known(client)
        if known["etag"] == etag:
            return known


async def test_a_process_reads_the_flag_before_it_serves(running: Slots, store: Place) -> None:
    etag, before = _set(store, True, 100), time.time()
    instance = await running.start(settings=_settings(running, store))
    async with _client(instance) as client:
        assert await _ask(client, USERS[0]) == (200, "on", "")
        async with client.get(FLAGS) as answer:
            body = await answer.json()
    assert (body["version"], body["instance"]) == (SERVING, instance.id)
    known = body["flags"]["goal-suggestions"]
    assert (known["enabled"], known["percent"], known["etag"]) == (True, 100.0, etag)
    assert before - 0.01 <= datetime.fromisoformat(known["refreshed_at"]).timestamp() <= time.time()


async def test_a_change_comes_with_activity_and_after_the_interval(running: Slots, store: Place) -> None:
    instance = await running.start(settings=_settings(running, store, FLAG_REFRESH="1.0"))
    async with _client(instance) as client:
        first = await _known(client)
        assert (first["enabled"], first["percent"]) == (False, 0.0)
        etag = _set(store, True, 100)
        # Within the interval nothing is asked of the store; after it the answer that begins the refresh is still old.
        assert (await _known(client))["refreshed_at"] == first["refreshed_at"]
        await asyncio.sleep(1.1)
        assert (await _ask(client, USERS[0]))[1] == "off"
        changed = await _comes(client, etag)
        assert (await _ask(client, USERS[0]))[1] == "on"
    assert datetime.fromisoformat(changed["refreshed_at"]) > datetime.fromisoformat(first["refreshed_at"])


async def test_a_percentage_is_a_fixed_set_of_users_that_only_grows(running: Slots, store: Place) -> None:
    instance = await running.start(settings=_settings(running, store))
    before: set[str] = set()
    async with _client(instance) as client:
        for percent in (0, 25, 60, 100):
            await _comes(client, _set(store, True, percent))
            on = {user for user, answer in (await _all(client, HEALTH)).items() if answer[1] == "on"}
            assert before <= on
            assert abs(len(on) - percent / 100 * len(USERS)) <= 8
            before = on
        await _comes(client, _set(store, False, 100, Users=[USERS[0]]))
        assert {answer[1] for answer in (await _all(client)).values()} == {"off"}
        await _comes(client, _set(store, True, 0, Users=[USERS[0]], Exclusion={"Users": [USERS[1]]}))
        assert [(await _ask(client, user, HEALTH))[1] for user in USERS[:3]] == ["on", "off", "off"]


async def test_a_store_that_fails_or_has_no_flag_stops_nobody(running: Slots, store: Place) -> None:
    etag = _set(store, True, 100)
    instance = await running.start(settings=_settings(running, store))
    key, header = store.world.client_secret, store.world.identity_header
    with instance.log.followed() as lines:
        async with _client(instance) as client:
            store.world.key_values.put(flags.KEY, None, Content("{ broken"))
            await _failed(client, lines)
            assert (await _known(client))["etag"] == etag
            assert (await _ask(client, USERS[0]))[:2] == (200, "on")
            store.world.key_values.remove(flags.KEY, None)
            gone = await _comes(client, None)
            assert (gone["enabled"], gone["percent"]) == (False, 0.0)
            assert (await _ask(client, USERS[0]))[:2] == (200, "off")
            # Tokens of before are worth nothing now, and no new ones are given.
            store.world.client_secret, store.world.identity_header = "other", "other"
            await _failed(client, lines)
            assert (await _ask(client, USERS[0]))[:2] == (200, "off")
    store.world.client_secret, store.world.identity_header = key, header


async def _failed(client: aiohttp.ClientSession, lines: asyncio.Queue[str | None]) -> None:
    """Ask until the process says that it could not refresh the flag."""
    while True:
        await _ask(client, USERS[0], HEALTH)
        while not lines.empty():
            if "cannot be refreshed" in str(lines.get_nowait()):
                return
        await asyncio.sleep(INTERVAL / 2)


@pytest.mark.parametrize("settings", [{"APP_CONFIGURATION": ""}, {"APP_CONFIGURATION": "https://localhost:1"}])
async def test_without_a_store_the_flag_is_off(running: Slots, store: Place, settings: dict[str, str]) -> None:
    instance = await running.start(settings=_settings(running, store, **settings))
    async with _client(instance) as client:
        assert await _known(client) == {"enabled": False, "percent": 0.0, "etag": None, "refreshed_at": None}
        assert await _ask(client, USERS[0]) == (200, "off", "")


async def test_every_request_tells_the_flag_in_its_telemetry(running: Slots, store: Place) -> None:
    _set(store, True, 0, Users=[USERS[0]])
    instance = await running.start(settings=_settings(running, store))
    async with _client(instance) as client:
        for user in (USERS[0], USERS[1], ""):
            await _ask(client, user)
    await until(lambda: len(running.rows.requests) == 3)
    assert [row["Properties"] for row in running.rows.requests] == [
        {"FeatureFlag.goal-suggestions": state} for state in ("on", "off", "off")
    ]


async def test_a_defect_bound_to_the_flag_hits_those_who_have_it(running: Slots, store: Place) -> None:
    _set(store, True, 50)
    defect = Defect("errors", share=1.0, factor=3.0, flag="goal-suggestions")
    instance = await running.start(settings=_settings(running, store), defect=defect)
    async with _client(instance) as client:
        assert set((await _all(client)).values()) == {(500, "on", "errors"), (200, "off", "")}
        await _comes(client, _set(store, False, 50))
        assert set((await _all(client)).values()) == {(200, "off", "")}


async def test_a_release_that_ignores_its_flag_fails_on_after_it_is_off(running: Slots, store: Place) -> None:
    defect = Defect("flag-ignored", share=1.0, factor=3.0, flag="goal-suggestions")
    instance = await running.start(settings=_settings(running, store), defect=defect)
    async with _client(instance) as client:
        assert set((await _all(client)).values()) == {(200, "off", "")}
        await _comes(client, _set(store, True, 50))
        on = {user for user, met in (await _all(client)).items() if met == (500, "on", "flag-ignored")}
        assert 0 < len(on) < len(USERS)
        await _comes(client, _set(store, False, 0))
        assert {user for user, met in (await _all(client)).items() if met == (500, "off", "flag-ignored")} == on
        # What another defect was told of does not count for the next one.
        await instance.set_defect(None)
        while (await _ask(client, min(on)))[0] != 200:
            pass
        await instance.set_defect(defect)
        assert set((await _all(client)).values()) == {(200, "off", "")}
