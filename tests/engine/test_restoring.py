"""A session that goes on after another: holds, verdicts and figures of the journal, also those it cannot read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind
from cpr_cockpit.engine.baseline import with_usable_yardstick
from cpr_cockpit.engine.preparing import plan_of
from cpr_cockpit.engine.restoring import restore_verdict, restored_baseline
from cpr_cockpit.engine.watch import Watch
from tests.engine.stage import AUTO, Life, Stage
from tests.engine.suspending import SuspendingClock, suspending
from tests.engine.users import ERRORS
from tests.engine.world import NEW, OLD

WORDS = "step 'Prove production' did not succeed: one instance serves the old version"


def in_window(stage: Stage) -> Life:
    """A session of persons, some seconds into the window."""
    life = stage.begin()
    stage.sign_and_start(life)
    assert not life.live(lambda: life.run_state.phase is Phase.WINDOW and stage.world.at_rest)
    later(life, 3.0)
    return life


def later(life: Life, seconds: float) -> None:
    """Let so much time pass."""
    until = life.loop.time() + seconds
    assert not life.live(lambda: life.loop.time() >= until)


def says(life: Life, cause: str) -> Callable[[], bool]:
    """Whether the last recorded verdict has this cause."""
    return lambda: life.run_state.verdict is not None and life.run_state.verdict.cause == cause


def asked(life: Life, name: str, **arguments: Any) -> BaseException | None:
    """A command, carried out; what it was refused with."""
    command = life.command(name, **arguments)
    assert not life.live(command.done)
    return command.exception()


def kinds(run: Run) -> list[str]:
    return [verdict.kind for _, verdict in run.verdicts]


# -- holds of the session itself --------------------------------------------------------------------------------------


def slept(life: Life, clock: SuspendingClock) -> None:
    clock.suspend(15.0)
    assert not life.live(says(life, "slept"))


def foreign(life: Life, clock: SuspendingClock) -> None:
    """A preview that is over again: whoever looks only now sees nothing of it."""
    life.stage.world.pending_preview = "production"
    assert not life.live(says(life, "foreign"))
    life.stage.world.pending_preview = None


def suspicious(life: Life, clock: SuspendingClock) -> None:
    assert isinstance(life.session.watch, Watch)
    life.session.watch.hold(WORDS)
    assert says(life, "suspicious")()


@pytest.mark.parametrize("holds", [slept, foreign, suspicious])
def test_a_hold_of_the_session_itself_outlives_it_until_a_person_decides(
    holds: Callable[[Life, SuspendingClock], None],
) -> None:
    with Stage(None, window_s=40.0) as stage:
        clock = suspending(stage.world)
        life = in_window(stage)
        holds(life, clock)
        before = life.run_state.verdict
        life.die()
        for _ in range(2):
            life = stage.begin()
            later(life, 40.0)
            life.die()
        life = stage.begin()
        later(life, 5.0)
        assert "GO" not in kinds(life.run_state)
        assert life.run_state.verdict == before
        assert "needs a reason" in str(asked(life, "keep", by="ana"))
        assert life.run_state.decision is None
        assert asked(life, "keep", by="ana", reason="looked at by hand") is None
        assert life.run_state.decision is not None


@pytest.mark.parametrize("holds", [slept, foreign, suspicious])
def test_a_drill_that_was_held_is_not_kept_by_the_session_after(
    holds: Callable[[Life, SuspendingClock], None],
) -> None:
    with Stage(AUTO, window_s=40.0) as stage:
        clock = suspending(stage.world)
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW and stage.world.at_rest)
        later(life, 3.0)
        holds(life, clock)
        life.die()
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, run.exit_code()) == ("held", 20)


def test_a_doubt_of_the_judge_itself_is_judged_afresh() -> None:
    judge = Judge(Policy(), NEW, OLD, 0.5)
    judge.t0(100.0)
    told = Verdict(VerdictKind.HOLD, HoldCause.SUSPICIOUS, None, "error rate rising: 6 %", 1000.0)
    restore_verdict(judge, told, Run())
    assert judge.verdict(100.5).kind is VerdictKind.WAIT
    noted = Run(notes=[(999.0, ev.Noted(by="cockpit", words=told.sentence))])
    restore_verdict(judge, told, noted)
    assert judge.verdict(100.5).cause is HoldCause.SUSPICIOUS


# -- what cannot be read ----------------------------------------------------------------------------------------------


def baseline(**changed: Any) -> ev.BaselineTaken:
    """A baseline as another version may have written it."""
    figures = {"start": 0.0, "end": 20.0, "requests": 2000, "failures": 0, "p50": 80.0, "p95": 110.0, "p99": 130.0}
    return ev.BaselineTaken.model_validate(figures | changed)


ODD_STICK = {"shape": 2, "counts": [[1, 2]]}
STICK = {
    "requests": 2000, "failures": 0, "seconds": 40.0, "rate": 50.0, "recent": [20, 0],
    "quantiles_ms": [80.0, 110.0, 130.0], "above": [0.5, 0.05, 0.01], "operations": {"GET /goals": [30, 2]},
}  # fmt: skip
HELD = ev.VerdictGiven(kind="HOLD", cause="quarantined", rule=None, sentence="held for a reason of later times")


@pytest.mark.parametrize(
    "event",
    [
        baseline(yardstick=ODD_STICK),
        baseline(yardstick=STICK | {"operations": [["GET /goals", 30, 2]]}),
        baseline(yardstick=STICK | {"operations": {"GET /goals": [2, 30]}}),
        baseline(yardstick=STICK | {"quantiles_ms": [80.0]}),
        baseline(yardstick=STICK | {"above": [0.5, None, 0.01]}),
        baseline(yardstick=STICK | {"rate": "often"}),
        baseline(failures=2001),
        HELD,
    ],
)
def test_what_another_version_has_written_ends_no_session(event: ev.AnyEvent, caplog: pytest.LogCaptureFixture) -> None:
    with Stage(AUTO, window_s=20.0) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        life.recorder.record(event)
        life.die()
        run = stage.whole_run()
        assert run.ended is not None
        # Without the old version's figures a GO may be doubted; a defect of this program it is not.
        assert run.ended.decision in ("kept", "held")
        assert "defect" not in run.ended.reason
        assert "cannot be read" in caplog.text


def test_a_yardstick_that_can_be_read_is_used() -> None:
    event = baseline(yardstick=STICK)
    before = restored_baseline(event)
    assert before is not None
    assert before.yardstick is not None
    assert before.yardstick.operations == {"GET /goals": (30, 2)}
    assert with_usable_yardstick(event) is event


@pytest.mark.parametrize(
    "event",
    [
        ev.VerdictGiven(kind="ROLLBACK", cause="quarantined", rule="of later times", sentence="go back"),
        ev.TriggerRaised(trigger="of later times", by="ana"),
    ],
)
def test_a_rollback_of_another_version_s_words_is_still_one(event: ev.AnyEvent) -> None:
    with Stage(AUTO, window_s=60.0) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        life.recorder.record(event)
        life.die()
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert run.verdict is not None
        assert (run.verdict.kind, run.verdict.rule) == ("ROLLBACK", "of later times")


# -- what was told already --------------------------------------------------------------------------------------------


def test_a_session_after_another_records_no_verdict_that_was_told() -> None:
    with Stage(None, window_s=60.0) as stage:
        life = in_window(stage)
        for _ in range(3):
            life.die()
            life = stage.begin()
            later(life, 3.0)
        assert kinds(life.run_state) == ["WAIT"]
        assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "GO")
        assert kinds(life.run_state) == ["WAIT", "GO"]


def test_a_rollback_that_was_told_is_carried_out_at_once_by_the_session_after() -> None:
    with Stage(AUTO, window_s=60.0, behaviour=ERRORS) as stage:
        life = stage.begin()
        assert not life.live(lambda: "ROLLBACK" in kinds(life.run_state))
        assert life.run_state.decision is None
        life.die()
        life = stage.begin()
        stage.world.users.down = True
        plan = life.run_state.plan
        assert plan is not None
        watch = Watch(stage.settings, life.session.scaled, plan_of(plan), stage.world.ports(), life.recorder)
        assert watch.kind == "ROLLBACK", "whoever waits for its news waits for ever"
        assert life.live()
        life.end()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert kinds(run).count("ROLLBACK") == 1
        assert run.decided_at is not None
        assert run.decided_at - run.interruptions[-1][0] < 1.0
