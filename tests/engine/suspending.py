"""A machine that is suspended: its clock has gone on when it wakes, its timers have not."""

from __future__ import annotations

from tests.engine.virtual import VirtualClock, VirtualLoop
from tests.engine.world import World


class SuspendingClock(VirtualClock):
    """The virtual clock of a machine that was away for ``away_s`` seconds in all."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__(loop)
        self.away_s = 0.0

    def now(self) -> float:
        """Epoch seconds, UTC, the time in which the machine was away among them."""
        return super().now() + self.away_s

    def suspend(self, seconds: float) -> None:
        """Away for so long, from now to now."""
        self.away_s += seconds

    def set_back(self, seconds: float) -> None:
        """Somebody sets the clock: it is so much earlier again."""
        self.away_s -= seconds


def suspending(world: World) -> SuspendingClock:
    """The clock of everything in ``world`` from now on."""
    clock = SuspendingClock(world.loop)
    world.clock = world.users.clock = clock
    return clock
