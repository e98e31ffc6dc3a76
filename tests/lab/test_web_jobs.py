"""WebJobs over Resource Manager: what a slot's package carries, in the slot that has it; workers are off there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.lab.background import WebJob, web_jobs
from tests.lab.apps_world import Apps, apps
from tests.lab.slots import script

JOBS = script(
    "",
    **{
        "App_Data/jobs/continuous/mailer/run.py": "",
        "App_Data/jobs/continuous/mailer/settings.job": "{}",
        "App_Data/jobs/triggered/nightly/run.sh": "",
        "App_Data/jobs/other/nothing/run.py": "",
        "App_Data/jobs/continuous/README.md": "",
    },
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Apps]:
    async with apps(tmp_path, count=1) as made:
        yield made


def test_the_web_jobs_of_a_package_are_those_below_their_folder() -> None:
    assert web_jobs(JOBS) == (WebJob("mailer", "continuous", "run.py"), WebJob("nightly", "triggered", "run.sh"))
    assert web_jobs(b"") == ()


async def test_each_slot_lists_its_own_by_kind_and_one_is_found_by_name(world: Apps) -> None:
    site, slot = world.site("goals-lab"), world.site("goals-lab") + "/slots/green"
    world.world.first.slots["green"].package = JOBS

    async def names(place: str, kind: str) -> list[Any]:
        return [job["name"] for job in (await world.get(f"{place}/{kind}"))["value"]]

    assert await names(site, "webjobs") == []
    assert await names(slot, "webjobs") == ["goals-lab/green/mailer", "goals-lab/green/nightly"]
    assert await names(slot, "continuouswebjobs") == ["goals-lab/green/mailer"]
    assert await names(slot, "triggeredwebjobs") == ["goals-lab/green/nightly"]
    one = await world.get(f"{slot}/continuouswebjobs/Mailer")
    assert one["id"].endswith("/slots/green/continuouswebjobs/mailer")
    # Nothing runs in this world's slots, and so neither does a WebJob.
    assert one["properties"]["status"] == "Stopped"
    assert (await world.ask("GET", f"{slot}/triggeredwebjobs/mailer"))[0] == 404


async def test_workers_are_off_in_the_slot_by_a_sticky_setting_that_a_new_slot_does_not_have(world: Apps) -> None:
    site = world.site("goals-lab")
    assert (await world.ask("PUT", f"{site}/slots/blue", json={"location": "westeurope"}))[0] == 202
    while len((await world.get(f"{site}/slots"))["value"]) < 2:
        pass
    told = {}
    for place in (site, f"{site}/slots/green", f"{site}/slots/blue"):
        body = (await world.ask("POST", f"{place}/config/appsettings/list"))[1]
        told[place.rpartition("/")[2]] = body["properties"].get("WORKERS_ENABLED")
    assert told == {"goals-lab": "1", "green": "0", "blue": None}
    names = (await world.get(f"{site}/config/slotConfigNames"))["properties"]["appSettingNames"]
    assert "WORKERS_ENABLED" in names
