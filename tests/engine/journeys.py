"""Journeys of the world in virtual time: each passes in a while, unless it was made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cpr_cockpit.core.journeys import PLACES, Heard, Journey, JourneyResult, Proof, StepResult, Walked
from cpr_cockpit.core.plan import PRODUCTION, Act
from cpr_cockpit.core.ports import PlannedRequest
from tests.engine.virtual import VirtualClock

LASTS_S = 0.3
GOALS = Journey("goals", "check@goals.example", True, PLACES, ("login", "create"), (Proof.LOGIN, Proof.DATA), 30.0)
REFUSALS = Journey("refusals", "other@goals.example", False, PLACES, ("no token",), (Proof.AUTHENTICATION,), 30.0)


@dataclass
class Walks:
    """``wrong``: what is wrong with a journey at a place now, "" for nothing. ``walked``: when which was begun."""

    clock: VirtualClock
    declared: tuple[Journey, ...] = (GOALS, REFUSALS)
    staging: bool = False
    wrong: Callable[[str, str], str] = lambda name, place: ""
    unreached: bool = False
    walked: list[tuple[float, str, str]] = field(default_factory=list)

    async def walk(self, name: str, place: str, heard: Heard) -> JourneyResult:
        one = next(one for one in self.declared if one.name == name)
        self.walked.append((self.clock.now(), name, place))
        heard((f"{name} begins",))
        await asyncio.sleep(LASTS_S)
        wrong = self.wrong(name, place)
        walked = Walked.FAILED if wrong else Walked.PASSED
        steps = tuple(StepResult(step, walked, wrong or "200 in 84 ms", 84.0, one.proves) for step in one.steps)
        result = JourneyResult(
            name, one.account, one.critical, walked, wrong or "as expected", self.clock.now(), 300.0, steps
        )
        return replace(result, unreached=self.unreached and bool(wrong))

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        return ()

    def begun(self, place: str = PRODUCTION, name: str = "goals") -> list[float]:
        """When one was begun at a place."""
        return [at for at, which, where in self.walked if (which, where) == (name, place)]
