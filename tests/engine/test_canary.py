"""The canary on the simulated world: shares before the swap, each judged, and the way back from any of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import CANARY
from cpr_cockpit.documents.papers.head import user_impact
from tests.engine.moments import Moment, Troubles, bounded, deaths, lived, troubles
from tests.engine.stage import AUTO, Death, Stage
from tests.engine.users import ERRORS, HEALTHY, SILENT, SLOW, Behaviour
from tests.engine.world import NEW, OLD, Call, Fault, forward_switches

PERCENTS = (5.0, 25.0, 50.0)
WINDOW_S = 60.0


def canary(behaviour: Behaviour = HEALTHY, script: ev.Script | None = AUTO) -> Stage:
    stage = Stage(script, behaviour=behaviour, window_s=WINDOW_S)
    stage.change(course=Course(CANARY, PERCENTS))
    return stage


def never_shared_in_a_swap(stage: Stage) -> None:
    """From now on every swap is held against the share that is routed: after it the slot holds the other version."""
    witness = stage.world.witness

    def seen(call: Call) -> None:
        witness(call)
        assert call.kind != "swap" or stage.world.share == 0.0, f"{call} left with {stage.world.share} % routed"

    stage.world.witness = seen


def routed(stage: Stage) -> list[float]:
    return [call.percent for call in stage.world.calls if call.kind == "route"]


def sent(stage: Stage) -> list[str]:
    return [call.kind for call in stage.world.calls]


def test_a_healthy_version_gets_share_after_share_and_then_everybody() -> None:
    with canary() as stage:
        never_shared_in_a_swap(stage)
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("kept", NEW, OLD)
        assert routed(stage) == [*PERCENTS, 0.0]
        assert sent(stage) == ["deploy", "route", "route", "route", "route", "swap"]
        watched = [row for row in run.steps if row.key.startswith("watch-")]
        assert [row.result for row in watched] == ["done"] * 3
        assert all("GO after" in row.words and row.seconds >= 300.0 * WINDOW_S / 900.0 for row in watched)


@pytest.mark.parametrize("behaviour", [ERRORS, SLOW], ids=["errors", "slow"])
def test_a_fault_ends_at_the_first_share_and_production_never_served_it(behaviour: Behaviour) -> None:
    with canary(behaviour) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        assert stage.world.switches == []
        assert "were routed to v1.3.0 in the slot; the verdict on them: " in user_impact(run)
        # The share goes first: from then on no new session meets the fault.
        assert sent(stage) == ["deploy", "route", "route", "deploy"]
        assert routed(stage) == [5.0, 0.0]
        assert (run.t0, run.exposed) == (None, True)


def test_a_share_that_nothing_is_told_of_is_held_and_never_grows() -> None:
    with canary(SILENT) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "held"
        assert "told nothing" in run.ended.reason
        assert routed(stage) == [5.0]
        assert stage.world.switches == []


def test_the_early_test_finds_in_a_share_what_the_written_trigger_needs_minutes_for() -> None:
    with canary(ERRORS) as stage:
        run = stage.whole_run()
        verdict = next(one for _, one in run.verdicts if one.kind == "ROLLBACK")
        assert (verdict.rule or "").startswith("early: ")
        assert "the old version at the same time 0.0 %" in verdict.sentence
        assert run.first_rollback_verdict_at is not None
        assert run.share_at is not None
        # The written trigger: five minutes at full length.
        began = next(row.began_at for row in run.steps if row.key == "watch-5")
        assert run.first_rollback_verdict_at - began < 300.0 * WINDOW_S / 900.0


def test_a_person_rolls_back_from_a_share() -> None:
    with canary(script=None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.share == 25.0)
        back = life.command("rollback", by="ana")
        assert life.live()
        back.result()
        run = life.run_state
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        assert routed(stage) == [5.0, 25.0, 0.0]


def test_a_slot_that_sessions_are_routed_to_already_is_not_deployed_to() -> None:
    with canary() as stage:
        stage.world.share = 10.0
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert "10 % of production's new sessions go to slot green already" in run.ended.reason
        assert stage.world.calls == []


MOMENTS = st.builds(
    Moment,
    st.sampled_from(
        (
            "intent route-5",
            "accepted route-5",
            "share.routed",
            "intent watch-5",
            "verdict",
            "outcome watch-5",
            "intent route-25",
            "intent route-off",
            "outcome route-off",
            "intent swap",
            "decided",
            "intent route-back",
            "outcome route-back",
            "intent replace-bad",
        )
    ),
    st.integers(0, 40),
)


@bounded(5)
@given(
    trouble=troubles(st.sampled_from(Fault), within_s=100.0),
    ends=st.lists(st.tuples(MOMENTS, deaths), max_size=2),
    behaviour=st.sampled_from((HEALTHY, ERRORS)),
)
def test_no_fault_and_no_death_leaves_a_share_on_what_was_rolled_back(
    trouble: Troubles, ends: list[tuple[Moment, Death]], behaviour: Behaviour
) -> None:
    with canary(behaviour) as stage:
        never_shared_in_a_swap(stage)
        trouble.befall(stage.world)
        run = lived(stage, ends)
        stage.rest()
        world, ended = stage.world, run.ended
        assert ended is not None
        forward = forward_switches(world.switches)
        assert forward <= 1
        assert len(world.switches) - forward <= forward
        if ended.decision == "kept":
            assert (world.production, world.slot, world.share) == (NEW, OLD, 0.0)
        elif ended.decision == "rolled_back":
            assert (world.production, world.slot, world.share) == (OLD, OLD, 0.0)
        if behaviour is ERRORS:
            assert forward == 0


def control(behaviour: Behaviour = HEALTHY) -> Stage:
    stage = Stage(behaviour=behaviour, window_s=WINDOW_S)
    stage.change(course=Course(control=5.0))
    return stage


def test_a_control_is_held_back_for_the_window_and_let_go_at_go() -> None:
    with control() as stage:
        never_shared_in_a_swap(stage)
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.share) == ("kept", NEW, 0.0)
        assert sent(stage) == ["deploy", "swap", "route", "route"]
        assert routed(stage) == [5.0, 0.0]
        assert run.decided_at is not None
        assert next(row.began_at for row in run.steps if row.key == "release-control") >= run.decided_at


def test_a_control_is_let_go_before_the_swap_back_and_finds_the_fault_sooner() -> None:
    found = []
    for percent in (5.0, 0.0):
        with control(ERRORS) as stage:
            stage.change(course=Course(control=percent), window_s=300.0)
            never_shared_in_a_swap(stage)
            run = stage.whole_run()
            assert run.ended is not None
            assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
            assert (run.first_rollback_verdict_at, run.t0) != (None, None)
            found.append((run.first_rollback_verdict_at or 0.0) - (run.t0 or 0.0))
    assert found[0] <= 0.6 * found[1]


def test_the_end_names_every_step_of_the_way_back_that_failed_not_the_last_alone() -> None:
    with control() as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.finished("hold-back", "forward"))
        stage.world.faults["route"] = stage.world.faults["deploy"] = [Fault.REFUSED] * 20
        life.command("rollback", by="ana")
        assert life.live()
        ended = life.run_state.ended
        assert ended is not None
        assert (ended.decision, stage.world.production, stage.world.share) == ("partial", OLD, 5.0)
        for key in ("replace-bad", "route-back"):
            assert f"step '{life.run_state.title(key, 'back')}' did not succeed" in ended.reason


@pytest.mark.parametrize("course", [Course(CANARY), Course(control=5.0)], ids=["canary", "control"])
def test_sessions_are_never_routed_to_a_slot_that_differs_from_production(course: Course) -> None:
    with Stage(window_s=WINDOW_S) as stage:
        stage.world.differs = ("app setting Flags:New", "connection string Db", "identity")
        stage.change(course=course)
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert "app setting Flags:New, connection string Db, identity" in run.ended.reason
        assert stage.world.calls == []
    with Stage(window_s=WINDOW_S) as stage:
        stage.world.differs = ("app setting Flags:New", "identity")
        stage.change(
            course=Course(course.strategy, control=course.control, harmless=("APP SETTING flags:new", "identity"))
        )
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "kept"


def test_a_slot_that_is_created_is_compared_before_anything_is_deployed_to_it() -> None:
    with Stage(window_s=WINDOW_S, slot_exists=False) as stage:
        stage.world.differs = ("app setting Own",)
        stage.change(course=Course(CANARY))
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert "app setting Own" in run.ended.reason
        assert sent(stage) == ["create"]


def test_a_routing_that_cannot_be_read_or_is_refused_keeps_nobody_from_the_swap_back() -> None:
    for faults, away_s in (([Fault.REFUSED] * 3, 0.0), ([], 150.0)):
        with control() as stage:
            stage.change(script=None)
            life = stage.begin()
            stage.sign_and_start(life)
            assert not life.live(lambda run=life: run.run_state.finished("hold-back", "forward"))  # type: ignore[misc]
            now = stage.loop.time()
            stage.world.unreachable = [(now, now + away_s)]
            stage.world.faults["route"] = list(faults)
            life.command("rollback", by="ana")
            assert life.live()
            assert life.run_state.ended is not None
            ended = life.run_state.ended
            assert (ended.decision, stage.world.production) == ("rolled_back", OLD), ended.reason
            assert (stage.world.slot, stage.world.share) == (OLD, 0.0)
