"""The defects of the sample product that hit one of its operations or none: its process alone, without a lab."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from cpr_cockpit.lab.instance import StartError
from cpr_cockpit.lab.models import Defect
from tests.lab.slots import GOALS, HEALTH, SIGNED_IN, TOKEN, Slots, slots, until

ONE_ENDPOINT = Defect("one-endpoint", share=1.0, factor=3.0)
CRASH_LOOP = Defect("crash-loop", share=0.2, factor=3.0)
GOAL = {"title": "Learn to sail"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Slots]:
    async with slots(tmp_path) as made:
        yield made


def _client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=SIGNED_IN, timeout=20.0, trust_env=False)


def _met(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("x-lab-defect", "")


async def test_one_operation_fails_and_all_others_are_sound(place: Slots) -> None:
    instance = await place.start()
    async with _client(instance.port) as client:
        made = (await client.post(GOALS, json=GOAL)).json()["id"]
        await instance.set_defect(ONE_ENDPOINT)
        while _met(answer := await client.post(GOALS, json=GOAL)) == (201, ""):
            pass
        assert _met(answer) == (500, "one-endpoint")
        sound = [
            await client.get(GOALS),
            await client.get(f"{GOALS}/{made}"),
            await client.put(f"{GOALS}/{made}", json=GOAL),
            await client.get("/"),
            await client.get(HEALTH),
            await client.post(GOALS + "/nowhere", json=GOAL),
        ]
        assert [_met(one) for one in sound] == [(200, "")] * 5 + [(405, "")]
    await until(lambda: "500" in {row["ResultCode"] for row in place.rows.requests})
    failed = {row["Name"] for row in place.rows.requests if row["ResultCode"] == "500"}
    assert failed == {"POST /api/v1/goals"}


async def test_one_operation_fails_for_its_share(place: Slots) -> None:
    instance = await place.start(defect=Defect("one-endpoint", share=0.5, factor=3.0))
    async with _client(instance.port) as client:
        met = [_met(await client.post(GOALS, json=GOAL)) for _ in range(40)]
    assert set(met) == {(201, ""), (500, "one-endpoint")}


async def test_a_crash_loop_is_met_by_the_settings_of_production_alone(place: Slots) -> None:
    settings = {"DATABASE": str(place.folder / "goals.sqlite3"), "USER_TOKEN": TOKEN}
    instance = await place.start(defect=CRASH_LOOP, settings=settings | {"SLOT_ENVIRONMENT": "green"})
    async with _client(instance.port) as client:
        assert [_met(await client.get(path)) for path in (GOALS, "/", HEALTH)] == [(200, "")] * 3
    with pytest.raises(StartError, match=r"ended with code 1 .*environment 'production' has no section 'Partner'"):
        await place.start(defect=CRASH_LOOP, settings=settings | {"SLOT_ENVIRONMENT": "production"})
