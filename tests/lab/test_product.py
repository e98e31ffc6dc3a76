"""The sample product as it runs in the slots: its API, its durations, its telemetry, its defects."""

from __future__ import annotations

import asyncio
import io
import json
import statistics
import time
import zipfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from cpr_cockpit.lab import packages
from cpr_cockpit.lab.instance import Instance
from cpr_cockpit.lab.models import Defect
from tests.lab.slots import GOALS, GOOD, HEALTH, PASSWORD, SERVING, SIGNED_IN, TOKEN, WAIT, Slots, slots, until

ERRORS = Defect("errors", share=1.0, factor=3.0)


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Slots]:
    async with slots(tmp_path) as made:
        yield made


def _client(instance: Instance) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(f"http://127.0.0.1:{instance.port}", connector=connector)


async def _statuses(client: aiohttp.ClientSession, path: str, count: int) -> list[tuple[int, str]]:
    """Status and defect header of `count` requests sent at once."""

    async def one() -> tuple[int, str]:
        async with client.get(path, headers=SIGNED_IN) as answer:
            await answer.read()
            return answer.status, answer.headers.get("x-lab-defect", "")

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def test_health_tells_version_start_and_instance(place: Slots) -> None:
    before = time.time()
    instance = await place.start(GOOD)
    async with _client(instance) as client, client.get(HEALTH) as answer:
        body = await answer.json()
        assert (answer.status, answer.headers["x-app-version"]) == (200, GOOD)
    assert body["status"] == "Healthy"
    assert (body["version"], body["instance"]) == (GOOD, instance.id)
    assert before - 0.01 <= datetime.fromisoformat(body["startedAt"]).timestamp() <= time.time()


async def test_whoever_knows_the_password_is_given_the_token(place: Slots) -> None:
    instance = await place.start(GOOD)
    right = {"email": "a@goals.example", "password": PASSWORD}
    asked: list[tuple[object, int]] = [
        (right, 200),
        (right | {"password": "another"}, 401),
        (right | {"email": ""}, 401),
        ({"email": "a@goals.example"}, 400),
        ([], 400),
    ]
    async with _client(instance) as client:
        for body, status in asked:
            async with client.post("/api/v1/sign-in", json=body) as answer:
                assert answer.status == status
                assert (await answer.json()).get("token") == (TOKEN if status == 200 else None)


async def test_a_goal_is_created_read_changed_and_deleted_and_every_process_sees_it(place: Slots) -> None:
    first, second = await asyncio.gather(place.start(SERVING), place.start(GOOD, slot="green"))
    async with _client(first) as client, _client(second) as other:
        client.headers.update(SIGNED_IN)
        other.headers.update(SIGNED_IN)
        async with client.post(GOALS, json={"title": " Ship it ", "description": "today"}) as answer:
            assert answer.status == 201
            where, goal = answer.headers["Location"], await answer.json()
        assert where == f"{GOALS}/{goal['id']}"
        assert (goal["title"], goal["description"], goal["done"]) == ("Ship it", "today", False)
        async with other.get(where) as answer:
            assert (answer.status, await answer.json()) == (200, goal)
        async with other.put(where, json={"title": "Ship it", "done": True}) as answer:
            changed = await answer.json()
            assert (answer.status, changed) == (200, goal | {"description": "", "done": True})
        async with client.get(GOALS) as answer:
            assert (await answer.json())[0] == changed
        for status in (204, 404):
            async with client.delete(where) as answer:
                assert answer.status == status
        async with other.put(where, json={"title": "Too late"}) as answer:
            assert answer.status == 404


