"""A night in the world in virtual time: a user now and then, and logs that hold our own requests' rows too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cpr_cockpit.core.blocks import BlockQuestion
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import STRETCH_S, Arrived, LogFacts, PlannedRequest, Stretch
from cpr_cockpit.core.signals import Bin, Observation, Source
from cpr_cockpit.core.strategies import Course
from tests.engine.journeys import GOALS, Walks
from tests.engine.stage import Stage
from tests.engine.users import Users
from tests.engine.virtual import EPOCH
from tests.engine.world import NEW

OWN_RATE = 8
"""Requests of our own a second, which the platform counts with those of users."""
FASTEST = Policy(synthetic_go=True, synthetic_steps=600)


@dataclass(slots=True)
class NightUsers(Users):
    """A user every ``every`` seconds. ``lost_at``: when the telemetry died; ``dead_at``: since when all of it fails."""

    every: float = 2.0
    lost_at: float = math.inf
    dead_at: float = math.inf

    def _times(self, begin: float, end: float) -> list[float]:
        first = math.ceil((begin - EPOCH) / self.every)
        last = math.ceil((min(end, self.lost_at) - EPOCH) / self.every)
        return [EPOCH + number * self.every for number in range(first, last)]

    def _since(self) -> float:
        return next((at for at, version in self.timeline if version == NEW), math.inf)

    def _night_row(self, version: str, start: float, end: float, upto: float) -> Bin | None:
        times = [at for at in self._times(start, min(end, upto)) if (at >= self._since()) is (version == NEW)]
        failures = sum(at >= self.dead_at for at in times)
        return (
            Bin(start, end - start, version, len(times), failures, 80.0, 110.0, 130.0, None, times[-1])
            if times
            else None
        )

    async def requests(
        self,
        *,
        start: float,
        end: float,
        bin_s: float,
        versions: Sequence[str],
        blocks: BlockQuestion | None = None,
        flag: str = "",
    ) -> Observation:
        await self.clock.sleep(0.06)
        now = self.clock.now()
        upto = min(end, now - self.delay)
        starts = [start + index * bin_s for index in range(max(0, math.ceil((upto - start) / bin_s)))]
        bins = [row for at in starts for one in versions if (row := self._night_row(one, at, at + bin_s, upto))]
        whole = [row for one in versions if (row := self._night_row(one, start, end, upto))]
        newest = max((row.newest for row in whole if row.newest is not None), default=None)
        return Observation(Source.LOGS, now, newest, tuple(bins), tuple(whole), lag_p95=self.delay if whole else None)

    async def platform(self, *, start: float, end: float, granularity_s: float) -> Observation:
        await self.clock.sleep(self.counting_s)
        now, grain, points = self.clock.now(), granularity_s, []
        at = math.floor((start - EPOCH) / grain) * grain + EPOCH
        while at + grain + 1.0 <= min(end, now):
            count = round(grain / self.every + OWN_RATE * grain)
            points.append(Bin(at, grain, "", count, count if at >= self.dead_at else 0))
            at += grain
        newest = points[-1].end if points else None
        return Observation(Source.PLATFORM, now, newest, tuple(points), granularity_s=grain, lag_p95=1.0)

    async def facts(self, *, since: float) -> LogFacts:
        return LogFacts(15, 15.0, self.clock.now() - 2.0, self.delay, cap_known=True)

    async def arrived(self, *, since: float) -> tuple[Arrived, ...]:
        upto = min(self.clock.now() - self.delay, self.lost_at)
        rows = max(0, round((upto - since) * (OWN_RATE + 1.0 / self.every)))
        return (Arrived(NEW, rows, upto, self.delay),) if rows else ()

    async def by_hour(self, *, since: float) -> tuple[Stretch, ...]:
        now = self.clock.now()
        starts = [since + number * STRETCH_S for number in range(int((now - since) / STRETCH_S))]
        return tuple(Stretch(at, round(STRETCH_S / self.every), at) for at in starts)

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        return ()


def night(
    stage: Stage, *, policy: Policy = FASTEST, journeys: bool = True, every: float = 2.0
) -> tuple[NightUsers, Walks]:
    """The stage at night: few users, and critical journeys that are declared, or none."""
    world = stage.world
    users = NightUsers(world.clock, world.users.timeline, every=every)
    world.users = world.premises = users
    walks = Walks(world.clock, declared=(replace(GOALS, steps=("login", "create", "read", "delete")),))
    if journeys:
        world.journeys = walks
    stage.change(policy=policy, course=Course(journeys=("goals",) if journeys else ()))
    return users, walks
