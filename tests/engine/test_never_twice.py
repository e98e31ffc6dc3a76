"""Law 2, never swap twice, and law 3, intent first: for any faults and any moment of a session's death."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.moments import (
    BEFORE_START,
    WAY_BACK,
    WAY_FORTH,
    Moment,
    Troubles,
    bounded,
    deaths,
    lived,
    moments,
    troubles,
)
from tests.engine.stage import Death, Stage
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.world import NEW, OLD, Fault, forward_switches


@bounded(11)
@given(
    trouble=troubles(st.sampled_from(Fault), within_s=40.0),
    ends=st.lists(st.tuples(moments(BEFORE_START, WAY_FORTH, WAY_BACK), deaths), max_size=2),
    behaviour=st.sampled_from((HEALTHY, ERRORS)),
)
def test_no_fault_and_no_death_makes_a_second_swap(
    trouble: Troubles, ends: list[tuple[Moment, Death]], behaviour: Behaviour
) -> None:
    with Stage(behaviour=behaviour) as stage:
        trouble.befall(stage.world)
        run = lived(stage, ends)
        stage.rest()
        world, ended = stage.world, run.ended
        assert ended is not None
        forward, back = forward_switches(world.switches), len(world.switches) - forward_switches(world.switches)
        assert forward <= 1
        assert back <= forward
        assert world.production == (NEW if forward > back else OLD)
        assert ended.production_version in (world.production, "unknown")
        if ended.decision == "kept":
            assert (forward, back) == (1, 0)
        elif ended.decision == "rolled_back":
            assert (world.production, world.slot, forward, back) == (OLD, OLD, 1, 1)
        elif forward == 0:
            assert ended.decision in ("failed", "stopped")
