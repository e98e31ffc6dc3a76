"""Background work on the simulated world: proven before users come, after the swap, and last of all on the way back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.events import Script
from cpr_cockpit.core.plan import PRODUCTION
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import CANARY
from cpr_cockpit.core.worker_proof import CONTINUOUS, TRIGGERED
from cpr_cockpit.core.workers import IDEMPOTENT, NONE, Worker, WorkerRule
from cpr_cockpit.engine.background import ITEM
from cpr_cockpit.engine.preparing import plan_event, plan_of
from tests.engine.moments import WAY_BACK, WAY_FORTH, Moment, Troubles, bounded, deaths, lived, moments, troubles
from tests.engine.stage import AUTO, Death, Stage
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.workers import OFF, RULE, SETTING, TeamWorkers, once
from tests.engine.world import NEW, OLD, SLOT, Fault


def working(
    behaviour: Behaviour = HEALTHY,
    *,
    rule: WorkerRule = RULE,
    script: Script | None = AUTO,
    window_s: float = 10.0,
    slot_exists: bool = True,
) -> tuple[Stage, TeamWorkers]:
    stage = Stage(script, behaviour=behaviour, window_s=window_s, slot_exists=slot_exists)
    stage.change(course=Course(workers=rule))
    stage.world.workers = workers = TeamWorkers(stage.world)
    return stage, workers


def sent(stage: Stage) -> list[str]:
    return [call.kind for call in stage.world.calls]


def ended(run: Run) -> tuple[str, str]:
    assert run.ended is not None
    return run.ended.decision, run.ended.reason


def keys(run: Run, way: str) -> list[str]:
    return [row.key for row in run.steps if row.way == way]


def test_workers_are_proven_before_the_swap_and_after_it_and_the_listing_is_in_the_journal() -> None:
    stage, workers = working()
    workers.jobs = {PRODUCTION: (Worker("nightly", TRIGGERED, False, "by a schedule"),)}
    with stage:
        run = stage.whole_run()
        assert ended(run) == ("kept", f"{NEW} kept")
        forward = keys(run, "forward")
        assert forward.index("prove-setting") + 1 == forward.index("deploy")
        assert forward.index("prove-workers-off") < forward.index("baseline") < forward.index("swap")
        assert forward[-1] == "prove-workers"
        row = run.row("prove-workers", "forward")
        assert row is not None
        assert row.words == (
            f"production: hosted service notices running, triggered WebJob nightly by a schedule of {NEW}; "
            f"slot {SLOT}: hosted service notices off of {OLD}; "
            "messages waiting: 2, the oldest for 1 s; dead letters: 0"
        )
        assert row.facts["slot: hosted service notices"] == "off"
        assert run.standings[ITEM].mark == "measured"
        assert once(stage.world, workers)


def test_after_the_way_back_workers_are_proven_last() -> None:
    stage, workers = working(ERRORS)
    with stage:
        run = stage.whole_run()
        assert ended(run)[0] == "rolled_back"
        assert keys(run, "back") == ["swap-back", "replace-bad", "prove-rollback", "prove-workers-back"]
        row = run.row("prove-workers-back", "back")
        assert row is not None
        assert (row.result, f"running of {OLD}" in row.words) == ("done", True)
        assert once(stage.world, workers)


def _on_in_slot(workers: TeamWorkers) -> None:
    workers.values[SLOT] = "1"


def _missing(workers: TeamWorkers) -> None:
    workers.values[SLOT] = None


def _travels(workers: TeamWorkers) -> None:
    workers.sticky = False


def _nowhere(workers: TeamWorkers) -> None:
    workers.values[PRODUCTION] = OFF


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (_on_in_slot, f"{SETTING} is not '0' in slot green"),
        (_missing, f"{SETTING} is not set in slot green"),
        (_travels, f"{SETTING} is not sticky"),
        (_nowhere, "no worker would run anywhere"),
    ],
)
def test_a_slot_whose_workers_are_not_switched_off_gets_nothing(
    wrong: Callable[[TeamWorkers], None], words: str
) -> None:
    for slot_exists in (True, False):
        stage, workers = working(slot_exists=slot_exists)
        with stage:
            wrong(workers)
            run = stage.whole_run()
            decision, reason = ended(run)
            assert decision == "failed"
            assert words in reason
            # A slot that has to be made first is looked at as soon as it is there.
            assert sent(stage) == ([] if slot_exists else ["create"])


def test_a_worker_that_runs_in_the_slot_by_its_own_word_stops_the_run_before_the_swap() -> None:
    stage, workers = working()
    with stage:
        workers.lingering.add(SLOT)
        run = stage.whole_run()
        decision, reason = ended(run)
        assert decision == "failed"
        assert "hosted service notices runs in slot green (running)" in reason
        assert "Stop slot green: until then it takes production's work." in reason
        assert sent(stage) == ["deploy"]
        assert stage.loop.time() < 60.0, "what is sure is not waited for"


def test_a_continuous_web_job_that_runs_in_the_slot_stops_the_run_too() -> None:
    stage, workers = working()
    with stage:
        job = Worker("mailer", CONTINUOUS, True, "PendingRestart")
        workers.jobs = {PRODUCTION: (job,), SLOT: (job,)}
        run = stage.whole_run()
        assert ended(run)[0] == "failed"
        assert "continuous WebJob mailer runs in slot green (PendingRestart)" in ended(run)[1]


@pytest.mark.parametrize("rule", [RULE, WorkerRule(NONE)], ids=["sticky-off", "none"])
def test_a_slot_that_does_not_tell_is_not_taken_for_silent_workers(rule: WorkerRule) -> None:
    stage, workers = working(rule=rule)
    with stage:
        workers.hosted = rule is RULE
        workers.silent.add(SLOT)
        run = stage.whole_run()
        assert ended(run)[0] == "failed"
        assert f"answers of slot {SLOT} tell no workers (answered 200)" in ended(run)[1]
        assert sent(stage) == ["deploy"]


@pytest.mark.long
def test_workers_that_stand_still_after_the_swap_are_held_and_said_at_the_end() -> None:
    stage, workers = working(script=None)
    with stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.finished("swap", "forward"))
        workers.values[PRODUCTION] = OFF

        def verdict() -> str:
            told = life.run_state.verdict
            return "" if told is None else f"{told.kind} {told.sentence}"

        assert not life.live(lambda: "notices stands still in production" in verdict())
        assert verdict().startswith("HOLD")
        life.command("keep", by="ana", reason="the mails can wait")
        assert not life.live(lambda: life.run_state.decision is not None)
        life.command("stop", by="ana")
        assert life.live()
        decision, reason = ended(life.run_state)
        assert decision == "kept"
        assert "is not proven" in reason
        assert "notices stands still in production" in reason


@pytest.mark.parametrize("trouble", ["lingering", "down"])
def test_unproven_workers_make_a_partial_end_and_hold_nobody_up(trouble: str) -> None:
    stage, workers = working(ERRORS)
    with stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.ROLLING_BACK)
        workers.down = trouble == "down"
        if trouble == "lingering":
            workers.lingering.add(SLOT)
        assert not life.live(lambda: life.run_state.finished("prove-rollback", "back"))
        back = life.run_state.row("prove-rollback", "back")
        assert back is not None
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)
        assert life.live()
        decision, reason = ended(life.run_state)
        assert decision == "partial"
        assert reason.startswith(f"{OLD} serves again; step 'Workers run once")
        assert reason.endswith("See to it by hand: this program starts and stops no worker.")
        assert stage.world.production == OLD


def test_an_old_process_that_works_on_for_a_while_is_waited_for() -> None:
    stage, workers = working()
    with stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.finished("swap", "forward"))
        life.do(workers.linger(SLOT, 20.0))
        assert life.live()
        assert ended(life.run_state)[0] == "kept"
        row = life.run_state.row("prove-workers", "forward")
        assert row is not None
        assert row.seconds >= 15.0


def test_where_work_may_be_done_twice_it_is_listed_and_a_person_signs() -> None:
    stage, workers = working(rule=WorkerRule(IDEMPOTENT), script=None)
    with stage:
        workers.values[SLOT] = "1"
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        blocked = [words for words in life.session.blockers() if words.startswith("Background work")]
        assert blocked == ["Background work runs once: the declared rule holds (open)"]
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.finished("prove-workers", "forward"))
        assert "prove-setting" not in keys(life.run_state, "forward")
        row = life.run_state.row("prove-workers-off", "forward")
        assert row is not None
        assert f"slot {SLOT}: hosted service notices running of {NEW}" in row.words


def test_a_worker_where_none_is_declared_stops_the_run() -> None:
    for hosted in (True, False):
        stage, workers = working(rule=WorkerRule(NONE))
        with stage:
            workers.hosted = hosted
            run = stage.whole_run()
            assert ended(run)[0] == ("failed" if hosted else "kept")
            if hosted:
                assert "the rule is none, and production has hosted service notices" in ended(run)[1]
                assert sent(stage) == ["deploy"]


def test_without_an_address_the_setting_and_the_web_jobs_are_the_proof() -> None:
    stage, workers = working()
    with stage:
        workers.tells = False
        workers.lingering.add(SLOT)
        run = stage.whole_run()
        assert ended(run)[0] == "kept"
        row = run.row("prove-workers", "forward")
        assert row is not None
        assert "instances are not asked" in row.words


@pytest.mark.parametrize("course", [Course(CANARY), Course(control=5.0)], ids=["canary", "control"])
def test_the_setting_that_the_rule_demands_is_no_difference_to_routed_sessions(course: Course) -> None:
    with Stage(window_s=60.0) as stage:
        stage.world.differs = (f"app setting {SETTING}",)
        stage.world.workers = TeamWorkers(stage.world)
        stage.change(course=Course(course.strategy, control=course.control, workers=RULE))
        run = stage.whole_run()
        assert ended(run)[0] == "kept"
        forward = keys(run, "forward")
        first_users = next(at for at, key in enumerate(forward) if key.startswith(("route-", "swap")))
        assert forward.index("prove-workers-off") < first_users


def test_where_no_rule_is_declared_nothing_changes() -> None:
    with Stage() as stage:
        run = stage.whole_run()
        assert ended(run) == ("kept", f"{NEW} kept")
        assert not [row.key for row in run.steps if "workers" in row.key or "setting" in row.key]
        assert ITEM not in run.standings


def test_the_journal_holds_the_plan_with_its_rule() -> None:
    stage, _ = working()
    with stage:
        run = stage.whole_run()
        assert run.plan is not None
        plan = plan_of(run.plan)
        again = plan_of(plan_event(plan, run.plan.baseline_s, artifact=run.plan.artifact))
        assert again == plan
        assert [step.act.workers for step in plan.forward if step.act.workers] == [RULE] * 3


def test_a_lower_rung_proves_the_workers_of_the_redeployed_version() -> None:
    stage, workers = working(ERRORS)
    with stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.ROLLING_BACK)
        stage.world.faults["swap"] += [Fault.CONFLICT] * 200
        assert life.live()
        assert ended(life.run_state)[0] == "rolled_back"
        assert keys(life.run_state, "back")[-1] == "prove-workers-redeployed"
        assert once(stage.world, workers)


@bounded(4)
@given(
    trouble=troubles(st.sampled_from(Fault), within_s=60.0),
    ends=st.lists(st.tuples(moments(WAY_FORTH, WAY_BACK), deaths), max_size=2),
    behaviour=st.sampled_from((HEALTHY, ERRORS)),
    lasting=st.sampled_from((0.0, 30.0, 600.0)),
    began=st.sampled_from((Moment("outcome swap", 0), Moment("decision", 0))),
)
def test_every_end_that_says_kept_or_rolled_back_has_workers_once_or_says_otherwise(
    trouble: Troubles, ends: list[tuple[Moment, Death]], behaviour: Behaviour, lasting: float, began: Moment
) -> None:
    stage, workers = working(behaviour)
    with stage:
        trouble.befall(stage.world)
        life = stage.begin()
        if not life.live(began.of(life)):
            if lasting:
                workers.lingering.add(SLOT)
                stage.loop.call_later(lasting, workers.lingering.discard, SLOT)
            life.die()
            run = lived(stage, ends)
        else:
            run = life.run_state
            life.end()
        decision, reason = ended(run)
        assert run.ended is not None
        if decision == "rolled_back" or (decision == "kept" and "not proven" not in reason):
            assert once(stage.world, workers)
            assert stage.world.production == (NEW if decision == "kept" else OLD) == run.ended.production_version
        if lasting == 600.0 and decision == "kept":
            assert "runs in slot green" in reason
        stage.rest()
        # Whatever of the workers was not proven: nobody was left on the new version for it.
        if run.decision is not None and run.decision.word == "rollback" and decision in ("rolled_back", "partial"):
            assert stage.world.production == OLD
