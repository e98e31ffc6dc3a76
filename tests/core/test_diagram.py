"""The diagram of a strategy: which stages, which times, and that nothing is claimed that nobody knows."""

from __future__ import annotations

from typing import Literal

import pytest

from cpr_cockpit.core import diagram
from cpr_cockpit.core import events as ev
from cpr_cockpit.core.pipeline import PIPELINE
from cpr_cockpit.core.plan import Plan, PlanFacts
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import CANARY, FEATURE_FLAG, OBSERVED
from cpr_cockpit.core.view import PlanStage
from tests.core.a_run import records
from tests.core.observations import NEW, OLD

EARLIER = {"deploy": 90.0, "swap": 41.0, "prove-telemetry": 30.0, "preview": 60.0, "prove-production": 3.0}
WINDOW_S = 900.0


def plan(course: Course) -> Plan:
    return plan_by(course, "green", NEW, PlanFacts(OLD, OLD, True), baseline_s=20.0, artifact=True)


def known(*events: ev.AnyEvent, earlier: dict[str, float] | None = None) -> diagram.Known:
    return diagram.Known(fold(records(events)) if events else Run(), EARLIER if earlier is None else earlier)


def line(stages: tuple[PlanStage, ...]) -> str:
    return " > ".join(f"{one.name} {one.time}".rstrip() for one in stages)


def test_a_canary_with_times_of_earlier_runs() -> None:
    made = plan(Course(CANARY))
    assert line(diagram.forth(made, known(), WINDOW_S)) == (
        "slot ~90s > proof ~30s > baseline up to 20s > share 5 % 5m > 25 % 5m > 50 % 5m > swap ~41s > proof ~3s"
        " > window 15m"
    )
    assert line(diagram.back(made, known())) == "routing off > swap back ~41s > old into slot ~90s > proof ~3s"
    assert line(diagram.below(made, known())) == (
        "all to slot > redeploy ~90s > routing off > proof ~3s > card, by hand"
    )


def test_what_nobody_has_measured_is_unknown_and_what_is_set_is_known() -> None:
    made = plan(Course(CANARY, control=5.0))
    assert line(diagram.forth(made, known(earlier={}), WINDOW_S)) == (
        "slot ? > proof ? > baseline up to 20s > share 5 % 5m > 25 % 5m > 50 % 5m > swap ?"
        " > proof > 5 % control > window 15m"
    )
    assert line(diagram.back(made, known(earlier={}))) == "routing off > swap back ? > old into slot ? > proof"


def test_a_preview_is_a_stage_of_its_own_and_is_taken_back_first() -> None:
    made = plan(Course(preview=True))
    assert "baseline up to 20s > preview ~60s > swap ~41s" in line(diagram.forth(made, known(), WINDOW_S))
    assert line(diagram.back(made, known())).startswith("preview off ~60s > swap back ~41s")


def test_a_flag_rises_in_shares_of_the_users_after_a_dark_swap_and_goes_off_first() -> None:
    made = plan(Course(FEATURE_FLAG, flag="Goals"))
    assert line(diagram.forth(made, known(), WINDOW_S)).endswith(
        "swap ~41s > proof ~3s > dark 5m > flag 5 % 5m > 25 % 5m > 50 % 5m > 100 % > window 15m"
    )
    assert line(diagram.back(made, known())).startswith("flag off > calm 5m > swap back ~41s")


def done(step: str) -> tuple[ev.AnyEvent, ...]:
    """A step of ten seconds, as `records` dates them."""
    intent = ev.StepIntent(way="forward", step=step, attempt=1, title=step, mutates=True)
    return intent, ev.StepOutcome(way="forward", step=step, attempt=1, result="done", words="", seconds=10.0)


def test_this_runs_own_time_goes_before_any_other() -> None:
    made = plan(Course())
    stages = diagram.forth(made, known(*done("deploy")), WINDOW_S)
    assert (stages[0].time, stages[0].state) == ("~10s", "running")
    assert "old into slot ~10s" in line(diagram.back(made, known(*done("deploy"))))


@pytest.mark.parametrize(
    ("result", "state"), [("failed", "failed"), ("stopped", "failed"), ("already", "running"), ("left", "left")]
)
def test_a_stage_stands_as_its_steps_do(result: str, state: str) -> None:
    outcome = ev.StepOutcome.model_validate(
        {"way": "forward", "step": "ensure-slot", "attempt": 0, "result": result, "words": "", "seconds": 0.0}
    )
    assert diagram.forth(plan(Course()), known(outcome), WINDOW_S)[0].state == state


def test_a_stage_that_is_done_tells_what_it_took() -> None:
    steps = ("ensure-slot", "keep-old", "deploy")
    stages = diagram.forth(plan(Course()), known(*(one for step in steps for one in done(step))), WINDOW_S)
    assert stages[0] == PlanStage("slot", "30s", "done")
    assert [one.state for one in stages[1:]] == ["waiting"] * 5


def test_a_run_that_only_looks_on_has_the_stages_of_others() -> None:
    made = plan(Course(OBSERVED))
    assert (
        line(diagram.forth(made, known(), WINDOW_S)) == "switch by others > baseline up to 20s > proof ~3s > window 15m"
    )
    assert diagram.below(made, known()) == ()


def test_every_step_of_every_plan_has_a_stage_of_a_known_name() -> None:
    courses = (Course(), Course(CANARY), Course(control=5.0, preview=True), Course(deploy=PIPELINE), Course(OBSERVED))
    for course in (*courses, Course(FEATURE_FLAG, flag="Goals")):
        made = plan(course)
        ways = (*diagram.forth(made, known(), WINDOW_S), *diagram.back(made, known()), *diagram.below(made, known()))
        keys = {step.key for step in (*made.forward, *made.back, *made.lower)}
        assert not {one.name for one in ways} & (keys - {"baseline", "preview", "swap"})


def test_of_several_apps_each_swap_is_a_stage_with_its_gate_and_the_way_back_is_in_reverse() -> None:
    apps = ("goals", "goals-2", "goals-3")
    whole = plan(Course("rolling", apps=apps, step_s=300.0))
    turn = "swap {} ~41s > proof ~3s"
    assert line(diagram.forth(whole, known(), WINDOW_S)) == " > ".join(
        (
            "slots ~4m > proof ~30s > baseline up to 20s",
            turn.format("goals"),
            "gate 5m",
            turn.format("goals-2"),
            "gate 5m",
            turn.format("goals-3"),
            "window 15m",
        )
    )
    back = "swap back goals-3 ~41s > swap back goals-2 ~41s > swap back goals ~41s > old into slot ~4m > proof ~9s"
    assert line(diagram.back(whole, known())) == back
    # The rungs are the same in every app, so they stand there once.
    assert [one.name for one in diagram.below(whole, known())].count("redeploy") == 1


@pytest.mark.parametrize(
    ("word", "state"), [(None, "running"), ("keep", "done"), ("hold", "done"), ("rollback", "left")]
)
def test_a_window_that_a_rollback_came_before_was_left(
    word: Literal["keep", "rollback", "hold"] | None, state: str
) -> None:
    switched = ev.TrafficSwitched(way="forward", version=NEW, t0=100.0)
    decided = [] if word is None else [ev.Decided(word=word, by="ana", verdict="WAIT", sentence="it is WAIT")]
    window = diagram.forth(plan(Course()), known(switched, *decided), WINDOW_S)[-1]
    assert (window.name, window.state) == ("window", state)
