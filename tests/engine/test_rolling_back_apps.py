"""The way back of several simulated apps: in reverse, none keeping another, what is left named."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.engine.writer import FILE
from tests.engine.moments import Moment
from tests.engine.stage import Life, bodies
from tests.engine.users import ERRORS
from tests.engine.world import NEW, OLD, SLOT, Fault, forward_switches
from tests.engine.worlds import APPS, Apps

FIRST, SECOND, THIRD = APPS
REFUSED = [Fault.REFUSED] * 12


def outside(run: Run) -> list[str]:
    """The steps that are said to have been done by somebody else."""
    return [row.key for row in run.steps if row.facts.get("outside")]


def test_the_way_back_is_in_reverse_of_what_was_done() -> None:
    with Apps(script=None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: len(life.run_state.switched) == 2 and life.run_state.open_step is None)
        life.command("rollback", by="ana")
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert stage.everywhere(OLD, OLD)
        assert stage.sent("swap") == [FIRST, SECOND, SECOND, FIRST]
        begun = [
            body["step"] for body in bodies(stage.folder) if body["type"] == "step.outcome" and body["way"] == "back"
        ]
        assert begun[:3] == [f"swap-back@{SECOND}", "swap-back", f"swap-back@{THIRD}"]
        assert outside(run) == [], "nobody swapped back in the app that was never switched"


def test_a_deployment_that_is_under_way_lands_before_its_slot_is_put_back() -> None:
    with Apps() as stage:
        stage.worlds[SECOND].laying_s = 150.0
        life = stage.begin()
        assert not life.live(Moment(f"accepted deploy@{SECOND}", 5).of(life))
        life.command("rollback", by="ana")
        assert life.live()
        stage.rest()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back", life.run_state.ended.reason
        assert {world.slot for world in stage.worlds.values()} == {OLD}


@pytest.mark.long
def test_a_swap_of_which_nothing_can_be_read_keeps_the_other_apps_for_a_minute_and_no_longer() -> None:
    with Apps() as stage:
        life = stage.begin()
        assert not life.live(Moment(f"accepted swap@{SECOND}", 2).of(life))
        stage.worlds[SECOND].unreachable = [(stage.loop.time(), stage.loop.time() + 200.0)]
        life.command("rollback", by="ana")
        assert life.live()
        stage.rest()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back", run.ended.reason
        assert stage.everywhere(OLD, OLD)
        first = run.row("swap-back", "back")
        assert first is not None
        assert run.decided_at is not None
        assert (first.ended_at or 0.0) - run.decided_at < 70.0


def test_nothing_is_judged_while_app_after_app_leaves_the_new_version() -> None:
    with Apps() as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        at = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > at + 20.0)
        for world in stage.worlds.values():
            # A slow platform: that users leave the new version is seen long before the last app is back.
            world.faults["swap"] = [Fault.CONFLICT] * 2
        life.command("rollback", by="ana")
        assert life.live()
        run = life.run_state
        assert run.decided_at is not None
        assert [one.sentence for told_at, one in run.verdicts if told_at > run.decided_at] == []


def _goes_back(stage: Apps, *, refused: tuple[str, ...]) -> Life:
    """A session whose person rolls back in the window; the second app, once switched, refuses these changes."""
    for change in refused:
        stage.worlds[SECOND].faults[change] = [Fault.SLOW_ANSWER, *REFUSED]
    life = stage.begin()
    assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
    life.command("rollback", by="ana")
    return life


def test_an_app_that_refuses_keeps_no_other_and_gets_its_own_lower_rungs() -> None:
    with Apps() as stage:
        life = _goes_back(stage, refused=("swap",))
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back", run.ended.reason
        assert stage.everywhere(OLD, OLD)
        assert run.refused == (f"swap-back@{SECOND}",)
        assert set(stage.sent("route")) == {SECOND}
        assert {name: world.share for name, world in stage.worlds.items()} == dict.fromkeys(APPS, 0.0)


def test_an_app_whose_users_were_routed_to_the_old_slot_is_not_swapped_any_more() -> None:
    with Apps() as stage:
        life = _goes_back(stage, refused=("swap",))
        assert not life.live(lambda: life.run_state.finished(f"route-old@{SECOND}", "back"))
        life.die()
        # Now it would swap: whoever was routed to the slot would meet the new version again.
        stage.worlds[SECOND].faults["swap"] = []
        sent = stage.sent("swap")
        life = stage.begin(rollback_by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back", life.run_state.ended.reason
        assert stage.sent("swap") == sent
        assert stage.everywhere(OLD, OLD)
        assert stage.worlds[SECOND].share == 0.0


def test_an_app_that_is_left_is_named_and_the_others_are_finished() -> None:
    with Apps() as stage:
        life = _goes_back(stage, refused=("swap", "deploy"))
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "partial"
        assert f"{OLD} serves in {FIRST}, {THIRD}. Left: {SECOND}: " in run.ended.reason
        assert "rollback-card.md" in run.ended.reason
        assert stage.serving() == {FIRST: (OLD, OLD), SECOND: (NEW, OLD), THIRD: (OLD, OLD)}


def test_a_person_is_offered_the_next_rung_of_one_app_when_the_others_are_finished() -> None:
    with Apps(script=None) as stage:
        stage.worlds[THIRD].faults["swap"] = [Fault.SLOW_ANSWER, *REFUSED]
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        life.command("rollback", by="ana")
        until: list[float] = []

        def waited() -> bool:
            if life.run_state.refused and not until:
                until.append(stage.loop.time() + 60.0)
            return bool(until) and stage.loop.time() > until[0]

        assert not life.live(waited)
        assert stage.serving() == {FIRST: (OLD, OLD), SECOND: (OLD, OLD), THIRD: (NEW, OLD)}
        life.command("rollback", by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        assert stage.everywhere(OLD, OLD)


@pytest.mark.long
def test_an_app_whose_manager_is_gone_keeps_no_other() -> None:
    with Apps() as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        stage.worlds[THIRD].unreachable = [(stage.loop.time(), stage.loop.time() + 7200.0)]
        life.command("rollback", by="ana")
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "partial"
        assert stage.serving() == {FIRST: (OLD, OLD), SECOND: (OLD, OLD), THIRD: (NEW, OLD)}
        assert THIRD in run.ended.reason
        assert run.decided_at is not None
        others = [row for row in run.steps if row.key in ("swap-back", f"swap-back@{SECOND}")]
        assert [row.result for row in others] == ["done", "done"]
        assert all((row.ended_at or 0.0) - run.decided_at < 60.0 for row in others)


def test_an_app_whose_manager_comes_back_is_finished_after_the_others() -> None:
    with Apps() as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        stage.worlds[THIRD].unreachable = [(stage.loop.time(), stage.loop.time() + 120.0)]
        life.command("rollback", by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        assert stage.everywhere(OLD, OLD)
        assert stage.sent("swap")[3:] == [SECOND, FIRST, THIRD]


@pytest.mark.long
def test_a_swap_back_that_hangs_keeps_the_other_apps_for_a_minute_and_no_longer() -> None:
    with Apps(window_s=10.0) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        stage.worlds[THIRD].swap_hangs_s = 150.0
        life.command("rollback", by="ana")
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back", run.ended.reason
        assert stage.everywhere(OLD, OLD)
        assert (stage.sent("swap")[3:], run.refused) == ([THIRD, SECOND, FIRST], ())
        assert run.decided_at is not None
        others = [run.row(key, "back") for key in (f"swap-back@{SECOND}", "swap-back")]
        assert all(row is not None and (row.ended_at or 0.0) - run.decided_at < 75.0 for row in others)
        mine = run.row(f"swap-back@{THIRD}", "back")
        assert mine is not None
        assert (mine.result, outside(run)) == ("done", [])


@pytest.mark.long
def test_a_rung_that_is_pressed_waits_for_no_other_app_that_cannot_be_read() -> None:
    with Apps(script=None, window_s=10.0) as stage:
        stage.worlds[THIRD].faults["swap"] = [Fault.SLOW_ANSWER, *REFUSED]
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        stage.worlds[SECOND].unreachable = [(stage.loop.time(), stage.loop.time() + 100.0)]
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.rung_waits)
        pressed = stage.loop.time() + 10.0
        assert not life.live(lambda: stage.loop.time() >= pressed)
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.row(f"route-old@{THIRD}", "back") is not None)
        assert stage.loop.time() < pressed + 2.0
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back", life.run_state.ended.reason
        assert stage.everywhere(OLD, OLD)
        assert stage.sent("swap")[3:].count(SECOND) == 1


def test_rights_that_end_in_an_app_are_told_with_what_serves_there() -> None:
    with Apps(window_s=10.0) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        stage.world.network_down = True
        stage.worlds[THIRD].forbidden.append((stage.loop.time(), 1e9))
        life.command("rollback", by="ana")
        assert not life.live(lambda: bool(life.run_state.notes))
        words = life.run_state.notes[-1][1].words
        assert words.startswith(f"{THIRD}: Swap back")
        assert f"Now production serves {NEW}, slot {SLOT} serves {OLD}" in words


@pytest.mark.long
@pytest.mark.parametrize("dies", [False, True])
def test_a_swap_back_of_ours_that_took_effect_unseen_is_not_said_to_be_somebody_elses(dies: bool) -> None:
    with Apps() as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        life.command("rollback", by="ana")
        assert not life.live(Moment(f"accepted swap-back@{THIRD}", 0).of(life))
        stage.worlds[THIRD].unreachable = [(stage.loop.time(), stage.loop.time() + 310.0)]
        if dies:
            assert not life.live(Moment(f"outcome swap-back@{THIRD}", 0).of(life))
            life.die()
            life = stage.begin(rollback_by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back", life.run_state.ended.reason
        assert stage.everywhere(OLD, OLD)
        assert outside(life.run_state) == []


@pytest.mark.long
def test_what_a_lower_rung_redeployed_is_not_said_to_be_swapped_by_somebody_else() -> None:
    with Apps() as stage:
        stage.worlds[SECOND].faults["swap"] = [Fault.SLOW_ANSWER, *REFUSED]
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.finished(f"route-home@{SECOND}", "back"))
        life.die()
        life = stage.begin(rollback_by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back", life.run_state.ended.reason
        assert outside(life.run_state) == []


@pytest.mark.parametrize("when", ["swap@goals-2", "gate-2", "keep-warm@goals-3"])
def test_without_its_journal_a_rollback_goes_by_what_every_app_serves(when: str) -> None:
    with Apps() as stage:
        stage.whole_journal = False
        life = stage.begin()
        assert not life.live(lambda: life.run_state.row(when, "forward") is not None)
        life.die()
        (stage.folder / FILE).write_bytes(b"no database" * 100)
        life = stage.begin(rollback_by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back", life.run_state.ended.reason
        stage.rest()
        assert stage.everywhere(OLD, OLD)
        assert all(len(world.switches) in (0, 2) for world in stage.worlds.values())


@pytest.mark.long
def test_going_on_without_its_journal_switches_no_app_twice() -> None:
    with Apps() as stage:
        stage.whole_journal = False
        life = stage.begin()
        assert not life.live(lambda: life.run_state.row("gate-2", "forward") is not None)
        life.die()
        (stage.folder / FILE).write_bytes(b"no database" * 100)
        life = stage.begin(go_on=True)
        assert life.live()
        stage.rest()
        assert all(forward_switches(world.switches) == 1 for world in stage.worlds.values()), stage.serving()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision in ("kept", "held"), life.run_state.ended.reason
        assert stage.everywhere(NEW, OLD)


def test_without_the_old_zip_each_app_tells_what_its_slot_still_holds() -> None:
    with Apps(behaviour=ERRORS) as stage:
        stage.world.content_missing = True
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "partial"
        assert all(f"{name}: slot green still holds {NEW}" in run.ended.reason for name in APPS)
        assert stage.everywhere(OLD, NEW)
