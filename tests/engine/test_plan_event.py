"""The plan in the journal: each step with its undo, and the requests that it would send."""

from __future__ import annotations

from cpr_cockpit.core.plan import Act, PlanFacts
from cpr_cockpit.core.ports import PlannedRequest
from cpr_cockpit.core.strategy import blue_green
from cpr_cockpit.engine.preparing import plan_event, plan_of

PLAN = blue_green("green", "v2", PlanFacts("v1", "v1", True), baseline_s=20.0, artifact=True)


def _requests(act: Act) -> tuple[PlannedRequest, ...]:
    return (PlannedRequest("POST", f"https://manager.example.net/{act.kind}", '{"secret": "in the body"}'),)


def test_requests_are_kept_by_method_and_address_only() -> None:
    event = plan_event(PLAN, 20.0, artifact=True, requests=_requests)
    for steps, planned in ((PLAN.forward, event.forward), (PLAN.back, event.back)):
        for step, kept in zip(steps, planned, strict=True):
            assert kept.requests == (f"POST https://manager.example.net/{step.act.kind}",)
    assert "secret" not in event.model_dump_json()
    assert plan_of(event).forward == PLAN.forward


def test_without_them_the_plan_says_nothing_of_requests() -> None:
    event = plan_event(PLAN, 20.0, artifact=True)
    assert all(step.requests == () for step in (*event.forward, *event.back))
