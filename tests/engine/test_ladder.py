"""The ladder: what is done where the platform refuses to swap back, and that it is done only then."""

from __future__ import annotations

import shutil

import pytest

from cpr_cockpit.core.run import Phase
from tests.engine.stage import AUTO, Stage
from tests.engine.users import ERRORS
from tests.engine.world import NEW, OLD, Fault

REFUSED = [Fault.REFUSED] * 12


def refused(script: object = AUTO) -> Stage:
    """A bad release whose swap goes through, and whose swap back is refused for good."""
    stage = Stage(AUTO if script is AUTO else None, behaviour=ERRORS, window_s=30.0)
    stage.world.faults["swap"] = [Fault.SLOW_ANSWER, *REFUSED]
    return stage


def sent(stage: Stage) -> list[tuple[str, str]]:
    return [(call.kind, call.slot) for call in stage.world.calls]


def test_a_refused_swap_back_ends_with_the_old_version_everywhere_by_lower_rungs() -> None:
    with refused() as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert "by another way than the swap" in run.ended.reason
        assert (stage.world.production, stage.world.slot, stage.world.share) == (OLD, OLD, 0.0)
        after = [call for call in sent(stage) if call[0] != "swap"][1:]
        assert after == [("route", "green"), ("deploy", "production"), ("route", "green")]
        assert [call.percent for call in stage.world.calls if call.kind == "route"] == [100.0, 0.0]
        assert run.row("prove-redeployed", "back") is not None


def test_a_person_is_offered_the_next_rung_and_takes_it() -> None:
    with refused(None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        life.command("rollback", by="ana")
        assert not life.live(lambda: bool(life.run_state.offered))
        until = stage.loop.time() + 60.0
        assert not life.live(lambda: stage.loop.time() > until)
        assert stage.world.production == NEW, "nobody has taken the next rung yet"
        taken = life.command("rollback", by="ana")
        assert life.live()
        assert taken.result() == {"already": False}
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        assert (stage.world.production, stage.world.slot, stage.world.share) == (OLD, OLD, 0.0)


def test_a_rung_that_was_offered_is_still_offered_after_a_death_and_the_command_takes_it() -> None:
    with refused(None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        life.command("rollback", by="ana")
        assert not life.live(lambda: bool(life.run_state.offered))
        life.die()
        again = stage.begin(rollback_by="ben")
        assert again.live()
        assert again.run_state.ended is not None
        assert again.run_state.ended.decision == "rolled_back"
        assert stage.world.production == OLD


def test_without_the_old_zip_everybody_is_routed_to_the_old_slot_and_no_more_is_claimed() -> None:
    with refused() as stage:
        stage.world.content_missing = True
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision in ("partial", "failed")
        assert (stage.world.production, stage.world.slot, stage.world.share) == (NEW, OLD, 100.0)


def test_where_redeploying_fails_the_card_is_what_is_left() -> None:
    with refused() as stage:
        stage.world.faults["deploy"] = [Fault.SLOW_ANSWER, *([Fault.REFUSED] * 12)]
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert "rollback-card.md" in run.ended.reason
        # New sessions meet the old version meanwhile.
        assert (stage.world.slot, stage.world.share) == (OLD, 100.0)


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.ERROR_AFTER, Fault.CONFLICT, Fault.VANISHES])
def test_a_swap_back_that_takes_effect_after_all_needs_no_lower_rung(fault: Fault) -> None:
    with Stage(behaviour=ERRORS, window_s=30.0) as stage:
        stage.world.faults["swap"] = [Fault.SLOW_ANSWER, fault]
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert run.offered == ""
        assert "route" not in {call.kind for call in stage.world.calls}


def test_the_old_zip_gone_on_the_way_back_is_told_and_the_rest_is_done() -> None:
    with refused() as stage:
        life = stage.begin()
        assert not life.live(lambda: bool(life.run_state.offered))
        shutil.rmtree(stage.settings.artifacts)
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "failed"
        assert stage.world.share == 100.0


def test_a_swap_back_that_is_put_off_for_good_is_not_waited_for_while_there_is_another_way() -> None:
    with Stage(behaviour=ERRORS, window_s=30.0) as stage:
        stage.world.faults["swap"] = [Fault.SLOW_ANSWER, *([Fault.CONFLICT] * 200)]
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        row = run.row("swap-back", "back")
        assert row is not None
        # The last try is made when 30 s of refusals are over, not at the end of a pause that has grown meanwhile.
        assert 30.0 <= row.seconds < 34.0
