"""Laws 2 and 4 with several apps: for any faults in any of them, and any moment of a session's death."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.moments import Moment, Troubles, bounded, deaths, lived, troubles
from tests.engine.stage import Death, bodies
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.world import NEW, OLD, Call, Fault, forward_switches
from tests.engine.worlds import Apps

MOMENTS = st.builds(
    Moment,
    st.sampled_from(
        (
            "intent deploy@goals-2",
            "intent swap",
            "accepted swap",
            "app.switched",
            "outcome swap",
            "intent gate-1",
            "verdict",
            "outcome gate-1",
            "intent swap@goals-2",
            "accepted swap@goals-2",
            "outcome swap@goals-2",
            "outcome gate-2",
            "intent swap@goals-3",
            "accepted swap@goals-3",
            "traffic.switched",
            "decision",
            "intent swap-back@goals-3",
            "accepted swap-back@goals-2",
            "outcome swap-back",
            "intent replace-bad@goals-2",
            "intent prove-rollback@goals-3",
        )
    ),
    st.integers(0, 40),
)
IN_ANY = st.lists(troubles(st.sampled_from(Fault), within_s=150.0), min_size=3, max_size=3)


def judged_in_turn(stage: Apps, at_once: int) -> None:
    """From now on a swap forward is held against the gates that were passed: never more apps than so many at once."""

    def seen(call: Call) -> None:
        told = bodies(stage.folder)
        ends = [body for body in told if body["type"] == "step.outcome" and body["result"] in ("done", "already")]
        begun = {body["step"] for body in told if body["type"] == "step.intent" and body["way"] == "forward"}
        swaps = sum(1 for step in begun if step.startswith("swap"))
        gates = sum(1 for body in ends if body["step"].startswith("gate-"))
        assert swaps <= at_once * (gates + 1), f"{swaps} apps were switched after {gates} gates"

    stage.judge_calls(seen)


def never_twice(stage: Apps, ended: str) -> None:
    """Law 2 in every app, and law 4: what was rolled back is nowhere any more."""
    for name, world in stage.worlds.items():
        forward = forward_switches(world.switches)
        back = len(world.switches) - forward
        assert forward <= 1, f"{name} was switched twice"
        assert back <= forward, f"{name} was switched back without having been switched"
        if ended == "kept":
            assert (world.production, world.slot, world.share) == (NEW, OLD, 0.0), name
        elif ended == "rolled_back":
            assert (world.production, world.slot, world.share) == (OLD, OLD, 0.0), name


@bounded(3)
@given(
    befalls=IN_ANY,
    ends=st.lists(st.tuples(MOMENTS, deaths), max_size=2),
    behaviour=st.sampled_from((HEALTHY, HEALTHY, ERRORS)),
    at_once=st.sampled_from((1, 2)),
)
def test_no_fault_and_no_death_in_any_app_makes_a_second_swap(
    befalls: list[Troubles], ends: list[tuple[Moment, Death]], behaviour: Behaviour, at_once: int
) -> None:
    with Apps(behaviour=behaviour, at_once=at_once) as stage:
        judged_in_turn(stage, at_once)
        for trouble, world in zip(befalls, stage.worlds.values(), strict=True):
            trouble.befall(world)
        run = lived(stage, ends)
        stage.rest()
        assert run.ended is not None
        never_twice(stage, run.ended.decision)
        if behaviour is ERRORS:
            # A fault is found at the first gate, before any further app.
            assert len(list(stage.forward())) <= at_once


@bounded(3)
@given(moment=MOMENTS, befalls=IN_ANY, ends=st.lists(st.tuples(MOMENTS, deaths), max_size=1))
def test_a_rollback_by_command_at_any_time_leaves_no_app_unsaid(
    moment: Moment, befalls: list[Troubles], ends: list[tuple[Moment, Death]]
) -> None:
    with Apps() as stage:
        life = stage.begin()
        has_come, latest = moment.of(life), stage.loop.time() + 200.0
        if life.live(lambda: has_come() or stage.loop.time() >= latest):
            return
        for trouble, world in zip(befalls, stage.worlds.values(), strict=True):
            trouble.befall(world)
        life.command("rollback", by="ana")
        for end, death in ends:
            if life.live(end.of(life)):
                break
            life.die(death)
            life = stage.begin(rollback_by="ana")
        assert life.live()
        stage.rest()
        ended = life.run_state.ended
        assert ended is not None
        never_twice(stage, ended.decision)
        assert ended.decision in ("rolled_back", "partial", "failed", "kept")
        for name, world in stage.worlds.items():
            if NEW in (world.production, world.slot) and ended.decision in ("partial", "failed"):
                assert name in ended.reason, f"{name} is left with {NEW} and not named"
