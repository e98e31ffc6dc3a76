"""Starts a session process that outlives the face that started it, and waits until it answers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.greeting import SessionGone

ERROR_FILE = "session.err"
START_TIMEOUT_S = 30.0


class LaunchError(Exception):
    """The session process did not come up; its own words."""

    def __init__(self, words: str, code: int) -> None:
        super().__init__(words)
        self.code = code


def _ends_with_login() -> bool:
    """Whether systemd would end our processes with the login (KillUserProcesses=yes)."""
    if shutil.which("loginctl") is None or shutil.which("systemd-run") is None or "XDG_RUNTIME_DIR" not in os.environ:
        return False
    try:
        asked = subprocess.run(
            [
                "busctl",
                "get-property",
                "org.freedesktop.login1",
                "/org/freedesktop/login1",
                "org.freedesktop.login1.Manager",
                "KillUserProcesses",
            ],
            capture_output=True,
            text=True,
            timeout=2.0,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.stdout.strip() == "b true"


def command_for(folder: Path, *arguments: str) -> list[str]:
    """The session's command line, in a user scope of its own where the login would take it along."""
    command = [sys.executable, "-m", "cpr_cockpit.session_main", str(folder), *arguments]
    if _ends_with_login():
        return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "--", *command]
    return command


def _sink(errors: Path) -> BinaryIO:
    """Where the session's last words go: nowhere where no file can be written, for a rollback begins all the same."""
    try:
        return errors.open("wb")
    except OSError:
        return Path(os.devnull).open("wb")


def _spawn(folder: Path, errors: Path, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
    # In a session of its own: neither a hang-up of our terminal nor our interrupt key reaches it.
    with _sink(errors) as sink:
        return subprocess.Popen(
            command_for(folder, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            cwd="/",
        )


def _last_words(errors: Path) -> list[str]:
    try:
        return errors.read_text("utf-8", errors="replace").strip().splitlines()
    except OSError:
        return []


async def launch(folder: Path, *arguments: str) -> Client:
    """Start the session of the run in ``folder`` and connect to it; LaunchError with its own words where it ends."""
    errors = folder / ERROR_FILE
    process = _spawn(folder, errors, arguments)
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        # A session without a journal (law 5) holds no lock: whether one answers is what counts.
        with contextlib.suppress(SessionGone):
            return await Client.connect(folder.name)
        if process.poll() is not None:
            said = _last_words(errors)
            raise LaunchError(said[-1] if said else "The session ended without a word.", process.returncode)
        await asyncio.sleep(0.03)
    raise LaunchError(f"The session did not answer within {START_TIMEOUT_S:.0f} s. See {folder / 'cockpit.log'}.", 40)
