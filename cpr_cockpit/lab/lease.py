"""The lease of a lab: it ends by itself unless somebody says in time that it is still wanted."""

from __future__ import annotations

import asyncio
import time


class Lease:
    """A moment after which the lab ends; a lab without a lease is not given one by a renewal."""

    def __init__(self, seconds: float | None) -> None:
        self._length = seconds
        self._ends = None if seconds is None else time.monotonic() + seconds
        self._renewed = asyncio.Event()

    @property
    def left(self) -> float | None:
        """Seconds until the end, never negative; None without a lease."""
        return None if self._ends is None else max(0.0, self._ends - time.monotonic())

    def renew(self, seconds: float) -> None:
        """From now on `seconds` are left."""
        if self._ends is not None:
            self._ends = time.monotonic() + seconds
            self._renewed.set()

    def restart(self) -> None:
        """From now on all of the first length is left again."""
        if self._length is not None:
            self.renew(self._length)

    async def ended(self) -> None:
        """Returns when the lease has ended; without a lease, never."""
        while self.left != 0.0:
            self._renewed.clear()
            try:
                await asyncio.wait_for(self._renewed.wait(), self.left)
            except TimeoutError:
                continue
