"""What the tests of the slots' processes and of their front end share: packages, telemetry taken, processes started."""

from __future__ import annotations

import asyncio
import io
import json
import os
import ssl
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from cpr_cockpit.lab import certificates, packages
from cpr_cockpit.lab.instance import Instance
from cpr_cockpit.lab.models import Defect
from cpr_cockpit.lab.proxy import FrontEnd

PASSWORD = "of-a-user"
TOKEN = "user-token"
SIGNED_IN = {"Authorization": f"Bearer {TOKEN}"}
GOALS = "/api/v1/goals"
HEALTH = "/api/health"
SERVING, GOOD = "v1.2.0", "v1.3.0"
WAIT = 20.0  # seconds, for a very busy machine


class Rows:
    """A telemetry sink that keeps what it is given."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.exceptions: list[dict[str, Any]] = []
        self.dependencies: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.served: list[Mapping[str, Any]] = []

    def request(self, row: dict[str, Any]) -> None:
        self.requests.append(row)

    def exception(self, row: dict[str, Any]) -> None:
        self.exceptions.append(row)

    def dependency(self, row: dict[str, Any]) -> None:
        self.dependencies.append(row)

    def event(self, row: dict[str, Any]) -> None:
        self.events.append(row)

    def database(self, served: Mapping[str, Any]) -> None:
        self.served.append(served)


def script(main: str, **files: str) -> bytes:
    """A package whose `main.py` is this text."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, content in {"main.py": main, **files}.items():
            file.writestr(name, content)
    return packed.getvalue()


class Slots:
    """Starts processes below one folder, over one database; `close` stops those that live."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = Rows()
        self.started: list[Instance] = []

    async def start(
        self,
        package: bytes | str = SERVING,
        *,
        slot: str = "production",
        defect: Defect | None = None,
        settings: Mapping[str, str] | None = None,
        seed: int = 1,
        within: float = WAIT,
    ) -> Instance:
        """A process of `package`: its bytes, or the version of a release of the product."""
        base = {"DATABASE": str(self.folder / "goals.sqlite3"), "USER_TOKEN": TOKEN, "WEBSITE_SITE_NAME": "goals-lab"}
        base |= {"USER_PASSWORD": PASSWORD}
        instance = await Instance.start(
            packages.build(package) if isinstance(package, str) else package,
            slot=slot,
            settings=base if settings is None else settings,
            folder=self.folder,
            telemetry=self.rows,
            defect=defect,
            seed=seed,
            timeout=within,
        )
        self.started.append(instance)
        return instance

    async def close(self) -> None:
        await asyncio.gather(*(instance.stop() for instance in self.started))


@asynccontextmanager
async def slots(folder: Path) -> AsyncIterator[Slots]:
    made = Slots(folder)
    try:
        yield made
    finally:
        await made.close()


class Front:
    """An open front end with a production host and the slot green, and clients that trust its authority."""

    def __init__(self, folder: Path) -> None:
        issued = certificates.issue(folder)
        self.trust = ssl.create_default_context(cafile=issued.ca)
        self.counted: list[tuple[str, float, int, float]] = []
        self.end = FrontEnd(issued.server, lambda *fact: self.counted.append(fact))
        self.production = self.green = ""

    async def open(self) -> None:
        self.production = f"https://{await self.end.open('production')}"
        self.green = f"https://{await self.end.open('green')}"

    def client(self, **options: Any) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self.trust, limit=options.pop("limit", 0))
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), **options)


@asynccontextmanager
async def front(folder: Path) -> AsyncIterator[Front]:
    made = Front(folder)
    await made.open()
    try:
        yield made
    finally:
        await made.end.close()


async def until(true: Callable[[], bool], within: float = WAIT) -> None:
    """Wait for `true`; fails where it does not become so within these seconds."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody has waited for yet counts."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return _unknown(pid)
    return state in ("Z", "X")


def _unknown(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def vanished(pid: int, timeout: float = 5.0) -> bool:
    """Whether the process ends within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return gone(pid)


def ready(port: int = 1) -> str:
    """The line with which a process says that it is ready."""
    return json.dumps({"ready": {"port": port, "version": "v9.9.9"}})
