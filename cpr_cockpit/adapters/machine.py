"""This machine as a deployment at night needs it: the terminal, the power, the login, the place of the journals.

Only files and environment variables are read, and loginctl is asked where systemd runs. Nothing is changed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cpr_cockpit.core.sensing import Reading, State

# The cockpit's floor and what it is drawn for (columns, rows).
_LEAST, _WHOLE = (60, 15), (80, 24)
# Bytes: a journal with two artifacts.
_ROOM = 500_000_000
_LOGINCTL_S = 3.0
_YES = ("yes", "true")


@dataclass(frozen=True, slots=True)
class Terminal:
    """``size``: columns and rows; ``is_terminal``: somebody can see it; ``encoding``: of standard output."""

    size: tuple[int, int]
    is_terminal: bool
    encoding: str


def terminal(environ: Mapping[str, str], seen: Terminal) -> Reading:
    """Colours, size, UTF-8, TERM."""
    term, (columns, rows) = environ.get("TERM", ""), seen.size
    words = f"TERM {term or 'not set'}, {columns} x {rows}, {seen.encoding or 'no encoding'}"
    if not seen.is_terminal:
        return Reading("terminal", State.NOTE, f"{words}: the output goes to no terminal, so it could not be looked at")
    if term in ("", "dumb") or (columns, rows) < _LEAST or columns < _LEAST[0] or rows < _LEAST[1]:
        return Reading("terminal", State.FAILED, f"{words}: no screen can be shown. Use --plain, or another terminal.")
    colours = environ.get("COLORTERM", "") in ("truecolor", "24bit") or "256color" in term or "direct" in term
    lacking = [] if colours else ["fewer than 256 colours: F2 chooses the terminal's own"]
    if "utf" not in seen.encoding.casefold():
        lacking.append("no UTF-8: signs are drawn in ASCII; set LANG, such as C.UTF-8")
    if columns < _WHOLE[0] or rows < _WHOLE[1]:
        lacking.append("smaller than 80 x 24: much is left out")
    return Reading("terminal", State.NOTE if lacking else State.OK, "; ".join([words, *lacking]))


def power(root: Path = Path("/sys/class/power_supply")) -> Reading:
    """Battery or mains. The session's machine must not sleep in the critical window."""
    advice = "keep it from sleeping: systemd-inhibit --what=sleep:idle, or its settings"
    try:
        kinds = {one.name: _text(one / "type") for one in sorted(root.iterdir())}
    except OSError:
        return Reading("power", State.NOTE, f"this system does not tell of its power; {advice}")
    batteries = [
        root / name for name, kind in kinds.items() if kind == "Battery" and _text(root / name / "scope") != "Device"
    ]
    if not batteries:
        return Reading("power", State.OK, "no battery: it runs on mains")
    charge = _text(batteries[0] / "capacity")
    if any(_text(one / "status") == "Discharging" for one in batteries):
        words = f"on battery{f' at {charge} %' if charge else ''}: connect it to mains, and {advice}"
        return Reading("power", State.FAILED, words)
    return Reading("power", State.NOTE, f"on mains, with a battery: a portable sleeps when it is closed; {advice}")


async def login(environ: Mapping[str, str], systemd: Path = Path("/run/systemd/system")) -> Reading:
    """Whether what was begun here outlives the login: systemd ends it where it is told to."""
    inside = "tmux" if environ.get("TMUX") else "screen" if environ.get("STY") else ""
    where = f"inside {inside}" if inside else "over SSH" if environ.get("SSH_CONNECTION") else "a local login"
    if not systemd.is_dir():  # noqa: ASYNC240  # a look at a folder in memory
        return Reading("login", State.OK, f"{where}; no systemd here: a session outlives its login")
    linger = await _loginctl("show-user", str(os.getuid()), "--property=Linger", "--value")
    killed = await _kills()
    if killed is None and linger is None:
        return Reading("login", State.UNKNOWN, f"{where}; systemd did not tell whether a session outlives its login")
    if killed in _YES and linger not in _YES:
        words = "systemd ends what you began when you log out (KillUserProcesses=yes): loginctl enable-linger"
        return Reading("login", State.FAILED, f"{where}; {words}")
    return Reading("login", State.OK, f"{where}; a session outlives its login{' (linger)' if linger in _YES else ''}")


async def _kills() -> str | None:
    """The manager's KillUserProcesses; None where it is not told."""
    asked = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "KillUserProcesses")
    answer = await _asked("busctl", "get-property", *asked)
    return None if answer is None else answer.removeprefix("b ").strip()


async def _loginctl(*words: str) -> str | None:
    return await _asked("loginctl", *words)


async def _asked(program: str, *words: str) -> str | None:
    """What a program of systemd answers; None where it is not there, refuses or hangs."""
    path = shutil.which(program)
    if path is None:
        return None
    nothing = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            path, *words, stdin=nothing, stderr=nothing, stdout=asyncio.subprocess.PIPE
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(_LOGINCTL_S):
            answer, _ = await process.communicate()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return None
    return answer.decode(errors="replace").strip() if process.returncode == 0 else None


def journals(home: Path) -> Reading:
    """Whether runs can be written, and whether there is room for one."""
    place = next((one for one in (home, *home.parents) if one.exists()), None)
    if place is None or not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Reading("journals", State.FAILED, f"{home} cannot be written: set XDG_STATE_HOME to a folder of yours")
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Reading("journals", State.UNKNOWN, f"{home}: the room cannot be read ({error.strerror})")
    words = f"{home}, {free / 1e9:.1f} GB free"
    return Reading(
        "journals", State.OK if free >= _ROOM else State.FAILED, words + ("" if free >= _ROOM else ": make room")
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
