"""A face's end of the socket: the same commands as the Session, over JSON lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cpr_cockpit.engine.greeting import PATIENCE_S, SessionGone, SessionRefused, greet, next_message


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
        (reader, writer), hello = await greet(run, path)
        return cls(reader, writer, hello)

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Send a command and wait for its reply; SessionRefused with the session's words. Not while following."""
        self._last_id += 1
        await self._write({"id": self._last_id, "command": name, **arguments})
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._reply(self._last_id)
        except TimeoutError as error:
            raise SessionGone("The session does not answer.") from error

    async def _reply(self, number: int) -> dict[str, Any]:
        while True:
            message = await next_message(self._reader)
            if message.get("reply") == number:
                if "error" in message:
                    raise SessionRefused(str(message["error"]))
                return message

    async def follow(self, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Every event after number ``after``, as it is recorded; ends with the run, SessionGone if the session dies."""
        await self._write({"command": "follow", "after": after})
        while True:
            message = await next_message(self._reader)
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