async def test_two_processes_write_at_once_and_no_request_fails(place: Slots) -> None:
    running = await asyncio.gather(place.start(SERVING), place.start(GOOD))
    clients = [_client(instance) for instance in running]

    async def goal(client: aiohttp.ClientSession, number: int) -> tuple[int, int]:
        async with client.post(GOALS, headers=SIGNED_IN, json={"title": f"Goal {number}"}) as made:
            where = made.headers["Location"]
        async with client.delete(where, headers=SIGNED_IN) as deleted:
            return made.status, deleted.status

    outcomes = await asyncio.gather(*(goal(clients[number % 2], number) for number in range(120)))
    assert Counter(outcomes) == {(201, 204): 120}
    await asyncio.gather(*(client.close() for client in clients))


async def test_strangers_are_refused_and_every_refusal_explains_itself(place: Slots) -> None:
    instance = await place.start()
    signed = SIGNED_IN["Authorization"]
    asked: list[tuple[str, str, str, int]] = [
        *((method, GOALS, "", 401) for method in ("GET", "POST")),
        *((method, f"{GOALS}/1", "", 401) for method in ("GET", "PUT", "DELETE")),
        *(("GET", GOALS, token, 401) for token in ("Bearer wrong", "Bearer", signed + "x", "Bearer \u00fc")),
        *(("GET", f"{GOALS}/{id}", signed, 404) for id in ("999999", "x", "-1", "9" * 40, "%C2%B2")),
        ("GET", "/nowhere", signed, 404),
        ("PATCH", GOALS, signed, 405),
    ]
    async with _client(instance) as client:
        for method, path, token, status in asked:
            async with client.request(method, path, headers={"Authorization": token} if token else {}) as answer:
                assert (answer.status, answer.content_type) == (status, "application/problem+json"), (method, path)
                assert answer.headers["x-app-version"] == SERVING
                assert ("WWW-Authenticate" in answer.headers) == (status == 401)
                assert ("Allow" in answer.headers) == (status == 405)
                body = await answer.json(content_type=None)
                assert body["status"] == status
                assert body["detail"]


INVALID: list[tuple[bytes, str]] = [
    (b"", "$"),
    (b"{", "$"),
    (b"[]", "$"),
    (b"\xff", "$"),
    (b"[" * 100_000, "$"),
    (b"{}", "title"),
    (b'{"title": 5}', "title"),
    (b'{"title": "  "}', "title"),
    (json.dumps({"title": "x" * 201}).encode(), "title"),
    (b'{"title": "x", "done": 1}', "done"),
    (b'{"title": "x", "description": null}', "description"),
    (b'{"title": "\\ud800"}', "$"),
]


async def test_what_is_no_goal_is_refused_with_the_member_that_is_wrong(place: Slots) -> None:
    instance = await place.start()
    async with _client(instance) as client:
        for content, member in INVALID:
            async with client.post(GOALS, data=content, headers=SIGNED_IN) as answer:
                assert answer.status == 400, content[:40]
                assert list((await answer.json(content_type=None))["errors"]) == [member], content[:40]
        async with client.get(GOALS, headers=SIGNED_IN) as answer:
            assert not any(goal["title"] == "x" for goal in await answer.json())
    assert not place.rows.exceptions


async def test_the_page_and_its_parts_are_served(place: Slots) -> None:
    instance = await place.start()
    async with _client(instance) as client:
        for path, kind in (("/", "text/html"), ("/app.js", "text/javascript"), ("/style.css", "text/css")):
            async with client.get(path) as answer:
                assert (answer.status, answer.content_type) == (200, kind)
                assert answer.headers["x-app-version"] == SERVING
                assert len(await answer.text()) > 100


async def test_durations_are_lognormal_between_60_and_150_ms(place: Slots) -> None:
    instance = await place.start()
    async with _client(instance) as client:
        for _ in range(8):
            assert {status for status, _ in await _statuses(client, "/", 25)} == {200}
    await until(lambda: len(place.rows.requests) == 200)
    took = sorted(row["DurationMs"] for row in place.rows.requests)
    assert took[0] >= 59.9
    # Above the drawn values there is only what a busy machine adds.
    assert 75.0 < statistics.median(took) < 125.0
    assert took[150] - took[20] > 15.0


