"""A flag that cannot be used is told before START; a flag as the kill switch beside any other strategy."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.flags import RANDOM, TARGETING
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import BLUE_GREEN, CANARY
from tests.engine.flags import FLAG
from tests.engine.stage import AUTO, Stage
from tests.engine.test_feature_flag import flagged
from tests.engine.users import ERRORS
from tests.engine.world import OLD, Fault


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exists": False}, "does not exist"),
        ({"locked": True}, "is locked"),
        ({"filters": (RANDOM,)}, RANDOM),
        ({"enabled": True, "percent": 10.0}, "on already for 10 %"),
        ({"enabled": True, "percent": None, "filters": ()}, "on already for 100 %"),
    ],
)
def test_a_flag_that_cannot_be_raised_is_told_before_start(changes: dict[str, object], words: str) -> None:
    with flagged() as stage:
        stage.world.flags.somebody_sets(**changes)
        run = stage.whole_run()
        assert run.ended is not None
        assert run.started_at is None
        assert words in run.ended.reason
        assert "Nothing was changed" in run.ended.reason
        assert stage.world.calls == []


def kill_switch(strategy: str, share: float) -> Stage:
    stage = Stage(AUTO, behaviour=ERRORS, window_s=60.0)
    stage.change(course=Course(strategy, flag=FLAG))
    stage.world.flags.somebody_sets(enabled=True, percent=share, filters=(TARGETING,))
    return stage


@pytest.mark.parametrize("strategy", [BLUE_GREEN, CANARY])
def test_a_kill_switch_is_the_first_act_of_any_way_back(strategy: str) -> None:
    with kill_switch(strategy, 40.0) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)
        assert stage.world.flags.written == [(False, 40.0)]
        back = [row.key for row in run.steps if row.way == "back"]
        assert back[0] == "flag-off"


@pytest.mark.parametrize("how", ["away", "locked", "refused"])
def test_a_kill_switch_that_fails_keeps_no_swap_back_up_and_is_told(how: str) -> None:
    with kill_switch(BLUE_GREEN, 100.0) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        if how == "away":
            stage.world.flags.away.append((0.0, 1e9))
        elif how == "locked":
            stage.world.flags.somebody_sets(locked=True)
        else:
            stage.world.faults["flag"] = [Fault.REFUSED] * 20
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("partial", OLD, OLD)
        assert f"flag {FLAG} is not off" in run.ended.reason
        assert run.decided_at is not None
        assert run.switched_back_at is not None
        assert run.switched_back_at - run.decided_at < 45.0


@pytest.mark.parametrize("hung", [{"read"}, {"write"}, {"read", "write"}])
def test_a_store_that_hangs_keeps_the_swap_back_up_no_longer_than_one_that_is_away(hung: set[str]) -> None:
    with kill_switch(BLUE_GREEN, 100.0) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        stage.world.flags.hung = frozenset(hung)
        assert not life.live(lambda: life.run_state.switched_back_at is not None)
        run = life.run_state
        assert run.decided_at is not None
        assert run.switched_back_at is not None
        assert run.switched_back_at - run.decided_at < 10.0
        assert life.live()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("partial", OLD, OLD)
        assert f"flag {FLAG} is not off" in run.ended.reason
