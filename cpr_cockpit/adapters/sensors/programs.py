"""Another program, run for what it tells: no shell, a time, a bound on what is kept, and no secret in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

LONGEST = 65_536
"""Bytes of its output that are kept, the last ones; more is read and dropped, so that no program stands still."""
_GRACE_S = 0.2
"""Seconds that its output may still come after it has ended: what it began may hold the pipes open for ever."""
_SECRET_NAME = re.compile(
    r"token|secret|key|pass|pwd|credential|connection|auth(?!or)|dsn|(?:^|_)(?:pat|sas|sig)(?:_|$)", re.IGNORECASE
)
_SECRET_ADDRESS = re.compile(r"://[^\s/?#]*:[^\s/?#]*@")
# Whoever is started here needs none of what the cockpit itself signs in with.
_OWN = re.compile(r"(?:COCKPIT|AZURE)_", re.IGNORECASE)
_SHORTEST_SECRET = 6
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: ``code`` is its exit code, negative for a signal; the end of both of its outputs as text."""

    code: int
    out: str
    err: str


async def run(
    command: Sequence[str],
    folder: Path,
    timeout_s: float,
    more: Mapping[str, str] | None = None,
    secrets: Collection[str] = (),
) -> Ended:
    """Run ``command`` in ``folder``, its process group killed after ``timeout_s`` seconds or where it is left.

    ``more``: variables beside this process's own, of which it is given all but the cockpit's credentials. ``secrets``:
    what must not be told, beside the values of variables that look like secrets. TimeoutError; OSError where it cannot
    be started.
    """
    variables = {name: value for name, value in os.environ.items() if not _credential(name)} | dict(more or {})
    async with _tail() as (out, out_end), _tail() as (err, err_end):
        with out_end, err_end:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env=variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out_end,
                stderr=err_end,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(timeout_s):
                code = await process.wait()
        finally:
            await _kill(process)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await asyncio.gather(out.ended.wait(), err.ended.wait())
    hidden = _hidden_values(secrets)
    return Ended(code, out.text(hidden), err.text(hidden))


class _Tail(asyncio.Protocol):
    """The last bytes of a pipe."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self._kept = bytearray()
        self._cut = False

    def data_received(self, data: bytes) -> None:
        self._kept += data
        if len(self._kept) > LONGEST:
            self._cut = True
            del self._kept[:-LONGEST]

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()

    def text(self, hidden: Sequence[str]) -> str:
        """What was kept, from a whole line on: in half a line half a secret would not be known for one."""
        whole = self._kept.partition(b"\n")[2] if self._cut else self._kept
        shown = whole.decode("utf-8", "replace")
        for value in hidden:
            shown = shown.replace(value, _HIDDEN)
        return shown


@asynccontextmanager
async def _tail() -> AsyncIterator[tuple[_Tail, FileIO]]:
    """A pipe that is read, and its end to write to, for another process. Both are closed at the end.

    A pipe of asyncio's own subprocess would stay open with whatever process holds its other end.
    """
    reading, writing = os.pipe()
    tail = _Tail()
    with FileIO(reading, "rb") as read_end, FileIO(writing, "wb") as write_end:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: tail, read_end)
        try:
            yield tail, write_end
        finally:
            transport.close()
            await asyncio.sleep(0)  # it lets the pipe go in the next turn


async def _kill(process: asyncio.subprocess.Process) -> None:
    """The whole group: what a script has begun must not outlive it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _credential(name: str) -> bool:
    return _OWN.match(name) is not None and _SECRET_NAME.search(name) is not None


def _hidden_values(secrets: Collection[str]) -> list[str]:
    """Every text that must not be told, the longest first: one may be part of another."""
    # Of a header's value, such as "Bearer ...", what stands behind the scheme may be told alone.
    found = {*secrets, *(words[-1] for one in secrets if (words := one.split()))}
    found |= {value for name, value in os.environ.items() if _SECRET_NAME.search(name) or _SECRET_ADDRESS.search(value)}
    texts = {text for value in found for text in _texts(value) if len(text) >= _SHORTEST_SECRET}
    return sorted(texts, key=len, reverse=True)


def _texts(value: str) -> Iterator[str]:
    """A value, and each line of it: of several lines the last alone may be told."""
    yield value
    yield from (line.strip() for line in value.splitlines())


def last_line(*texts: str) -> str:
    """The last line that says something, of the first text that has one; "" for none."""
    lines = (line.strip() for text in texts for line in reversed(text.splitlines()))
    return next((line for line in lines if line), "")