async def test_each_request_is_reported_in_the_columns_of_azure_monitor(place: Slots) -> None:
    instance = await place.start()
    marks = {"SyntheticTest-RunId": "1", "SyntheticTest-Location": "here"}
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("GET", f"{GOALS}/1", SIGNED_IN | {"X-Forwarded-Proto": "https", "Host": "goals.example"}),
        ("GET", GOALS, {}),
        ("GET", HEALTH, marks),
        ("GET", HEALTH, {"SyntheticTest-RunId": "1"}),
        ("GET", "/", {"User-Agent": "SiteWarmup"}),
        ("GET", "/nowhere?x=1", {}),
    ]
    before = time.time()
    async with _client(instance) as client:
        for method, path, headers in asked:
            async with client.request(method, path, headers=headers) as answer:
                await answer.read()
    await until(lambda: len(place.rows.requests) == len(asked), 2.0)
    rows = place.rows.requests
    first = rows[0]
    assert set(first) == {
        *("TimeGenerated", "Name", "Url", "Success", "ResultCode", "DurationMs", "AppVersion", "AppRoleName"),
        *("AppRoleInstance", "OperationName", "OperationId", "ItemCount", "SyntheticSource", "Properties"),
    }
    assert first["Name"] == first["OperationName"] == f"GET {GOALS}/{{id}}"
    assert first["Url"] == f"https://goals.example{GOALS}/1"
    assert (first["AppVersion"], first["AppRoleName"], first["AppRoleInstance"]) == (SERVING, "goals-lab", instance.id)
    assert [(row["ResultCode"], row["Success"]) for row in rows] == [
        *(("200", True), ("401", True), ("200", True), ("200", True), ("200", True), ("404", False))
    ]
    availability = "Application Insights Availability Monitoring"
    assert [row["SyntheticSource"] for row in rows] == ["", "", availability, "", "SiteWarmup", ""]
    assert rows[-1]["Name"] == "GET /nowhere"
    assert all(before - 0.01 <= row["TimeGenerated"] <= time.time() for row in rows)
    assert len({row["OperationId"] for row in rows}) == len(rows)
    assert not place.rows.exceptions


async def test_errors_hit_a_share_of_the_users_and_never_the_health_page(place: Slots) -> None:
    instance = await place.start(defect=replace(ERRORS, share=0.2))
    async with _client(instance) as client:
        met = [outcome for _ in range(6) for outcome in await _statuses(client, GOALS, 50)]
        assert set(met) == {(200, ""), (500, "errors")}
        assert 30 <= met.count((500, "errors")) <= 90
        assert set(await _statuses(client, HEALTH, 30)) == {(200, "")}
        await until(lambda: len(place.rows.requests) == 330)
        broken = {row["OperationId"] for row in place.rows.requests if row["ResultCode"] == "500"}
        assert {row["OperationId"] for row in place.rows.exceptions} == broken
        assert set(place.rows.exceptions[0]) >= {"ProblemId", "ExceptionType", "OuterType", "OuterMessage"}
        await instance.set_defect(None)
        await _until_status(client, "/", 200)
        assert set(await _statuses(client, GOALS, 40)) == {(200, "")}


async def test_a_defect_that_is_built_in_stays_whatever_the_lab_says(place: Slots) -> None:
    instance = await place.start(packages.build("v1.3.1", built_in=ERRORS))
    await instance.set_defect(None)
    async with _client(instance) as client:
        assert await _statuses(client, "/", 5) == [(500, "errors")] * 5


async def test_slow_multiplies_the_durations_of_users(place: Slots) -> None:
    instance = await place.start(defect=Defect("slow", share=0.2, factor=3.0))
    async with _client(instance) as client:
        assert set(await _statuses(client, GOALS, 20)) == {(200, "slow")}
        assert set(await _statuses(client, HEALTH, 20)) == {(200, "")}
    await until(lambda: len(place.rows.requests) == 40)
    took: dict[str, list[float]] = {GOALS: [], HEALTH: []}
    for row in place.rows.requests:
        took[row["Name"].removeprefix("GET ")].append(row["DurationMs"])
    assert min(took[GOALS]) >= 179.9
    assert statistics.median(took[HEALTH]) < 150.0


