"""What is seen to lie behind a run whose journal is gone, in one app and in several."""

from __future__ import annotations

from cpr_cockpit.core.plan import PRODUCTION, Plan, PlanFacts, key_at
from cpr_cockpit.core.strategies import plan_by
from cpr_cockpit.engine.behind import lies_behind
from tests.engine.world import NEW, OLD, SLOT
from tests.engine.worlds import APPS, Apps

FIRST, SECOND, THIRD = APPS


def _behind(stage: Apps, *switched: str) -> tuple[Plan, list[str]]:
    """The keys of the steps that lie behind where these apps serve the new version."""
    for name, world in stage.worlds.items():
        world.sites[PRODUCTION].answer(NEW if name in switched else OLD)
        world.sites[SLOT].answer(OLD if name in switched else NEW)
    facts, course = PlanFacts(OLD, OLD, slot_exists=True), stage.settings.course
    plan = plan_by(course, SLOT, NEW, facts, baseline_s=20.0, artifact=True)
    work = lies_behind(plan, stage.ports(), lambda serving, switched, *, app="": None, 1.0)
    steps, _ = stage.loop.run_until_complete(work)
    return plan, [step.key for step in steps]


def test_where_no_app_serves_the_new_version_nothing_lies_behind() -> None:
    with Apps() as stage:
        assert _behind(stage)[1] == []


def test_all_up_to_the_last_app_that_serves_it_lies_behind_gates_too() -> None:
    with Apps() as stage:
        plan, behind = _behind(stage, FIRST, SECOND)
        last = [step.key for step in plan.forward].index(key_at("swap", SECOND))
        assert behind == [step.key for step in plan.forward][: last + 1]
        assert "gate-1" in behind


def test_an_app_before_it_that_does_not_serve_it_is_still_to_be_switched() -> None:
    with Apps() as stage:
        _, behind = _behind(stage, SECOND)
        assert key_at("swap", SECOND) in behind
        assert not {"swap", "prove-production", "keep-warm"} & set(behind)
