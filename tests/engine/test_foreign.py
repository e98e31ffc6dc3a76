"""Nobody else: what others change is named in time, holds until a person has looked, and never stops ROLLBACK."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import CANARY
from cpr_cockpit.core.surroundings import Activity
from cpr_cockpit.engine.host import CommandError
from tests.engine.around import GREEN, NAMES
from tests.engine.moments import bounded
from tests.engine.stage import AUTO, Life, Stage, bodies
from tests.engine.world import NEW, OLD, SLOT, World, forward_switches

WINDOW_S = 60.0
F = WINDOW_S / 900.0
# The time in which a foreign change must be named: 20 s of the procedure's window.
NAMED_S = 20.0 * F


def settings(world: World) -> None:
    world.around.settings[GREEN] = "c"


def names(world: World) -> None:
    world.around.settings[NAMES] = "m"


def plan(world: World) -> None:
    world.around.scale = replace(world.around.scale, workers=3)


def sku(world: World) -> None:
    world.around.scale = replace(world.around.scale, sku="S1")


def routing(world: World) -> None:
    world.somebody_routes(37.0)


def deployment(world: World) -> None:
    world.somebody_deploys(NEW, "production")


def slot_deployment(world: World) -> None:
    world.somebody_deploys("v1.4.0")


def swap(world: World) -> None:
    world.somebody_swaps()


def preview(world: World) -> None:
    world.pending_preview = SLOT


Change = Callable[[World], None]
QUIET: list[tuple[Change, str]] = [
    (settings, "app settings of slot green changed"),
    (names, "slot config names changed"),
    (plan, "the plan was scaled from 1 to 3 workers"),
    (sku, "the plan was changed from P1v3 to S1"),
    (routing, "37 % of new sessions are routed to green"),
    (deployment, "somebody deployed to production: deployment deploy-"),
    (preview, "somebody has begun a swap with preview"),
]
LOUD: list[tuple[Change, str]] = [
    (slot_deployment, "somebody deployed to slot green: deployment deploy-"),
    (swap, "a swap that this run did not begin is under way"),
]


def ids(cases: list[tuple[Change, str]]) -> list[str]:
    return [change.__name__ for change, _ in cases]


def watched() -> tuple[Stage, Life]:
    """A run in its critical window, some of it gone, decided by persons."""
    stage = Stage(None, window_s=WINDOW_S)
    life = stage.begin()
    stage.sign_and_start(life)
    until(life, lambda: life.run_state.phase is Phase.WINDOW)
    rest(life, 5.0)
    return stage, life


def rest(life: Life, seconds: float) -> None:
    end = life.loop.time() + seconds
    until(life, lambda: life.loop.time() >= end, seconds + 1.0)


def until(life: Life, what: Callable[[], bool], most: float = 200.0) -> None:
    """Let it live until ``what`` holds, for at most so many seconds."""
    latest = life.loop.time() + most
    assert not life.live(lambda: what() or life.loop.time() >= latest), "the session ended"
    assert what(), f"it did not come within {most:g} s"


def named(life: Life) -> str:
    return life.run_state.others.words


def verdict(life: Life) -> tuple[str, str | None]:
    told = life.run_state.verdict
    return ("", None) if told is None else (told.kind, told.cause)


@pytest.mark.parametrize(("change", "words"), QUIET + LOUD, ids=ids(QUIET + LOUD))
def test_in_the_window_each_kind_of_change_is_named_in_time_and_holds_until_a_person_has_looked(
    change: Change, words: str
) -> None:
    stage, life = watched()
    with stage:
        change(stage.world)
        began = stage.loop.time()
        until(life, lambda: bool(named(life)))
        assert stage.loop.time() - began <= NAMED_S
        assert words in named(life)
        until(life, lambda: verdict(life) == ("HOLD", "foreign"), 1.0)
        assert life.session.watch is not None
        assert words in life.session.watch.verdict_sentence
        if (change, words) in LOUD:
            return
        stage.world.pending_preview = None
        rest(life, 5.0)
        looked = life.command("acknowledge", by="ana", words="it was me, by the portal")
        until(life, looked.done)
        assert looked.exception() is None
        rest(life, 5.0)
        assert named(life) == ""
        assert verdict(life)[1] != "foreign"
        assert any(moment.what == "Looked at" and "ana" in moment.detail for moment in life.run_state.timeline)


def test_the_next_change_after_a_look_is_another_one() -> None:
    stage, life = watched()
    with stage:
        for workers in (3, 5):
            stage.world.around.scale = replace(stage.world.around.scale, workers=workers)
            until(life, lambda: bool(named(life)))
            looked = life.command("acknowledge", by="ana", words="known")
            until(life, looked.done)
        told = [one.event.words for one in life.run_state.others.changes]
        assert told == ["the plan was scaled from 1 to 3 workers", "the plan was scaled from 3 to 5 workers"]


def test_an_acknowledgement_needs_a_word_and_something_to_look_at() -> None:
    stage, life = watched()
    with stage:
        for words, refusal in (("seen", "Nobody else has changed anything"), ("", "needs a word")):
            looked = life.command("acknowledge", by="ana", words=words)
            until(life, looked.done)
            assert isinstance(looked.exception(), CommandError)
            assert refusal in str(looked.exception())
            plan(stage.world)
            until(life, lambda: bool(named(life)))


def test_what_this_run_does_itself_is_never_taken_for_somebody_elses() -> None:
    for course in (Course(), Course(CANARY, (5.0,)), Course(control=5.0)):
        with Stage(window_s=WINDOW_S) as stage:
            stage.change(course=course)
            run = stage.whole_run()
            assert run.ended is not None
            assert run.ended.decision == "kept"
            assert [one.event.words for one in run.others.changes] == []


def test_a_swap_of_this_run_that_the_platform_tells_late_is_its_own_all_the_same() -> None:
    with Stage(window_s=WINDOW_S) as stage:
        stage.world.swap_told_s = 8.0
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, run.others.changes) == ("kept", [])


@pytest.mark.parametrize(("change", "words"), QUIET[:5], ids=ids(QUIET[:5]))
def test_between_plan_and_start_a_change_voids_the_plan_and_a_look_makes_it_anew(change: Change, words: str) -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = stage.begin()
        until(life, lambda: life.run_state.phase is Phase.READY)
        rest(life, 5.0)
        change(stage.world)
        until(life, lambda: bool(named(life)))
        assert words in named(life)
        if change is routing:
            refused = life.command("acknowledge", by="ana", words="let me see")
            until(life, refused.done)
            assert "37 % of production's new sessions go to slot green already" in str(refused.exception())
            stage.world.somebody_routes(0.0)
            rest(life, 5.0)
        before = [record.event for record in life.recorder.records if isinstance(record.event, ev.PlanMade)]
        with pytest.raises(CommandError, match="plan is void"):
            stage.sign_and_start(life)
        looked = life.command("acknowledge", by="ana", words="known, goes on")
        until(life, looked.done)
        assert looked.exception() is None
        plans = [record.event for record in life.recorder.records if isinstance(record.event, ev.PlanMade)]
        assert (len(before), len(plans)) == (1, 2)
        rest(life, 10.0)
        assert named(life) == ""
        stage.sign_and_start(life)
        until(life, lambda: life.run_state.phase is Phase.WINDOW)


def test_a_plan_that_takes_long_to_be_made_anew_keeps_nobody_waiting_and_its_failure_is_told() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = stage.begin()
        until(life, lambda: life.run_state.phase is Phase.READY)
        plan(stage.world)
        until(life, lambda: bool(named(life)))
        stage.world.read_s = 4.0
        began = stage.loop.time()
        looked = life.command("acknowledge", by="ana", words="known")
        until(life, looked.done)
        # A face waits five seconds for an answer.
        assert stage.loop.time() - began < 4.0
        again = life.command("acknowledge", by="ana", words="known")
        until(life, again.done)
        assert "being made anew already" in str(again.exception())
        stage.world.unreachable.append((stage.loop.time(), stage.loop.time() + 60.0))
        until(life, lambda: bool(life.run_state.notes))
        assert "the plan could not be made anew" in life.run_state.notes[-1][1].words
        assert named(life) != ""


@pytest.mark.parametrize(("change", "words"), QUIET[:3], ids=ids(QUIET[:3]))
def test_before_the_switch_nothing_is_sent_until_somebody_has_looked(change: Change, words: str) -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        until(life, lambda: life.run_state.finished("deploy", "forward"))
        change(stage.world)
        rest(life, 60.0)
        assert words in named(life)
        assert [call.kind for call in stage.world.calls] == ["deploy"]
        looked = life.command("acknowledge", by="ana", words="known")
        until(life, lambda: life.run_state.phase is Phase.WINDOW)
        assert looked.exception() is None
        assert forward_switches(stage.world.switches) == 1


def test_a_script_that_nobody_looks_at_gives_up_before_the_switch() -> None:
    with Stage(AUTO, window_s=WINDOW_S) as stage:
        life = stage.begin()
        until(life, lambda: life.run_state.finished("deploy", "forward"))
        plan(stage.world)
        assert life.live()
        ended = life.run_state.ended
        assert ended is not None
        assert ended.decision == "failed"
        assert "not sent: the plan was scaled from 1 to 3 workers" in ended.reason
        assert stage.world.production == OLD
        assert stage.world.switches == []


def test_a_change_during_a_share_is_held() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        stage.change(course=Course(CANARY, (5.0, 25.0)))
        life = stage.begin()
        stage.sign_and_start(life)
        until(life, lambda: life.run_state.share == 5.0 and life.run_state.open_step is not None)
        rest(life, 3.0)
        stage.world.somebody_routes(37.0)
        began = stage.loop.time()
        until(life, lambda: bool(named(life)))
        assert stage.loop.time() - began <= NAMED_S
        assert "37 % of new sessions are routed to green, 5 % by what this run knows" in named(life)
        rest(life, 1.0)
        assert verdict(life) == ("HOLD", "foreign")


def test_after_a_restart_it_is_held_as_before_and_what_changed_meanwhile_is_found() -> None:
    stage, life = watched()
    with stage:
        plan(stage.world)
        until(life, lambda: bool(named(life)))
        life.die()
        settings(stage.world)
        life = stage.begin()
        rest(life, 5.0)
        told = [one.event.words for one in life.run_state.others.changes]
        assert told == ["the plan was scaled from 1 to 3 workers", "app settings of slot green changed"]
        assert verdict(life) == ("HOLD", "foreign")


def test_with_another_key_the_settings_are_not_compared() -> None:
    stage, life = watched()
    with stage:
        life.die()
        stage.world.around.key = "another"
        stage.world.around.settings = {name: value + "!" for name, value in stage.world.around.settings.items()}
        life = stage.begin()
        rest(life, 10.0)
        assert named(life) == ""


def test_a_reading_that_fails_is_no_change_and_is_told_with_its_age() -> None:
    stage, life = watched()
    with stage:
        now = stage.loop.time()
        stage.world.unreachable.append((now, now + 60.0))
        rest(life, 15.0)
        assert named(life) == ""
        assert verdict(life)[0] != "HOLD"
        rest(life, 15.0)
        assert verdict(life) == ("HOLD", "stale")
        assert life.session.watch is not None
        assert "whether others change anything could not be read since" in life.session.watch.verdict_sentence
        rest(life, 35.0)
        assert verdict(life)[1] != "stale"
        assert named(life) == ""


@pytest.mark.parametrize("part", ["deployments", "routing", "settings", "plan"])
def test_a_part_that_cannot_be_read_says_nothing_of_itself_and_hides_no_other(part: str) -> None:
    stage, life = watched()
    with stage:
        stage.world.around.hidden.add(part)
        rest(life, 25.0)
        assert verdict(life)[1] != "stale"
        for change in (settings, plan, deployment):
            change(stage.world)
        rest(life, 5.0)
        told = {one.event.part for one in life.run_state.others.changes}
        assert told == {"settings", "plan", "deployments"} - {part}


def test_who_it_was_is_added_when_the_activity_log_tells_it() -> None:
    stage, life = watched()
    with stage:
        stage.world.around.log_fails = True
        settings(stage.world)
        at = stage.world.clock.now()
        site = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app"
        for resource, caller in ((site, "bob"), (f"{site}/slots/green", "eve")):
            entry = Activity(at, f"{caller}@example.com", "Microsoft.Web/sites/config/write", resource)
            stage.world.around.log.append((at + 20.0, entry))
        until(life, lambda: bool(named(life)))
        rest(life, 15.0)
        assert "example.com" not in named(life)
        stage.world.around.log_fails = False
        rest(life, 15.0)
        assert "(activity log: eve@example.com, Microsoft.Web/sites/config/write, " in named(life)


def test_this_runs_own_swap_in_the_activity_log_names_nobody_else() -> None:
    stage, life = watched()
    with stage:
        row = life.run_state.row("swap", "forward")
        assert row is not None
        operation, resource = "Microsoft.Web/sites/slots/slotsswap/action", "/sites/app/slots/green"
        own = Activity(row.began_at, "cockpit@example.com", operation, resource)
        stage.world.around.log.append((own.at, own))
        stage.world.somebody_swaps()
        at = stage.world.clock.now()
        stage.world.around.log.append((at + 20.0, Activity(at, "eve@example.com", operation, resource)))
        until(life, lambda: bool(named(life)))
        rest(life, 30.0)
        assert "cockpit@example.com" not in named(life)
        assert f"(activity log: eve@example.com, {operation}, " in named(life)


def test_after_go_a_change_is_told_and_then_taken_for_granted() -> None:
    stage, life = watched()
    with stage:
        until(life, lambda: verdict(life)[0] == "GO")
        life.command("keep", by="ana")
        until(life, lambda: bool(life.run_state.checks))
        rest(life, 60.0)
        before = len(life.run_state.verdicts)
        plan(stage.world)
        until(life, lambda: bool(life.run_state.others.changes))
        assert life.run_state.others.standing == ()
        rest(life, 200.0)
        causes = [event.cause for _, event in life.run_state.verdicts[before:]]
        assert causes == ["foreign", None]
        assert len(life.run_state.others.changes) == 1


CHANGES = st.sampled_from([change for change, _ in QUIET + LOUD])


@bounded(4)
@given(
    changes=st.lists(st.tuples(CHANGES, st.floats(0.0, 4.0)), min_size=1, max_size=3),
    begin=st.sampled_from(("run.started", "deploy", "swap", "window")),
    unreadable=st.booleans(),
)
def test_whatever_others_change_rollback_is_carried_out_and_never_swaps_twice(
    changes: list[tuple[Change, float]], begin: str, unreadable: bool
) -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        moments = {
            "run.started": lambda: True,
            "deploy": lambda: life.run_state.row("deploy", "forward") is not None,
            "swap": lambda: life.run_state.row("swap", "forward") is not None,
            "window": lambda: life.run_state.phase is Phase.WINDOW,
        }
        until(life, moments[begin])
        for change, after in changes:
            change(stage.world)
            rest(life, after)
        stage.world.pending_preview = None
        stage.world.around.hidden = {"deployments", "routing", "settings", "plan"} if unreadable else set()
        own = [call.kind for call in stage.world.calls].count("swap")
        rolled = life.command("rollback", by="ana")
        # The next rung is a person's to take; a swap is never sent again for it.
        if not life.live(lambda: bool(life.run_state.offered)):
            life.command("rollback", by="ana")
            assert life.live()
        assert rolled.exception() is None
        stage.rest()
        ended = life.run_state.ended
        assert ended is not None
        sent = [call.kind for call in stage.world.calls].count("swap")
        assert sent - own <= 1
        assert ended.production_version in (stage.world.production, "unknown")
        if ended.decision == "rolled_back":
            assert stage.world.production == OLD


def looks_of(stage: Stage) -> int:
    """Looks at what others change, on disk."""
    return sum(body.get("source") == Source.SURROUNDINGS.value for body in bodies(stage.folder))


def ended_with_a_look_under_way(end: str, answered: int | None) -> tuple[int, bool]:
    """The turn of the loop in which the end was written, and whether the look was written before it.

    The look is answered in turn ``answered``.
    """
    with Stage(None, window_s=WINDOW_S) as stage:
        life, held, turns = stage.begin(), asyncio.Event(), []
        if end == "stop":
            until(life, lambda: life.run_state.phase is Phase.READY)
        else:
            stage.sign_and_start(life)
            until(life, lambda: life.run_state.phase is Phase.WINDOW)
        stage.world.around.held, asked = held, stage.world.around.asked
        until(life, lambda: stage.world.around.asked > asked)
        life.command(end, by="ana")
        looks = looks_of(stage)

        def turn() -> bool:
            if answered is not None and stage.loop.turns >= answered:
                held.set()
            if life.run_state.ended is not None:
                turns.append(stage.loop.turns)
            return False

        assert life.live(turn)
        assert bodies(stage.folder)[-1]["type"] == "run.ended"
        return turns[0], looks_of(stage) > looks


@pytest.mark.parametrize("end", ["stop", "rollback"])
def test_a_look_that_is_answered_at_the_end_is_written_before_it_or_never(end: str) -> None:
    turn, _ = ended_with_a_look_under_way(end, None)
    written = [ended_with_a_look_under_way(end, turn - before)[1] for before in (4, 5, 6, 8)]
    # The end came between the first of these moments and the last.
    assert (written[0], written[-1]) == (False, True)
