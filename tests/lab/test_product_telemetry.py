"""What the sample product tells beside its requests: calls of others, events, users, its log."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest_asyncio

from cpr_cockpit.lab.instance import Instance
from cpr_cockpit.lab.models import Defect
from tests.lab.slots import GOALS, SERVING, SIGNED_IN, Slots, script, slots, until

WHO = {"X-MS-CLIENT-PRINCIPAL-NAME": "ada@goals.example"}


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Slots]:
    async with slots(tmp_path) as made:
        yield made


def _client(instance: Instance) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(f"http://127.0.0.1:{instance.port}", headers=SIGNED_IN | WHO)


async def test_calls_of_database_and_partner_are_told_with_their_request(place: Slots) -> None:
    instance = await place.start()
    before = time.time()
    async with _client(instance) as client:
        async with client.post(GOALS, json={"title": "Tell"}) as answer:
            where = answer.headers["Location"]
        for method in ("GET", "DELETE", "DELETE"):
            async with client.request(method, where) as answer:
                await answer.read()
        for path in ("/", "/nowhere"):
            async with client.get(path) as answer:
                await answer.read()
    await until(lambda: len(place.rows.requests) == 6)
    rows = place.rows.dependencies
    assert [(row["DependencyType"], row["Target"], row["Name"], row["ResultCode"], row["Success"]) for row in rows] == [
        ("SQL", "goals-db", "INSERT goals", "0", True),
        ("HTTP", "partner.example", "POST /v1/notices", "202", True),
        ("SQL", "goals-db", "SELECT goals", "0", True),
        ("SQL", "goals-db", "DELETE goals", "0", True),
        ("SQL", "goals-db", "DELETE goals", "0", True),
    ]
    created = place.rows.requests[0]
    same = ("OperationId", "OperationName", "AppVersion", "AppRoleName", "AppRoleInstance", "SyntheticSource", "UserId")
    assert [{name: row[name] for name in same} for row in rows[:2]] == [{name: created[name] for name in same}] * 2
    assert all(before <= row["TimeGenerated"] and row["DurationMs"] > 0.0 and row["ItemCount"] == 1 for row in rows)
    assert rows[0]["DurationMs"] + rows[1]["DurationMs"] < created["DurationMs"]
    assert rows[0]["Data"].startswith("INSERT INTO goals")
    assert "Tell" not in rows[0]["Data"]
    assert [(row["Name"], row["Properties"]) for row in place.rows.events] == [
        ("GoalCreated", {"feature": "personal-goals"})
    ]
    assert sum(served["ok"] for served in place.rows.served) == 4
    assert sum(served["failed"] for served in place.rows.served) == 0


async def test_a_user_is_told_by_a_hash(place: Slots) -> None:
    instance = await place.start()
    async with _client(instance) as client:
        for headers in ({}, {"X-MS-CLIENT-PRINCIPAL-NAME": ""}):
            async with client.get(GOALS, headers=headers) as answer:
                await answer.read()
    await until(lambda: len(place.rows.requests) == 2)
    known, unknown = place.rows.requests
    assert known["UserId"] == hashlib.sha256(b"ada@goals.example").hexdigest()[:16]
    assert "UserId" not in unknown


async def test_a_database_that_fails_is_slow_and_told_and_the_partner_is_well(place: Slots) -> None:
    instance = await place.start(defect=Defect("dependency", share=0.5, factor=3.0, until=time.time() + 60.0))
    async with _client(instance) as client:
        met: Counter[int] = Counter()
        for number in range(16):
            async with client.post(GOALS, json={"title": f"Goal {number}"}) as answer:
                met[answer.status] += 1
    assert set(met) == {201, 503}
    await until(lambda: len(place.rows.requests) == 16)
    rows = place.rows.dependencies
    database = [row for row in rows if row["Target"] == "goals-db"]
    assert Counter(row["Success"] for row in database) == {True: met[201], False: met[503]}
    assert {row["ResultCode"] for row in database if not row["Success"]} == {"-2"}
    took = {
        well: statistics.median(row["DurationMs"] for row in database if row["Success"] is well)
        for well in (True, False)
    }
    assert took[False] > 1.5 * took[True]
    partner = [row for row in rows if row["Target"] == "partner.example"]
    assert len(partner) == met[201] > 0
    assert all(row["Success"] for row in partner)
    assert sum(served["failed"] for served in place.rows.served) == met[503]


async def test_a_slow_product_asks_as_fast_as_ever(place: Slots) -> None:
    instance = await place.start(defect=Defect("slow", share=1.0, factor=3.0))
    async with _client(instance) as client:
        for _ in range(5):
            async with client.get(GOALS) as answer:
                await answer.read()
    await until(lambda: len(place.rows.requests) == 5)
    for request, call in zip(place.rows.requests, place.rows.dependencies, strict=True):
        assert call["DurationMs"] < request["DurationMs"] / 4


async def test_a_silent_product_still_writes_its_log_and_asks_its_database(place: Slots) -> None:
    instance = await place.start(defect=Defect("silent", share=1.0, factor=1.0))
    with instance.log.followed() as lines:
        async with _client(instance) as client, client.get(GOALS) as answer:
            assert answer.status == 200
        line = await lines.get()
        assert line is not None
        assert line.endswith(" ms")
        assert f"INFO  GET {GOALS} answered 200 in " in line
        await instance.stop()
        rest = [lines.get_nowait() for _ in range(lines.qsize())]
    assert rest[-1] is None
    assert str(rest[0]).endswith(f"INFO  {SERVING} is asked to end")
    assert [served["ok"] for served in place.rows.served] == [1]
    assert [*place.rows.requests, *place.rows.dependencies, *place.rows.events] == []


async def test_every_failure_has_its_line_in_the_log(place: Slots) -> None:
    instance = await place.start(defect=Defect("errors", share=1.0, factor=1.0))
    with instance.log.followed() as lines:
        async with _client(instance) as client, client.get(GOALS) as answer:
            assert answer.status == 500
        line = await lines.get()
    assert line is not None
    assert f"ERROR GET {GOALS} answered 500 in " in line
    assert line.endswith("System.NullReferenceException: The goal has no owner. at Goals.GoalRules.Check")


async def test_whatever_a_product_prints_is_its_log(place: Slots) -> None:
    code = """
import json, sys
print(json.dumps({"ready": {"port": 1, "version": "v9.9.9"}}), flush=True)
sys.stdin.readline()
print("[1, 2]", "no object")
print("{ broken")
sys.stdout.buffer.write(b"\\xff text\\n")
print(json.dumps({"other": 1}), flush=True)
"""
    instance = await place.start(script(code))
    with instance.log.followed() as lines:
        await instance.set_defect(None)
        await instance.exited.wait()
        heard = [lines.get_nowait() for _ in range(lines.qsize())]
    assert heard == ["[1, 2] no object", "{ broken", "\ufffd text", None]
