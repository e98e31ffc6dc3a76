"""``open --observe``: look on while others deploy. No artifact is needed, no app is held, nothing blocks."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cpr_cockpit.cli.following import conclude_ended, follow
from cpr_cockpit.cli.open import actor_of, keep_documents, keep_ready
from cpr_cockpit.cli.output import Printer, complain
from cpr_cockpit.cli.release import BORROWED_LAB, LAB_DELAY_S, gate_of, name_of, policy_of, unset_headers, wanted
from cpr_cockpit.config import NAME, Loaded, Problem, SettingsError
from cpr_cockpit.core.events import Script
from cpr_cockpit.core.readiness import Readiness
from cpr_cockpit.core.strategy import OLD_ARTIFACT
from cpr_cockpit.documents.feature import read_feature
from cpr_cockpit.documents.whole import write_whole
from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.places import make_run_folder, new_run_name
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.lab_client import read_ready
from cpr_cockpit.wiring import Target, write_config
from cpr_cockpit.wiring.target import check_ready


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at. ``ready``: a lab's ready file, {} for an environment; ``new_version`` "": whatever comes."""

    mode: str
    target: Target
    ready: Mapping[str, Any]
    slot: str
    delay_s: float
    new_version: str = ""
    old_path: Path | None = None


def watched(loaded: Loaded | None, *, environment: str | None, lab: str | None) -> Watched:
    """What the options name; SettingsError, LabError or ConfigError where that cannot be told."""
    if lab is not None:
        ready = read_ready(Path(lab))
        check_ready(Path(lab), ready)
        return Watched("rehearse", Target(ready_file=BORROWED_LAB), ready, ready["slot"], LAB_DELAY_S)
    if loaded is None:
        what = "is missing, in the feature folder and above it in the repository"
        raise SettingsError(
            [Problem(NAME, "", what, "a file with [environments.NAME], or --lab FILE of a running lab")]
        )
    _, chosen = loaded.environment(wanted(environment))
    missing = unset_headers(loaded.settings.signals)
    if missing:
        raise SettingsError(missing)
    target = Target(chosen, signals=loaded.settings.signals)
    found = Watched("open", target, {}, chosen.slot, chosen.telemetry_delay_s)
    artifacts = loaded.settings.artifacts
    if artifacts is None:
        return found
    old = loaded.path.parent / artifacts.old_path if artifacts.old_path else None
    return replace(found, new_version=artifacts.version, old_path=old)


def prepare(options: argparse.Namespace, loaded: Loaded | None) -> tuple[Path, str]:
    """The run's folder, ready for its session, and who opened it. The gate is told and does not block."""
    feature = Path(options.feature)
    chosen = watched(loaded, environment=options.environment, lab=options.lab)
    actor = actor_of(loaded, options.person)
    documents, policy = read_feature(feature), policy_of(loaded)
    gate = gate_of(documents, policy)
    if gate.level is Readiness.NOT_READY:
        complain(f"The gate says NOT READY: {'; '.join(gate.blockers)}. It is only looked on, so this blocks nothing.")
    folder = make_run_folder(new_run_name(name_of(feature)))
    keep_documents(folder, feature, documents)
    keep_ready(folder, chosen.ready)
    if chosen.old_path is not None:
        write_whole(folder / "artifacts" / OLD_ARTIFACT, chosen.old_path.read_bytes())
    settings = SessionSettings(
        run=folder.name,
        feature=name_of(feature),
        mode=chosen.mode,
        actor=actor,
        script=Script(decide=options.decide, extended=options.extended) if options.decide else None,
        environment=chosen.target.pinned(chosen.ready),
        slot=chosen.slot,
        new_version=options.new_version or chosen.new_version,
        policy=policy,
        window_s=options.window or policy.window_s,
        declared_delay_s=chosen.delay_s,
        readiness=documents.facts,
        folder=folder,
        signals=chosen.target.specs,
        observe=True,
    )
    write_config(settings, chosen.target)
    return folder, actor


async def to_the_end(folder: Path, *, as_json: bool) -> int:
    """Follow a session without a face until it ends; the run's exit code."""
    printer = Printer(as_json=as_json)
    try:
        client = await Client.connect(folder.name)
    except (SessionGone, SessionRefused):
        return await conclude_ended(folder, printer)
    return await follow(client, folder, printer)
