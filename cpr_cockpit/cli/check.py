"""``check``: the gate, the settings, the items, and what the machine can verify today. It changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.checked import Checked, as_json, lines
from cpr_cockpit.cli.output import complain, say
from cpr_cockpit.cli.release import Aim, aim, gate_of, lacking, policy_of, settings_in, wanted, wrong_ready
from cpr_cockpit.config import Loaded, SettingsError
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.readiness import Readiness
from cpr_cockpit.core.sensing import Reading, State, told_once
from cpr_cockpit.documents.feature import read_feature
from cpr_cockpit.engine.channels import channel_readings
from cpr_cockpit.engine.freezing import Freezes
from cpr_cockpit.engine.inspecting import inspect_apps
from cpr_cockpit.engine.own_sensors import own_sensors
from cpr_cockpit.engine.sensing import sense
from cpr_cockpit.engine.tag_guard import tag_readings
from cpr_cockpit.engine.trying import try_signals
from cpr_cockpit.engine.users_by_hour import users_by_hour
from cpr_cockpit.engine.zips import ZipError, examine
from cpr_cockpit.lab_client import LabError
from cpr_cockpit.wiring import ConfigError, left_out, outside_of, place_of


def check(options: argparse.Namespace) -> int:
    """Print what stands in the way; 0 READY, 1 NOT READY or blocked, 2 wrong use, 3 not determined, 4 CONDITIONAL."""
    if wrong := wrong_ready(options.lab):
        complain(wrong)
        return codes.WRONG_USE
    folder = Path(options.feature)
    documents = read_feature(folder)
    loaded, chosen, troubles = _settings(folder, options)
    policy = policy_of(loaded)
    readings = (*_left_out(chosen, loaded), *_readings(chosen, policy)) if chosen is not None else ()
    checked = Checked(
        folder=folder,
        gate=gate_of(documents, policy),
        documents=documents,
        file=loaded.path if loaded else None,
        environments=tuple(sorted(loaded.settings.environments)) if loaded else (),
        aim=chosen,
        troubles=troubles,
        readings=readings,
    )
    code = code_of(checked)
    if options.json:
        print(json.dumps(as_json(checked, code, items=options.items, trace=options.trace_procedure)))
        return code
    for line in lines(checked, items=options.items, trace=options.trace_procedure):
        say(line)
    return code


def code_of(checked: Checked) -> int:
    """What is wrong comes before what is not known, and that before what asks for an approval."""
    states = {one.state for one in checked.readings}
    if checked.gate.level is Readiness.NOT_READY or checked.troubles or State.FAILED in states:
        return codes.BLOCKED
    if State.UNKNOWN in states:
        return codes.UNKNOWN
    return codes.CONDITIONAL if checked.gate.level is Readiness.CONDITIONAL else 0


def _settings(folder: Path, options: argparse.Namespace) -> tuple[Loaded | None, Aim | None, tuple[str, ...]]:
    """Settings, what they aim at where that was asked for, and every trouble with either."""
    loaded: Loaded | None = None
    try:
        loaded = settings_in(folder)
        if options.lab is None and wanted(options.environment) is None:
            return loaded, None, ()
        chosen = aim(loaded, environment=options.environment, lab=options.lab)
    except SettingsError as error:
        return loaded, None, tuple(one.words() for one in error.problems)
    except (LabError, ConfigError) as error:
        return loaded, None, (str(error),)
    return loaded, chosen, tuple(one.words() for one in lacking(chosen))


def _readings(chosen: Aim, policy: Policy) -> tuple[Reading, ...]:
    try:
        return (_artifact(chosen), *_frozen(chosen), *asyncio.run(_look(chosen, policy)))
    except OSError as error:
        complain(f"The environment cannot be asked ({error}). Nothing was changed.")
        return (Reading("environment", State.UNKNOWN, str(error)),)


async def _look(chosen: Aim, policy: Policy) -> tuple[Reading, ...]:
    async with outside_of(place_of(chosen.target, chosen.ready, chosen.course.declared), policy) as ports:
        sensors = own_sensors(ports, lambda: chosen.course, chosen.contacts, policy, chosen.delay_s)
        readings, items, signals, tags, users, channels = await asyncio.gather(
            inspect_apps(ports, chosen.slot, chosen.new_version, chosen.course),
            sense(sensors, clock=ports.clock),
            try_signals(ports),
            tag_readings(ports, chosen.safeguards.tag),
            users_by_hour(ports, policy.scaled(policy.window_s)),
            channel_readings(ports.notifiers),
        )
        return told_once((*tags, *readings, *items, *signals, *users, *channels))


def _frozen(chosen: Aim) -> tuple[Reading, ...]:
    """The freeze that holds now, where one does."""
    held = Freezes(chosen.safeguards.freezes).at(time.time())
    return () if held is None else (Reading("freeze", State.NOTE, f"{held.words}: START asks for a reason"),)


def _left_out(chosen: Aim, loaded: Loaded | None) -> tuple[Reading, ...]:
    """What is declared for an environment and has no part in a run on a lab."""
    found = []
    if names := left_out(place_of(chosen.target, chosen.ready)):
        words = f"a lab asks nothing beyond this machine: {', '.join(names)} not read"
        found.append(Reading("[[checks]] with url, [[code]]", State.NOTE, words))
    if not chosen.ready or loaded is None:
        return tuple(found)
    for table, names in (
        ("[[notify]]", tuple(one.name for one in loaded.settings.notify)),
        ("[[journeys]]", tuple(one.name for one in loaded.settings.journeys)),
    ):
        if names:
            words = f"a lab has its own: {', '.join(names)} left out"
            found.append(Reading(table, State.NOTE, words))
    return tuple(found)


def _artifact(chosen: Aim) -> Reading:
    name = f"artifact {chosen.new_version}"
    try:
        digest = examine(chosen.new_path)
    except ZipError as error:
        return Reading(name, State.FAILED, f"{error} Looked for at {chosen.new_path}.")
    return Reading(name, State.OK, f"{chosen.new_path.name}, a whole zip, SHA-256 {digest[:12]}")