async def test_dependency_ends_by_itself(place: Slots) -> None:
    instance = await place.start(defect=Defect("dependency", share=1.0, factor=3.0, until=time.time() + 60.0))
    async with _client(instance) as client:
        assert await _statuses(client, "/", 5) == [(503, "dependency")] * 5
        assert set(await _statuses(client, HEALTH, 5)) == {(200, "")}
        await instance.set_defect(Defect("dependency", share=1.0, factor=3.0, until=time.time() + 0.3))
        await _until_status(client, "/", 200)
        assert set(await _statuses(client, GOALS, 5)) == {(200, "")}


async def test_silent_answers_and_reports_nothing(place: Slots) -> None:
    instance = await place.start(defect=Defect("silent", share=0.2, factor=3.0))
    async with _client(instance) as client:
        assert set(await _statuses(client, GOALS, 10)) == {(200, "")}
    await instance.stop()
    assert instance.exit_code == 0
    assert not place.rows.requests


@pytest.mark.long
@pytest.mark.parametrize("told", [True, False])
async def test_an_outage_refuses_everything_for_two_seconds_and_dies(place: Slots, told: bool) -> None:
    outage = Defect("outage", share=0.2, factor=3.0)
    instance = await place.start(defect=None if told else outage)
    began = time.monotonic()
    if told:
        await instance.set_defect(outage)
    async with _client(instance) as client:
        await _until_status(client, HEALTH, 503)
        for path in ("/", GOALS, HEALTH, "/nowhere"):
            assert await _statuses(client, path, 2) == [(503, "outage")] * 2
        # Told again, it does not live longer.
        await instance.set_defect(outage)
        async with asyncio.timeout(WAIT):
            await instance.exited.wait()
    # A process that had it from its start began to die before the start was noticed here.
    assert time.monotonic() - began >= 1.0
    assert instance.exit_code == 70
    assert not instance.alive
    assert {row["ResultCode"] for row in place.rows.requests} >= {"503"}


async def test_an_outage_that_is_taken_back_in_time_kills_nobody(place: Slots) -> None:
    instance = await place.start()
    async with _client(instance) as client:
        await instance.set_defect(Defect("outage", share=0.2, factor=3.0))
        await _until_status(client, HEALTH, 503)
        await instance.set_defect(None)
        await _until_status(client, HEALTH, 200)
        deadline = time.monotonic() + 2.2
        while time.monotonic() < deadline:
            assert set(await _statuses(client, "/", 2)) == {(200, "")}
    assert instance.alive


async def _until_status(client: aiohttp.ClientSession, path: str, status: int) -> None:
    deadline = time.monotonic() + WAIT
    while (await _statuses(client, path, 1))[0][0] != status:
        assert time.monotonic() < deadline


def test_a_release_is_whole_the_same_every_time_and_knows_nothing_of_the_cockpit() -> None:
    built = packages.build(GOOD, built_in=ERRORS)
    assert built == packages.build(GOOD, built_in=ERRORS)
    assert len({built, packages.build(GOOD), packages.build(SERVING)}) == 3
    with zipfile.ZipFile(io.BytesIO(built)) as file:
        contents: dict[str, bytes] = {name: file.read(name) for name in file.namelist()}
    release: dict[str, Any] = json.loads(contents["release.json"])
    assert release == {
        "version": GOOD,
        "defect": {"kind": "errors", "share": 1.0, "factor": 3.0, "until": None, "flag": None},
    }
    assert {"main.py", "goals/__main__.py", "static/index.html", "static/app.js"} <= set(contents)
    assert not any(b"cpr_cockpit" in content for content in contents.values())
