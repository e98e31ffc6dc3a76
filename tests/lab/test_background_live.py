"""Background work of a real lab: where the worker runs before a swap, after it and after one back; WebJobs travel."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.core.worker_proof import not_off, unproven
from cpr_cockpit.core.workers import WorkerRule
from cpr_cockpit.engine.background import listed
from cpr_cockpit.lab.background import OFF, ON, SETTING, STOPPED, TABLE
from cpr_cockpit.wiring import Target, outside_of, place_of
from tests.lab import running
from tests.lab.running import RunningLab, until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    options = ("--telemetry-delay", "0.2", "--window", "30", "--seed", "13")
    with running.running(tmp_path_factory.mktemp("background"), *options) as started:
        yield started


def _told(lab: RunningLab, slot: str) -> dict[str, Any]:
    with lab.client(lab.ready[f"{slot}_url"]) as client:
        body: dict[str, Any] = client.get(TABLE["path"]).raise_for_status().json()
    return body


def _working(lab: RunningLab) -> tuple[tuple[str, bool], ...]:
    """Version and work of production and of the slot."""
    told = (_told(lab, "production"), _told(lab, "slot"))
    return tuple((body["version"], body["workers"][0]["running"]) for body in told)


def _with_jobs(lab: RunningLab) -> bytes:
    """The new version's package with a WebJob of each kind."""
    packed = io.BytesIO(Path(lab.ready["packages"]["good"]).read_bytes())
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr("App_Data/jobs/continuous/mailer/run.py", "")
        file.writestr("App_Data/jobs/triggered/nightly/run.py", "")
    return packed.getvalue()


def _set(lab: RunningLab, name: str, value: str) -> None:
    """Change a setting of the slot, which restarts it."""
    with lab.manager() as manager:
        settings = manager.post(f"{lab.slot}/config/appsettings/list").json()["properties"] | {name: value}
        manager.put(f"{lab.slot}/config/appsettings", json={"properties": settings}).raise_for_status()


def _named(job: Any) -> tuple[str, str]:
    status = getattr(job.properties, "status", None)
    return str(job.name), str(getattr(status, "value", status) or "")


async def _jobs(lab: RunningLab) -> dict[str, list[tuple[str, str]]]:
    """WebJobs by slot, as Azure's own client reads them: name, and status where it is continuous."""
    place = (lab.ready["resource_group"], lab.ready["app"])
    async with running.sdk(lab) as client:
        web_apps = client.web_apps
        found: dict[str, list[Any]] = {
            "production": [one async for one in web_apps.list_continuous_web_jobs(*place)],
            "slot": [one async for one in web_apps.list_continuous_web_jobs_slot(*place, lab.ready["slot"])],
            "triggered": [one async for one in web_apps.list_triggered_web_jobs_slot(*place, lab.ready["slot"])],
            "all": [one async for one in web_apps.list_web_jobs_slot(*place, lab.ready["slot"])],
        }
        sticky = (await web_apps.list_slot_configuration_names(*place)).as_dict()
        assert SETTING in sticky["properties"]["appSettingNames"]
    return {slot: [_named(job) for job in jobs] for slot, jobs in found.items()}


async def test_the_worker_runs_in_production_alone_whatever_is_swapped(lab: RunningLab) -> None:
    old, new = lab.ready["versions"]["serving"], lab.ready["versions"]["good"]
    assert _working(lab) == ((old, True), (old, False))
    assert await _jobs(lab) == {"production": [], "slot": [], "triggered": [], "all": []}
    package = await asyncio.to_thread(_with_jobs, lab)
    assert lab.deploy(package).status_code == 200
    assert _working(lab) == ((old, True), (new, False))
    app = lab.ready["app"]
    assert await _jobs(lab) == {
        "production": [],
        "slot": [(f"{app}/green/mailer", "Running")],
        "triggered": [(f"{app}/green/nightly", "")],
        "all": [(f"{app}/green/mailer", ""), (f"{app}/green/nightly", "")],
    }
    assert lab.swap().status_code == 200
    assert _working(lab) == ((new, True), (old, False))
    assert (await _jobs(lab))["production"] == [(f"{app}/mailer", "Running")]
    assert until(lambda: _told(lab, "production")["workers"][0]["processed"] > 0)
    assert lab.swap().status_code == 200
    assert _working(lab) == ((old, True), (new, False))
    assert (await _jobs(lab))["production"] == []
    await asyncio.to_thread(_set, lab, STOPPED, "1")
    assert (await _jobs(lab))["slot"] == [(f"{app}/green/mailer", "Stopped")]


def test_each_slot_keeps_its_own_value(lab: RunningLab) -> None:
    with lab.manager() as manager:
        read = [manager.post(f"{path}/config/appsettings/list").json() for path in (lab.site, lab.slot)]
    assert [body["properties"][SETTING] for body in read] == [ON, OFF]


async def test_the_cockpit_sees_who_works_and_who_works_twice(lab: RunningLab) -> None:
    rule, slot = WorkerRule(TABLE["rule"], TABLE["setting"], TABLE["off"]), lab.ready["slot"]
    async with outside_of(place_of(Target(), lab.ready)) as ports:
        seen = await listed(ports, rule, slot)
        version = seen.production.looks[0].version or ""
        assert (unproven(rule, slot, version, seen), seen.tells) == ("", True)
        assert [(one.name, one.runs) for one in seen.production.hosted] == [("notices", True)]
        await asyncio.to_thread(_set, lab, SETTING, ON)
        seen = await listed(ports, rule, slot)
        words = not_off(rule, slot, seen)
        assert f"app setting {SETTING} is not '0' in slot {slot}" in words
        assert f"hosted service notices runs in slot {slot} (running)" in words
        assert unproven(rule, slot, version, seen).startswith(words)
