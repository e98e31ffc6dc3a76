"""Whole runs in virtual time: how each kind of release ends, what stops one, what a resumed one looks like."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.events import Decided, Script, TrafficSwitched, VerdictGiven
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.engine.host import CommandError
from cpr_cockpit.engine.showing import Showing
from tests.engine.moments import Moment
from tests.engine.stage import AUTO, READY, Death, Life, Stage
from tests.engine.users import ERRORS, HEALTHY, OUTAGE, SILENT, SLOW, Behaviour
from tests.engine.world import NEW, OLD, SLOT, Fault, Site

FORTH = (
    "ensure-slot",
    "keep-old",
    "deploy",
    "prove-slot",
    "warm-up",
    "smoke",
    "prove-telemetry",
    "baseline",
    "swap",
    "prove-production",
    "keep-warm",
)
BACK = ("swap-back", "replace-bad", "prove-rollback")


def steps(run: Run) -> list[tuple[str, str, str | None]]:
    return [(row.way, row.key, row.result) for row in run.steps]


def decided(run: Run) -> str | None:
    return run.ended.decision if run.ended else None


# -- how a run ends ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window_s", [10.0, pytest.param(900.0, marks=pytest.mark.long)])
def test_a_healthy_release_is_kept(window_s: float) -> None:
    with Stage(window_s=window_s) as stage:
        run = stage.whole_run()
        assert decided(run) == "kept"
        assert run.exit_code() == 0
        assert run.ended is not None
        assert run.ended.provisional
        assert [key for _, key, _ in steps(run)] == list(FORTH)
        assert all(result in ("done", "already") for _, _, result in steps(run))
        assert [switch.production for switch in stage.world.switches] == [NEW]
        assert (stage.world.production, stage.world.slot) == (NEW, OLD)
        assert run.t0 is not None
        assert run.decided_at is not None
        assert run.decided_at >= run.t0 + window_s
        assert run.verdict is not None
        assert run.verdict.kind == "GO"


@pytest.mark.parametrize("behaviour", [ERRORS, SLOW, OUTAGE])
def test_a_bad_release_is_rolled_back_and_leaves_no_slot(behaviour: Behaviour) -> None:
    with Stage(behaviour=behaviour) as stage:
        run = stage.whole_run()
        stage.rest()
        assert decided(run) == "rolled_back"
        assert run.exit_code() == 10
        assert [key for way, key, _ in steps(run) if way == "back"] == list(BACK)
        assert [switch.production for switch in stage.world.switches] == [NEW, OLD]
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)
        assert run.first_rollback_verdict_at is not None
        assert run.switched_back_at is not None
        assert run.switched_back_at > run.first_rollback_verdict_at


def test_a_release_without_telemetry_is_held() -> None:
    with Stage(behaviour=SILENT) as stage:
        run = stage.whole_run()
        assert decided(run) == "held"
        assert run.exit_code() == 20
        assert stage.world.production == NEW
        assert run.ended is not None
        assert "no data" in run.ended.reason


def test_the_extended_validation_is_awaited_where_the_script_asks_for_it() -> None:
    with Stage(Script(extended=True), window_s=20.0) as stage:
        run = stage.whole_run()
        assert decided(run) == "kept"
        assert run.ended is not None
        assert not run.ended.provisional
        assert run.ended_at is not None
        assert run.t0 is not None
        assert run.ended_at >= run.t0 + 40.0


def test_errors_that_come_after_go_are_rolled_back_in_the_extended_validation() -> None:
    with Stage(Script(extended=True), window_s=20.0) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.decision is not None)
        stage.world.users.behaviours[NEW] = ERRORS
        assert life.live()
        assert decided(life.run_state) == "rolled_back"
        words = [record.event.word for record in life.recorder.records if isinstance(record.event, Decided)]
        assert words == ["keep", "rollback"]


def test_without_an_old_artifact_the_slot_is_left_and_the_run_says_so() -> None:
    with Stage(behaviour=ERRORS) as stage:
        stage.world.content_missing = True
        run = stage.whole_run()
        assert run.plan is not None
        assert any("rollback by swap only" in remark for remark in run.plan.remarks)
        assert decided(run) == "partial"
        assert run.exit_code() == 11
        assert (stage.world.production, stage.world.slot) == (OLD, NEW)
        assert run.ended is not None
        assert f"still holds {NEW}" in run.ended.reason


# -- what stops a run ----------------------------------------------------------------------------------------------


def test_a_failing_smoke_test_ends_the_run_before_anything_is_switched() -> None:
    with Stage() as stage:
        stage.world.smoke_fails = True
        run = stage.whole_run()
        assert decided(run) == "failed"
        assert run.exit_code() == 40
        assert ("forward", "smoke", "failed") in steps(run)
        assert stage.world.switches == []
        assert [call.kind for call in stage.world.calls] == ["deploy"]
        assert run.ended is not None
        assert run.ended.production_version == OLD


def _until_step(life: Life, what: str) -> None:
    assert not life.live(Moment(what, 0).of(life))


@pytest.mark.parametrize(("change", "words"), [("swap", "v1.1.0"), ("deploy", "v1.2.9"), ("preview", "preview")])
def test_facts_that_changed_between_plan_and_swap_stop_it_and_nothing_is_sent(change: str, words: str) -> None:
    with Stage(slot="v1.1.0" if change == "swap" else OLD) as stage:
        life, world = stage.begin(), stage.world
        _until_step(life, "run.started" if change == "swap" else "intent baseline")
        if change == "swap":
            world.somebody_swaps()
        elif change == "deploy":
            world.somebody_deploys("v1.2.9")
        else:
            world.pending_preview = "production"
        switched = len(world.switches)
        calls = len(world.calls)
        assert life.live()
        run = life.run_state
        key = "deploy" if change == "swap" else "swap"
        row = run.row(key, "forward")
        assert row is not None
        assert row.result == "stopped"
        assert words in row.words
        assert decided(run) == "failed"
        assert len(world.calls) == calls
        assert len(world.switches) == switched + (change == "swap")


def test_somebody_elses_swap_of_the_same_release_is_taken_for_what_it_is_and_held() -> None:
    with Stage() as stage:
        life = stage.begin()
        _until_step(life, "outcome smoke")
        stage.world.somebody_swaps()
        assert life.live()
        row = life.run_state.row("swap", "forward")
        assert row is not None
        assert row.result == "already"
        assert [call.kind for call in stage.world.calls] == ["deploy"]
        assert life.run_state.swaps == 0
        assert "a swap that this run did not begin" in life.run_state.others.words
        assert decided(life.run_state) == "held"


def test_somebody_elses_swap_in_the_window_forbids_go() -> None:
    with Stage() as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW and stage.world.at_rest)
        now = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > now + 2.0)
        stage.world.somebody_swaps()
        assert life.live()
        assert decided(life.run_state) in ("held", "rolled_back")
        assert stage.world.production == OLD
        assert len(stage.world.switches) == 2


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        ("artifact", "readable zip"),
        ("gate", "open CRITICAL issues"),
        ("version", f"serves {NEW} already"),
        ("production", "Nobody can tell"),
        ("swap", "under way"),
        ("unreachable", "cannot be reached"),
    ],
)
def test_what_is_found_before_start_blocks_with_exit_code_1_and_changes_nothing(break_it: str, words: str) -> None:
    with Stage() as stage:
        world = stage.world
        if break_it == "artifact":
            (stage.settings.artifacts / "new.zip").write_bytes(b"no zip at all")
        elif break_it == "gate":
            stage.change(readiness=(READY.__class__("automation-deploy.json", score=95.0, open_critical=2),))
        elif break_it == "version":
            world.sites["production"].answer(NEW)
        elif break_it == "production":
            world.sites["production"].answer(None)
        elif break_it == "swap":
            world.somebody_swaps()
        else:
            world.unreachable.append((0.0, 60.0))
        run = stage.whole_run()
        assert decided(run) == "failed"
        assert run.exit_code() == 1
        assert run.ended is not None
        assert words in run.ended.reason
        assert world.calls == []
        assert run.started_at is None


def test_an_artifact_that_is_missing_blocks_too() -> None:
    with Stage() as stage:
        (stage.settings.artifacts / "new.zip").unlink()
        run = stage.whole_run()
        assert run.exit_code() == 1
        assert run.ended is not None
        assert "missing" in run.ended.reason


def test_stop_before_start_changes_nothing() -> None:
    with Stage(None) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        command = life.command("stop")
        assert life.live()
        assert command.result() == {}
        assert decided(life.run_state) == "stopped"
        assert life.run_state.exit_code() == 30
        assert stage.world.calls == []


def test_stop_after_start_is_refused_until_the_decision() -> None:
    with Stage(None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        refused = life.command("stop")
        assert not life.live(refused.done)
        assert isinstance(refused.exception(), CommandError)
        assert not life.live(lambda: life.session.watch is not None and life.session.watch.may_keep())
        life.command("keep", by="ana")
        assert not life.live(lambda: life.run_state.phase is Phase.KEEPING)
        life.command("stop")
        assert life.live()
        assert decided(life.run_state) == "kept"
        assert life.run_state.ended is not None
        assert life.run_state.ended.provisional


# -- persons decide ------------------------------------------------------------------------------------------------


def test_start_needs_the_plan_and_every_signature() -> None:
    with Stage(None) as stage:
        life = stage.begin()
        early = life.command("start", by="ana")
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        assert isinstance(early.exception(), CommandError)
        unsigned = life.command("start", by="ana")
        assert not life.live(unsigned.done)
        assert "items block START" in str(unsigned.exception())
        stage.sign_and_start(life)
        assert life.run_state.started_by == "ana"
        again = life.command("start", by="ana")
        assert not life.live(again.done)
        assert isinstance(again.exception(), CommandError)


def test_nothing_happens_by_itself_at_the_end_of_the_window() -> None:
    with Stage(None, behaviour=ERRORS) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: stage.loop.time() > 120.0)
        assert life.run_state.decision is None
        assert life.run_state.verdict is not None
        assert life.run_state.verdict.kind == "ROLLBACK"
        assert stage.world.production == NEW


@pytest.mark.parametrize("missing", ["logs", "everything", "probes"])
def test_go_is_never_possible_without_data(missing: str) -> None:
    """Law 1: asked at every half second of the window and long after it, and nobody gives a reason of their own."""
    with Stage(None, behaviour=SILENT if missing == "logs" else HEALTHY) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        stage.world.users.down = missing == "everything"
        stage.world.network_down = missing == "probes"
        asked = 0
        for _ in range(80):
            command = life.command("keep", by="ana")
            assert not life.live(command.done)
            assert isinstance(command.exception(), CommandError)
            asked += 1
            later = stage.loop.time() + 0.5
            assert not life.live(lambda later=later: stage.loop.time() >= later)  # type: ignore[misc]
        assert asked == 80
        assert life.run_state.decision is None
        kinds = {record.event.kind for record in life.recorder.records if isinstance(record.event, VerdictGiven)}
        assert "GO" not in kinds


def test_data_that_stops_in_the_window_takes_go_away() -> None:
    with Stage(AUTO, window_s=30.0) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        t0 = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > t0 + 20.0)
        stage.world.users.down = True
        assert life.live()
        assert decided(life.run_state) == "held"


# -- resumed -------------------------------------------------------------------------------------------------------


def _resumed(stage: Stage, moment: Moment, death: Death, away_s: float) -> Run:
    life = stage.begin()
    assert not life.live(moment.of(life)), f"{moment} never came"
    life.die(death)
    stage.loop.run_until_complete(stage.world.clock.sleep(away_s))
    return stage.whole_run()


@pytest.mark.parametrize(
    ("step", "away_s"),
    [*((step, 1.0) for step in FORTH[1:]), ("baseline", 60.0), ("swap", 60.0), ("prove-production", 60.0)],
)
def test_a_run_whose_session_died_in_a_step_goes_on_to_the_same_end(step: str, away_s: float) -> None:
    with Stage(window_s=30.0) as stage:
        run = _resumed(stage, Moment(f"intent {step}", 3), Death(torn=True), away_s)
        assert [key for _, key, _ in steps(run)] == list(FORTH)
        assert all(result in ("done", "already") for _, _, result in steps(run))
        assert decided(run) == "kept"
        assert len(run.interruptions) == 1
        assert run.interruptions[0][1].silent_s >= away_s
        assert [switch.production for switch in stage.world.switches] == [NEW]


@pytest.mark.parametrize("step", BACK)
def test_a_rollback_whose_session_died_goes_on_to_the_same_end(step: str) -> None:
    with Stage(behaviour=ERRORS) as stage:
        run = _resumed(stage, Moment(f"intent {step}", 3), Death(), 1.0)
        assert [key for way, key, _ in steps(run) if way == "back"] == list(BACK)
        assert decided(run) == "rolled_back"
        assert len(run.interruptions) == 1
        assert [switch.production for switch in stage.world.switches] == [NEW, OLD]


@pytest.mark.parametrize("dies", [False, True])
def test_a_look_that_rollback_came_before_is_left_and_neither_running_nor_failed(dies: bool) -> None:
    with Stage(None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(Moment("intent smoke", 0).of(life))
        life.command("rollback", by="ana")
        if dies:
            assert not life.live(lambda: life.run_state.decision is not None)
            life.die()
            life = stage.begin()
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert [(row.key, row.words) for row in run.steps if row.result == "left"] == [("smoke", "ROLLBACK came first")]
        assert [row.key for row in run.steps if row.result in (None, "failed", "stopped")] == []
        shown = Showing(life.session, lambda run: "").view()
        assert {step.state for step in shown.plan.forward} == {"done", "already", "left", "waiting"}
        assert [stage.state for stage in shown.plan.stages if "proof" in stage.name] == ["left", "waiting"]
        assert {stop.key: stop.blocked_by for stop in shown.rail}["plan"] == ""


@pytest.mark.parametrize("away_s", [1.0, 60.0])
def test_a_run_that_died_in_its_window_is_judged_on_the_data_that_come_back(away_s: float) -> None:
    with Stage(window_s=20.0) as stage:
        run = _resumed(stage, Moment("outcome keep-warm", 60), Death(), away_s)
        assert decided(run) == "kept"
        assert len([moment for moment in run.timeline if moment.what == "Interrupted"]) == 1


def test_a_person_waits_for_go_across_a_death() -> None:
    with Stage(None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        life.die()
        life = stage.begin()
        assert not life.live(lambda: life.session.watch is not None and life.session.watch.may_keep())
        life.command("keep", by="ben")
        assert not life.live(lambda: life.run_state.decision is not None)
        assert life.run_state.decision is not None
        assert life.run_state.decision.by == "ben"


def test_nothing_is_done_again_for_a_run_that_has_ended() -> None:
    with Stage() as stage:
        before = stage.whole_run()
        calls = len(stage.world.calls)
        after = stage.whole_run()
        assert after.seq == before.seq
        assert len(stage.world.calls) == calls


def test_both_switches_are_dated_by_their_first_sighting() -> None:
    with Stage(behaviour=ERRORS) as stage:
        life = stage.begin()
        assert life.live()
        told = [r.event for r in life.recorder.records if isinstance(r.event, TrafficSwitched)]
        assert [(event.way, event.version) for event in told] == [("forward", NEW), ("back", OLD)]
        first, second = (stage.world.clock.now() - stage.loop.time() + s.at for s in stage.world.switches)
        assert 0.0 <= told[0].t0 - first < 1.0
        assert 0.0 <= told[1].t0 - second < 1.0


# -- the platform's own ways ---------------------------------------------------------------------------------------


def test_a_slot_that_is_missing_is_created() -> None:
    with Stage(slot=None, slot_exists=False) as stage:
        run = stage.whole_run()
        assert decided(run) == "kept"
        assert [call.kind for call in stage.world.calls] == ["create", "deploy", "swap"]
        assert isinstance(stage.world.sites[SLOT], Site)


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.FAILS])
def test_a_swap_that_the_service_refuses_for_good_is_not_sent_again(fault: Fault) -> None:
    with Stage() as stage:
        stage.world.faults["swap"] = [fault]
        run = stage.whole_run()
        assert decided(run) == "failed"
        assert [call.kind for call in stage.world.calls] == ["deploy", "swap"]
        assert run.ended is not None
        assert run.ended.production_version == OLD


def test_a_deployment_that_fails_ends_the_run_and_nothing_is_switched() -> None:
    with Stage() as stage:
        stage.world.faults["deploy"] = [Fault.FAILS]
        run = stage.whole_run()
        assert decided(run) == "failed"
        assert "cannot be deployed" in (run.ended.reason if run.ended else "")
        assert stage.world.switches == []


@pytest.mark.parametrize(
    "fault", [Fault.LOST_AFTER, Fault.ERROR_AFTER, Fault.NO_OPERATION, Fault.VANISHES, Fault.SLOW_ANSWER, Fault.LATE]
)
def test_a_swap_that_took_effect_is_sent_once_whatever_was_answered(fault: Fault) -> None:
    with Stage() as stage:
        stage.world.faults["swap"] = [fault]
        run = stage.whole_run()
        assert decided(run) == "kept"
        assert [call.kind for call in stage.world.calls] == ["deploy", "swap"]
        assert run.swaps == 1
        assert len(stage.world.switches) == 1


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.ERROR_BEFORE, Fault.CONFLICT])
def test_a_swap_without_effect_is_sent_again_after_the_state_was_read(fault: Fault) -> None:
    with Stage() as stage:
        stage.world.faults["swap"] = [fault]
        run = stage.whole_run()
        assert decided(run) == "kept"
        first, second = (call.at for call in stage.world.calls if call.kind == "swap")
        assert second - first >= 3.0
        assert len(stage.world.switches) == 1
        row = run.row("swap", "forward")
        assert row is not None
        assert row.attempts == 2
        assert len(row.doubts) == 1


def test_a_deployment_into_a_slot_that_serves_the_version_already_is_waited_for() -> None:
    with Stage(slot=NEW) as stage:
        run = stage.whole_run()
        assert decided(run) == "kept"
        row = run.row("deploy", "forward")
        assert row is not None
        assert row.result == "done"
        assert row.seconds >= 0.5
