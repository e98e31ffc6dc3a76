"""The plan of several apps: the order of what is done, the gates, the way back in reverse."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.plan import ActKind, Plan, PlanFacts, app_of, key_at, key_of
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import ROLLING
from cpr_cockpit.engine.preparing import plan_event, plan_of

APPS = ("goals", "goals-2", "goals-3", "goals-4")


def _plan(count: int = 3, at_once: int = 1, *, artifact: bool = True) -> Plan:
    course = Course(ROLLING, apps=APPS[:count], at_once=at_once, step_s=120.0)
    return plan_by(course, "green", "v2", PlanFacts("v1", "v1", True), baseline_s=60.0, artifact=artifact)


def _order(plan: Plan, *keys: str) -> list[str]:
    return [step.key for step in plan.forward if key_of(step.key).startswith(keys)]


@pytest.mark.parametrize(
    ("count", "at_once", "order"),
    [
        (2, 1, ["swap", "gate-1", "swap@goals-2"]),
        (3, 1, ["swap", "gate-1", "swap@goals-2", "gate-2", "swap@goals-3"]),
        (3, 2, ["swap", "swap@goals-2", "gate-1", "swap@goals-3"]),
        (4, 2, ["swap", "swap@goals-2", "gate-1", "swap@goals-3", "swap@goals-4"]),
    ],
)
def test_a_gate_stands_between_every_two_turns_and_none_after_the_last(
    count: int, at_once: int, order: list[str]
) -> None:
    assert _order(_plan(count, at_once), "swap", "gate") == order


def test_every_app_is_prepared_before_the_first_is_switched() -> None:
    plan = _plan()
    keys = [step.key for step in plan.forward]
    first = keys.index("swap")
    for key in ("ensure-slot", "deploy", "prove-slot", "warm-up", "smoke"):
        assert all(keys.index(key_at(key, app)) < first for app in plan.places), key
    assert keys.count("baseline") == keys.count("prove-telemetry") == keys.count("keep-old") == 1


def test_each_step_is_done_in_its_own_app_and_says_so() -> None:
    plan = _plan()
    for step in (*plan.forward, *plan.back, *plan.lower):
        assert step.act.app == app_of(step.key)
        assert all(act.app == step.act.app for act in step.undo.acts)
        if step.act.app:
            assert step.title.startswith(f"{step.act.app}: ")
    assert plan.step("swap").title.startswith("goals: ")


def test_a_gate_names_those_that_are_judged_and_how_long() -> None:
    gate = _plan().step("gate-2")
    assert (gate.act.kind, gate.act.names, gate.act.seconds) == (ActKind.WATCH_APPS, ("goals", "goals-2"), 120.0)
    assert gate.title == "Judge v2 in goals, goals-2 beside v1 in the other app for 120 s"


def test_the_way_back_is_in_reverse_first_for_users_then_for_slots() -> None:
    plan = _plan()
    there = ["goals-3", "goals-2", ""]
    assert [step.key for step in plan.back] == [
        key_at(key, app) for key in ("swap-back", "replace-bad", "prove-rollback") for app in there
    ]
    assert [app_of(step.key) for step in plan.lower if key_of(step.key) == "route-old"] == there


def test_the_keys_of_all_steps_differ() -> None:
    plan = _plan(4, 2)
    keys = [step.key for step in (*plan.forward, *plan.back, *plan.lower)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("artifact", [True, False])
def test_the_plan_comes_back_from_the_journal_as_it_was(artifact: bool) -> None:
    plan = _plan(3, 2, artifact=artifact)
    again = plan_of(plan_event(plan, 60.0, artifact=artifact))
    assert (again.forward, again.back, again.lower, again.apps) == (plan.forward, plan.back, plan.lower, plan.apps)


@pytest.mark.parametrize(
    ("apps", "at_once", "words"),
    [
        ((), 1, "rolling needs several apps, and there is one"),
        (APPS[:1], 1, "rolling needs several apps, and there is one"),
        (("goals", "goals"), 1, "different names"),
        (APPS[:3], 3, "fewer apps at once than the 3"),
        (APPS[:3], 0, "at least one, found 0"),
    ],
)
def test_what_cannot_be_rolled_over_says_why(apps: tuple[str, ...], at_once: int, words: str) -> None:
    course = Course(ROLLING, apps=apps, at_once=at_once)
    assert words in course.grey
    with pytest.raises(ValueError, match="rolling"):
        plan_by(course, "green", "v2", PlanFacts("v1", "v1", True), baseline_s=60.0, artifact=True)


def test_other_strategies_say_which_app_alone_they_change() -> None:
    course = Course(apps=APPS[:3])
    plan = plan_by(course, "green", "v2", PlanFacts("v1", "v1", True), baseline_s=60.0, artifact=True)
    assert course.grey == ""
    assert plan.apps == ()
    assert any("only goals of 3 apps is changed" in remark for remark in plan.remarks)
