"""Another program as a function: bytes in, bytes out, within its time, killed where it is left."""

from __future__ import annotations

import asyncio
import contextlib

from cpr_cockpit.adapters.sensors.programs import environment

LARGEST = 4 * 1024 * 1024
"""Bytes of an answer."""


async def output(command: tuple[str, ...], given: bytes, longest_s: float) -> bytes:
    """What a command writes to standard output; b"" where it fails, takes too long or writes too much."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment(),
        )
    except OSError:
        return b""
    try:
        async with asyncio.timeout(longest_s):
            said, _ = await process.communicate(given)
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return said if process.returncode == 0 and len(said) <= LARGEST else b""
