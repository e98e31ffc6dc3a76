"""The one place where ports meet adapters: builds a Session from a run's configuration."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cpr_cockpit.core.events import Script
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.lab_client import READY_FILE, LabError, read_ready

CONFIG = "session.json"


class ConfigError(Exception):
    """The run's configuration cannot be used: file, key, what was found."""


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The settings of a run and the lab that it runs on."""

    settings: SessionSettings
    ready: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.settings.folder


def write_config(settings: SessionSettings) -> None:
    """Keep the settings in the run's folder, so that a new session can go on."""
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
        "readiness": [asdict(facts) for facts in settings.readiness],
    }
    path = settings.folder / CONFIG
    path.write_text(json.dumps(body, indent=2) + "\n", "utf-8")
    path.chmod(0o600)


def environment_of(ready: dict[str, Any]) -> dict[str, str]:
    """The pinned ids and addresses of a lab, without its secrets."""
    names = ("tenant", "subscription", "resource_group", "app", "slot", "production_url", "slot_url", "workspace_id")
    return {name: str(ready[name]) for name in names}


def read_config(folder: Path) -> SessionConfig:
    """The configuration of the run in ``folder``; ConfigError names the file and what is wrong with it."""
    path = folder / CONFIG
    try:
        body = json.loads(path.read_text("utf-8"))
        ready = read_ready(folder / READY_FILE)
        settings = SessionSettings(
            run=body["run"],
            feature=body["feature"],
            mode=body["mode"],
            actor=body["actor"],
            script=Script(**body["script"]) if body["script"] else None,
            environment=environment_of(ready),
            slot=body["slot"],
            new_version=body["new_version"],
            policy=Policy.from_dict(body["policy"]),
            window_s=float(body["window_s"]),
            declared_delay_s=float(body["declared_delay_s"]),
            readiness=tuple(ReadinessFacts(**facts) for facts in body["readiness"]),
            folder=folder,
        )
    except LabError as error:
        raise ConfigError(str(error)) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} cannot be used ({error!r}). Nothing was changed. Begin a new run.") from error
    return SessionConfig(settings, ready)
