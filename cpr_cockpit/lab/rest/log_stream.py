"""The live log of a slot's application, as Kudu streams it: lines of text for as long as the connection lasts.

Greeting and words of silence are those that `az webapp log tail` prints. A stream ends when the slot is given another
process: who still wants to follow has to ask again. Nothing of what was written before is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest import scope
from cpr_cockpit.lab.rest.routing import Call
from cpr_cockpit.lab.rest.scope import Place

if TYPE_CHECKING:
    from cpr_cockpit.lab.application_log import ApplicationLog

QUIET = 60.0  # seconds without a line after which the stream says so
_WELCOME = (
    "Welcome, you are now connected to log-streaming service. The default timeout is 2 hours. "
    "Change the timeout with the App Setting SCM_LOGSTREAM_TIMEOUT (in seconds)."
)


async def stream(place: Place, call: Call) -> web.StreamResponse:
    """Follow the log of a slot. Raises ApiError 404 where the slot does not exist or runs nothing."""
    slot = scope.find_slot(place.site, place.slot)
    if slot is None or slot.instance is None:
        raise ApiError(404, "NotFound", f"The slot '{place.slot}' does not run.")
    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache"})
    lines = follow(slot.instance.log)
    await response.prepare(call.request)
    try:
        async for line in lines:
            await response.write(line.encode("utf-8", "replace") + b"\n")
        await response.write_eof()
    except ConnectionError:
        # Who followed has gone: nobody is left to be told.
        return response
    finally:
        await lines.aclose()
    return response


async def follow(log: ApplicationLog, quiet: float = QUIET) -> AsyncGenerator[str, None]:
    """Lines from now on until the log is cut; after each `quiet` seconds without one, a line that says so."""
    with log.followed() as waiting:
        yield f"{_now()}  {_WELCOME}"
        last = time.monotonic()
        while True:
            try:
                line = await asyncio.wait_for(waiting.get(), quiet)
            except TimeoutError:
                minutes = max(1, round((time.monotonic() - last) / 60.0))
                yield f"{_now()}  No new trace in the past {minutes} min(s)."
                continue
            if line is None:
                return
            last = time.monotonic()
            yield line


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
