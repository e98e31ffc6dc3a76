"""Where a plan proves background work, strategy by strategy, and where it says that it does not."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.plan import ActKind, Plan, PlanFacts
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import BLUE_GREEN, CANARY, FEATURE_FLAG, OBSERVED, ROLLING
from cpr_cockpit.core.workers import IDEMPOTENT, NONE, STICKY_OFF, WorkerRule
from tests.core.observations import NEW, OLD

RULE = WorkerRule(STICKY_OFF, "WORKERS_ENABLED", "0")
PROOFS = (ActKind.PROVE_SETTING, ActKind.PROVE_WORKERS_OFF, ActKind.PROVE_WORKERS)
COURSES = [
    Course(BLUE_GREEN),
    Course(BLUE_GREEN, preview=True),
    Course(BLUE_GREEN, control=5.0),
    Course(BLUE_GREEN, deploy="pipeline"),
    Course(BLUE_GREEN, flag="goals"),
    Course(CANARY),
    Course(FEATURE_FLAG, flag="goals"),
]


def plan(course: Course, rule: WorkerRule | None = RULE, *, artifact: bool = True) -> Plan:
    facts = PlanFacts(OLD, OLD, slot_exists=True)
    told = Course.from_dict(course.to_dict() | {"workers": rule.to_dict() if rule else None})
    return plan_by(told, "green", NEW, facts, baseline_s=20.0, artifact=artifact)


def kinds(made: Plan) -> list[ActKind]:
    return [step.act.kind for step in made.forward]


@pytest.mark.parametrize("course", COURSES, ids=lambda course: f"{course.strategy}-{course.deploy}")
def test_the_proofs_stand_before_the_deployment_before_users_and_after_the_swap(course: Course) -> None:
    made = plan(course)
    forth = kinds(made)
    assert [forth.count(kind) for kind in PROOFS] == [1, 1, 1]
    setting, off, once = (forth.index(kind) for kind in PROOFS)
    # A share that goes to the slot before the swap; after it that of the control.
    users = min(at for at, kind in enumerate(forth) if kind in (ActKind.ROUTE, ActKind.PREVIEW, ActKind.SWAP))
    swap = forth.index(ActKind.SWAP)
    assert setting < forth.index(ActKind.DEPLOY) < off < users
    assert swap < forth.index(ActKind.PROVE_SERVING) < once
    # A flag is raised for nobody before it; a control is held back, whatever comes of it.
    assert all(once < at for at, kind in enumerate(forth) if kind is ActKind.SET_FLAG)
    assert all(at < once for at, kind in enumerate(forth) if kind is ActKind.ROUTE)


@pytest.mark.parametrize("course", COURSES, ids=lambda course: f"{course.strategy}-{course.deploy}")
@pytest.mark.parametrize("artifact", [True, False])
def test_on_the_way_back_and_below_it_the_proof_is_the_last_step(course: Course, artifact: bool) -> None:
    made = plan(course, artifact=artifact)
    assert made.back[-1].act.kind is ActKind.PROVE_WORKERS
    assert made.back[-1].act.version == OLD
    assert [step.act.kind for step in made.back].count(ActKind.PROVE_WORKERS) == 1
    # Without the old artifact nobody is back below the swap, and there is nothing to prove.
    proven = [step.key for step in made.lower if step.act.kind is ActKind.PROVE_WORKERS]
    assert proven == ([made.lower[-1].key] if artifact else [])


@pytest.mark.parametrize("course", COURSES, ids=lambda course: f"{course.strategy}-{course.deploy}")
def test_without_a_rule_it_is_the_same_plan_as_ever_and_with_one_no_step_changes(course: Course) -> None:
    without, made = plan(course, None), plan(course)
    for bare, proven in ((without.forward, made.forward), (without.back, made.back), (without.lower, made.lower)):
        left = tuple(step for step in proven if step.act.kind not in PROOFS)
        assert [step.key for step in left] == [step.key for step in bare]
        assert len({step.key for step in proven}) == len(proven)
    assert not [step for step in without.forward if step.act.workers]


def test_only_a_setting_is_proven_by_itself() -> None:
    for rule in (IDEMPOTENT, NONE):
        forth = kinds(plan(COURSES[0], WorkerRule(rule)))
        assert [forth.count(kind) for kind in PROOFS] == [0, 1, 1]


def test_what_is_not_proven_is_said() -> None:
    apps = Course(ROLLING, apps=("a", "b"))
    made = plan(apps)
    assert any("does not look at background work" in words for words in made.remarks)
    assert made.forward == plan(apps, None).forward
    assert any("so do the workers" in words for words in plan(Course(preview=True)).remarks)
    assert not any("workers" in words for words in plan(Course()).remarks)
    assert plan(Course(OBSERVED)) == plan(Course(OBSERVED), None)
