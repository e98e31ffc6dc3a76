"""Rolling on several simulated apps: a gate between them, and the way back in reverse of what was done."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.events import Script
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import ROLLING
from cpr_cockpit.engine.afterwards import Afterwards
from tests.engine.around import GREEN
from tests.engine.stage import Stage
from tests.engine.users import ERRORS, SILENT
from tests.engine.world import NEW, OLD, Fault
from tests.engine.worlds import APPS, Apps

FIRST, SECOND, THIRD = APPS


def test_a_healthy_version_goes_from_app_to_app_and_is_kept() -> None:
    with Apps() as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, run.ended.production_version) == ("kept", NEW)
        assert stage.everywhere(NEW, OLD)
        assert stage.sent("swap") == list(APPS)
        assert stage.sent("deploy") == list(APPS)
        assert run.swaps == 3
        gates = [row for row in run.steps if row.key.startswith("gate-")]
        assert [(row.result, "GO after" in row.words) for row in gates] == [("done", True)] * 2
        assert [f"in {number} of 3 apps" in row.words for number, row in enumerate(gates, 1)] == [True, True]


def test_the_window_counts_from_when_the_last_app_was_switched() -> None:
    with Apps() as stage:
        run = stage.whole_run()
        assert set(run.switched) == set(APPS)
        assert run.t0 == max(run.switched.values())
        assert run.decided_at is not None
        assert run.decided_at - run.t0 >= 60.0
        gates = [row for row in run.steps if row.key.startswith("gate-")]
        assert all(row.seconds > 0.8 * 300.0 * 60.0 / 900.0 for row in gates)


def test_a_fault_ends_at_the_first_gate_and_only_that_app_is_switched_back() -> None:
    with Apps(behaviour=ERRORS) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back", run.ended.reason
        assert stage.everywhere(OLD, OLD)
        assert stage.sent("swap") == [FIRST, FIRST]
        # The new version leaves every slot, of those too that were never switched.
        assert sorted(stage.sent("deploy")[3:]) == sorted(APPS)
        assert (run.t0, run.exposed, run.swaps, run.switched) == (None, True, 2, {})
        assert run.switched_back_at is not None


def test_the_gate_finds_a_fault_by_those_who_still_meet_the_old_version() -> None:
    with Apps(behaviour=ERRORS) as stage:
        run = stage.whole_run()
        verdict = next(one for _, one in run.verdicts if one.kind == "ROLLBACK")
        assert "the old version at the same time 0.0 %" in verdict.sentence


def test_a_fault_that_shows_while_the_next_app_is_switched_is_rolled_back_from_there() -> None:
    with Apps() as stage:
        # Its swap is refused "for now" for a while: long enough for the watch of the first app to see what begins.
        stage.worlds[SECOND].faults["swap"] = [Fault.CONFLICT] * 4
        life = stage.begin()
        assert not life.live(lambda: life.run_state.row(f"swap@{SECOND}", "forward") is not None)
        stage.worlds[FIRST].users.behaviours[NEW] = ERRORS
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back", run.ended.reason
        assert run.finished(f"swap@{SECOND}", "forward") is False
        assert stage.everywhere(OLD, OLD)
        assert set(dict(stage.forward())) == {FIRST}


def test_a_script_that_may_not_roll_back_ends_held_at_the_gate() -> None:
    with Apps(behaviour=ERRORS) as stage:
        stage.change(script=Script(decide="keep"))
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "held"
        assert stage.sent("swap") == [FIRST]


def test_apps_that_nothing_is_told_of_are_held_and_no_further_one_is_switched() -> None:
    with Apps(behaviour=SILENT) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "held"
        assert stage.sent("swap") == [FIRST]
        assert run.ended.production_version == f"{NEW} in {FIRST}; {OLD} in {SECOND}, {THIRD}"


def test_at_once_is_how_many_are_switched_between_two_gates() -> None:
    with Apps(at_once=2) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "kept"
        changed = [row.key for row in run.steps if row.key.startswith(("swap", "gate"))]
        assert changed == ["swap", f"swap@{SECOND}", "gate-1", f"swap@{THIRD}"]


def test_a_further_app_that_does_not_answer_any_more_is_held_though_the_first_one_does() -> None:
    with Apps(script=None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        stage.worlds[THIRD].sites["production"].answer(None)
        at = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > at + 30.0)
        assert life.run_state.verdict is not None
        assert (life.run_state.verdict.kind, life.run_state.verdict.cause) == ("HOLD", "suspicious")
        assert f"production of {THIRD} does not answer" in life.run_state.verdict.sentence


@pytest.mark.long
def test_what_somebody_else_swaps_in_any_app_is_held() -> None:
    with Apps(script=None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        at = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > at + 5.0)
        stage.worlds[THIRD].somebody_swaps()
        assert not life.live(lambda: stage.loop.time() > at + 30.0)
        assert life.run_state.verdict is not None
        assert life.run_state.verdict.cause == "foreign"
        assert f"{THIRD}: " in life.run_state.verdict.sentence
        assert {one.event.app for one in life.run_state.others.changes} == {THIRD}


def test_what_somebody_else_changes_in_a_further_app_holds_over_a_death_until_a_person_has_looked() -> None:
    with Apps(script=None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.row("gate-1", "forward") is not None)
        stage.worlds[SECOND].around.settings[GREEN] = "c"
        words = f"{SECOND}: app settings of slot green changed"
        assert not life.live(lambda: life.run_state.others.words == words)
        life.die()
        life = stage.begin()
        at = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > at + 30.0)
        assert life.run_state.verdict is not None
        assert (life.run_state.verdict.cause, life.run_state.others.words) == ("foreign", words)
        assert stage.sent("swap") == [FIRST]
        looked = life.command("acknowledge", by="ana", words="it was me")
        assert not life.live(looked.done)
        looked.result()
        assert not life.live(lambda: stage.sent("swap") == [FIRST, SECOND])
        assert life.run_state.others.words == ""


def test_what_somebody_else_swaps_in_any_app_after_go_is_told() -> None:
    with Apps(script=None, window_s=30.0) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "GO")
        kept = life.command("keep", by="ana")
        assert not life.live(kept.done)
        kept.result()
        assert not life.live(lambda: isinstance(life.session.watch, Afterwards))
        at = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > at + 60.0)
        assert life.run_state.verdict is not None
        assert life.run_state.verdict.cause != "foreign"
        stage.worlds[SECOND].somebody_swaps()
        assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.cause == "foreign")
        assert life.run_state.verdict is not None
        assert f"{SECOND}: " in life.run_state.verdict.sentence


def test_apps_that_serve_different_versions_are_not_begun() -> None:
    with Apps() as stage:
        stage.worlds[SECOND].sites["production"].answer("v1.1.0")
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert f"{SECOND} serves v1.1.0 and {FIRST} {OLD}" in run.ended.reason
        assert stage.log == []


@pytest.mark.parametrize(
    "course",
    [
        Course(ROLLING),
        Course(ROLLING, apps=(FIRST,)),
        Course(ROLLING, apps=APPS, at_once=3),
        Course(ROLLING, apps=APPS, control=5.0),
    ],
    ids=["none", "one", "all at once", "a control"],
)
def test_where_there_is_nothing_to_roll_over_it_says_why_and_changes_nothing(course: Course) -> None:
    with Stage() as stage:
        stage.change(course=course)
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert "rolling" in run.ended.reason
        assert stage.world.calls == []
