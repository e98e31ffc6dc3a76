"""The sample product's background work: a queue that all processes share, each message handled once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from cpr_cockpit.lab.background import SETTING, TABLE
from cpr_cockpit.lab.instance import Instance
from cpr_cockpit.lab.models import Defect
from tests.lab.slots import GOALS, GOOD, SERVING, SIGNED_IN, TOKEN, WAIT, Slots, slots

GOAL = {"title": "Learn to sail"}
WORKERS = TABLE["path"]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Slots]:
    async with slots(tmp_path) as made:
        yield made


def settings(place: Slots, on: str) -> dict[str, str]:
    base = {"DATABASE": str(place.folder / "goals.sqlite3"), "USER_TOKEN": TOKEN, "WEBSITE_SITE_NAME": "goals-lab"}
    return base | {SETTING: on}


def _client(instance: Instance) -> httpx.AsyncClient:
    url = f"http://127.0.0.1:{instance.port}"
    return httpx.AsyncClient(base_url=url, headers=SIGNED_IN, timeout=20.0, trust_env=False)


async def told(instance: Instance) -> dict[str, Any]:
    async with _client(instance) as client:
        body: dict[str, Any] = (await client.get(WORKERS)).json()
    return body


async def create(instance: Instance, goals: int) -> int:
    """Create so many goals at once; how many were created."""
    async with _client(instance) as client:
        answers = await asyncio.gather(*(client.post(GOALS, json=GOAL) for _ in range(goals)))
    return sum(answer.status_code == 201 for answer in answers)


async def emptied(instance: Instance) -> dict[str, Any]:
    """What the queue is once nothing waits in it; every question takes its time."""
    async with asyncio.timeout(WAIT):
        while (body := await told(instance))["queue"]["depth"]:
            pass
    queue: dict[str, Any] = body["queue"]
    return queue


def sent(place: Slots) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(place.folder / "goals.sqlite3")) as database:
        return database.execute("SELECT message, version FROM notices ORDER BY message").fetchall()


def twice(place: Slots) -> list[int]:
    """Messages whose notice was sent more than once."""
    with closing(sqlite3.connect(place.folder / "goals.sqlite3")) as database:
        return [message for (message,) in database.execute("SELECT message FROM notices WHERE times > 1")]


async def test_workers_of_two_processes_share_the_queue_and_each_message_is_handled_once(place: Slots) -> None:
    first, second = await asyncio.gather(
        place.start(SERVING, settings=settings(place, "1")), place.start(GOOD, settings=settings(place, "1"))
    )
    assert sum(await asyncio.gather(create(first, 30), create(second, 30))) == 60
    assert await emptied(first) == {"depth": 0, "oldest_s": None, "dead_letters": 0}
    handled = sent(place)
    assert [message for message, _ in handled] == list(range(1, 61))
    assert {version for _, version in handled} == {SERVING, GOOD}
    answers = [await told(first), await told(second)]
    assert [(body["version"], body["instance"]) for body in answers] == [(SERVING, first.id), (GOOD, second.id)]
    assert sum(body["workers"][0]["processed"] for body in answers) == 60
    assert all(body["workers"][0]["running"] and body["workers"][0]["last_at"] for body in answers)


async def test_a_worker_that_is_switched_off_takes_nothing_until_another_one_does(place: Slots) -> None:
    off = await place.start(GOOD, slot="green", settings=settings(place, "0"))
    assert await create(off, 3) == 3
    body = await told(off)
    assert body["workers"] == [{"name": "notices", "running": False, "processed": 0, "last_at": None}]
    assert (body["queue"]["depth"], body["queue"]["dead_letters"]) == (3, 0)
    assert body["queue"]["oldest_s"] >= 0.0
    on = await place.start(SERVING, settings=settings(place, "1"))
    await emptied(off)
    assert [version for _, version in sent(place)] == [SERVING] * 3
    await on.stop()


@pytest.mark.long
async def test_a_careless_version_heeds_no_setting_and_sends_what_others_send_too(place: Slots) -> None:
    sound = await place.start(SERVING, settings=settings(place, "1"))
    careless = await place.start(
        GOOD, slot="green", settings=settings(place, "0"), defect=Defect("double-work", share=0.2, factor=3.0)
    )
    assert (await told(careless))["workers"][0]["running"] is True
    # It looks every 0.2 s and takes its time to send: by then the other one has sent it.
    async with asyncio.timeout(WAIT):
        while not twice(place):
            assert await create(sound, 5) == 5
            await emptied(sound)
    assert {message for message, _ in sent(place)} >= set(twice(place))


async def test_a_bad_version_writes_messages_that_become_dead_letters(place: Slots) -> None:
    bad = await place.start(GOOD, settings=settings(place, "1"), defect=Defect("errors", share=0.5, factor=3.0))
    good = await create(bad, 40)
    assert 0 < good < 40
    queue = await emptied(bad)
    assert 0 < queue["dead_letters"] < good
    assert len(sent(place)) == good - queue["dead_letters"]


async def test_where_nobody_says_so_workers_run(place: Slots) -> None:
    instance = await place.start()
    assert (await told(instance))["workers"][0]["running"] is True


async def test_an_outage_hits_the_page_of_the_workers_and_no_other_defect_does(place: Slots) -> None:
    instance = await place.start(defect=Defect("errors", share=1.0, factor=3.0))
    async with _client(instance) as client:
        assert {(await client.get(WORKERS)).status_code for _ in range(5)} == {200}
        await instance.set_defect(Defect("outage", share=1.0, factor=3.0))
        while (await client.get(WORKERS)).status_code == 200:
            pass
