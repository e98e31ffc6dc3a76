"""``drill``: the whole deployment on the embedded lab, scripted."""

from __future__ import annotations

import argparse
import asyncio

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.following import follow
from cpr_cockpit.cli.lab_run import LabRun, begin, choose_scenario, end_lab, new_folder
from cpr_cockpit.cli.output import Printer, complain, say, unchanged
from cpr_cockpit.core.events import Script
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.launch import LaunchError, launch
from cpr_cockpit.engine.places import PlacesError
from cpr_cockpit.lab_client import LabError

ACTOR = "drill"


def drill(options: argparse.Namespace) -> int:
    """Start a lab, choose its scenario, run a session on it to the end."""
    script = Script(decide=options.decide, extended=options.extended, merge=options.merge)
    try:
        run = begin(options, new_folder(), mode="drill", actor=ACTOR, script=script)
    except (PlacesError, LabError) as error:
        complain(str(error))
        return codes.BLOCKED
    except OSError as error:
        complain(f"The run's folder cannot be written ({error}). Nothing was changed. Make room or set XDG_STATE_HOME.")
        return codes.BLOCKED
    return asyncio.run(_drill(options, run))


async def _drill(options: argparse.Namespace, run: LabRun) -> int:
    if options.plan:
        return await _print_plan(run)
    try:
        await choose_scenario(run, options)
        client = await launch(run.folder)
    except (LabError, LaunchError, SessionGone, SessionRefused, OSError) as error:
        complain(unchanged(error))
        await end_lab(run.ready)
        return codes.BLOCKED
    return await follow(client, run.folder, Printer(as_json=options.json))


async def _print_plan(run: LabRun) -> int:
    from cpr_cockpit.core.ports import PortError
    from cpr_cockpit.engine.planning import Blocked
    from cpr_cockpit.wiring import ConfigError, plan_text

    try:
        say(await plan_text(run.folder))
    except (ConfigError, PortError, Blocked) as error:
        complain(error.words() if isinstance(error, PortError) else str(error))
        return codes.BLOCKED
    finally:
        await end_lab(run.ready)
    return 0
