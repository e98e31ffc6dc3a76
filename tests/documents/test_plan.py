from __future__ import annotations

from cpr_cockpit.core.plan import Act, PlanFacts
from cpr_cockpit.core.ports import PlannedRequest
from cpr_cockpit.core.strategy import blue_green
from cpr_cockpit.documents.plan import render_plan

FACTS = PlanFacts("v1.2.0", None, slot_exists=False, production_host="goals.example.net")


def _planned(act: Act) -> tuple[PlannedRequest, ...]:
    return (PlannedRequest("POST", f"https://manager/{act.kind}", "a body"), PlannedRequest("GET", "https://manager"))


def test_every_step_is_shown_with_its_undo_and_its_requests() -> None:
    plan = blue_green("green", "v1.3.0", FACTS, baseline_s=20.0, artifact=True)
    text = render_plan(plan, _planned)
    for step in (*plan.forward, *plan.back):
        assert step.title in text
        assert f"Undo: {step.undo.words}." in text
        assert f"POST https://manager/{step.act.kind}" in text
    assert text.count("POST https://manager/swap") == 2
    assert text.count("a body") == len(plan.forward) + len(plan.back)
    assert "Nothing of this has been sent" in text


def test_the_facts_and_what_the_way_back_lacks_are_said() -> None:
    text = render_plan(blue_green("green", "v1.3.0", FACTS, baseline_s=20.0, artifact=False), _planned)
    assert "Production (goals.example.net) serves v1.2.0." in text
    assert "Slot green (no host yet) does not exist yet." in text
    assert "rollback by swap only" in text
