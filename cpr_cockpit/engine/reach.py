"""When Resource Manager answered last: every reading and change of App Service passes here and is only noted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import TypeVar

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import (
    Accepted,
    Clock,
    OperationState,
    PlannedRequest,
    PortError,
    SlotFacts,
    SwapStatus,
    WebApps,
)
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.pursuit import MAY_NOT
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

SILENT_S = 30.0
"""Seconds without a good answer, in a window of full length, after which it is told where the way by hand is."""
FLOOR_S = 3.0
_TICK_S = 0.5
_SERVER = 500

Answer = TypeVar("Answer")


class Reach:
    """The last good answer, and since when there was none though it was asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.answered_at: float | None = None
        self.silent_since: float | None = None
        self.trouble = ""
        self.fell_silent = asyncio.Event()

    async def note(self, asked: Awaitable[Answer]) -> Answer:
        """The answer of ``asked``, or its error. A refusal is a good answer, but not one that lets nobody in."""
        try:
            answer = await asked
        except PortError as error:
            if error.status is None or error.status >= _SERVER or error.status in MAY_NOT:
                self._silent(error.what)
            else:
                self._answered()
            raise
        self._answered()
        return answer

    def _answered(self) -> None:
        self.answered_at, self.silent_since, self.trouble = self._clock.now(), None, ""
        self.fell_silent.clear()

    def _silent(self, why: str) -> None:
        self.trouble = why
        self.fell_silent.set()
        if self.silent_since is None:
            # Not since its last answer: where it is asked seldom, one lost answer is no silence.
            self.silent_since = self._clock.now()

    def silent_s(self, now: float) -> float:
        """Seconds since the first asking in a row that had no good answer; 0 where the newest one had."""
        return 0.0 if self.silent_since is None else max(0.0, now - self.silent_since)


class ReachedWebApps:
    """App Service with its answers noted. What Kudu answers says nothing of Resource Manager."""

    def __init__(self, real: WebApps, reach: Reach) -> None:
        self._real = real
        self._reach = reach
        self.deploy = real.deploy
        self.deployment = real.deployment
        self.content = real.content

    async def slots(self) -> tuple[SlotFacts, ...]:
        """As the port."""
        return await self._reach.note(self._real.slots())

    async def swap_status(self) -> SwapStatus:
        """As the port."""
        return await self._reach.note(self._real.swap_status())

    async def shares(self) -> Mapping[str, float]:
        """As the port."""
        return await self._reach.note(self._real.shares())

    async def differences(self, slot: str) -> tuple[str, ...]:
        """As the port."""
        return await self._reach.note(self._real.differences(slot))

    async def signing_in(self, slot: str) -> tuple[str, ...]:
        """As the port."""
        return await self._reach.note(self._real.signing_in(slot))

    async def create_slot(self, slot: str) -> Accepted:
        """As the port."""
        return await self._reach.note(self._real.create_slot(slot))

    async def route(self, slot: str, percent: float) -> Accepted:
        """As the port."""
        return await self._reach.note(self._real.route(slot, percent))

    async def swap(self, slot: str) -> Accepted:
        """As the port."""
        return await self._reach.note(self._real.swap(slot))

    async def preview(self, slot: str) -> Accepted:
        """As the port."""
        return await self._reach.note(self._real.preview(slot))

    async def reset_preview(self, slot: str) -> Accepted:
        """As the port."""
        return await self._reach.note(self._real.reset_preview(slot))

    async def operation(self, operation: str) -> OperationState:
        """As the port."""
        return await self._reach.note(self._real.operation(operation))

    async def instances(self, slot: str) -> tuple[str, ...]:
        """As the port."""
        return await self._reach.note(self._real.instances(slot))

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """As the port."""
        return self._real.planned(act)


class ReachTold:
    """Records once that Resource Manager is silent, and once that it answers again."""

    def __init__(self, reach: Reach, clock: Clock, recorder: Recorder, scale: float) -> None:
        self._reach = reach
        self._clock = clock
        self._recorder = recorder
        self.limit_s = max(FLOOR_S, SILENT_S * scale)

    async def go_on(self) -> None:
        """Never returns; cancel it."""
        while True:
            if self._reach.silent_since is None and self._recorder.run.manager_lost is None:
                await self._reach.fell_silent.wait()
            self._look()
            await self._clock.sleep(_TICK_S)

    def _look(self) -> None:
        run, reach = self._recorder.run, self._reach
        silent, lost = reach.silent_s(self._clock.now()) >= self.limit_s, run.manager_lost
        if run.started_at is None or run.ended is not None or silent is (lost is not None):
            return
        if silent and reach.silent_since is not None:
            self._record(ev.ManagerReach(reached=False, since=reach.silent_since, words=reach.trouble))
        elif lost is not None and reach.answered_at is not None:
            self._record(ev.ManagerReach(reached=True, since=lost.since))

    def _record(self, event: ev.ManagerReach) -> None:
        try:
            self._recorder.record(event)
        except JournalError:
            # It is shown all the same, and told at the next look.
            log.exception("whether Resource Manager answers could not be recorded")


async def ended(*tasks: asyncio.Task[None]) -> None:
    """End tasks that only look on; a defect of one of them is logged and ends nothing else."""
    for task in tasks:
        task.cancel()
    for error in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(error, Exception):
            log.error("a part that only looks on ended by a defect", exc_info=error)
