"""The processes that run the slots: started, watched, told their defect, replaced without losing a request, retired."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from cpr_cockpit.lab import artifacts
from cpr_cockpit.lab.instance import EXIT_OUTAGE, Instance, StartError, TelemetrySink
from cpr_cockpit.lab.models import PRODUCTION, OperationLog, Slot

if TYPE_CHECKING:
    from cpr_cockpit.lab.proxy import FrontEnd
    from cpr_cockpit.lab.scenario import Scenario
    from cpr_cockpit.lab.telemetry_faults import TelemetryFaults
    from cpr_cockpit.lab.vault import Vault

_REVIVE = 1.0  # seconds until a process that died otherwise is started again
_DRAIN = 60.0  # seconds that a process to which nothing is routed any more may take for what it has begun
_GRACE = 1.0  # seconds that a process may take for it when the lab ends
_STARTS = 3  # of a process that is to be swapped, before it is given up
_WARM_UP_TRIES = 5
_WARM_UP_TIMEOUT = 90.0  # seconds, both as App Service has them


@dataclass(frozen=True, slots=True)
class Parts:
    """What the processes of an app run in and report to; `environment`: what the platform gives to every process.

    `workers`: how many run each slot. `vault`: what references in settings are resolved by. `faults`: of the telemetry.
    """

    folder: Path
    front: FrontEnd
    scenario: Scenario
    telemetry: TelemetrySink
    faults: TelemetryFaults
    log: OperationLog
    environment: Mapping[str, str]
    app: str
    seed: int
    workers: int
    vault: Vault


class Processes:
    """All processes of one app. A slot's processes are changed only by who holds the slot's lock.

    `tell_all`: tells the processes of every app the defects that they have now.
    """

    def __init__(
        self, parts: Parts, slots: Mapping[str, Slot], tell_all: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._parts = parts
        self._slots = slots
        self._tell_all = tell_all
        self._drained = False  # no user is sent to the app
        self._locks: dict[str, asyncio.Lock] = {}
        self._living: set[Instance] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0

    def lock(self, slot: str) -> asyncio.Lock:
        """Held while the processes of `slot` are being replaced."""
        return self._locks.setdefault(slot, asyncio.Lock())

    def living(self) -> Iterator[int]:
        """Ids of the processes that live."""
        return (instance.pid for instance in self._living if instance.alive)

    def background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run `work` until it ends or the lab does."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            sys.stderr.write(f"lab: {task.get_name()} failed: {problem!r}\n")

    async def start(self, package: bytes, slot: str, settings: Mapping[str, str], worker: int) -> Instance:
        """A new process of `package`, not yet routed to; `worker`: which of its slot's it is. Raises StartError."""
        self._count += 1
        name = self._parts.app if slot == PRODUCTION else f"{self._parts.app}-{slot}"
        defect = self._parts.scenario.defect_for(artifacts.version(package), worker)
        instance = await Instance.start(
            package,
            slot=slot,
            settings={
                **self._parts.environment,
                "WEBSITE_SITE_NAME": name,
                **self._parts.vault.resolved(settings),
            },
            folder=self._parts.folder / "slots" / slot,
            telemetry=self._parts.telemetry,
            defect=defect,
            seed=self._parts.seed + self._count,
        )
        instance.worker = worker
        self._living.add(instance)
        # Who chose a scenario while it started could not tell it.
        if (now := self._parts.scenario.defect_for(instance.version, worker)) != defect:
            await instance.set_defect(now)
        self.background(self._watch(instance), f"watch {instance.id}")
        return instance

    async def start_warm(self, slot: Slot, settings: Mapping[str, str]) -> tuple[Instance, ...]:
        """Warm processes of the slot's package, not yet routed to, with these settings; the slot's own ones run on.

        One that dies is started again some times, as App Service does. Raises StartError, none of them left, where one
        does not start.
        """
        if not slot.package:
            raise StartError(f"nothing was ever deployed to the slot '{slot.name}'")
        starting = (self._start_warm(slot, settings, worker) for worker in range(self._parts.workers))
        began = await asyncio.gather(*starting, return_exceptions=True)
        made = tuple(one for one in began if isinstance(one, Instance))
        for problem in began:
            if isinstance(problem, BaseException):
                for instance in made:
                    self.discard(instance)
                raise problem
        return made

    async def _start_warm(self, slot: Slot, settings: Mapping[str, str], worker: int) -> Instance:
        for _ in range(_STARTS - 1):
            with suppress(StartError):
                return await self._start_warm_once(slot, settings, worker)
            await asyncio.sleep(_REVIVE)
        return await self._start_warm_once(slot, settings, worker)

    async def _start_warm_once(self, slot: Slot, settings: Mapping[str, str], worker: int) -> Instance:
        """Writes down why it did not start. Raises StartError."""
        try:
            instance = await self.start(slot.package, slot.name, settings, worker)
            try:
                await self.warm_up(instance)
            except StartError:
                self.discard(instance)
                raise
        except StartError as error:
            self._parts.log.add("process.failed", slot=slot.name, reason=str(error))
            raise
        return instance

    async def warm_up(self, instance: Instance) -> None:
        """Ask for the page `/` as App Service does before a switch: any answer counts. Raises StartError on none."""
        timeout = aiohttp.ClientTimeout(total=_WARM_UP_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": "SiteWarmup"}) as client:
            for _ in range(_WARM_UP_TRIES):
                try:
                    async with client.get(f"http://127.0.0.1:{instance.port}/") as answer:
                        await answer.read()
                except (aiohttp.ClientError, TimeoutError):
                    if not instance.alive:
                        break
                else:
                    return
        raise StartError("the process did not answer the warm-up request")

    async def restart(self, slot: Slot, once_held: Callable[[], None] | None = None) -> None:
        """Replace the processes of `slot` by new ones of its package: one after another, while the others serve.

        Where there is but one, requests for the slot wait meanwhile, and if the new process does not start, the slot
        answers 503. `once_held` is called as soon as the first is on its way. The caller holds the slot's lock.
        """
        alone = self._parts.workers == 1
        if alone:
            self._parts.front.hold(slot.name)
        try:
            if once_held is not None:
                once_held()
            for worker in range(self._parts.workers):
                await self._replace(slot, worker)
        finally:
            if alone:
                self._parts.front.release(slot.name)

    async def _replace(self, slot: Slot, worker: int) -> None:
        """Start one of the slot's processes anew; if that does not start, the slot has one less."""
        made = await self._start_or_none(slot, worker)
        others = [instance for instance in slot.instances if instance.worker != worker]
        now = others if made is None else [*others, made]
        self.route({slot.name: sorted(now, key=lambda instance: instance.worker)})

    async def _start_or_none(self, slot: Slot, worker: int) -> Instance | None:
        if not slot.package:
            return None
        try:
            return await self.start(slot.package, slot.name, slot.settings, worker)
        except StartError as error:
            self._parts.log.add("process.failed", slot=slot.name, reason=str(error))
            return None

    def route(self, mapping: Mapping[str, Sequence[Instance]]) -> None:
        """From now on each slot is served by its instances, all in one step; who serves none any more is retired."""
        before = {instance for name in mapping for instance in self._slots[name].instances}
        for name, instances in mapping.items():
            for old in set(self._slots[name].instances) - set(instances):
                # Who followed the slot's log followed this process: the slot has another one now.
                old.log.cut()
            self._slots[name].instances = tuple(instances)
        self._parts.front.attach_all(mapping)
        for gone in before - {instance for slot in self._slots.values() for instance in slot.instances}:
            self.discard(gone)
        if serving := mapping.get(PRODUCTION):
            # The first is replaced first: from its version on users meet the new one.
            self._met(serving[0].version, switched=True)

    def reached(self, slots: Iterable[str]) -> None:
        """New sessions are sent to these slots from now on: whatever is to go wrong with their versions begins."""
        for instance in (self._slots[name].instance for name in slots):
            if instance is not None:
                self._met(instance.version, switched=False)

    def leave(self) -> None:
        """No user is sent to the app from now on, and none meets what is routed to meanwhile."""
        self._drained = True
        self._parts.scenario.left(self._parts.app)

    def readmit(self, slots: Iterable[str]) -> None:
        """Users are sent to the app again: they meet what production serves, and by their shares these slots."""
        self._drained = False
        serving = self._slots[PRODUCTION].instance
        if serving is not None:
            self._met(serving.version, switched=True)
        self.reached(slots)

    def _met(self, version: str, *, switched: bool) -> None:
        if self._drained:
            return
        scenario, now = self._parts.scenario, time.time()
        if scenario.switched(version, now, self._parts.app) if switched else scenario.met(version, now):
            self.background(self._tell_all(), "tell defects")
        if self._parts.faults.switched(version):
            self._parts.log.add("telemetry.fault", faults=self._parts.faults.as_dict())

    async def tell_defects(self) -> None:
        """Every living process is told the defect that its version has now."""
        for instance in [instance for instance in self._living if instance.alive]:
            await instance.set_defect(self._parts.scenario.defect_for(instance.version, instance.worker))

    def discard(self, instance: Instance) -> None:
        """Stop a process to which no slot is routed, after it has finished what it has begun."""
        self.background(self._retire(instance), f"retire {instance.id}")

    async def _retire(self, instance: Instance) -> None:
        await self._parts.front.drain(instance, _DRAIN)
        await instance.stop()
        self._living.discard(instance)

    def _slot_of(self, instance: Instance) -> Slot | None:
        return next((slot for slot in self._slots.values() if instance in slot.instances), None)

    async def _watch(self, instance: Instance) -> None:
        """Start a slot's process again when it dies by itself; what died of an outage stays dead."""
        await instance.exited.wait()
        slot = self._slot_of(instance)
        if slot is None:
            return
        self._parts.log.add("process.died", slot=slot.name, instance=instance.id, code=instance.exit_code)
        if instance.exit_code == EXIT_OUTAGE:
            return
        await asyncio.sleep(_REVIVE)
        # A swap may have given it to another slot meanwhile.
        while (slot := self._slot_of(instance)) is not None:
            async with self.lock(slot.name):
                if instance in slot.instances:
                    await self._revive(slot, instance)

    async def _revive(self, slot: Slot, instance: Instance) -> None:
        if self._parts.workers == 1:
            await self.restart(slot)
        else:
            await self._replace(slot, instance.worker)

    async def close(self) -> None:
        """Stop every process."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(instance.stop(_GRACE) for instance in self._living), return_exceptions=True)
