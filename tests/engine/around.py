"""What surrounds the simulated world: deployments, routing, settings, the plan, and an activity log that is late."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cpr_cockpit.core.ports import PRODUCTION, PortError
from cpr_cockpit.core.surroundings import Activity, Deployment, PlanScale, Surroundings

if TYPE_CHECKING:
    from tests.engine.world import World

GREEN = "app settings of slot green"
NAMES = "slot config names"


class Around:
    """The SurroundingsReader port. ``settings`` and ``scale`` are there to be changed; ``log`` to be filled.

    ``hidden``: parts that cannot be read. ``log_fails``: the activity log cannot be read. A swap moves the settings of
    both slots, as Azure does with all that are not sticky. ``held``: a reading ends when it is set; ``asked`` so far.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.settings = {f"app settings of {PRODUCTION}": "a", GREEN: "b", NAMES: "n"}
        self.scale = PlanScale("plan", "P1v3", 1)
        self.key = "k"
        self.held: asyncio.Event | None = None
        self.asked = 0
        self.hidden: set[str] = set()
        self.log: list[tuple[float, Activity]] = []
        self.log_fails = False

    async def read(self, at: float) -> Surroundings:
        """One reading."""
        await asyncio.sleep(self.world.read_s)
        self.asked += 1
        if self.held is not None:
            await self.held.wait()
        if self.world.gone():
            return Surroundings(at, troubles=("Resource Manager cannot be reached.",))
        listed = {
            slot: tuple(Deployment(id, slot, "Portal", "2025-10-09T08:53:20.1") for id in ids)
            for slot, ids in self.world.deployments().items()
        }
        swapped = len(self.world.switches) % 2
        settings = {name: value + ("" if name == NAMES else str(swapped)) for name, value in self.settings.items()}
        if self.world.preview_on is not None:
            # A preview gives the slot production's settings.
            settings[GREEN] += " previewed"
        hidden = self.hidden
        return Surroundings(
            at,
            deployments={} if "deployments" in hidden else listed,
            shares=None if "routing" in hidden else ({"green": self.world.share} if self.world.share else {}),
            settings={} if "settings" in hidden else settings,
            plan=None if "plan" in hidden else self.scale,
            key=self.key,
            troubles=tuple(f"{part} cannot be read" for part in sorted(hidden)),
        )

    async def activities(self, since: float) -> tuple[Activity, ...]:
        """What has come into the log by now."""
        await asyncio.sleep(self.world.read_s)
        if self.log_fails:
            raise PortError("The activity log cannot be read.")
        now = self.world.clock.now()
        return tuple(entry for comes, entry in self.log if comes <= now and entry.at >= since)
