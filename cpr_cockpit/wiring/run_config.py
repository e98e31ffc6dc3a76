"""``session.json``: what a new session needs to go on with a run. It holds no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.events import Script
from cpr_cockpit.core.merging import MergePolicy
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.documents.feature import read_feature
from cpr_cockpit.documents.papers.writing import feature_folder
from cpr_cockpit.documents.whole import write_whole
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.lab_client import LabError, read_ready
from cpr_cockpit.wiring.target import LAB_MODES, ConfigError, Target, check_ready

CONFIG = "session.json"


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The settings of a run and where it deploys to; ``ready`` is the lab's ready file, {} where it is no lab."""

    settings: SessionSettings
    ready: Mapping[str, Any]
    target: Target

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.settings.folder


def write_config(settings: SessionSettings, target: Target | None = None) -> None:
    """Keep the settings in the run's folder; ``target`` None: the lab whose ready file lies there."""
    body = {
        "run": settings.run,
        "feature": settings.feature,
        "mode": settings.mode,
        "actor": settings.actor,
        "script": settings.script.model_dump() if settings.script else None,
        "slot": settings.slot,
        "new_version": settings.new_version,
        "policy": settings.policy.to_dict(),
        "window_s": settings.window_s,
        "declared_delay_s": settings.declared_delay_s,
        "observe": settings.observe,
        "commit": settings.commit,
        "course": settings.course.to_dict(),
        "merge": settings.merge.to_dict(),
        "contacts": [asdict(one) for one in settings.contacts],
        "readiness": [asdict(facts) for facts in settings.readiness],
        "target": (target or Target()).to_dict(),
    }
    write_whole(settings.folder / CONFIG, (json.dumps(body, indent=2) + "\n").encode())


def read_config(folder: Path) -> SessionConfig:
    """The configuration of the run in ``folder``; ConfigError names the file and what is wrong with it."""
    path = folder / CONFIG
    try:
        body = json.loads(path.read_text("utf-8"))
        target = Target.from_dict(body["target"])
        ready = _ready(folder, body["mode"], target)
        settings = SessionSettings(
            run=body["run"],
            feature=body["feature"],
            mode=body["mode"],
            actor=body["actor"],
            script=Script(**body["script"]) if body["script"] else None,
            environment=target.pinned(ready),
            slot=body["slot"],
            new_version=body["new_version"],
            policy=Policy.from_dict(body["policy"]),
            window_s=float(body["window_s"]),
            declared_delay_s=float(body["declared_delay_s"]),
            readiness=tuple(ReadinessFacts(**facts) for facts in body["readiness"]),
            folder=folder,
            signals=target.specs,
            observe=bool(body.get("observe", False)),
            commit=str(body.get("commit", "")),
            course=Course.from_dict(body.get("course") or {}),
            contacts=tuple(Contact(**one) for one in body.get("contacts") or ()),
            merge=MergePolicy.from_dict(body.get("merge") or {}),
        )
    except LabError as error:
        raise ConfigError(str(error)) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} cannot be used ({error!r}). Nothing was changed. Begin a new run.") from error
    return SessionConfig(settings, ready, target)


def readiness_of(folder: Path) -> tuple[ReadinessFacts, ...]:
    """What the feature's documents said when the run was prepared, whether or not its lab is still there; or ()."""
    try:
        body = json.loads((folder / CONFIG).read_text("utf-8"))
        return tuple(ReadinessFacts(**facts) for facts in body["readiness"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def findings_of(folder: Path, run: Run) -> tuple[str, ...]:
    """What the feature's documents want watched in production, from their copy in the run's folder."""
    copied = feature_folder(folder, run)
    found = read_feature(copied).findings if copied is not None else ()
    return tuple(f"{one.topic.value}: {one.text}" for one in found)


def _ready(folder: Path, mode: str, target: Target) -> Mapping[str, Any]:
    """The lab's ready file, {} for an environment. A lab's run never leaves this machine, and only it has a lab."""
    if (mode in LAB_MODES) is not (target.environment is None):
        raise ValueError(f"mode {mode!r} does not fit its target")
    if target.environment is not None:
        return {}
    path = folder / target.ready_file
    ready = read_ready(path)
    check_ready(path, ready)
    return ready
