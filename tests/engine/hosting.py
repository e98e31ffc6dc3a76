"""A Host over a real journal and a real socket, and peers that speak to it without our client."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cpr_cockpit.adapters.clock import SystemClock
from cpr_cockpit.core import events as ev
from cpr_cockpit.engine.host import CommandError, Host
from cpr_cockpit.engine.journal import Journal
from cpr_cockpit.engine.recorder import Recorder

WAIT_S = 30.0


class Hosted:
    """A Host whose commands are ``say`` (a note) and ``status``; any other is refused. ``broken``: it makes no View."""

    def __init__(self, run: Path, path: Path) -> None:
        self.path = path
        self.journal = Journal(run)
        self.recorder = Recorder(self.journal, SystemClock())
        self.broken = False
        self.host = Host(self.recorder, self._command, self.path, self._sections)

    def _sections(self) -> dict[str, Any]:
        if self.broken:
            raise ValueError("a defect of the program")
        return {"seq": self.recorder.run.seq}

    async def _command(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if name == "say":
            return {"seq": self.say(str(arguments["words"])).seq}
        if name == "status":
            return {"seq": self.recorder.run.seq}
        raise CommandError(f"{name} is not possible now. Nothing was changed.")

    def say(self, words: str) -> ev.Record:
        """An event."""
        return self.recorder.record(ev.Noted(by="ana", words=words))

    def end(self) -> None:
        """The run's last event."""
        self.recorder.record(
            ev.RunEnded(decision="kept", provisional=False, production_version="v", slot_version=None, reason="over")
        )


@asynccontextmanager
async def hosted() -> AsyncIterator[Hosted]:
    """A Host that listens, in a folder whose name is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="h-"))
    one = Hosted(folder / "run", folder / "s" / "run.sock")
    await one.host.open()
    try:
        yield one
    finally:
        await one.host.close(0.1)
        one.recorder.close(seal=False)
        shutil.rmtree(folder)


class Peer:
    """A connection that sends whatever it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def next(self) -> dict[str, Any]:
        """The next message; {} when the other side has hung up."""
        line = await asyncio.wait_for(self.reader.readline(), WAIT_S)
        message: dict[str, Any] = json.loads(line) if line else {}
        return message

    async def send(self, data: bytes) -> None:
        """These bytes."""
        self.writer.write(data)
        await self.writer.drain()


@asynccontextmanager
async def peer(path: Path) -> AsyncIterator[Peer]:
    """A raw connection, after the hello."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**22)
    one = Peer(reader, writer)
    assert "hello" in await one.next()
    try:
        yield one
    finally:
        writer.close()
