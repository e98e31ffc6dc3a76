"""A face's end of the socket for screens: Views as they change, commands with their refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol, Self

from cpr_cockpit.core.view import View, view_of
from cpr_cockpit.engine.places import socket_path

PROTOCOL = 1
LINE_LIMIT = 4 * 1024 * 1024
# A session that lives says its hello, and answers a command, at once.
PATIENCE_S = 5.0


class FaceGone(Exception):
    """The session cannot be reached, or went away: in words."""


class Refused(Exception):
    """The session answered that the command is not possible now, in words for a person."""


class FaceSource(Protocol):
    """What a screen needs of a session."""

    run: str

    def views(self) -> AsyncIterator[View]:
        """The newest View whenever it changed; ends with an ended run, FaceGone where the session goes before."""

    async def command(self, name: str, **arguments: str) -> None:
        """Carry out a command; Refused with the session's words, FaceGone where it cannot be reached."""

    async def close(self) -> None:
        """Hang up; the session lives on."""


class SocketFace:
    """A FaceSource over the session's Unix socket."""

    def __init__(self, run: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.run = run
        self._reader = reader
        self._writer = writer
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._last_id = 0
        self._sections: dict[str, Any] = {}
        self._changed = asyncio.Event()
        self._gone = ""
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, run: str, path: Path | None = None) -> Self:
        """Connect and begin to watch. FaceGone where nobody answers, Refused where versions differ."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(path or socket_path(run)), limit=LINE_LIMIT)
        except OSError as error:
            raise FaceGone(f"No session of run {run} is alive.") from error
        try:
            hello = json.loads(await asyncio.wait_for(reader.readline(), PATIENCE_S) or b"{}")
        except (TimeoutError, OSError, ValueError) as error:
            writer.close()
            raise FaceGone(f"The session of run {run} does not answer.") from error
        if hello.get("hello", {}).get("protocol") != PROTOCOL:
            writer.close()
            words = (
                hello.get("error") or "The session is of another version: restart this program from its installation."
            )
            raise Refused(f"{words} Nothing was changed.")
        face = cls(run, reader, writer)
        await face._write({"command": "watch"})
        return face

    async def views(self) -> AsyncIterator[View]:
        """The newest View whenever it changed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._sections:
                view = view_of(self._sections)
                yield view
                if view.phase == "ended" and self._gone:
                    return
            if self._gone:
                raise FaceGone(self._gone)

    async def command(self, name: str, **arguments: str) -> None:
        """Send a command and wait for its reply."""
        self._last_id += 1
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[self._last_id] = future
        await self._write({"id": self._last_id, "command": name, **arguments})
        try:
            reply = await asyncio.wait_for(future, PATIENCE_S)
        except TimeoutError as error:
            raise FaceGone("The session does not answer.") from error
        finally:
            self._replies.pop(self._last_id, None)
        if "error" in reply:
            raise Refused(str(reply["error"]))

    async def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        self._writer.close()

    async def _write(self, message: dict[str, Any]) -> None:
        try:
            self._writer.write(json.dumps(message).encode() + b"\n")
            await self._writer.drain()
        except OSError as error:
            raise FaceGone("The session went away.") from error

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
        except (OSError, ValueError) as error:
            self._gone = f"The session went away ({type(error).__name__})."
        self._gone = self._gone or "The session went away."
        for future in self._replies.values():
            if not future.done():
                future.set_exception(FaceGone(self._gone))
        self._changed.set()

    def _take(self, message: dict[str, Any]) -> None:
        if "view" in message:
            self._sections |= message["view"]
            self._changed.set()
        future = self._replies.get(message.get("reply", 0))
        if future is not None and not future.done():
            future.set_result(message)
