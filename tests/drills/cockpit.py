"""The installed console script as a user runs it: folders of its own, lines as they are printed, processes that die."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.lab.running import until

Line = dict[str, Any]
SCRIPT = Path(sys.executable).parent / "cpr-cockpit"
# A drill with fast swaps is over after a minute; on a machine with more to do it may take a few.
PATIENCE_S = 240.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: exit code, its JSON lines, all its standard output and standard error."""

    code: int
    lines: list[Line]
    out: str
    err: str

    @property
    def outcome(self) -> Line:
        """The last line, which must be the outcome."""
        assert self.lines, self.err
        assert self.lines[-1]["type"] == "outcome", (self.lines[-1], self.err)
        return self.lines[-1]

    @property
    def events(self) -> list[Line]:
        """The journal's events among the lines."""
        return [line for line in self.lines if line["type"] != "outcome"]


class Going:
    """A command under way, whose lines are read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.began = time.monotonic()
        self.first_line_after: float | None = None
        self._text: list[str] = []
        self._lines: list[tuple[float, Line]] = []
        self._news = threading.Condition()
        self._over = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            with self._news:
                self.first_line_after = self.first_line_after or time.monotonic() - self.began
                self._text.append(text)
                with contextlib.suppress(ValueError):
                    self._lines.append((time.monotonic(), json.loads(text)))
                self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()

    def wait_for(self, wanted: Callable[[Line], bool], timeout: float = PATIENCE_S) -> float:
        """The moment (monotonic) at which a wanted line came."""

        def found() -> float | None:
            return next((at for at, line in self._lines if wanted(line)), None)

        with self._news:
            self._news.wait_for(lambda: found() is not None or self._over, timeout)
            at = found()
        assert at is not None, f"the line never came; ended: {self._over}; last: {self._text[-2:]}"
        return at

    def wait_for_type(self, kind: str, **members: str) -> float:
        """The moment at which an event of this type with these members came."""
        return self.wait_for(
            lambda line: line["type"] == kind and all(line.get(name) == value for name, value in members.items())
        )

    def end(self, timeout: float = PATIENCE_S) -> Ended:
        """Wait for the command's end."""
        code = self.process.wait(timeout)
        self._reader.join(10.0)
        assert self.process.stderr is not None
        err = self.process.stderr.read()
        return Ended(code, [line for _, line in self._lines], "".join(self._text), err)


@dataclass(slots=True)
class Home:
    """One user's folders: state and runtime."""

    root: Path
    _started: list[Going] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """``XDG_STATE_HOME``."""
        return self.root / "state"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of every command."""
        runtime = self.root / "run"
        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.environ | {"XDG_STATE_HOME": str(self.state), "XDG_RUNTIME_DIR": str(runtime)}

    def start(self, *arguments: str) -> Going:
        """Start a command."""
        process = subprocess.Popen(
            [SCRIPT, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            cwd=self.root,
        )
        going = Going(process)
        self._started.append(going)
        return going

    def run(self, *arguments: str, timeout: float = PATIENCE_S) -> Ended:
        """Run a command to its end."""
        return self.start(*arguments).end(timeout)

    def folders(self) -> list[Path]:
        """The folders of all runs."""
        return sorted((self.state / "cpr-cockpit" / "runs").glob("*"))

    def folder(self) -> Path:
        """The folder of the only run, once it has a lab that answers."""
        assert until(lambda: any((one / "lab.json").exists() for one in self.folders()), 60.0), "no lab came up"
        (folder,) = self.folders()
        return folder

    def end(self) -> None:
        """End what still runs: commands, sessions, labs. Every one of them is our own."""
        for going in self._started:
            going.process.kill()
            going.process.wait()
        for folder in self.folders():
            with contextlib.suppress(OSError, ValueError, ProcessLookupError):
                session = session_of(folder)
                os.kill(session, signal.SIGKILL)
            with contextlib.suppress(OSError, ValueError, httpx.HTTPError):
                lab_of(folder).control("POST", "/stop")


@contextlib.contextmanager
def a_home(root: Path) -> Iterator[Home]:
    """A home for the length of a ``with``; nothing runs on after it."""
    root.mkdir(exist_ok=True)
    home = Home(root)
    try:
        yield home
    finally:
        home.end()


def session_of(folder: Path) -> int:
    """The process id of the run's living session, as its lock file names it; OSError where none lives."""
    pid = int((folder / "journal.lock").read_text("ascii"))
    command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    if "cpr_cockpit.session_main" not in command or str(folder) not in command:
        raise ProcessLookupError(pid)
    return pid


def kill_session(folder: Path) -> None:
    """End the living session as kill -9 does."""
    os.kill(session_of(folder), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Lab:
    """A drill's lab, as its ready file describes it."""

    ready: dict[str, Any]

    def control(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """One request to its control endpoint; httpx.HTTPError where it does not answer."""
        control = self.ready["control"]
        headers = {"Authorization": f"Bearer {control['token']}"}
        answer = httpx.request(method, control["url"] + path, headers=headers, trust_env=False, timeout=10.0, **options)
        body: dict[str, Any] = answer.raise_for_status().json()
        return body

    def operations(self) -> list[Line]:
        """Its operation log."""
        log: list[Line] = self.control("GET", "/operations")["log"]
        return log

    def messages(self) -> list[Line]:
        """What came to its webhook."""
        came: list[Line] = self.control("GET", "/messages")["messages"]
        return came

    def serving(self) -> dict[str, str]:
        """Slot to version, by the lab's own word."""
        slots = self.control("GET", "/state")["slots"]
        return {name: slot["version"] for name, slot in slots.items()}


def lab_of(folder: Path) -> Lab:
    """The lab of a run; OSError or ValueError where its ready file cannot be read."""
    return Lab(json.loads((folder / "lab.json").read_text("utf-8")))


class LabWatch:
    """Reads a lab's operation log, and what came to its webhook, until the lab has ended: the last word is kept."""

    def __init__(self, lab: Lab, every_s: float = 0.25) -> None:
        self._lab, self._every_s = lab, every_s
        self._last: list[Line] = lab.operations()
        self._messages: list[Line] = []
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._gone.wait(self._every_s):
            try:
                self._last = self._lab.operations()
                self._messages = self._lab.messages()
            except httpx.ConnectError:
                self._gone.set()
            except httpx.HTTPError:
                continue

    def log(self) -> list[Line]:
        """The operation log as it was when the lab ended."""
        assert self._gone.wait(60.0), "the lab runs on after its drill"
        return self._last

    def messages(self) -> list[Line]:
        """What came to the webhook before the lab ended."""
        self.log()
        return self._messages

    def swaps(self, kind: str = "swap.switched") -> list[Line]:
        """The log's entries of swaps."""
        return [entry for entry in self.log() if entry["kind"] == kind]
