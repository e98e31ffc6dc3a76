"""The real `az` client as an independent witness of the lab: a process for each command, a folder of its own.

It is found by the environment variable AZ, or on the PATH; nothing here is faked and nothing of it is imported.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CLOUD = "lab"
# One command is over in two seconds; on a machine with more to do it may take many times as long.
PATIENCE_S = 180.0


def program() -> str | None:
    """The client's path; None where it is not installed."""
    return shutil.which(os.environ.get("AZ") or "az")


NEEDS_AZ = pytest.mark.skipif(
    program() is None, reason="there is no az client: name it by the environment variable AZ, or put it on the PATH"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer; None where it had nothing to say."""
        return json.loads(self.out) if self.out.strip() else None


@dataclass(frozen=True, slots=True)
class Az:
    """One user's `az`: his folder, and the authority that he trusts."""

    program: str
    folder: Path
    ca: str
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the tester's own: another user's sign-in, defaults and proxies stay out."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "AZURE_CONFIG_DIR": str(self.folder / "azure"),
            "REQUESTS_CA_BUNDLE": self.ca,
            "AZURE_CORE_COLLECT_TELEMETRY": "0",
            "AZURE_CORE_NO_COLOR": "1",
            "AZURE_CORE_DISABLE_PROGRESS_BAR": "1",
            **self.more,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command."""
        return subprocess.Popen(
            [self.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            cwd=self.folder,
        )

    def end(self, process: subprocess.Popen[str]) -> Said:
        """Wait for a command's end."""
        try:
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
            process.wait()
        return Said(process.returncode, out, err)

    def said(self, *arguments: str) -> Said:
        """Run a command, whatever comes of it."""
        return self.end(self.start(*arguments))

    def __call__(self, *arguments: str) -> Any:
        """The answer of a command that must succeed."""
        said = self.said(*arguments)
        assert said.code == 0, (arguments, said.out, said.err)
        return said.json

    def refused(self, *arguments: str) -> str:
        """The words with which a command is refused."""
        said = self.said(*arguments)
        assert said.code != 0, (arguments, said.out, said.err)
        return said.err

    def meet(self, ready: dict[str, Any]) -> None:
        """Make the lab with this ready file the cloud that all commands go to, without a sign-in yet."""
        manager = ready["resource_manager"]
        self("cloud", "register", "-n", CLOUD, "--endpoint-resource-manager", manager)
        # Azure's own ends in a slash, on which some commands rely that put a path behind it.
        endpoint = ("--skip-endpoint-discovery", "--endpoint-resource-manager", f"{manager}/")
        self("cloud", "update", "-n", CLOUD, *endpoint)
        self("cloud", "set", "-n", CLOUD)
        # Where the lab's authority may issue tokens is asked of login.microsoftonline.com otherwise.
        self("config", "set", "core.instance_discovery=false")

    def sign_in(self, ready: dict[str, Any]) -> Any:
        """Sign in as the lab's service principal; the secret goes by a file, never by the argument list."""
        secret = self.folder / "secret"
        secret.write_text(ready["client_secret"], "utf-8")
        secret.chmod(0o600)
        # In one word with its option: a secret may begin with a dash.
        who = ("-u", ready["client_id"], f"--password=@{secret}", "-t", ready["tenant"])
        return self("login", "--service-principal", *who)


def signed_in(folder: Path, ready: dict[str, Any]) -> Az:
    """The client, signed in at the lab with this ready file, with `folder` as the user's own."""
    found = program()
    assert found is not None
    folder.mkdir(parents=True, exist_ok=True)
    az = Az(found, folder, ready["ca"])
    az.meet(ready)
    az.sign_in(ready)
    return az
