"""``open``: a run on the real configuration, or on a lab that somebody runs, shown on the screen."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import json
import shutil
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.attach import face, no_screen
from cpr_cockpit.cli.output import complain
from cpr_cockpit.cli.person import acting
from cpr_cockpit.cli.release import (
    BORROWED_LAB,
    Aim,
    aim,
    bring_artifacts,
    gate_of,
    lacking,
    name_of,
    policy_of,
    session_settings,
    settings_in,
)
from cpr_cockpit.config import NAME, Loaded, Problem, SettingsError
from cpr_cockpit.core.readiness import Readiness
from cpr_cockpit.documents import automation_deploy, automation_test, test_report
from cpr_cockpit.documents.feature import FeatureDocuments, read_feature
from cpr_cockpit.engine.app_lock import AppBusy, AppLock
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.launch import LaunchError, launch
from cpr_cockpit.engine.places import PlacesError, make_run_folder, new_run_name
from cpr_cockpit.engine.zips import ZipError, examine
from cpr_cockpit.lab_client import LabError
from cpr_cockpit.wiring import ConfigError, place_of, write_config

# What the run keeps of the feature's folder: what its gate stood on.
_PAPERS = (automation_deploy.NAME, test_report.NAME, automation_test.NAME, NAME)


def open(options: argparse.Namespace) -> int:  # the command's name
    """Prepare the run, start its session, show it; 1 with the reason where it cannot begin."""
    feature = Path(options.feature)
    if no_screen(plain=options.plain):
        return codes.BLOCKED
    try:
        loaded = settings_in(feature)
        chosen = _aimed(loaded, options)
        actor = _actor(loaded, options.person)
        folder = _prepared(feature, loaded, chosen, actor)
        if folder is None:
            return codes.BLOCKED
        asyncio.run(_launch(folder))
    except SettingsError as error:
        for problem in error.problems:
            complain(problem.words())
        complain("Nothing was changed.")
        return codes.BLOCKED
    except (LabError, ConfigError, AppBusy, PlacesError) as error:
        complain(str(error))
        return codes.BLOCKED
    except (LaunchError, SessionGone, SessionRefused, ZipError, OSError) as error:
        complain(f"The run cannot begin: {error} The environment was not changed.")
        return codes.BLOCKED
    return face(folder, actor, plain=options.plain, read_only=False)


def _aimed(loaded: Loaded | None, options: argparse.Namespace) -> Aim:
    """Where to, with all that a run needs later."""
    chosen = aim(loaded, environment=options.environment, lab=options.lab)
    missing = lacking(chosen)
    if missing:
        raise SettingsError(missing)
    return chosen


def _actor(loaded: Loaded | None, wanted: str) -> str:
    """Who opens the run: one of the settings' people where they name any and somebody was named."""
    people = loaded.settings.people if loaded else ()
    if not wanted or not people:
        return acting(wanted)
    known = {one.initials.lower(): one.name for one in people} | {one.name.lower(): one.name for one in people}
    if wanted.lower() in known:
        return known[wanted.lower()]
    near = difflib.get_close_matches(wanted.lower(), known, 1, 0.6)
    hint = f" (nearest match: {known[near[0]]})" if near else ""
    allowed = ", ".join(f"{one.initials} ({one.name})" for one in people)
    raise SettingsError([Problem("--as", "", f"names {wanted!r}, who is not among the people{hint}", allowed)])


def _prepared(feature: Path, loaded: Loaded | None, chosen: Aim, actor: str) -> Path | None:
    """The run's folder, ready for its session; None where the gate blocks, which has been said."""
    documents, policy = read_feature(feature), policy_of(loaded)
    gate = gate_of(documents, policy)
    if gate.level is Readiness.NOT_READY:
        complain(f"The gate says NOT READY: {'; '.join(gate.blockers)}. Nothing was changed. See: cpr-cockpit check")
        return None
    examine(chosen.new_path)
    azure = place_of(chosen.target, chosen.ready).azure
    run = new_run_name(name_of(feature))
    # Held for a moment: the session takes it for its whole life, and refuses by itself where another was faster.
    AppLock(azure.resource_manager, azure.site_id, run).close()
    folder = make_run_folder(run)
    _fill(folder, feature, chosen, documents)
    settings = session_settings(chosen, documents, policy, feature=name_of(feature), folder=folder, actor=actor)
    write_config(settings, chosen.target)
    return folder


def _fill(folder: Path, feature: Path, chosen: Aim, documents: FeatureDocuments) -> None:
    papers = folder / "feature" / name_of(feature)
    papers.mkdir(parents=True)
    for name in {one.source for one in documents.facts} | set(_PAPERS):
        if (feature / name).is_file():
            shutil.copyfile(feature / name, papers / name)
    bring_artifacts(chosen, folder / "artifacts")
    if chosen.ready:
        path = folder / BORROWED_LAB
        path.touch(mode=0o600)
        path.write_text(json.dumps(dict(chosen.ready)) + "\n", "utf-8")


async def _launch(folder: Path) -> None:
    await (await launch(folder)).close()
