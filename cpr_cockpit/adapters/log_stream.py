"""The LOG_STREAM source: production's application log, followed live, with an error filter.

Kudu's ``GET /api/logstream`` answers with lines of text for as long as the client stays, with a line of its own after
every minute without one, and ends after a time of its own choosing. The stream is followed by a task of its own from
the first reading on, so that a reading takes no time and no other source waits; what came between two connections is
lost, and said to be.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import httpx

from cpr_cockpit.adapters.connections import CONNECT_S, Connections
from cpr_cockpit.adapters.log_lines import Lines, is_error, of_service, shown, stamp
from cpr_cockpit.adapters.over_http import words_of
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import Asked, Clock, PortError
from cpr_cockpit.core.showing_log import ERRORS, INTERRUPTIONS, LINES
from cpr_cockpit.core.signals import Observation, Source

KEPT = 5
"""Newest error lines that a reading tells."""

# A quiet log brings a line a minute: after two that did not come the connection is dead.
_SILENT_S = 150.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
# A connection that lasted so long was a good one: the next pause is short again.
_GOOD_S = 30.0
# The old lines that a connection begins with come at once: what comes later is new, also where no line has a date.
_REPEATED_S = 10.0

Address = Callable[[], Awaitable[str]]
Headers = Callable[[], Awaitable[Mapping[str, str]]]


class LogStream:
    """The Reader of the live log. ``host`` and ``headers`` are asked anew for every connection: tokens end."""

    source = Source.LOG_STREAM
    name = ""
    poll_s = 15.0
    timeout_s = 15.0

    def __init__(self, connections: Connections, clock: Clock, host: Address, headers: Headers) -> None:
        self._client = connections.fresh
        self._clock = clock
        self._host = host
        self._headers = headers
        self._task: asyncio.Task[None] | None = None
        # Set once the first connection stands or has failed.
        self._tried = asyncio.Event()
        self._t0 = 0.0
        self._lines = self._errors = self._breaks = 0
        self._newest: deque[str] = deque(maxlen=KEPT)
        self._heard_at: float | None = None
        # Time of the newest dated line of this connection, and of those before it: a new one begins with old lines.
        self._dated, self._dated_before = 0.0, 0.0
        # Up to then, or to its first new dated line, an undated line of this connection may be one of those before it.
        self._old_until = 0.0
        self._trouble: str | None = None

    async def read(self, asked: Asked) -> Observation:
        """Lines and error lines since T0, and the newest error lines. PortError while no connection ever stood.

        A broken stream is told as partial: its counts are those of what was heard.
        """
        if self._task is None:
            self._t0 = asked.t0
            self._task = asyncio.create_task(self._follow())
        await self._tried.wait()
        if self._task.done():
            ended, self._task = self._task, None
            raise PortError(f"The log stream ended by a defect of this program ({ended.exception()!r}).")
        if self._heard_at is None:
            raise PortError(self._trouble or "The log stream has told nothing yet.")
        return Observation(
            Source.LOG_STREAM,
            self._clock.now(),
            measured_at=self._heard_at,
            partial=self._trouble,
            readings=(
                Reading(LINES, float(self._lines), "events"),
                Reading(ERRORS, float(self._errors), "events", n=self._lines),
                Reading(INTERRUPTIONS, float(self._breaks), "events"),
            ),
            lines=tuple(self._newest),
        )

    async def close(self) -> None:
        """Leave the stream."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        """Connect again and again; never returns."""
        pause = _FIRST_PAUSE_S
        while True:
            began = self._clock.now()
            self._trouble = await self._connection()
            if self._heard_at is not None and self._heard_at >= began:
                self._breaks += 1
            self._tried.set()
            pause = _FIRST_PAUSE_S if self._clock.now() - began >= _GOOD_S else min(_LONGEST_PAUSE_S, 2.0 * pause)
            await self._clock.sleep(pause)

    async def _connection(self) -> str:
        """Follow one connection to its end; what ended it."""
        try:
            host, headers = await self._host(), await self._headers()
            wanted = {**headers, "Accept-Encoding": "identity"}
            timeout = httpx.Timeout(_SILENT_S, connect=CONNECT_S)
            url = f"https://{host}/api/logstream"
            async with self._client.stream("GET", url, headers=wanted, timeout=timeout) as answer:
                if answer.status_code != 200:
                    return (
                        f"The log stream was refused ({answer.status_code}); application logging may be switched off."
                    )
                await self._listen(answer)
        except PortError as error:
            return error.what
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"The log stream broke off ({shown(words_of(error))})."
        return "The log stream ended."

    async def _listen(self, answer: httpx.Response) -> None:
        lines = Lines()
        self._dated_before = max(self._dated, self._dated_before)
        now = self._clock.now()
        self._old_until = 0.0 if self._heard_at is None else now + _REPEATED_S
        self._heard_at, self._trouble = now, None
        self._tried.set()
        # As it is on the wire, for what is packed could unpack to any size; and as it comes, not filled up to a size.
        async for piece in answer.aiter_raw():
            self._heard_at = self._clock.now()
            for line in lines.feed(piece):
                self._take(line)

    def _take(self, line: str) -> None:
        if of_service(line):
            return
        at = stamp(line)
        if at is None:
            if self._clock.now() < self._old_until:
                return
        else:
            if at < self._t0 or at <= self._dated_before:
                return
            # One that is dated ahead must not hide what comes after it on the next connection.
            self._dated = max(self._dated, min(at, self._clock.now()))
            self._old_until = 0.0
        self._lines += 1
        if is_error(line):
            self._errors += 1
            self._newest.append(shown(line))
