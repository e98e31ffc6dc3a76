"""One running process of a slot: it runs what was really deployed, tells its telemetry, and dies with the lab.

Protocol, JSON lines: the process says `{"ready": {"port", "version", "defect"}}` first, then rows: `{"request": row}`,
`exception`, `dependency`, `event`, and `{"database": {"ok", "failed", "ms"}}`; it is told `{"defect": {...} | null}`. A
line that is no object belongs to the application's log. The end of its standard input ends it.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from cpr_cockpit.lab import packages
from cpr_cockpit.lab.application_log import ApplicationLog
from cpr_cockpit.lab.models import Defect

EXIT_OUTAGE = 70  # exit code of a process that died of its outage defect
_OUTAGE = "outage"
_CHUNK = 64 * 1024  # bytes
_LONGEST = 1024 * 1024  # bytes of a line that are kept until its end comes
_LAST_WORDS = 1.0  # seconds after the end of a process in which its output must end, too
_TAIL = 4096  # bytes of the standard error that are searched for its last line
# What a process needs of the lab's own environment; nothing else of it is the product's business.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class StartError(Exception):
    """The process could not be started: why, with the last line of its standard error."""


class TelemetrySink(Protocol):
    """Takes the rows that a process reports."""

    def request(self, row: dict[str, Any]) -> None:
        """Take a row of AppRequests."""

    def exception(self, row: dict[str, Any]) -> None:
        """Take a row of AppExceptions."""

    def dependency(self, row: dict[str, Any]) -> None:
        """Take a row of AppDependencies."""

    def event(self, row: dict[str, Any]) -> None:
        """Take a row of AppEvents."""

    def database(self, served: Mapping[str, Any]) -> None:
        """Take what the database counted of some calls."""


class Instance:
    """A process and what is known of it.

    `id`: a fresh name; `port`: on loopback; `version`: as the process tells it; `defect`: as the lab told it last;
    `worker`: which of its slot's it is, from 0 on. `exited` is set once the process is gone and all it said was read;
    `exit_code` is negative for a signal. `log`: what the application writes for people.
    """

    def __init__(self, process: asyncio.subprocess.Process, id: str, slot: str, telemetry: TelemetrySink) -> None:
        self.id, self.slot = id, slot
        self.port, self.version, self.worker = 0, "", 0
        self.defect: Defect | None = None
        self.exit_code: int | None = None
        self.exited = asyncio.Event()
        self._built_in = ""
        self._process = process
        self.log = ApplicationLog()
        self._takers: dict[str, Callable[[dict[str, Any]], None]] = {
            "request": telemetry.request,
            "exception": telemetry.exception,
            "dependency": telemetry.dependency,
            "event": telemetry.event,
            "database": telemetry.database,
            "ready": self._ready,
        }
        self._began = asyncio.Event()  # ready, or gone
        self._watching = asyncio.create_task(self._watch(), name=f"output of {id}")

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Process id, also after its end."""
        return self._process.pid

    @property
    def has_outage(self) -> bool:
        """Whether it has the outage defect, or died of it."""
        told = self.defect is not None and self.defect.kind == _OUTAGE
        return told or self._built_in == _OUTAGE or self.exit_code == EXIT_OUTAGE

    @classmethod
    async def start(
        cls,
        package: bytes,
        *,
        slot: str,
        settings: Mapping[str, str],
        folder: Path,
        telemetry: TelemetrySink,
        defect: Defect | None,
        seed: int,
        timeout: float = 30.0,  # noqa: ASYNC109 - bounds the process, whose end is waited for here, not the caller
    ) -> Instance:
        """Unpack `package` below `folder` and run it; returns when it is ready. Raises StartError.

        `settings` are the app's settings, as environment; `defect`: what the process has from its start on; `seed`: of
        everything random in it; `timeout`: seconds until it must be ready.
        """
        id = secrets.token_hex(16)
        home = folder / id
        own = {"PORT": "0", "INSTANCE_ID": id, "SLOT_NAME": slot, "SEED": str(seed), "LAB_DEFECT": _told(defect)}
        instance = cls(await _spawn(package, home, {**settings, **own}), id, slot, telemetry)
        instance.defect = defect
        try:
            trouble = await instance._until_ready(timeout)
        except BaseException:
            await instance._end()
            raise
        if trouble:
            await instance._end()
            said = await asyncio.to_thread(_last_line, _log(home))
            raise StartError(f"{trouble}: {said}" if said else f"{trouble} and said nothing.")
        return instance

    async def _until_ready(self, seconds: float) -> str:
        """Wait for the process to be ready; what came instead, empty if nothing did."""
        try:
            async with asyncio.timeout(seconds):
                await self._began.wait()
        except TimeoutError:
            return f"The process of slot '{self.slot}' was not ready within {seconds:g} s"
        if self.port and self.alive:
            return ""
        # Its end is known a moment before its exit code is.
        await self.exited.wait()
        return f"The process of slot '{self.slot}' ended with code {self.exit_code} before it was ready"

    async def set_defect(self, defect: Defect | None) -> None:
        """Tell the process what is wrong with it from now on; nothing happens if it is gone."""
        self.defect = defect
        pipe = self._process.stdin
        if pipe is None or pipe.is_closing():
            return
        with suppress(BrokenPipeError, ConnectionResetError):
            pipe.write(b'{"defect":' + _told(defect).encode() + b"}\n")
            await pipe.drain()

    async def stop(self, grace: float = 5.0) -> None:
        """Let the process finish what it has begun, for `grace` seconds, then kill it; what it said is still read."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(grace):
                await self.exited.wait()
        except TimeoutError:
            await self._end()

    async def _end(self) -> None:
        """Kill the process and all it started."""
        if self.alive:
            # It leads a group of its own. One that is ending just now cannot be killed any more.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        await self.exited.wait()

    async def _watch(self) -> None:
        reading = asyncio.create_task(self._read(), name=f"read {self.id}")
        code = await self._process.wait()
        # A process that it left behind may hold the pipe open.
        await asyncio.wait([reading], timeout=_LAST_WORDS)
        reading.cancel()
        self.log.cut()
        self.exit_code = code
        self._began.set()
        self.exited.set()

    async def _read(self) -> None:
        pipe, rest = self._process.stdout, b""
        while pipe is not None and (chunk := await pipe.read(_CHUNK)):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._hear(line)
            if len(rest) > _LONGEST:
                rest = b""

    def _hear(self, line: bytes) -> None:
        """Take one line; what is no object of the protocol is what the application writes to its log."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self.log.write(line.decode("utf-8", "replace").rstrip())
            return
        for name, take in self._takers.items():
            if isinstance(content := message.get(name), dict):
                take(content)

    def _ready(self, content: dict[str, Any]) -> None:
        port, version = content.get("port"), content.get("version")
        if isinstance(port, int) and port > 0 and isinstance(version, str):
            self.port, self.version, self._built_in = port, version, str(content.get("defect") or "")
            self._began.set()


def _told(defect: Defect | None) -> str:
    return json.dumps(None if defect is None else asdict(defect))


def _site(home: Path) -> Path:
    return home / "wwwroot"


def _log(home: Path) -> Path:
    return home / "stderr.log"


async def _spawn(package: bytes, home: Path, settings: Mapping[str, str]) -> asyncio.subprocess.Process:
    """A new process of `package`, unpacked below `home`. Raises StartError."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    try:
        log = await asyncio.to_thread(_prepare, package, home)
        with log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-u", "main.py"),
                cwd=_site(home),
                env=inherited | dict(settings),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                # A Ctrl-C in the terminal of the lab is the lab's: it ends its processes in its own order.
                start_new_session=True,
            )
    except packages.PackageError as error:
        raise StartError(str(error)) from error
    except (OSError, ValueError) as error:
        raise StartError(f"The process cannot be started ({error}).") from error


def _prepare(package: bytes, home: Path) -> BinaryIO:
    """Unpack; returns the open file for the standard error of the process."""
    packages.unpack(package, _site(home))
    return _log(home).open("wb")


def _last_line(log: Path) -> str:
    with suppress(OSError):
        lines = log.read_bytes()[-_TAIL:].decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
    return ""
