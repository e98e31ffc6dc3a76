"""A face's end of the socket for screens: Views as they change, commands with their refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol, Self

from cpr_cockpit.core.view import View
from cpr_cockpit.core.view_json import view_of
from cpr_cockpit.engine.greeting import PATIENCE_S, SessionGone, SessionRefused, greet, next_message


class FaceSource(Protocol):
    """What a screen needs of a session."""

    run: str

    def views(self) -> AsyncIterator[View]:
        """The newest View whenever it changed; ends with an ended run, SessionGone where the session goes before."""

    async def command(self, name: str, **arguments: str) -> None:
        """Carry out a command; SessionRefused with the session's words, SessionGone where it cannot be reached."""

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
        # What was told since the newest View was made, and that View.
        self._news: dict[str, Any] = {}
        self._view: View | None = None
        self._changed = asyncio.Event()
        self._gone = ""
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, run: str, path: Path | None = None) -> Self:
        """Connect and begin to watch. SessionGone where nobody answers, SessionRefused where versions differ."""
        (reader, writer), _ = await greet(run, path)
        face = cls(run, reader, writer)
        await face._write({"command": "watch"})
        return face

    async def views(self) -> AsyncIterator[View]:
        """The newest View whenever it changed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._news:
                news, self._news = self._news, {}
                self._view = view_of(news, self._view)
                yield self._view
            if self._gone:
                if self._view is not None and self._view.phase == "ended":
                    return
                raise SessionGone(self._gone)

    async def command(self, name: str, **arguments: str) -> None:
        """Send a command and wait for its reply."""
        self._last_id += 1
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[self._last_id] = future
        await self._write({"id": self._last_id, "command": name, **arguments})
        try:
            async with asyncio.timeout(PATIENCE_S):
                reply = await future
        except TimeoutError as error:
            raise SessionGone("The session does not answer.") from error
        finally:
            self._replies.pop(self._last_id, None)
        if "error" in reply:
            raise SessionRefused(str(reply["error"]))

    async def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        self._writer.close()

    async def _write(self, message: dict[str, Any]) -> None:
        try:
            self._writer.write(json.dumps(message).encode() + b"\n")
            await self._writer.drain()
        except OSError as error:
            raise SessionGone("The session went away.") from error

    async def _read(self) -> None:
        try:
            while True:
                self._take(await next_message(self._reader))
        except SessionGone as error:
            self._gone = str(error)
        for future in self._replies.values():
            if not future.done():
                future.set_exception(SessionGone(self._gone))
        self._changed.set()

    def _take(self, message: dict[str, Any]) -> None:
        if "view" in message:
            self._news |= message["view"]
            self._changed.set()
        future = self._replies.get(message.get("reply", 0))
        if future is not None and not future.done():
            future.set_result(message)
