"""What ``drill`` and ``rehearse`` share: a run's folder, its lab, the sample feature, the session's settings."""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from cpr_cockpit.cli.night_options import policy_of
from cpr_cockpit.cli.output import complain
from cpr_cockpit.cli.parser import SURPRISE, SURPRISES
from cpr_cockpit.cli.release import LAB_HARMLESS, contacts_of, lab_flag, lab_rule, lab_tag, settings_in
from cpr_cockpit.cli.safeguard_options import safeguards_of
from cpr_cockpit.config import NAME
from cpr_cockpit.core.events import Script
from cpr_cockpit.core.journeys import SLOT
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import FEATURE_FLAG, NEW_ARTIFACT, ROLLING
from cpr_cockpit.documents.feature import read_feature
from cpr_cockpit.engine.places import make_run_folder, new_run_name
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.lab_client import LabControl, LabError, LabOptions, start_lab

# How many apps the lab of a rolling run has: enough for two gates.
ROLLED = 3
# The scenario that needs several instances of each slot.
_ONE_INSTANCE = "one-instance"
# What goes wrong with whole processes is behind no flag.
_WHOLE = frozenset({"outage", "silent", "crash-loop", "double-work"})
FEATURE = "0001-personal-goal-creation-management"


@dataclass(frozen=True, slots=True)
class LabRun:
    """A run's folder with its lab; ``ready`` is the lab's ready file."""

    folder: Path
    ready: dict[str, Any]
    settings: SessionSettings


def new_folder() -> Path:
    """A run's folder with the sample feature in it; PlacesError where it cannot be written."""
    folder = make_run_folder(new_run_name(FEATURE))
    with as_file(files("cpr_cockpit") / "samples" / FEATURE) as sample:
        shutil.copytree(sample, folder / "feature" / FEATURE)
    return folder


def begin(options: argparse.Namespace, folder: Path, *, mode: str, actor: str, script: Script | None) -> LabRun:
    """Start the lab and write the session's configuration; LabError or OSError where it cannot. Never within a loop."""
    lab = LabOptions(
        fast=options.fast,
        telemetry_delay_s=options.telemetry_delay,
        window_s=options.window,
        apps=ROLLED if options.strategy == ROLLING else 1,
        instances=2 if options.scenario == _ONE_INSTANCE else 1,
        troubles=tuple(options.trouble),
        staging=options.staging,
        requests_per_minute=options.requests_per_minute,
        journeys=options.journeys,
    )
    ready = start_lab(folder, lab)
    try:
        return LabRun(folder, ready, _configured(options, folder, ready, mode=mode, actor=actor, script=script))
    except BaseException:
        asyncio.run(end_lab(ready))
        raise


def _configured(
    options: argparse.Namespace, folder: Path, ready: dict[str, Any], *, mode: str, actor: str, script: Script | None
) -> SessionSettings:
    """The settings, written into the run's folder with the new version's zip."""
    from cpr_cockpit.wiring import apps_of, environment_of, write_config
    from cpr_cockpit.wiring.journeys import lab_tables

    documents = read_feature(folder / "feature" / FEATURE)
    settings = SessionSettings(
        run=folder.name,
        feature=FEATURE,
        mode=mode,
        actor=actor,
        script=script,
        environment=environment_of(ready),
        slot=ready["slot"],
        new_version=ready["versions"]["good"],
        policy=policy_of(options),
        window_s=options.window,
        declared_delay_s=options.telemetry_delay,
        readiness=documents.facts,
        folder=folder,
        course=lab_flag(
            Course(
                options.strategy,
                control=options.control or 0.0,
                harmless=LAB_HARMLESS,
                apps=apps_of(ready),
                preview=bool(options.preview),
                deploy=options.deploy,
                workers=lab_rule(ready),
                journeys=lab_tables(ready).names(SLOT),
            )
        ),
        commit=str(ready["pipeline"]["commit"]),
        contacts=contacts_of(settings_in(folder / "feature" / FEATURE)),
        safeguards=safeguards_of(options, folder / "feature" / FEATURE / NAME, lab_tag(ready)),
    )
    shutil.copyfile(ready["packages"]["good"], settings.artifacts / NEW_ARTIFACT)
    write_config(settings)
    return settings


async def end_lab(ready: dict[str, Any]) -> None:
    """End a lab that no session was begun on; one that does not answer ends with its lease, and that is said."""
    control = LabControl(ready)
    try:
        await control.stop()
    except LabError as error:
        complain(f"{error} It ends by itself within minutes.")
    finally:
        await control.close()


async def choose_scenario(run: LabRun, options: argparse.Namespace) -> None:
    """Tell the lab what is wrong with the new version; for a surprise nobody else is told. LabError."""
    name = options.scenario
    if name == SURPRISE:
        name = random.SystemRandom().choice(SURPRISES)
    control = LabControl(run.ready)
    try:
        await control.scenario(
            name,
            version=run.settings.new_version,
            share=options.share,
            factor=options.factor,
            window_s=options.window,
            flag=_bound_to(run.settings.course, name),
            telemetry_fault=fault_of(options),
        )
    finally:
        await control.close()


def _bound_to(course: Course, scenario: str) -> str | None:
    """The flag that the defect is behind, where the release is shown by one and the defect can be."""
    return course.flag if course.strategy == FEATURE_FLAG and scenario not in _WHOLE else None


def fault_of(options: argparse.Namespace) -> dict[str, Any] | None:
    """What goes wrong with the telemetry from the switch on, as the lab is told; None where nothing does."""
    if options.telemetry_fault is None:
        return None
    fault = {"fault": options.telemetry_fault, "source": options.fault_source or "all"}
    return fault | ({"seconds": options.fault_seconds} if options.fault_seconds is not None else {})
