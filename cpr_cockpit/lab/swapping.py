"""Swapping two slots, in the steps in which App Service does it.

The source's package is started with the target's sticky settings and warmed up; routing changes in one step; then the
other slot is restarted with its own sticky settings (Azure documentation, "What happens during a swap").
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.instance import Instance, StartError
from cpr_cockpit.lab.models import Operation, Slot
from cpr_cockpit.lab.rest import errors

if TYPE_CHECKING:
    from cpr_cockpit.lab.processes import Processes
    from cpr_cockpit.lab.world import World

NAME = "SwapSiteSlots"
_FAST = (1.2, 1.9)  # seconds from acceptance to the switch and to the end
_SLOWEST, _QUICKEST = 60.0, 20.0  # seconds of a swap that is not fast
_SWITCH_AT = 2 / 3  # of its length


class Swapping:
    """The swaps of one world: at most one runs."""

    def __init__(self, world: World, processes: Processes) -> None:
        self._world = world
        self._processes = processes
        self._random = random.Random(world.settings.seed)
        self._operations: dict[str, Operation] = {}
        self._running: Operation | None = None

    @property
    def running(self) -> Operation | None:
        """The swap under way."""
        return self._running

    def find(self, id: str) -> Operation | None:
        """The swap with this id, running or ended."""
        return self._operations.get(id)

    def begin(self, source: str, target: str) -> Operation:
        """Accept a swap and let it run. Raises ApiError 409 while another one runs."""
        if self._running is not None:
            raise errors.in_progress(self._world, self._running)
        operation = Operation(str(uuid.uuid4()), NAME, source, target, time.time())
        self._operations[operation.id] = self._running = operation
        self._world.log.add("swap.accepted", id=operation.id, name=NAME, source=source, target=target)
        self._processes.background(self._run(operation), f"swap {operation.id}")
        return operation

    def _plan(self) -> tuple[float, float]:
        """Seconds from acceptance to the switch and to the end."""
        if self._world.settings.fast:
            return _FAST
        length = self._random.uniform(_QUICKEST, _SLOWEST)
        return length * _SWITCH_AT, length

    async def _run(self, operation: Operation) -> None:
        began = time.monotonic()
        switch_after, end_after = self._plan()
        status, source = "Failed", self._world.slots[operation.source]
        try:
            # What was begun before, a deployment or a restart, is finished first.
            async with self._locked(operation):
                pass
            incoming = await self._incoming(operation)
            await _until(began + switch_after)
            async with self._locked(operation):
                self._switch(operation, incoming)
                await self._processes.restart(source)
            await _until(began + end_after)
            status = "Succeeded"
        except StartError:
            operation.error = _not_started(self._world.app, operation.source)
        finally:
            self._end(operation, status)

    @asynccontextmanager
    async def _locked(self, operation: Operation) -> AsyncIterator[None]:
        """Holds the locks of both slots; in one order for everybody, lest two wait for each other's."""
        first, second = sorted((operation.source, operation.target))
        async with self._processes.lock(first), self._processes.lock(second):
            yield

    async def _incoming(self, operation: Operation) -> Instance:
        """A warm process of the source's package with the target's sticky settings. Raises StartError."""
        source, target = self._world.slots[operation.source], self._world.slots[operation.target]
        settings, _ = self._exchanged(source, target)
        if not source.package:
            raise StartError(f"nothing was ever deployed to the slot '{source.name}'")
        instance = await self._processes.start(source.package, source.name, settings)
        try:
            await self._processes.warm_up(instance)
        except StartError:
            self._processes.discard(instance)
            raise
        return instance

    def _exchanged(self, source: Slot, target: Slot) -> tuple[dict[str, str], dict[str, str]]:
        """The settings that target and source have after the swap: the sticky ones stay, the others travel."""
        sticky = set(self._world.sticky.get("appSettingNames", ()))
        return _joined(source.settings, target.settings, sticky), _joined(target.settings, source.settings, sticky)

    def _switch(self, operation: Operation, incoming: Instance) -> None:
        """From this moment the target serves what the source was given. Raises StartError if that died meanwhile."""
        if not incoming.alive:
            self._processes.discard(incoming)
            raise StartError("the process died before the switch")
        source, target = self._world.slots[operation.source], self._world.slots[operation.target]
        target_settings, source_settings = self._exchanged(source, target)
        target.settings, source.settings = target_settings, source_settings
        target.package, source.package = source.package, target.package
        target.deployments, source.deployments = source.deployments, target.deployments
        at = time.time()
        self._processes.route({target.name: incoming, source.name: target.instance})
        operation.switched.set()
        operation.switched_at = target.last_modified = source.last_modified = at
        self._world.last_swap = (at, source.name, target.name)
        self._world.log.add(
            "swap.switched",
            id=operation.id,
            name=NAME,
            source=source.name,
            target=target.name,
            version=incoming.version,
        )

    def _end(self, operation: Operation, status: str) -> None:
        operation.status, operation.ended_at = status, time.time()
        operation.switched.set()
        operation.ended.set()
        self._running = None
        reason = None if operation.error is None else operation.error.message
        self._world.log.add("swap.ended", id=operation.id, name=NAME, status=status, reason=reason)


async def _until(moment: float) -> None:
    """Sleep until `moment` of the monotonic clock."""
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


def _joined(travelling: Mapping[str, str], staying: Mapping[str, str], sticky: set[str]) -> dict[str, str]:
    settings = {name: value for name, value in travelling.items() if name not in sticky}
    return settings | {name: value for name, value in staying.items() if name in sticky}


def _not_started(app: str, slot: str) -> ApiError:
    """The text of azure-pipelines-tasks#13003."""
    text = f"Cannot swap slots for site '{app}' because the worker process for '{slot}' slot could not be started."
    return errors.bad_request(text)
