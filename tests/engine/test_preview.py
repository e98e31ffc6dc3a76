"""Swap with preview on the simulated world: proven with production's settings, completed once, never left behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.events import Script
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.engine.writer import FILE
from tests.engine.moments import Moment, Troubles, bounded, deaths, lived, troubles
from tests.engine.stage import AUTO, Death, Stage
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.world import NEW, OLD, SLOT, Fault, forward_switches


def previewed(behaviour: Behaviour = HEALTHY, script: Script | None = AUTO) -> Stage:
    stage = Stage(script, behaviour=behaviour)
    stage.change(course=Course(preview=True))
    return stage


def sent(stage: Stage) -> list[str]:
    return [call.kind for call in stage.world.calls]


def test_the_slot_is_proven_with_productions_settings_and_then_the_swap_is_completed() -> None:
    with previewed() as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("kept", NEW, OLD)
        assert sent(stage) == ["deploy", "preview", "swap"]
        assert [row.key for row in run.steps if row.way == "forward"][-8:] == [
            "baseline", "preview", "prove-previewed", "warm-previewed", "smoke-previewed",
            "swap", "prove-production", "keep-warm",
        ]  # fmt: skip
        assert stage.world.pending_preview is None


def test_a_bad_version_is_rolled_back_and_there_is_no_preview_to_reset() -> None:
    with previewed(ERRORS) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        assert sent(stage) == ["deploy", "preview", "swap", "swap", "deploy"]
        assert run.finished("reset-preview", "back")


def test_what_does_not_work_with_productions_settings_is_never_swapped_and_its_preview_is_reset() -> None:
    with previewed() as stage:
        stage.world.smoke_fails_previewed = True
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production) == ("failed", OLD)
        assert "Smoke tests on slot green with production's settings" in run.ended.reason
        assert sent(stage) == ["deploy", "preview", "reset"]
        stage.rest()
        assert (stage.world.pending_preview, stage.world.slot) == (None, NEW)


def test_a_swap_that_fails_leaves_no_preview_behind() -> None:
    with previewed() as stage:
        stage.world.faults["swap"] = [Fault.REFUSED] * 9
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert sent(stage)[-1] == "reset"
        stage.rest()
        assert stage.world.pending_preview is None


def test_a_rollback_while_it_is_pending_resets_it_before_anything_else() -> None:
    with previewed(script=None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(Moment("outcome preview", 3).of(life))
        life.command("rollback", by="ana")
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        assert sent(stage) == ["deploy", "preview", "reset", "deploy"]
        assert stage.world.pending_preview is None


def test_somebody_elses_preview_is_not_completed_and_not_reset() -> None:
    with previewed() as stage:
        life = stage.begin()
        assert not life.live(Moment("intent baseline", 2).of(life))
        stage.world.pending_preview, stage.world.preview_on = "production", SLOT
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert "this run did not begin" in run.ended.reason
        assert "--action reset --slot green --target-slot green" in run.ended.reason
        assert sent(stage) == ["deploy"]
        assert stage.world.pending_preview == "production"


def test_a_preview_that_somebody_resets_is_not_swapped_unproven() -> None:
    with previewed() as stage:
        life = stage.begin()
        assert not life.live(Moment("intent smoke-previewed", 0).of(life))
        stage.world.pending_preview = stage.world.preview_on = None
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert "somebody reset it" in run.ended.reason
        assert "swap" not in sent(stage)


def test_a_preview_on_another_slot_blocks_the_swap_back_no_longer_than_the_ladder_needs() -> None:
    with previewed(ERRORS) as stage:
        life = stage.begin()
        assert not life.live(Moment("outcome keep-warm", 2).of(life))
        stage.world.pending_preview, stage.world.preview_on = "production", "blue"
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert "swap-back" in {row.key for row in run.steps if row.result == "stopped"}
        assert (stage.world.production, stage.world.slot, stage.world.preview_on) == (OLD, OLD, "blue")


@pytest.mark.parametrize("until", ["outcome preview", "intent swap"])
def test_without_the_journal_the_card_tells_that_a_preview_may_be_ours_and_it_is_reset(until: str) -> None:
    with previewed() as stage:
        life = stage.begin()
        assert not life.live(Moment(until, 0).of(life))
        life.die(Death(torn=True))
        (stage.folder / FILE).write_bytes(b"no database" * 50)
        stage.whole_journal = False
        stage.world.witness = lambda call: None
        again = stage.begin(rollback_by="ana")
        assert again.live()
        stage.rest()
        ended = again.run_state.ended
        assert ended is not None
        assert (ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        assert (stage.world.pending_preview, stage.world.switches) == (None, [])


@pytest.mark.parametrize("slots", [("production",), ("green",)])
def test_where_a_sign_in_is_switched_on_the_run_does_not_begin(slots: tuple[str, ...]) -> None:
    with previewed() as stage:
        stage.world.signs_in = slots
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert f"sign-in is switched on: {slots[0]}" in run.ended.reason
        assert stage.world.calls == []


MOMENTS = st.builds(
    Moment,
    st.sampled_from(
        (
            "outcome baseline",
            "intent preview",
            "accepted preview",
            "doubtful preview",
            "outcome preview",
            "intent smoke-previewed",
            "outcome smoke-previewed",
            "intent swap",
            "accepted swap",
            "traffic.switched",
            "decision",
            "intent reset-preview",
            "accepted reset-preview",
            "outcome reset-preview",
            "intent swap-back",
            "intent replace-bad",
        )
    ),
    st.integers(0, 60),
)


@bounded(8)
@given(
    trouble=troubles(st.sampled_from(Fault), within_s=40.0),
    previews=st.lists(st.sampled_from(Fault), max_size=2).map(tuple),
    resets=st.lists(st.sampled_from(Fault), max_size=2).map(tuple),
    ends=st.lists(st.tuples(MOMENTS, deaths), max_size=2),
    behaviour=st.sampled_from((HEALTHY, ERRORS)),
    broken=st.booleans(),
)
def test_no_fault_and_no_death_swaps_twice_or_leaves_a_preview_behind(
    trouble: Troubles,
    previews: tuple[Fault, ...],
    resets: tuple[Fault, ...],
    ends: list[tuple[Moment, Death]],
    behaviour: Behaviour,
    broken: bool,
) -> None:
    with previewed(behaviour) as stage:
        trouble.befall(stage.world)
        stage.world.faults["preview"] += previews
        stage.world.faults["reset"] += resets
        stage.world.smoke_fails_previewed = broken
        run = lived(stage, ends)
        stage.rest()
        world, ended = stage.world, run.ended
        assert ended is not None
        forward = forward_switches(world.switches)
        assert forward <= 1
        assert len(world.switches) - forward <= forward
        if ended.decision == "kept":
            assert (world.production, world.slot, forward) == (NEW, OLD, 1)
        elif ended.decision == "rolled_back":
            assert (world.production, world.slot) == (OLD, OLD)
        if world.pending_preview is not None:
            # Only where the platform refused to reset it, or could not be reached to its end, and then it is told.
            row = run.row("reset-preview", "back")
            assert row is not None
            assert row.result in ("failed", "stopped")
            assert "Now slot green runs with production's settings" in ended.reason or "cannot be read" in ended.reason
