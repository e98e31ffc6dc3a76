"""The Pipeline port of the simulated world: the team's own, which deploys to its slots."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import Accepted, Built, OperationState, PlannedRequest
from tests.engine.world import Call, World

COMMIT = "4f2c6a1d9e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c"


@dataclass(slots=True)
class TeamPipeline:
    """``commit`` and ``sha256``: what it says that it built from, and has built."""

    world: World
    commit: str = COMMIT
    sha256: str = ""

    async def start(self, run: str, slot: str, version: str) -> Accepted:
        return await self.world.send(Call(self.world.loop.time(), "pipeline", slot, version, run=run))

    async def find(self, run: str) -> str:
        await self.world.slots()
        return next((name for name, by in reversed(self.world.pipeline_runs.items()) if by == run), "")

    async def look(self, operation: str) -> OperationState:
        return await self.world.operation(operation)

    async def built(self, operation: str) -> Built:
        await self.world.slots()
        return Built(self.commit, self.sha256)

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        return ()
