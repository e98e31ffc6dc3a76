"""A release shown by a feature flag on the simulated world: share after share, each judged, and off again."""

from __future__ import annotations

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import FEATURE_FLAG
from cpr_cockpit.documents.report import render_report
from cpr_cockpit.engine.journal import read
from cpr_cockpit.engine.rejudging import CannotJudge, judge_again
from tests.engine.flags import FLAG
from tests.engine.stage import AUTO, Stage
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.world import NEW, OLD

PERCENTS = (5.0, 25.0, 50.0)
WINDOW_S = 60.0


def flagged(with_flag: Behaviour = HEALTHY, script: ev.Script | None = AUTO, behaviour: Behaviour = HEALTHY) -> Stage:
    stage = Stage(script, behaviour=behaviour, window_s=WINDOW_S)
    stage.world.users.with_flag = with_flag
    stage.change(course=Course(FEATURE_FLAG, PERCENTS, flag=FLAG))
    return stage


def sent(stage: Stage) -> list[str]:
    return [call.kind for call in stage.world.calls]


def test_a_healthy_feature_is_shown_to_share_after_share_and_then_to_everybody() -> None:
    with flagged() as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, run.ended.reason) == ("kept", f"{NEW} kept")
        assert (stage.world.production, stage.world.slot) == (NEW, OLD)
        assert stage.world.flags.written == [(True, 5.0), (True, 25.0), (True, 50.0), (True, 100.0)]
        assert stage.world.flags.flag.filters == ("Microsoft.Targeting", "Contoso.Own")
        watched = [row for row in run.steps if row.key.startswith("watch-")]
        assert [row.key for row in watched] == ["watch-dark", "watch-flag-5", "watch-flag-25", "watch-flag-50"]
        assert all("GO after" in row.words for row in watched)
        # T0 is when everybody got the feature: the window is the time after the last step.
        assert run.t0 is not None
        assert run.switched_at is not None
        assert run.t0 - run.switched_at >= 4 * 300.0 * WINDOW_S / 900.0
        assert run.decided_at is not None
        assert run.decided_at - run.t0 >= WINDOW_S


def test_a_fault_of_the_feature_ends_at_the_first_share_with_the_flag_off_and_the_version_dark() -> None:
    with flagged(ERRORS) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert run.ended.reason == f"flag {FLAG} is off on every instance, and that helped: {NEW} stays dark"
        assert (stage.world.production, stage.world.slot) == (NEW, OLD)
        assert stage.world.flags.written == [(True, 5.0), (False, 5.0)]
        assert sent(stage) == ["deploy", "swap", "flag", "flag"]
        verdict = next(one for _, one in run.verdicts if one.kind == "ROLLBACK")
        assert "with the flag off at the same time 0.0 %" in verdict.sentence
        with pytest.raises(CannotJudge, match="the flag was never on for everybody"):
            judge_again(read(stage.folder))
        report = render_report(run)
        assert f"ROLLED BACK by the feature flag {FLAG}: off; {NEW} stays dark" in report
        # What is told of the release is how those fared who had it, not how calm it is since.
        assert "20.0 % of 30 requests" in report
        assert f"- Error rate of {NEW} after the rollback: 0.0 %" in report
        assert "from the decision to the proof that every instance has the flag off" in report


def test_a_flag_that_helps_nothing_is_followed_by_the_swap_back() -> None:
    with flagged(ERRORS) as stage:
        stage.world.flags.ignored = True
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert (stage.world.production, stage.world.slot, stage.world.flags.flag.enabled) == (OLD, OLD, False)
        assert sent(stage) == ["deploy", "swap", "flag", "flag", "swap", "deploy"]
        assert run.offered_at == "prove-calm"
        assert "fails as before" in run.offered
        row = run.row("prove-calm", "back")
        assert row is not None
        assert row.seconds < 20.0


def test_before_the_flag_is_raised_the_whole_way_back_is_that_of_blue_green() -> None:
    with flagged(behaviour=ERRORS) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)
        assert sent(stage) == ["deploy", "swap", "swap", "deploy"]
