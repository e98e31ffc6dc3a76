"""The way back of simulated apps: which of them is waited for, how long, and whose next rung a press takes."""

from __future__ import annotations

import pytest

from tests.engine.moments import Moment
from tests.engine.stage import AUTO, Life, bodies
from tests.engine.test_turns import later
from tests.engine.world import NEW, OLD, Fault
from tests.engine.worlds import APPS, Apps

FIRST, SECOND, THIRD = APPS
REFUSED = [Fault.REFUSED] * 12


def two(script: object = AUTO) -> Apps:
    """Two apps that are switched before the first gate, and a third after it."""
    return Apps(script, at_once=2)


def switched(stage: Apps) -> Life:
    """A session in which the two serve the new version."""
    life = stage.begin()
    if stage.settings.script is None:
        stage.sign_and_start(life)
    assert not life.live(Moment("intent gate-1", 0).of(life))
    return life


def away(stage: Apps, name: str, seconds: float) -> None:
    """From now on nothing can be read of an app for so long."""
    now = stage.loop.time()
    stage.worlds[name].unreachable = [(now, now + seconds)]


def test_a_rung_that_is_pressed_waits_for_no_slot_that_is_put_off() -> None:
    with two(None) as stage:
        life = switched(stage)
        stage.worlds[SECOND].faults["swap"] = REFUSED[:]
        stage.worlds[FIRST].faults["deploy"] = [Fault.CONFLICT] * 3
        life.command("rollback", by="ana")
        assert not life.live(Moment("doubtful replace-bad", 9).of(life))
        pressed = stage.loop.time()
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.row(f"route-old@{SECOND}", "back") is not None)
        assert stage.loop.time() - pressed < 1.0
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back", life.run_state.ended.reason
        assert stage.everywhere(OLD, OLD)


@pytest.mark.long
def test_of_two_apps_that_cannot_be_read_none_waits_for_the_whole_time_of_the_other() -> None:
    with two() as stage:
        life = switched(stage)
        away(stage, SECOND, 7200.0)
        away(stage, FIRST, 80.0)
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.finished("swap-back", "back"))
        decided_at = life.run_state.decided_at
        assert decided_at is not None
        assert stage.world.clock.now() - decided_at < 100.0


def test_by_command_the_rungs_of_a_late_refusal_come_before_the_slots_of_the_others() -> None:
    with two() as stage:
        life = switched(stage)
        away(stage, SECOND, 40.0)
        stage.worlds[SECOND].faults["swap"] = REFUSED[:]
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.finished(f"redeploy-old@{SECOND}", "back"))
        assert life.run_state.row("replace-bad", "back") is None
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back", life.run_state.ended.reason
        assert stage.everywhere(OLD, OLD)


def test_who_presses_a_rung_twice_has_not_taken_that_of_the_next_app() -> None:
    with two(None) as stage:
        life = switched(stage)
        stage.worlds[SECOND].faults["swap"] = REFUSED[:]
        away(stage, FIRST, 45.0)
        stage.worlds[FIRST].faults["swap"] = REFUSED[:]
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.rung_waits)
        for _ in range(2):
            later(life, 0.02)
            life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.refused == (f"swap-back@{SECOND}", "swap-back"))
        later(life, 5.0)
        assert (stage.worlds[FIRST].production, stage.worlds[SECOND].production) == (NEW, OLD)
        assert set(stage.sent("route")) == {SECOND}, "nobody has taken the rung of the first app"
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.finished("redeploy-old", "back"))


def test_a_swap_that_is_under_way_is_said_to_be_and_the_last_app_makes_way_for_nobody() -> None:
    with two() as stage:
        stage.worlds[SECOND].swap_hangs_s = 100.0
        life = stage.begin()
        assert not life.live(Moment(f"accepted swap@{SECOND}", 2).of(life))
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.finished(f"swap-back@{SECOND}", "back"))
        told = [one for one in bodies(stage.folder) if one["type"] == "step.outcome" and SECOND in one["step"]]
        forth = next(one for one in told if one["step"] == f"swap@{SECOND}")
        assert forth["words"].startswith("left under way for the rollback: ")
        assert [one["result"] for one in told if one["step"] == f"swap-back@{SECOND}"] == ["done"]


@pytest.mark.long
def test_the_last_app_makes_way_for_one_that_refused() -> None:
    with two(None) as stage:
        life = switched(stage)
        stage.worlds[SECOND].faults["swap"] = REFUSED[:]
        stage.worlds[FIRST].swap_hangs_s = 200.0
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.rung_waits)
        decided_at = life.run_state.decided_at
        assert decided_at is not None
        assert stage.world.clock.now() - decided_at < 75.0
