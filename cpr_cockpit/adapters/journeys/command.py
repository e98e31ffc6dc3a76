"""A journey that is a command, such as a suite in a browser: its lines as they come, its artifacts kept within limits.

It is told where to go by variables: ``BASE_URL``, ``JOURNEY_PLACE`` (staging, production or the slot's name),
``JOURNEY_ARTIFACTS`` (a folder), ``JOURNEY_HEADERS`` (JSON: the headers by which its requests are known for the
cockpit's own). What it measures it tells by a line of its output, or the file ``result.json`` in its artifacts, that is
a JSON object with ``console_errors`` and ``load_ms``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cpr_cockpit.adapters.sensors.programs import last_line, run
from cpr_cockpit.adapters.veil import Veil
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.journeys import Heard, Walked

MOST_LINES, MOST_FILES, MOST_BYTES = 200, 500, 100_000_000
"""Lines of its output that are told, files of its artifacts that are kept, and their bytes in all."""
RESULT = "result.json"
_LONGEST_RESULT = 64 * 1024
_MEASURED = ("console_errors", "load_ms")
LONGEST_LINE = 400
"""Characters of a line that whoever listens is told."""
_WORDS = 160


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How it ended; ``console_errors`` and ``load_ms`` None: it did not tell."""

    walked: Walked
    words: str
    console_errors: int | None = None
    load_ms: float | None = None


class Listening:
    """Lines on their way to who is told: so many, then none but their number; and the last that measures something."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self.lines = 0
        self.measured: Mapping[str, object] = {}

    def line(self, text: str, veil: Veil) -> None:
        """One whole line; what is not told costs no time, for some write on and on."""
        self.lines += 1
        self.measured = _measured(text) or self.measured
        if self.lines <= MOST_LINES:
            # Hidden before it is cut: half a secret would not be known for one.
            self._heard((clean(veil.over(text)[:LONGEST_LINE].rstrip()),))


@dataclass(frozen=True, slots=True)
class Errand:
    """What is run: ``command`` in ``folder``, its artifacts laid into ``artifacts``."""

    command: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str]
    artifacts: Path
    timeout_s: float


async def carry_out(errand: Errand, secrets: Mapping[str, str], heard: Heard) -> CommandEnd:
    """Run it once; never raises for what comes of it."""
    listening, veil = Listening(heard), Veil(secrets.values())
    try:
        errand.artifacts.mkdir(parents=True, exist_ok=True, mode=0o700)
        more = {**errand.variables, "JOURNEY_ARTIFACTS": str(errand.artifacts)}
        ended = await run(
            errand.command, errand.folder, errand.timeout_s, more, tuple(secrets.values()), heard=listening.line
        )
    except TimeoutError:
        return CommandEnd(Walked.FAILED, f"did not end within {errand.timeout_s:g} s and was stopped")
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        return CommandEnd(Walked.NOT_RUN, f"{errand.command[0]} cannot be started ({told})")
    finally:
        # Beside everything else: it may have left a hundred thousand files, and whoever is cancelled waits for nothing.
        tidying = asyncio.get_running_loop().run_in_executor(None, within_limits, errand.artifacts)
    kept = await tidying
    measured = {**listening.measured, **_of_file(errand.artifacts / RESULT)}
    more_lines = f", {listening.lines - MOST_LINES} more lines not told" if listening.lines > MOST_LINES else ""
    said = veil.over(clean(last_line(ended.out, ended.err) if ended.code == 0 else last_line(ended.err, ended.out)))
    how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
    words = "; ".join(part for part in (f"{how}{more_lines}", said[:_WORDS], kept) if part)
    walked = Walked.PASSED if ended.code == 0 else Walked.FAILED
    return CommandEnd(walked, words, _count(measured.get("console_errors")), _number(measured.get("load_ms")))


def within_limits(folder: Path, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> str:
    """Remove what is beyond the limits, the largest first, and whatever is no plain file; in words what was removed."""
    files, removed = [], 0
    for path in _below(folder):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                files.append((found.st_size, path))
            else:
                path.unlink()
                removed += 1
    files.sort(key=lambda one: one[0])
    size, kept = 0, 0
    for bytes_, path in files:
        size, kept = size + bytes_, kept + 1
        if size > most_bytes or kept > most_files:
            with contextlib.suppress(OSError):
                path.unlink()
                removed += 1
    limits = f"at most {most_files} plain files, {most_bytes:,} bytes"
    return f"{removed} of its artifacts not kept ({limits})" if removed else ""


def _below(folder: Path) -> Iterator[Path]:
    """Everything below but folders; nothing is followed out of it."""
    for here, folders, names in os.walk(folder, followlinks=False):
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        yield from (Path(here) / name for name in (*names, *links))


def _of_file(path: Path) -> Mapping[str, object]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return {}
    with os.fdopen(handle, "rb") as file:
        try:
            return _measured(file.read(_LONGEST_RESULT).decode("utf-8", "replace"))
        except OSError:
            return {}


def _measured(text: str) -> dict[str, object]:
    """What a JSON object tells of the two; {} for any other text."""
    if not text.lstrip().startswith("{") or not any(name in text for name in _MEASURED):
        return {}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {name: told[name] for name in _MEASURED if isinstance(told, dict) and name in told}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < 10**9 else None
