"""Swapping two slots, in the steps in which App Service does it.

The source's package is started with the target's sticky settings and warmed up; routing changes in one step; then the
other slot is restarted with its own sticky settings (Azure documentation, "What happens during a swap").
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cpr_cockpit.lab import artifacts, sticky
from cpr_cockpit.lab.instance import Instance, StartError
from cpr_cockpit.lab.models import PRODUCTION, Operation
from cpr_cockpit.lab.rest import errors
from cpr_cockpit.lab.rest.wire import american_utc

if TYPE_CHECKING:
    from cpr_cockpit.lab.processes import Processes
    from cpr_cockpit.lab.site import Site

NAME = "SwapSiteSlots"
_FAST = (1.2, 1.9)  # seconds from acceptance to the switch and to the end
_SLOWEST, _QUICKEST = 60.0, 20.0  # seconds of a swap that is not fast
# The same where the scenario makes swaps slow.
_SLOW_FAST = (15.0, 20.0)
_SLOW_SLOWEST, _SLOW_QUICKEST = 420.0, 180.0
_SWITCH_AT = 2 / 3  # of its length


class Swapping:
    """The swaps of one app, and what else must not run beside one: at most one runs."""

    def __init__(self, site: Site, processes: Processes) -> None:
        self._site = site
        self._processes = processes
        self._random = random.Random(site.seed)
        self._operations: dict[str, Operation] = {}
        self._running: Operation | None = None
        self._stuck = str(uuid.uuid4())  # the operation that a swap which is refused for good is said to wait for

    @property
    def running(self) -> Operation | None:
        """The operation under way."""
        return self._running

    def find(self, id: str) -> Operation | None:
        """The operation with this id, running or ended."""
        return self._operations.get(id)

    def begin(self, source: str, target: str, by: str = "") -> Operation:
        """Accept a swap and let it run; `by`: who asked for it, where that is no client of the lab.

        Raises ApiError 409 while another operation runs, while another swap of these slots is prepared, and where the
        scenario refuses it.
        """
        self._check_scenario(source, target)
        operation = self.claim(NAME, source, target)
        whose = {"by": by} if by else {}
        self._site.log.add("swap.accepted", id=operation.id, name=NAME, source=source, target=target, **whose)
        self._processes.background(self._run(operation), f"swap {operation.id}")
        return operation

    def claim(self, name: str, source: str, target: str) -> Operation:
        """An operation on these slots that runs from now on, until `end`. Raises ApiError 409 where it must not."""
        if self._running is not None:
            raise errors.in_progress(self._site.app, self._running)
        for slot in self._site.slots.values():
            completes = slot.name == source and slot.prepared is not None and slot.prepared.target == target
            if not completes and sticky.pair(slot) & {source, target}:
                raise errors.prepared_for_swap()
        operation = Operation(str(uuid.uuid4()), name, source, target, time.time())
        self._operations[operation.id] = self._running = operation
        return operation

    def end(self, operation: Operation, status: str) -> None:
        """The operation does not run any more."""
        operation.status, operation.ended_at = status, time.time()
        operation.switched.set()
        operation.ended.set()
        self._running = None

    def _check_scenario(self, source: str, target: str) -> None:
        """Raises ApiError 409 in the words of a site whose operation never ended, where the scenario wants it."""
        site, scenario = self._site, self._site.scenario
        serving = artifacts.version(site.slots[PRODUCTION].package)
        if PRODUCTION in (source, target) and scenario.refuses_to_swap_out(serving):
            created = american_utc(scenario.since or time.time())
            raise errors.operation_in_progress(self._stuck, NAME, created, site.app, source)

    def _plan(self) -> tuple[float, float]:
        """Seconds from acceptance to the switch and to the end."""
        slow = self._site.scenario.slow_swaps
        if self._site.settings.fast:
            return _SLOW_FAST if slow else _FAST
        length = self._random.uniform(*((_SLOW_QUICKEST, _SLOW_SLOWEST) if slow else (_QUICKEST, _SLOWEST)))
        return length * _SWITCH_AT, length

    async def _run(self, operation: Operation) -> None:
        began = time.monotonic()
        switch_after, end_after = self._plan()
        status, source = "Failed", self._site.slots[operation.source]
        try:
            # What was begun before, a deployment or a restart, is finished first.
            async with self.locked(operation):
                pass
            incoming = await self._incoming(operation)
            await _until(began + switch_after)
            async with self.locked(operation):
                self._switch(operation, incoming)
                await self._processes.restart(source)
            await _until(began + end_after)
            status = "Succeeded"
        except StartError:
            operation.error = errors.not_started(self._site.app, operation.source)
        finally:
            self.end(operation, status)
            reason = None if operation.error is None else operation.error.message
            self._site.log.add("swap.ended", id=operation.id, name=NAME, status=status, reason=reason)

    @asynccontextmanager
    async def locked(self, operation: Operation) -> AsyncIterator[None]:
        """Holds the locks of both slots; in one order for everybody, lest two wait for each other's."""
        first, second = sorted((operation.source, operation.target))
        async with self._processes.lock(first), self._processes.lock(second):
            yield

    async def _incoming(self, operation: Operation) -> tuple[Instance, ...]:
        """Warm processes of the source's package with the target's sticky settings. Raises StartError.

        Where a preview has prepared the swap, the source's own processes are such already.
        """
        source, target = self._site.slots[operation.source], self._site.slots[operation.target]
        if source.prepared is None:
            settings, _ = sticky.exchanged(source, target, self._site.sticky_settings)
            return await self._processes.start_warm(source, settings)
        if not source.instances:
            raise StartError("the slot has no process")
        await asyncio.gather(*(self._processes.warm_up(instance) for instance in source.instances))
        return source.instances

    def _switch(self, operation: Operation, incoming: tuple[Instance, ...]) -> None:
        """From this moment the target serves what the source was given. Raises StartError if one died meanwhile."""
        source, target = self._site.slots[operation.source], self._site.slots[operation.target]
        if source.prepared is not None and source.instances:
            # The slot may have been restarted since.
            incoming = source.instances
        if not all(instance.alive for instance in incoming):
            for instance in set(incoming) - set(source.instances):
                self._processes.discard(instance)
            raise StartError("the process died before the switch")
        target.settings, source.settings = sticky.exchanged(source, target, self._site.sticky_settings)
        source.prepared = None
        target.package, source.package = source.package, target.package
        target.deployments, source.deployments = source.deployments, target.deployments
        at = time.time()
        self._processes.route({target.name: incoming, source.name: target.instances})
        operation.switched.set()
        operation.switched_at = target.last_modified = source.last_modified = at
        self._site.last_swap = (at, source.name, target.name)
        self._site.log.add(
            "swap.switched",
            id=operation.id,
            name=NAME,
            source=source.name,
            target=target.name,
            version=incoming[0].version,
        )


async def _until(moment: float) -> None:
    """Sleep until `moment` of the monotonic clock."""
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
