"""``drill``: the whole deployment on the embedded lab, scripted."""

from __future__ import annotations

import argparse
import asyncio
import shutil
from pathlib import Path
from typing import Any

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.following import follow
from cpr_cockpit.cli.output import Printer, complain
from cpr_cockpit.core.events import Script
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.core.strategy import NEW_ARTIFACT
from cpr_cockpit.engine.client import SessionGone, SessionRefused
from cpr_cockpit.engine.launch import LaunchError, launch
from cpr_cockpit.engine.places import PlacesError, make_run_folder, new_run_name
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.lab_client import LabControl, LabError, LabOptions, start_lab

FEATURE = "0001-personal-goal-creation-management"
ACTOR = "drill"

# The documents of the sample feature say READY; what a drill exercises is what comes after the gate.
READINESS = (
    ReadinessFacts(
        "automation-deploy.json",
        score=92.0,
        open_critical=0,
        open_high=0,
        uat_approved=True,
        ci_passing=True,
        conflicts=False,
        documented_decision="READY",
    ),
    ReadinessFacts(
        "test-report.md", score=92.0, open_critical=0, open_high=0, uat_approved=True, documented_decision="READY"
    ),
)


def drill(options: argparse.Namespace) -> int:
    """Start a lab, choose its scenario, run a session on it to the end."""
    try:
        folder = make_run_folder(new_run_name(FEATURE))
        lab = LabOptions(fast=options.fast, telemetry_delay_s=options.telemetry_delay, window_s=options.window)
        ready = start_lab(folder, lab)
    except (PlacesError, LabError) as error:
        complain(str(error))
        return codes.BLOCKED
    return asyncio.run(_drill(options, folder, ready))


async def _drill(options: argparse.Namespace, folder: Path, ready: dict[str, Any]) -> int:
    from cpr_cockpit.wiring import write_config

    control = LabControl(ready)
    try:
        settings = _settings(options, folder, ready)
        shutil.copyfile(ready["packages"]["good"], settings.artifacts / NEW_ARTIFACT)
        write_config(settings)
        if options.plan:
            return await _print_plan(folder, control)
        await control.scenario(
            options.scenario,
            version=settings.new_version,
            share=options.share,
            factor=options.factor,
            window_s=options.window,
        )
        client = await launch(folder)
    except (LabError, LaunchError, SessionGone, SessionRefused, OSError) as error:
        complain(f"{error} Nothing was changed.")
        await _end(control)
        return codes.BLOCKED
    finally:
        await control.close()
    return await follow(client, folder, Printer(as_json=options.json))


async def _end(control: LabControl) -> None:
    try:
        await control.stop()
    except LabError as error:
        complain(f"{error} It ends by itself within minutes.")


def _settings(options: argparse.Namespace, folder: Path, ready: dict[str, Any]) -> SessionSettings:
    from cpr_cockpit.wiring import environment_of

    return SessionSettings(
        run=folder.name,
        feature=FEATURE,
        mode="drill",
        actor=ACTOR,
        script=Script(decide=options.decide, extended=options.extended),
        environment=environment_of(ready),
        slot=ready["slot"],
        new_version=ready["versions"]["good"],
        policy=Policy(),
        window_s=options.window,
        declared_delay_s=options.telemetry_delay,
        readiness=READINESS,
        folder=folder,
    )


async def _print_plan(folder: Path, control: LabControl) -> int:
    from cpr_cockpit.core.ports import PortError
    from cpr_cockpit.engine.preparing import Blocked
    from cpr_cockpit.wiring import ConfigError, plan_text

    try:
        print(await plan_text(folder))
    except (ConfigError, PortError, Blocked) as error:
        complain(error.words() if isinstance(error, PortError) else str(error))
        return codes.BLOCKED
    finally:
        await _end(control)
    return 0
