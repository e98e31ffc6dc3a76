"""The Workers port of the simulated world: a hosted service in every process, switched off by a setting of its slot."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import PRODUCTION, PlannedRequest, PortError
from cpr_cockpit.core.worker_proof import HOSTED
from cpr_cockpit.core.workers import STICKY_OFF, Queue, SettingTold, Worker, WorkerRule, WorkersTold
from tests.engine.world import LOOK, SLOT, World

SETTING, OFF = "WORKERS_ENABLED", "0"
RULE = WorkerRule(STICKY_OFF, SETTING, OFF)


@dataclass(slots=True)
class TeamWorkers:
    """What the slots' processes work on.

    ``values``: the setting by slot. ``lingering``: slots whose old process works on, whatever the setting says.
    ``silent``: slots that do not tell. ``down``: nothing of the platform can be read. ``hosted`` False: there is none.
    """

    world: World
    sticky: bool = True
    values: dict[str, str | None] = field(default_factory=lambda: {PRODUCTION: "1", SLOT: OFF})
    jobs: dict[str, tuple[Worker, ...]] = field(default_factory=dict)
    lingering: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    down: bool = False
    tells: bool = True
    hosted: bool = True

    async def _read(self) -> None:
        await self.world.slots()
        if self.down:
            raise PortError("The WebJobs cannot be read.")

    async def web_jobs(self, slot: str) -> tuple[Worker, ...]:
        await self._read()
        return self.jobs.get(slot, ())

    async def setting(self, name: str, slot: str) -> SettingTold:
        await self._read()
        assert name == SETTING
        return SettingTold(self.sticky, self.values.get(PRODUCTION), self.values.get(slot))

    async def look(self, slot: str) -> WorkersTold:
        seen = await self.world.look(slot)
        if slot in self.silent or seen.version is None:
            return WorkersTold(seen.at, error=f"answered {seen.status}")
        runs = self.runs(slot)
        workers = (Worker("notices", HOSTED, runs, "running" if runs else "off"),) if self.hosted else ()
        return WorkersTold(seen.at, seen.version, seen.instance, workers, Queue(2, 1.0, 0))

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        return ()

    def runs(self, slot: str) -> bool:
        """Whether the slot's process works."""
        return slot in self.lingering or self.values.get(slot) != OFF

    async def linger(self, slot: str, seconds: float) -> None:
        """The slot's old process works on for so long."""
        self.lingering.add(slot)
        await asyncio.sleep(seconds)
        self.lingering.discard(slot)


def once(world: World, workers: TeamWorkers) -> bool:
    """Whether workers run in production, on every instance of it, and nowhere else."""
    return workers.runs(PRODUCTION) and not workers.runs(SLOT) and world.production is not None


__all__ = ["LOOK", "OFF", "RULE", "SETTING", "TeamWorkers", "once"]
