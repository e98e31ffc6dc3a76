"""Nobody else: the environment's lease, and the watch on what others change; both beside the run, never in its way."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.engine.foreign_watch import ForeignWatch
from cpr_cockpit.engine.lease_keeper import START_S, LeaseKeeper
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.reach import ended
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.replanning import Replanning
from cpr_cockpit.engine.settings import SessionSettings

log = logging.getLogger(__name__)

# Seconds that a look is waited for before anything is begun in production; it goes on by itself after that.
LOOK_S = 10.0


class NobodyElse:
    """``lease`` None: the environment has none."""

    def __init__(self, settings: SessionSettings, scaled: Policy, ports: Ports, recorder: Recorder) -> None:
        self.foreign = ForeignWatch(scaled, ports, recorder)
        self.lease = LeaseKeeper(ports.lease, settings.run, ports.clock, recorder) if ports.lease is not None else None
        self.replanning = Replanning(recorder)
        self._looking: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._releasing: asyncio.Task[None] | None = None
        self._giving_back: set[asyncio.Task[None]] = set()

    async def opened(self) -> None:
        """The run was opened: look who holds the lease."""
        if self.lease is not None:
            await self.lease.look()

    def begin(self) -> None:
        """From the plan on: look at what others change, and renew the lease once it is held."""
        if self._looking is None:
            self._looking = asyncio.create_task(self.foreign.go_on())
        if self._renewing is None and self.lease is not None:
            self._renewing = asyncio.create_task(self.lease.go_on())

    async def look_now(self) -> None:
        """Look before something is begun, for a while: a reading that fails, or hangs, is no change."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self.foreign.look()

    async def hand_over(self) -> None:
        """After the extended validation: the watch of the schedule looks now, and the lease is others' to take."""
        await self._end_looking()
        self.release()

    def be_quiet(self) -> None:
        """The run ends: nothing of this is written any more."""
        self.replanning.cancel()
        for task in filter(None, (self._looking, self._renewing)):
            task.cancel()

    def release(self) -> None:
        """Begin to give the lease back; nobody waits for it."""
        if self._renewing is not None:
            # A renewal at the same time would find it gone, and call it taken.
            self._renewing.cancel()
        if self.lease is not None and self._releasing is None:
            self._releasing = asyncio.create_task(self.lease.release())

    async def left(self, *, unless: asyncio.Event) -> None:
        """Give the lease back while the journal can tell of it; nobody waits long for that, and not once ``unless``."""
        self.release()
        if self._releasing is not None:
            other = asyncio.create_task(unless.wait())
            await asyncio.wait({self._releasing, other}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
            other.cancel()

    def give_back(self, why: str) -> None:
        """Begin to give back what was taken for a START which begins nothing; the answer to it does not wait."""
        if self.lease is not None:
            task = asyncio.create_task(self.lease.give_back(why))
            self._giving_back.add(task)
            task.add_done_callback(self._giving_back.discard)

    async def close(self, *, over: bool) -> None:
        """Stop everything; ``over``: the run has ended, so that the lease is given back, for as long as that takes."""
        await self.replanning.close()
        await self._end_looking()
        if over:
            self.release()
            await asyncio.gather(*filter(None, (self._releasing,)), return_exceptions=True)
        await ended(*self._giving_back, *filter(None, (self._releasing,)))

    async def _end_looking(self) -> None:
        await ended(*filter(None, (self._looking, self._renewing)))
