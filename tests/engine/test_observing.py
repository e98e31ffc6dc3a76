"""Runs that only look on, in virtual time: others deploy and switch, the run finds T0, judges, and changes nothing."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import replace
from pathlib import Path

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.events import Script
from cpr_cockpit.core.ports import Probe, WebApps
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.documents.papers.writing import REPORT, write_papers
from cpr_cockpit.documents.report import render_report
from cpr_cockpit.engine.host import CommandError
from cpr_cockpit.engine.looking_only import LookingOnlyError, looking_only
from cpr_cockpit.engine.showing import Showing
from tests.engine.stage import AUTO, READY, Life, Stage
from tests.engine.suspending import suspending
from tests.engine.users import ERRORS, HEALTHY, OUTAGE, Behaviour
from tests.engine.virtual import EPOCH
from tests.engine.world import NEW, OLD, SWAP_FIRST

READING = {
    "slots", "swap_status", "operation", "shares", "differences", "instances", "deployment", "content", "planned",
    "signing_in", "look", "flag", "second_host",
}  # fmt: skip


def looking_on(script: Script | None = AUTO, behaviour: Behaviour = HEALTHY, wanted: str = "") -> Stage:
    """A stage whose run looks on; without ``wanted`` it takes whatever version comes next."""
    stage = Stage(script, behaviour=behaviour, window_s=20.0)
    (stage.settings.artifacts / "new.zip").unlink()
    stage.change(observe=True, new_version=wanted)
    return stage


def waiting(life: Life) -> None:
    """Up to the wait for the switch, with a while of it behind."""
    assert not life.live(lambda: life.run_state.card is not None)
    until = life.loop.time() + 12.0
    assert not life.live(lambda: life.loop.time() > until)
    assert life.run_state.t0 is None


def others_switch(life: Life, version: str = NEW) -> float:
    """Somebody deploys to the slot and swaps; when the first instance of production switches (epoch seconds)."""
    world = life.stage.world
    world.somebody_deploys(version)
    assert not life.live(lambda: world.slot == version)
    # The lookout has to have met the slot as it is now.
    until = life.loop.time() + 3.0
    assert not life.live(lambda: life.loop.time() > until)
    world.somebody_swaps()
    return EPOCH + life.loop.time() + SWAP_FIRST


def ended(life: Life) -> Run:
    assert life.live(), "the session did not end"
    life.end()
    assert life.stage.world.calls == [], "a run that looks on has changed something"
    return life.run_state


def decision(run: Run) -> tuple[str, int] | None:
    return (run.ended.decision, run.exit_code()) if run.ended else None


@pytest.mark.parametrize("wanted", ["", NEW])
def test_a_healthy_switch_by_others_is_found_judged_and_kept(wanted: str) -> None:
    with looking_on(wanted=wanted) as stage:
        life = stage.begin()
        waiting(life)
        switched_at = others_switch(life)
        run = ended(life)
        assert decision(run) == ("kept", 0)
        assert run.t0 is not None
        assert switched_at <= run.t0 <= switched_at + 1.5
        assert run.plan is not None
        assert (run.plan.strategy, run.plan.old_version, run.plan.new_version) == ("observed", OLD, NEW)
        assert run.baseline is not None
        assert run.baseline.requests > 0
        assert run.baseline.end <= run.t0
        assert run.verdict is not None
        assert run.verdict.kind == "GO"
        assert [(row.key, row.result, row.mutates) for row in run.steps] == [
            ("await-switch", "done", False), ("baseline", "done", False), ("prove-production", "done", False),
        ]  # fmt: skip
        assert (stage.world.production, stage.world.slot) == (NEW, OLD)


def test_the_newest_baseline_before_the_switch_stands_in_where_the_logs_do_not_answer_at_it() -> None:
    with looking_on() as stage:
        life = stage.begin()
        waiting(life)
        stage.world.users.down = True
        others_switch(life)
        assert not life.live(lambda: life.run_state.finished("baseline", "forward"))
        before = life.run_state.baseline
        assert before is not None
        assert before.requests > 0
        stage.world.users.down = False
        assert decision(ended(life)) == ("kept", 0)


def test_the_papers_and_the_card_say_that_the_run_only_looked_on() -> None:
    with looking_on() as stage:
        life = stage.begin()
        waiting(life)
        others_switch(life)
        run = ended(life)
        write_papers(stage.folder, run, None)
        report = (stage.folder / "report" / REPORT).read_text("utf-8")
        assert "**OBSERVED ONLY**" in report
        assert "the cockpit changed nothing" in report
        assert "deployed by others" in report
        assert run.card is not None
        card = Path(run.card.path).read_text("utf-8")
        assert "ROLLBACK BY HAND" in card
        assert f"`{NEW}`" in card


@pytest.mark.parametrize("behaviour", [ERRORS, OUTAGE])
def test_a_bad_release_is_advised_to_be_rolled_back_and_left_alone(behaviour: Behaviour) -> None:
    with looking_on(behaviour=behaviour) as stage:
        life = stage.begin()
        waiting(life)
        switched_at = others_switch(life)
        run = ended(life)
        assert decision(run) == ("advised", 12)
        assert run.t0 is not None
        assert switched_at <= run.t0 <= switched_at + 2.5
        assert run.ended is not None
        assert f"ROLLBACK BY HAND to {OLD}" in run.ended.reason
        assert stage.world.production == NEW
        assert len(stage.world.switches) == 1
        assert "ROLLBACK ADVISED" in render_report(run)


def test_a_person_s_rollback_waits_until_others_have_gone_back() -> None:
    with looking_on(None, ERRORS) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        life.command("start", by="ana")
        waiting(life)
        others_switch(life)
        assert not life.live(lambda: life.session.watch is not None and life.session.watch.kind == "ROLLBACK")
        asked = life.command("rollback", by="ana")
        assert not life.live(asked.done)
        panel = Showing(life.session, lambda run: "").view().panel
        assert panel.word == "BACK BY HAND"
        until = stage.loop.time() + 30.0
        assert not life.live(lambda: stage.loop.time() > until), "it must wait for whoever rolls back"
        stage.world.somebody_swaps()
        run = ended(life)
        assert decision(run) == ("partial", 11)
        assert run.switched_back_at is not None
        assert run.decision is not None
        assert (run.decision.word, run.decision.by) == ("rollback", "ana")
        assert run.ended is not None
        assert "not by this program" in run.ended.reason


def test_a_pipeline_that_goes_back_by_itself_is_told_as_that() -> None:
    with looking_on(None, ERRORS) as stage:
        life = stage.begin()
        waiting(life)
        others_switch(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW and stage.world.at_rest)
        until = stage.loop.time() + 6.0
        assert not life.live(lambda: stage.loop.time() > until)
        stage.world.somebody_swaps()
        back_at = EPOCH + stage.loop.time() + SWAP_FIRST
        run = ended(life)
        assert decision(run) == ("partial", 11)
        assert run.decision is None
        assert run.switched_back_at is not None
        assert back_at <= run.switched_back_at <= back_at + 2.0
        assert "YES, by others" in render_report(run)


def test_neither_gate_nor_lists_block_and_a_switch_before_start_is_not_missed() -> None:
    with looking_on(None) as stage:
        stage.change(readiness=(replace(READY, open_critical=2),))
        life = stage.begin()
        waiting(life)
        run = life.run_state
        assert run.gate is not None
        assert run.gate.blockers
        view = Showing(life.session, lambda run: "").view()
        assert view.panel.start is not None
        assert view.panel.start.enabled
        assert "NOT READY" in view.panel.detail
        others_switch(life)
        assert not life.live(lambda: run.phase is Phase.WINDOW)
        assert run.started_by == "the switch itself, before START was pressed"
        assert run.t0 is not None


def test_the_panel_says_that_rollback_is_by_hand() -> None:
    with looking_on(None, ERRORS) as stage:
        life = stage.begin()
        waiting(life)
        others_switch(life)
        assert not life.live(lambda: life.session.watch is not None and life.session.watch.kind == "ROLLBACK")
        panel = Showing(life.session, lambda run: "").view().panel
        assert panel.word == "ROLL BACK NOW"
        assert panel.rollback is not None
        assert panel.rollback.enabled
        assert panel.rollback.label == "ROLLBACK BY HAND: see card"
        assert any("this program changes nothing" in line for line in panel.rollback.details)
        assert "by hand" in panel.detail


@pytest.mark.parametrize(("when", "end"), [("waiting", ("stopped", 30)), ("window", ("held", 20))])
def test_it_may_be_stopped_at_any_time(when: str, end: tuple[str, int]) -> None:
    with looking_on(None) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        life.command("start", by="ana")
        waiting(life)
        if when == "window":
            others_switch(life)
            assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        life.command("stop")
        assert decision(ended(life)) == end


def test_a_rollback_before_the_switch_is_refused_with_the_reason() -> None:
    with looking_on(None) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        life.command("start", by="ana")
        waiting(life)
        asked = life.command("rollback", by="ana")
        assert not life.live(asked.done)
        with pytest.raises(CommandError, match="nothing to go back from"):
            asked.result()


def test_a_third_version_becomes_the_old_one_where_another_is_waited_for() -> None:
    with looking_on(wanted=NEW) as stage:
        life = stage.begin()
        waiting(life)
        others_switch(life, "v1.2.9")
        assert not life.live(lambda: life.run_state.plan is not None and life.run_state.plan.old_version == "v1.2.9")
        assert life.run_state.t0 is None
        waiting(life)
        others_switch(life)
        run = ended(life)
        assert run.plan is not None
        assert (run.plan.old_version, run.plan.new_version) == ("v1.2.9", NEW)
        assert run.baseline is not None
        assert run.baseline.requests > 0


@pytest.mark.parametrize("when", ["waiting", "switched", "window"])
def test_a_session_that_died_goes_on_and_finds_one_switch(when: str) -> None:
    with looking_on() as stage:
        life = stage.begin()
        waiting(life)
        if when != "waiting":
            others_switch(life)
            step = {
                "switched": lambda: life.run_state.t0 is not None,
                "window": lambda: life.run_state.verdict is not None,
            }
            assert not life.live(step[when])
        life.die()
        again = stage.begin()
        if when == "waiting":
            waiting(again)
            others_switch(again)
        run = ended(again)
        assert decision(run) == ("kept", 0)
        switches = [one for one in again.recorder.records if isinstance(one.event, ev.TrafficSwitched)]
        assert len(switches) == 1


def switched_back(life: Life) -> list[float]:
    """When production went back to the old version, as often as it was recorded."""
    told = [one.event for one in life.recorder.records if isinstance(one.event, ev.TrafficSwitched)]
    return [event.t0 for event in told if event.way == "back"]


def gone_back(stage: Stage) -> Life:
    """A run whose production others have taken back, just recorded; nothing was decided."""
    life = stage.begin()
    waiting(life)
    others_switch(life)
    assert not life.live(lambda: life.run_state.phase is Phase.WINDOW and stage.world.at_rest)
    until = stage.loop.time() + 6.0
    assert not life.live(lambda: stage.loop.time() > until)
    stage.world.somebody_swaps()
    assert not life.live(lambda: life.run_state.switched_back_at is not None)
    return life


@pytest.mark.parametrize("by", [None, "ana"])
def test_a_way_back_that_was_recorded_is_not_recorded_again_by_the_session_after(by: str | None) -> None:
    with looking_on(None, ERRORS) as stage:
        life = gone_back(stage)
        if by is not None:
            # The same without the task that saw it: ROLLBACK is decided, and the session dies.
            life.session.roll_back(by, "on command")
        life.die()
        stage.loop.run_until_complete(stage.world.clock.sleep(4.5))
        again = stage.begin()
        run = ended(again)
        assert decision(run) == ("partial", 11)
        assert len(switched_back(again)) == 1


def test_rollback_that_is_pressed_while_the_way_back_is_looked_at_once_more_records_it_once() -> None:
    with looking_on(None, ERRORS) as stage:
        stage.world.read_s = 1.0
        life = gone_back(stage)
        until = stage.loop.time() + 0.3
        assert not life.live(lambda: stage.loop.time() > until), "the final look is not under way"
        asked = life.command("rollback", by="ana")
        run = ended(life)
        assert asked.exception() is None
        assert decision(run) == ("partial", 11)
        assert len(switched_back(life)) == 1


def test_a_clock_that_is_set_back_hides_neither_the_switch_nor_the_way_back() -> None:
    with looking_on(None, ERRORS) as stage:
        clock = suspending(stage.world)
        life = stage.begin()
        waiting(life)
        clock.suspend(-600.0)
        others_switch(life)
        until = stage.loop.time() + 5.0
        assert not life.live(lambda: life.run_state.t0 is not None or stage.loop.time() > until)
        assert life.run_state.t0 is not None
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW and stage.world.at_rest)
        until = stage.loop.time() + 6.0
        assert not life.live(lambda: stage.loop.time() > until)
        clock.suspend(-600.0)
        stage.world.somebody_swaps()
        until = stage.loop.time() + 20.0
        assert not life.live(lambda: life.run_state.switched_back_at is not None or stage.loop.time() > until)
        assert life.run_state.switched_back_at is not None


@pytest.mark.parametrize("port", [WebApps, Probe])
def test_every_method_that_is_not_known_to_read_is_refused(port: type) -> None:
    with Stage() as stage:
        sealed = looking_only(stage.world.ports())
        target = sealed.web_apps if port is WebApps else sealed.probe
        methods = [name for name, one in vars(port).items() if inspect.isfunction(one) and not name.startswith("_")]
        refused = set(methods) - READING
        changing = {"create_slot", "swap", "deploy", "route", "preview", "reset_preview"}
        assert refused == (changing if port is WebApps else {"smoke", "warm"})
        arguments = {
            "create_slot": ("s",),
            "swap": ("s",),
            "deploy": ("s", Path("x.zip")),
            "route": ("s", 5.0),
            "preview": ("s",),
            "reset_preview": ("s",),
            "smoke": ("s",),
            "warm": ("s", 1),
        }
        for name in refused:
            with pytest.raises(LookingOnlyError, match="Nothing was sent"):
                asyncio.run(getattr(target, name)(*arguments[name]))
        for name in set(methods) & READING:
            assert getattr(target, name) == getattr(stage.world, name)
        assert stage.world.calls == []
        assert sealed.flags is None
