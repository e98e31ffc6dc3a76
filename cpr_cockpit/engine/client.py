"""A face's end of the socket: the same commands as the Session, over JSON lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cpr_cockpit.engine.places import socket_path

PROTOCOL = 1
LINE_LIMIT = 4 * 1024 * 1024
# A session that lives says its hello at once; one that hangs must not hang its faces.
PATIENCE_S = 5.0


class SessionGone(Exception):
    """No session answers on the socket, or it went away."""


class SessionRefused(Exception):
    """The session answered that the command is not possible now, in words for a person."""


class Client:
    """One connection to a session process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: dict[str, Any]) -> None:
        self._reader = reader
        self._writer = writer
        self.hello = hello
        self._last_id = 0

    @classmethod
    async def connect(cls, run: str, path: Path | None = None) -> Client:
        """Connect and read the hello; SessionGone where nobody listens, SessionRefused where versions differ."""
        try:
            opening = asyncio.open_unix_connection(str(path or socket_path(run)), limit=LINE_LIMIT)
            reader, writer = await asyncio.wait_for(opening, PATIENCE_S)
        except OSError as error:
            raise SessionGone(f"No session of run {run} is alive.") from error
        try:
            first = await asyncio.wait_for(_next(reader), PATIENCE_S)
        except TimeoutError as error:
            writer.close()
            raise SessionGone(f"The session of run {run} does not answer.") from error
        except SessionGone:
            writer.close()
            raise
        hello = first.get("hello")
        if not isinstance(hello, dict):
            writer.close()
            raise SessionRefused(str(first.get("error", "The session said no hello.")))
        if hello.get("protocol") != PROTOCOL:
            writer.close()
            raise SessionRefused(
                f"The session speaks protocol {hello.get('protocol')}, this program {PROTOCOL}. Nothing was changed. "
                "Restart this program from the same installation as the session."
            )
        return cls(reader, writer, hello)

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Send a command and wait for its reply; SessionRefused with the session's words. Not while following."""
        self._last_id += 1
        await self._write({"id": self._last_id, "command": name, **arguments})
        try:
            return await asyncio.wait_for(self._reply(self._last_id), PATIENCE_S)
        except TimeoutError as error:
            raise SessionGone("The session does not answer.") from error

    async def _reply(self, number: int) -> dict[str, Any]:
        while True:
            message = await _next(self._reader)
            if message.get("reply") == number:
                if "error" in message:
                    raise SessionRefused(str(message["error"]))
                return message

    async def follow(self, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Every event after number ``after``, as it is recorded; ends with the run, SessionGone if the session dies."""
        await self._write({"command": "follow", "after": after})
        while True:
            message = await _next(self._reader)
            record = message.get("record")
            if record is None:
                continue
            yield record
            if record["type"] == "run.ended":
                return

    async def _write(self, message: dict[str, Any]) -> None:
        try:
            self._writer.write(json.dumps(message).encode() + b"\n")
            await self._writer.drain()
        except ConnectionError as error:
            raise SessionGone("The session went away.") from error

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def _next(reader: asyncio.StreamReader) -> dict[str, Any]:
    try:
        line = await reader.readline()
    except ConnectionError as error:
        raise SessionGone("The session went away.") from error
    except ValueError as error:
        raise SessionGone("What answers there sends lines that no session sends.") from error
    if not line.endswith(b"\n"):
        raise SessionGone("The session went away.")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SessionGone("What answers there is no session.") from error
    if not isinstance(message, dict):
        raise SessionGone("What answers there is no session.")
    return message
