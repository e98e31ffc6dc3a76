"""Manners at the terminal: may a screen be drawn, signals, a crash in one sentence, the last line."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from cpr_cockpit.tui.app import CockpitApp

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
# Borders, blocks and marks of the chrome; a terminal that cannot take them shows escapes instead.
_CHROME = "─│╔═█▄"


def check_terminal(
    environ: Mapping[str, str] | None = None, streams: tuple[TextIO, TextIO, TextIO] | None = None
) -> str | None:
    """One sentence that says why no screen can be drawn here, or None where it can.

    ``streams``: standard input, output and error; Textual draws on standard error.
    """
    environ = os.environ if environ is None else environ
    names = ("standard input", "standard output", "standard error")
    for name, stream in zip(names, streams or (sys.stdin, sys.stdout, sys.stderr), strict=True):
        if stream is None or not stream.isatty():
            return f"A screen needs a terminal, and {name} is none."
    if environ.get("TERM", "") in ("", "dumb", "unknown"):
        return f"A screen needs a terminal that can move its cursor, and TERM is {environ.get('TERM') or 'not set'}."
    stream = (streams or (sys.stdin, sys.stdout, sys.stderr))[2]
    try:
        _CHROME.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return f"A screen needs a UTF-8 terminal, and its encoding is {stream.encoding}: set LANG=C.UTF-8."
    return None


def end_on_signals(leave: Callable[[int], None]) -> None:
    """Call ``leave(128 + n)`` on signal n of those that end a program, so that the terminal is handed back clean."""
    loop = asyncio.get_running_loop()
    for number in ENDING:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, leave, 128 + number)


def state_folder() -> Path:
    """Where crash reports and copied values go: beside the runs."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "cpr-cockpit"


def write_private(name: str, text: str) -> Path | None:
    """Write a file of ours alone into the state folder; None where that is not possible."""
    try:
        folder = state_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return path


def write_crash(error: BaseException) -> Path | None:
    """The traceback of an error, in a file; without the values of variables, which may be secrets."""
    name = f"screen-crash-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.txt"
    return write_private(name, "".join(traceback.format_exception(error)))


def run_face(app: CockpitApp) -> int:
    """Run the screen to its end, say on the normal screen how to come back, and return the exit code.

    The mouse is left to the terminal: everything has a key, and text can be selected as everywhere else.
    """
    app.run(mouse=False)
    try:
        print(app.last_words(), flush=True)  # noqa: T201 - the line that is left on the terminal
    except (OSError, ValueError):
        # The line was hung up: what is still buffered must not turn the exit code into Python's own 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return app.return_code or 0
