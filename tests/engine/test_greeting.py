"""The first words between a face and a session."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from cpr_cockpit.engine.greeting import PROTOCOL, greet


async def test_who_leaves_while_the_hello_comes_has_left(tmp_path: Path) -> None:
    """However far the greeting has come: a cancellation is never taken for an answer that came in time."""
    path = tmp_path / "s"

    async def says_hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps({"hello": {"protocol": PROTOCOL}}).encode() + b"\n")

    async with await asyncio.start_unix_server(says_hello, path):
        for turns in range(40):
            greeting = asyncio.create_task(greet("run", path))
            for _ in range(turns):
                await asyncio.sleep(0)
            left = greeting.cancel()
            await asyncio.wait([greeting])
            assert greeting.cancelled() is left
