"""How a face meets a session: the socket is opened, the hello is read, the protocol's versions are compared."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from cpr_cockpit.engine.places import socket_path

PROTOCOL = 1
LINE_LIMIT = 4 * 1024 * 1024
# A session that lives says its hello, and answers a command, at once; one that hangs must not hang its faces.
PATIENCE_S = 5.0


class SessionGone(Exception):
    """No session answers on the socket, or it went away."""


class SessionRefused(Exception):
    """The session answered that the command is not possible now, in words for a person."""


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def greet(run: str, path: Path | None = None) -> tuple[Streams, dict[str, Any]]:
    """An open connection and its hello; SessionGone where nobody answers, SessionRefused where versions differ."""
    try:
        # asyncio.timeout, not wait_for: before Python 3.12 that one drops a cancellation (Ctrl-C) which comes just as
        # the answer does (CPython issue 86296).
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_unix_connection(str(path or socket_path(run)), limit=LINE_LIMIT)
    except OSError as error:
        raise SessionGone(f"No session of run {run} is alive.") from error
    try:
        async with asyncio.timeout(PATIENCE_S):
            return (reader, writer), _hello(await next_message(reader))
    except TimeoutError as error:
        writer.close()
        raise SessionGone(f"The session of run {run} does not answer.") from error
    except (SessionGone, SessionRefused):
        writer.close()
        raise


def _hello(message: dict[str, Any]) -> dict[str, Any]:
    hello = message.get("hello")
    if not isinstance(hello, dict):
        raise SessionRefused(str(message.get("error", "The session said no hello.")))
    if hello.get("protocol") != PROTOCOL:
        raise SessionRefused(
            f"The session speaks protocol {hello.get('protocol')}, this program {PROTOCOL}. Nothing was changed. "
            "Restart this program from the same installation as the session."
        )
    return hello


async def next_message(reader: asyncio.StreamReader) -> dict[str, Any]:
    """The next line as an object; SessionGone where the session hangs up, or what answers is no session."""
    try:
        line = await reader.readline()
    except OSError as error:
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
