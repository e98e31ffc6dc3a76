"""One further source's turns: its own pace, its own time limit, and longer pauses while it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cpr_cockpit.core.ports import Asked, Clock, PortError, Reader
from cpr_cockpit.core.signals import Observation

# A failing source is asked at half the pace after each failure, down to an eighth of it.
_SLOWEST = 8.0
LEAST_PAUSE_S = 0.05


class Turns:
    """Reads ``reader`` again and again; every reading, a failed one included, is given to ``take``.

    ``poll_s``: seconds between two readings of a healthy source, at the run's own length; asked before each pause.
    """

    def __init__(
        self, reader: Reader, clock: Clock, poll_s: Callable[[], float], take: Callable[[Observation], None]
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._poll_s = poll_s
        self._take = take
        self._slower = 1.0

    async def go_on(self, asked: Callable[[], Asked]) -> None:
        """Never returns; cancel it."""
        while True:
            began = self._clock.now()
            seen = await self._one(asked())
            self._slower = 1.0 if seen.error is None else min(_SLOWEST, 2.0 * self._slower)
            self._take(seen)
            pause = self._poll_s() * self._slower - (self._clock.now() - began)
            await self._clock.sleep(max(LEAST_PAUSE_S, pause))

    async def _one(self, asked: Asked) -> Observation:
        try:
            async with asyncio.timeout(self._reader.timeout_s):
                return await self._reader.read(asked)
        except PortError as error:
            words = error.what
        except TimeoutError:
            words = f"no answer within {self._reader.timeout_s:g} s"
        return Observation(self._reader.source, self._clock.now(), name=self._reader.name, error=words)
