"""``doctor``: whether this machine and this sign-in are fit for a deployment, line by line. It changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cpr_cockpit.adapters import machine
from cpr_cockpit.cli import codes
from cpr_cockpit.cli.output import complain, say
from cpr_cockpit.cli.release import lab_tag, policy_of, settings_in, unset_headers, wanted, wrong_ready
from cpr_cockpit.config import NAME, Loaded, SettingsError
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.role import definition
from cpr_cockpit.core.sensing import Reading, State, told_once
from cpr_cockpit.engine.places import runs_home
from cpr_cockpit.lab_client import read_ready
from cpr_cockpit.wiring import Place, Target, place_of

_FILE = Path(NAME).name
_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+", re.IGNORECASE)
_WRITE_ONE = "write one with: cpr-cockpit init"


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: ``place`` None: no environment; ``readings``: what the settings themselves told."""

    readings: tuple[Reading, ...]
    place: Place | None = None
    tag: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)


def doctor(options: argparse.Namespace) -> int:
    """Print every line and the role; 0 all well (notes included), 1 something failed, 2 wrong use, 3 not determined."""
    if wrong := wrong_ready(options.lab):
        complain(wrong)
        return codes.WRONG_USE
    patient = _patient(options)
    readings = told_once((*asyncio.run(_machine()), *patient.readings, *_environment(patient)))
    role = _role(patient.place)
    code = code_of(readings)
    if options.json:
        body = {"type": "doctor", "exit_code": code, "readings": [asdict(one) for one in readings], "role": role}
        print(json.dumps(body))
        return code
    for one in readings:
        say(f"{one.state:<8} {one.name}: {one.words}")
    say("\nThe role that a deployment needs (az role definition create --role-definition FILE):")
    say(json.dumps(role, indent=2))
    say(f"\n{_result(readings)} Nothing was changed.")
    return code


def code_of(readings: tuple[Reading, ...]) -> int:
    """What failed comes before what is not known; a note is neither."""
    states = {one.state for one in readings}
    return codes.BLOCKED if State.FAILED in states else codes.UNKNOWN if State.UNKNOWN in states else 0


def _result(readings: tuple[Reading, ...]) -> str:
    counted = {state: sum(one.state is state for one in readings) for state in State}
    if not counted[State.FAILED] + counted[State.UNKNOWN]:
        return f"Fit for a deployment; {counted[State.NOTE]} notes."
    return f"{counted[State.FAILED]} failed, {counted[State.UNKNOWN]} not known, {counted[State.NOTE]} notes."


async def _machine() -> tuple[Reading, ...]:
    columns, rows = shutil.get_terminal_size()
    seen = machine.Terminal((columns, rows), sys.stdout.isatty(), sys.stdout.encoding or "")
    git = shutil.which("git")
    program = Reading("git", State.OK, git) if git else Reading("git", State.NOTE, "is not there: tags cannot be read")
    login = await machine.login(os.environ)
    return (machine.terminal(os.environ, seen), machine.power(), login, machine.journals(runs_home()), program)


def _patient(options: argparse.Namespace) -> Patient:
    """The settings and where they lead."""
    try:
        loaded = settings_in(Path())
    except SettingsError as error:
        told = tuple(Reading(_FILE, State.FAILED, problem.words()) for problem in error.problems)
        return _at_lab(options.lab, None, told) if options.lab else Patient(told)
    if options.lab:
        return _at_lab(options.lab, loaded, _read(loaded))
    if loaded is None:
        words = f"there is none in this folder or above it in its repository: {_WRITE_ONE}"
        return Patient((Reading(_FILE, State.FAILED, words),))
    return _at_environment(loaded, options.environment)


def _read(loaded: Loaded | None) -> tuple[Reading, ...]:
    return () if loaded is None else (Reading(_FILE, State.OK, f"{loaded.path} can be used"),)


def _at_lab(file: str, loaded: Loaded | None, told: tuple[Reading, ...]) -> Patient:
    ready = read_ready(Path(file))
    return Patient(told, place_of(Target(), ready), lab_tag(ready), policy_of(loaded))


def _at_environment(loaded: Loaded, named: str | None) -> Patient:
    try:
        name, environment = loaded.environment(wanted(named))
    except SettingsError as error:
        return Patient(tuple(Reading(_FILE, State.FAILED, problem.words()) for problem in error.problems))
    settings = loaded.settings
    target = Target(environment, signals=settings.signals, workers=settings.workers, notify=settings.notify)
    lacking = tuple(Reading("secrets", State.FAILED, one.words()) for one in unset_headers(settings.signals))
    where = Reading("environment", State.OK, f"{name}: {environment.app} in subscription {environment.subscription}")
    return Patient((*_read(loaded), where, *lacking), place_of(target, {}), environment.tag, loaded.policy)


def _environment(patient: Patient) -> tuple[Reading, ...]:
    """What Azure tells; a defect of ours, or a file that is no certificate, is a line as any other."""
    if patient.place is None:
        return (Reading("environment", State.UNKNOWN, "was not asked: nothing names one"),)
    from cpr_cockpit.wiring.doctoring import examine

    try:
        return asyncio.run(examine(patient.place, patient.tag, patient.policy))
    except (OSError, ValueError) as error:
        return (Reading("environment", State.UNKNOWN, f"cannot be asked ({error})"),)


def _role(place: Place | None) -> dict[str, Any]:
    """The role for the groups of this environment's apps, and of what its checks read."""
    if place is None:
        return definition(("/subscriptions/<id>/resourceGroups/<group>",), store=True)
    from cpr_cockpit.wiring.doctoring import needs_of_checks

    apps, around = (place.azure, *(one.azure for one in place.apps)), place.around
    groups = [f"/subscriptions/{one.subscription}/resourceGroups/{one.resource_group}" for one in apps]
    ids = (*around.alert_rules, place.azure.app_insights_id, around.dashboard_id, place.azure.database_id)
    groups += [found[0] for id in ids if (found := _GROUP.match(id))]
    # Azure takes the same group in other letters for a second one of the list.
    scopes = tuple({one.casefold(): one for one in reversed(groups)}.values())[::-1]
    return definition(scopes, store=bool(place.azure.app_configuration), checks=needs_of_checks(place))
