"""Slots that several instances run: how requests are spread, and what swaps, restarts and deaths do to them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.lab import running
from tests.lab.running import RunningLab
from tests.lab.slots import HEALTH, Front, Slots, front, slots


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Slots]:
    async with slots(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as made:
        yield made


async def _asked(gate: Front, count: int) -> Counter[str]:
    """Which instances answered so many requests, sent over one connection after another."""
    met: Counter[str] = Counter()
    for _ in range(count):
        async with gate.client() as client, client.get(gate.production + HEALTH) as answer:
            assert answer.status == 200
            met[(await answer.json())["instance"]] += 1
    return met


async def test_requests_meet_all_instances_and_none_that_has_died(place: Slots, gate: Front) -> None:
    one, other = await asyncio.gather(place.start(), place.start())
    gate.end.attach_all({"production": [one, other]})
    assert await _asked(gate, 6) == {one.id: 3, other.id: 3}
    os.killpg(one.pid, signal.SIGKILL)
    await one.exited.wait()
    assert await _asked(gate, 3) == {other.id: 3}
    gate.end.attach_all({"production": [other]})
    assert await gate.end.drain(one, 1.0)
    assert await _asked(gate, 2) == {other.id: 2}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    options = ("--instances", "2", "--telemetry-delay", "0.2", "--seed", "11", "--window", "30")
    with running.running(tmp_path_factory.mktemp("instances"), *options) as started:
        yield started


def _instances(lab: RunningLab, slot: str) -> list[str]:
    listed: list[str] = lab.control("GET", "/state")["slots"][slot]["instances"]
    return listed


def _met(lab: RunningLab, url: str, count: int = 12) -> set[tuple[str, str]]:
    """Versions and instances that answered so many requests, each over a fresh connection."""
    found: set[tuple[str, str]] = set()
    for _ in range(count):
        with lab.client() as client:
            body: dict[str, Any] = client.get(f"{url}/api/health").raise_for_status().json()
        found.add((body["version"], body["instance"]))
    return found


@pytest.mark.long
def test_swaps_deployments_and_restarts_go_instance_by_instance(lab: RunningLab) -> None:
    ready, versions = lab.ready, lab.ready["versions"]
    first = _instances(lab, "production")
    assert _met(lab, ready["production_url"]) == {(versions["serving"], one) for one in first}
    assert len(set(first)) == 2
    with lab.manager() as manager:
        listed = manager.get(f"{lab.site}/instances").raise_for_status().json()["value"]
        assert [one["name"] for one in listed] == first
        for name in first:
            one = manager.get(f"{lab.site}/instances/{name}").raise_for_status().json()
            assert (one["name"], one["properties"]["state"]) == (name, "READY")
        assert manager.get(f"{lab.site}/instances/other").status_code == 404
        assert manager.get(f"{lab.site}/config/web").json()["properties"]["numberOfWorkers"] == 2
    green = _instances(lab, "green")
    assert lab.deploy(Path(ready["packages"]["good"]).read_bytes()).status_code == 200
    assert running.until(lambda: not set(green) & set(_instances(lab, "green")))
    assert {version for version, _ in _met(lab, ready["slot_url"])} == {versions["good"]}
    assert lab.swap().status_code == 200
    assert {version for version, _ in _met(lab, ready["production_url"])} == {versions["good"]}
    assert len(_met(lab, ready["production_url"])) == len(_met(lab, ready["slot_url"])) == 2
    before = _instances(lab, "production")
    with lab.manager() as manager:
        assert manager.post(f"{lab.site}/restart", params={"synchronous": "true"}).status_code == 200
    assert running.until(lambda: not set(before) & set(_instances(lab, "production")))
    traffic = lab.control("GET", "/traffic")
    assert (traffic["failed_by_defect"], traffic["failed_otherwise"]) == (0, 0), traffic["errors"]


@pytest.mark.long
def test_one_instance_has_the_defect_and_the_other_has_not(lab: RunningLab) -> None:
    version = lab.control("GET", "/state")["slots"]["production"]["version"]
    bad, good = _instances(lab, "production")
    lab.control("PUT", "/scenario", json={"name": "one-instance", "version": version, "window": 30, "share": 1.0})
    assert running.until(lambda: lab.control("GET", "/traffic")["failed_by_defect"] > 10)
    query = "AppRequests | where toint(ResultCode) >= 500 | distinct AppRoleInstance"
    with lab.client(lab.ready["logs"], lab.token(lab.ready["logs_audience"])) as client:

        def failed() -> list[list[str]]:
            url = f"/v1/workspaces/{lab.ready['workspace_id']}/query"
            rows: list[list[str]] = client.post(url, json={"query": query}).json()["tables"][0]["rows"]
            return rows

        assert running.until(lambda: failed() != [])
        assert failed() == [[bad]]
    assert good != bad
    lab.control("PUT", "/scenario", json={"name": "healthy", "version": version, "window": 30})


@pytest.mark.long
def test_an_instance_that_dies_is_started_again_and_the_other_stays(lab: RunningLab) -> None:
    died, stays = _instances(lab, "production")
    lab.control("PUT", "/scenario", json={"name": "healthy", "version": "v1.3.0", "window": 30})
    for folder in Path("/proc").glob("[0-9]*"):
        if died in _environment(folder):
            os.kill(int(folder.name), signal.SIGKILL)
    assert running.until(lambda: (now := _instances(lab, "production"))[1:] == [stays] and now[0] != died)
    assert len(_met(lab, lab.ready["production_url"])) == 2


def _environment(folder: Path) -> str:
    try:
        return (folder / "environ").read_text("utf-8", "replace")
    except OSError:
        return ""
