"""``open``: a run on the real configuration, or on a lab that somebody runs, shown on the screen.

With ``--observe`` it only looks on (`cli.observe`).
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.attach import face, no_screen
from cpr_cockpit.cli.observe_options import misused
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
    wrong_ready,
)
from cpr_cockpit.config import NAME, Loaded, Problem, SettingsError
from cpr_cockpit.core.readiness import Readiness
from cpr_cockpit.documents import automation_deploy, automation_test, test_report
from cpr_cockpit.documents.feature import FeatureDocuments, read_feature
from cpr_cockpit.engine.app_lock import AppBusy, hold_all
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
    if wrong := misused(options):
        complain(f"{wrong} Nothing was changed.")
        return codes.WRONG_USE
    if wrong := wrong_ready(options.lab):
        complain(wrong)
        return codes.WRONG_USE
    if options.decide is None and no_screen(plain=options.plain):
        return codes.BLOCKED
    begun = _begun(options)
    if begun is None:
        return codes.BLOCKED
    folder, actor = begun
    if options.decide is not None:
        from cpr_cockpit.cli.observe import to_the_end

        return asyncio.run(to_the_end(folder, as_json=options.json))
    return face(folder, actor, plain=options.plain, read_only=False)


def _begun(options: argparse.Namespace) -> tuple[Path, str] | None:
    """The run's folder and who opened it, once its session answers; None where it cannot begin, which has been said."""
    try:
        prepared = _to_begin(options)
        if prepared is not None:
            asyncio.run(_launch(prepared[0]))
    except SettingsError as error:
        for problem in error.problems:
            complain(problem.words())
        complain("Nothing was changed.")
        return None
    except (LabError, ConfigError, AppBusy, PlacesError) as error:
        complain(str(error))
        return None
    except (LaunchError, SessionGone, SessionRefused, ZipError, OSError) as error:
        complain(f"The run cannot begin: {error} The environment was not changed.")
        return None
    return prepared


def _to_begin(options: argparse.Namespace) -> tuple[Path, str] | None:
    feature = Path(options.feature)
    loaded = settings_in(feature)
    if options.observe:
        from cpr_cockpit.cli.observe import prepare

        return prepare(options, loaded)
    chosen, actor = _aimed(loaded, options), actor_of(loaded, options.person)
    folder = _prepared(feature, loaded, chosen, actor)
    return None if folder is None else (folder, actor)


def _aimed(loaded: Loaded | None, options: argparse.Namespace) -> Aim:
    """Where to, with all that a run needs later."""
    chosen = aim(
        loaded,
        environment=options.environment,
        lab=options.lab,
        strategy=options.strategy,
        control=options.control,
        preview=options.preview,
    )
    missing = lacking(chosen)
    if missing:
        raise SettingsError(missing)
    return chosen


def actor_of(loaded: Loaded | None, wanted: str) -> str:
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
    run = new_run_name(name_of(feature))
    # Held for a moment: the session takes it for its whole life, and refuses by itself where another was faster.
    hold_all(place_of(chosen.target, chosen.ready).sites, run).close()
    folder = make_run_folder(run)
    keep_documents(folder, feature, documents)
    bring_artifacts(chosen, folder / "artifacts")
    keep_ready(folder, chosen.ready)
    settings = session_settings(chosen, documents, policy, feature=name_of(feature), folder=folder, actor=actor)
    write_config(settings, chosen.target)
    return folder


def keep_documents(folder: Path, feature: Path, documents: FeatureDocuments) -> None:
    """Copy into the run's folder what its gate stands on. OSError."""
    papers = folder / "feature" / name_of(feature)
    papers.mkdir(parents=True)
    for name in {one.source for one in documents.facts} | set(_PAPERS):
        if (feature / name).is_file():
            shutil.copyfile(feature / name, papers / name)


def keep_ready(folder: Path, ready: Mapping[str, Any]) -> None:
    """Keep the ready file of somebody else's lab; nothing where it is none. OSError."""
    if ready:
        path = folder / BORROWED_LAB
        path.touch(mode=0o600)
        path.write_text(json.dumps(dict(ready)) + "\n", "utf-8")


async def _launch(folder: Path) -> None:
    await (await launch(folder)).close()
