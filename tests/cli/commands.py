"""Runs a command as the command line does, and keeps what it said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.cli import main
from tests.lab.running import RunningLab


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


class Command:
    """``command("check", folder)``."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str | Path) -> Said:
        self._capsys.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as error:
            code = int(error.code or 0)
        said = self._capsys.readouterr()
        return Said(code, said.out, said.err)

    def object(self, *words: str | Path) -> dict[str, Any]:
        """The one JSON object that the command prints; its code must be the process's."""
        said = self(*words, "--json")
        body: dict[str, Any] = json.loads(said.out)
        assert body["exit_code"] == said.code
        return body


def ready_with(folder: Path, lab: RunningLab, **changes: object) -> Path:
    """The lab's ready file with something changed."""
    path = folder / "ready.json"
    path.write_text(json.dumps(lab.ready | changes), "utf-8")
    return path


def _inline(value: Any) -> str:
    """A JSON value as TOML writes it on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(each)}" for key, each in value.items()) + " }"
    return f"[{', '.join(map(_inline, value))}]" if isinstance(value, list) else json.dumps(value)


def as_environment(lab: RunningLab) -> str:
    """A ``cockpit.toml`` that names the lab as one would name an app in another cloud."""
    ready = lab.ready
    keys = ("tenant", "subscription", "resource_group", "app", "slot", "workspace_id", "app_insights_id")
    cloud = ("resource_manager", "authority", "logs", "logs_audience")
    lines = [f"journeys = {_inline(ready['journeys']['journeys'])}", "[secrets.login]", 'command = ["false"]']
    lines += ["[environments.loop]", *(f'{key} = "{ready[key]}"' for key in (*keys, "production_url", "slot_url"))]
    lines += ["certificate_days = 1", "[environments.loop.cloud]", *(f'{key} = "{ready[key]}"' for key in cloud)]
    lines += ['kudu_audience = "https://appservice.azure.com"', "[workers]"]
    lines += [*(f'{key} = "{value}"' for key, value in ready["workers"].items()), "[artifacts]"]
    return "\n".join([*lines, f'version = "{ready["versions"]["good"]}"', f'path = "{ready["packages"]["good"]}"', ""])


def sign_in(monkeypatch: pytest.MonkeyPatch, lab: RunningLab, *, secret: str = "") -> None:
    """What a pipeline's identity gives azure-identity's chain, and the machine's trust in the lab's certificates."""
    ready = lab.ready
    monkeypatch.setenv("SSL_CERT_FILE", ready["ca"])
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    monkeypatch.setenv("AZURE_TENANT_ID", ready["tenant"])
    monkeypatch.setenv("AZURE_CLIENT_ID", ready["client_id"])
    monkeypatch.setenv("AZURE_CLIENT_SECRET", secret or ready["client_secret"])
