"""Another program, run for what it tells: no shell, a time, a bound on what is kept, and no secret in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from cpr_cockpit.adapters.veil import Veil

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


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: ``code`` is its exit code, negative for a signal; the end of both of its outputs as text."""

    code: int
    out: str
    err: str


Heard = Callable[[str, Veil], None]
"""Hears a line as it was written; nothing of it is told but through the veil, and that costs time."""


class Output:
    """What a program wrote, nothing hidden: for who asked it for a secret, and never to be told."""

    text = ""


async def run(
    command: Sequence[str],
    folder: Path,
    timeout_s: float,
    more: Mapping[str, str] | None = None,
    secrets: Collection[str] = (),
    heard: Heard | None = None,
    plain: Output | None = None,
    without: Collection[str] = (),
) -> Ended:
    """Run ``command`` in ``folder``, its process group killed after ``timeout_s`` seconds or where it is left.

    ``more``: variables beside this process's own, of which it is given all but the cockpit's credentials and those
    ``without``. ``secrets``: what must not be told, beside the values of variables that look like secrets. ``heard`` is
    given each whole line of both outputs as it comes, and the veil over them. ``plain`` is given the first output as it
    is: the value of a secret. TimeoutError; OSError where it cannot be started.
    """
    veil = Veil((*secrets, *_secrets_here()))
    given = {name: value for name, value in environment().items() if name not in without}
    variables = given | dict(more or {})
    async with _tail(veil, heard) as (out, out_end), _tail(veil, heard) as (err, err_end):
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
    if plain is not None:
        plain.text = out.plain()
    return Ended(code, out.text(), err.text())


class _Tail(asyncio.Protocol):
    """The last bytes of a pipe; each line of it as it comes, where somebody listens."""

    def __init__(self, veil: Veil, heard: Heard | None) -> None:
        self.ended = asyncio.Event()
        self._veil = veil
        self._heard = heard
        self._kept = bytearray()
        self._line = bytearray()
        self._cut = False

    def data_received(self, data: bytes) -> None:
        self._kept += data
        if len(self._kept) > LONGEST:
            self._cut = True
            del self._kept[:-LONGEST]
        if self._heard is not None:
            *whole, rest = data.split(b"\n")
            for piece in whole:
                self._say(piece)
            self._add(rest)

    def connection_lost(self, error: Exception | None) -> None:
        if self._heard is not None and self._line:
            self._say(b"")
        self.ended.set()

    def _add(self, piece: bytes) -> None:
        """Of a line without an end the beginning is kept."""
        self._line += piece[: max(0, LONGEST - len(self._line))]

    def _say(self, piece: bytes) -> None:
        self._add(piece)
        line, self._line = bytes(self._line), bytearray()
        if self._heard is not None:
            self._heard(line.decode("utf-8", "replace"), self._veil)

    def plain(self) -> str:
        """What was kept, as it is."""
        return self._kept.decode("utf-8", "replace")

    def text(self) -> str:
        """What was kept, from a whole line on: in half a line half a secret would not be known for one."""
        whole = self._kept.partition(b"\n")[2] if self._cut else self._kept
        return self._veil.over(whole.decode("utf-8", "replace"))


@asynccontextmanager
async def _tail(veil: Veil, heard: Heard | None) -> AsyncIterator[tuple[_Tail, FileIO]]:
    """A pipe that is read, and its end to write to, for another process. Both are closed at the end.

    A pipe of asyncio's own subprocess would stay open with whatever process holds its other end.
    """
    reading, writing = os.pipe()
    tail = _Tail(veil, heard)
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


_hidden: set[str] = set()
_kept_back: set[str] = set()


def keep_secret(hidden: Iterable[str], kept_back: Iterable[str]) -> None:
    """Variables that were declared to hold secrets: nothing that a program writes tells their values from now on.

    ``kept_back``: no program is given them either, for whoever has a channel's URL can write there.
    """
    _kept_back.update(kept_back)
    _hidden.update(hidden, _kept_back)


def environment() -> dict[str, str]:
    """This process's variables, as another program is given them: without what the cockpit signs in with."""
    return {name: value for name, value in os.environ.items() if not _credential(name)}


def _credential(name: str) -> bool:
    own = _OWN.match(name) is not None and _SECRET_NAME.search(name) is not None
    return own or name in _kept_back


def _secrets_here() -> Collection[str]:
    """Values of this process's own variables that look like secrets."""
    return [
        value
        for name, value in os.environ.items()
        if name in _hidden or _SECRET_NAME.search(name) or _SECRET_ADDRESS.search(value)
    ]


def last_line(*texts: str) -> str:
    """The last line that says something, of the first text that has one; "" for none."""
    lines = (line.strip() for text in texts for line in reversed(text.splitlines()))
    return next((line for line in lines if line), "")
