"""Moments in a session's life, so many turns of its loop after something was recorded; and what may happen then."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.run import Run
from tests.engine.stage import Death, Life, Stage
from tests.engine.world import Fault, World


def bounded(examples: int) -> settings:
    """So many whole runs, always the same ones. No shrinking: with whole runs it takes minutes and finds little."""
    times = float(os.environ.get("CPR_EXAMPLES_TIMES", "1"))
    return settings(
        max_examples=int(examples * times),
        phases=(Phase.explicit, Phase.generate),
        derandomize=True,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
    )


def name_of(event: Event) -> str:
    """``intent swap``, ``accepted deploy``; of what is no step its type."""
    if isinstance(event, ev.StepIntent | ev.StepAccepted | ev.StepDoubtful | ev.StepOutcome):
        return f"{event.type.removeprefix('step.')} {event.step}"
    return str(getattr(event, "type", ""))


@dataclass(frozen=True, slots=True)
class Moment:
    """So many turns of the loop after ``what`` is in the journal, or after the beginning of a session that found it."""

    what: str
    turns: int

    def of(self, life: Life) -> Callable[[], bool]:
        """Whether it has come, asked at every turn."""
        read, since = 0, -1

        def has_come() -> bool:
            nonlocal read, since
            records = life.recorder.records
            while since < 0 and read < len(records):
                if name_of(records[read].event) == self.what:
                    since = life.loop.turns
                read += 1
            return 0 <= since <= life.loop.turns - self.turns

        return has_come


BEFORE_START = ("run.opened", "plan.made", "card.written")
WAY_FORTH = (
    "run.started",
    "accepted ensure-slot",
    "intent deploy",
    "accepted deploy",
    "outcome deploy",
    "intent smoke",
    "intent baseline",
    "outcome baseline",
    "intent swap",
    "accepted swap",
    "doubtful swap",
    "traffic.switched",
    "outcome swap",
    "intent prove-production",
    "outcome keep-warm",
    "decision",
)
WAY_BACK = ("intent swap-back", "accepted swap-back", "intent replace-bad", "accepted replace-bad", "outcome swap-back")

turns = st.integers(0, 130)


def moments(*groups: tuple[str, ...]) -> st.SearchStrategy[Moment]:
    """Any moment near one of these records; most are drawn near the swap, where it hurts."""
    whats = [what for group in groups for what in group]
    return st.builds(Moment, st.sampled_from(whats), turns)


deaths = st.builds(Death, torn=st.booleans(), unwritten=st.integers(0, 3))


@dataclass(frozen=True, slots=True)
class Troubles:
    """What goes wrong around a run: faults of the requests in order; when Resource Manager is gone; slow reads."""

    swap: tuple[Fault, ...] = ()
    deploy: tuple[Fault, ...] = ()
    route: tuple[Fault, ...] = ()
    unreachable: tuple[tuple[float, float], ...] = ()
    read_s: float = 0.04

    def befall(self, world: World) -> None:
        """From now on."""
        world.faults["swap"] += self.swap
        world.faults["deploy"] += self.deploy
        world.faults["route"] += self.route
        now = world.loop.time()
        world.unreachable += [(now + begin, now + begin + length) for begin, length in self.unreachable]
        world.read_s = self.read_s


def troubles(faults: st.SearchStrategy[Fault], within_s: float) -> st.SearchStrategy[Troubles]:
    """Up to three faults on swaps and on routes, two on deployments, two absences that begin ``within_s``."""
    seconds: Any = st.floats(0.0, within_s)
    return st.builds(
        Troubles,
        swap=st.lists(faults, max_size=3).map(tuple),
        deploy=st.lists(faults, max_size=2).map(tuple),
        route=st.lists(faults, max_size=3).map(tuple),
        unreachable=st.lists(st.tuples(seconds, st.floats(0.1, 15.0)), max_size=2).map(tuple),
        read_s=st.sampled_from((0.04, 0.04, 1.3)),
    )


def lived(stage: Stage, ends: list[tuple[Moment, Death]]) -> Run:
    """The run after sessions that died at these moments, and a last one that did not."""
    for moment, death in ends:
        life = stage.begin()
        if life.live(moment.of(life)):
            life.end()
            return life.run_state
        life.die(death)
        stage.loop.run_until_complete(stage.world.clock.sleep(1.0))
    return stage.whole_run()
