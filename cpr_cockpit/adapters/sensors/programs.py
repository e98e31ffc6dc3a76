"""Another program, run for what it tells: no shell, a time, a bound on what is kept, and no secret in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST = 65_536
"""Bytes of its output that are kept, the last ones; more is read and dropped, so that no program stands still."""
_PIECE = 16_384
_SECRET_NAME = re.compile(r"token|secret|key|password|passwd|credential|connection", re.IGNORECASE)
_SHORTEST_SECRET = 6
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: ``code`` is its exit code, negative for a signal; the end of both of its outputs as text."""

    code: int
    out: str
    err: str


async def run(command: Sequence[str], folder: Path, timeout_s: float, more: Mapping[str, str] | None = None) -> Ended:
    """Run ``command`` in ``folder``, its process group killed after ``timeout_s`` seconds or where it is left.

    ``more``: variables beside this process's own. TimeoutError; OSError where it cannot be started.
    """
    variables = {**os.environ, **(more or {})}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=variables,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout_s):
            out, err = await asyncio.gather(_end_of(process.stdout), _end_of(process.stderr))
            code = await process.wait()
    finally:
        await _kill(process)
    return Ended(code, _hidden(out, variables), _hidden(err, variables))


async def _end_of(stream: asyncio.StreamReader | None) -> bytes:
    kept = bytearray()
    while stream is not None and (piece := await stream.read(_PIECE)):
        kept += piece
        del kept[:-LONGEST]
    return bytes(kept)


async def _kill(process: asyncio.subprocess.Process) -> None:
    """The whole group: what a script has begun must not outlive it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _hidden(text: bytes, variables: Mapping[str, str]) -> str:
    """The text without the value of any variable whose name is that of a secret."""
    shown = text.decode("utf-8", "replace")
    for name, value in variables.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            shown = shown.replace(value, _HIDDEN)
    return shown


def last_line(*texts: str) -> str:
    """The last line that says something, of the first text that has one; "" for none."""
    lines = (line.strip() for text in texts for line in reversed(text.splitlines()))
    return next((line for line in lines if line), "")
