"""What is built of a run's configuration and its adapters: the Session, or the plan alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from cpr_cockpit.core import diagram
from cpr_cockpit.core.events import Record
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.card import render_card
from cpr_cockpit.documents.merge_plan import render_merge
from cpr_cockpit.documents.plan import render_plan
from cpr_cockpit.engine.channels import channel_readings
from cpr_cockpit.engine.earlier import earlier_times
from cpr_cockpit.engine.journal import Journal
from cpr_cockpit.engine.observing import session_of
from cpr_cockpit.engine.places import runs_home
from cpr_cockpit.engine.planning import draft
from cpr_cockpit.engine.pursuit import Patience
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.session import Session
from cpr_cockpit.lab_client import keep_lease
from cpr_cockpit.wiring.notifying import with_pictures
from cpr_cockpit.wiring.outside import outside_of
from cpr_cockpit.wiring.run_config import SessionConfig, read_config
from cpr_cockpit.wiring.run_key import run_key
from cpr_cockpit.wiring.target import place_of

# What Resource Manager and a slot of Azure may take to show what they do: swaps take a minute, starts several.
AZURE = Patience(poll_s=1.0, calm_s=30.0, start_s=600.0, refused_s=120.0)


@asynccontextmanager
async def open_session(
    config: SessionConfig, journal: Journal | None, records: Iterable[Record] = ()
) -> AsyncIterator[Session]:
    """The Session of a run, with its lab (where it has one) kept alive meanwhile; the adapters are closed at the end.

    ``journal`` None: none can be written, and ``records`` are what could be read (only for a rollback).
    """
    place, key = place_of(config.target, config.ready, config.settings.course.declared), run_key(config.folder)
    journeys_kept = str(config.settings.artifacts / "journeys")
    place = replace(place, journeys_given=replace(place.journeys_given, artifacts=journeys_kept))
    if place.on_lab and config.settings.script is None:
        place = with_pictures(place)
    async with outside_of(place, config.settings.policy, key) as ports:
        # A run that only looks on does not keep somebody else's lab alive either.
        kept = bool(config.ready) and not config.settings.observe
        lease = asyncio.create_task(keep_lease(dict(config.ready))) if kept else None
        try:
            recorder = Recorder(journal, ports.clock, records)
            yield session_of(config.settings, ports, recorder, Patience() if config.ready else AZURE)
        finally:
            if lease is not None:
                lease.cancel()
                await asyncio.gather(lease, return_exceptions=True)


async def plan_text(folder: Path) -> str:
    """The plan of the run in ``folder``, its requests and its card; as `plan_of_run`, and ConfigError."""
    return await plan_of_run(read_config(folder), folder)


async def plan_of_run(config: SessionConfig, shown: Path) -> str:
    """The whole plan with every request that it would send, and its card, whose run folder is called ``shown``.

    It is the plan that a run would begin with, on what is read now, the old version's zip included; sends nothing that
    changes anything. Blocked or PortError where no plan can be made.
    """
    settings = config.settings
    scaled = settings.policy.scaled(settings.window_s)
    async with outside_of(place_of(config.target, config.ready)) as ports:
        plan = (await draft(ports, settings, scaled, settings.course)).plan
        known = diagram.Known(Run(), earlier_times(runs_home(), settings))
        short = diagram.lines(plan, known, scaled.window_s)
        card = render_card(shown, settings.environment, plan, people=settings.contacts)
        marks = ports.annotations.planned() if ports.annotations is not None else ()
        merge = render_merge(ports.code, settings.merge, settings.new_version)
        told = [f"{one.name} {one.words}" for one in await channel_readings(ports.notifiers)]
        return merge + render_plan(plan, ports.planned, short, marks, told) + "\n" + card
