"""Blue-green as a plan: its order, an undo for every step, and the way back with and without the old artifact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.plan import MUTATING, PRODUCTION, Act, ActKind, Plan, PlanFacts, Step
from cpr_cockpit.core.strategy import NEW_ARTIFACT, OLD_ARTIFACT, blue_green, way_back
from tests.core.observations import NEW, OLD

FACTS = PlanFacts(OLD, "v1.1.0", True, "slot.example", "app.example")


def _plan(*, artifact: bool = True, facts: PlanFacts = FACTS, baseline_s: float = 300.0) -> Plan:
    return blue_green("green", NEW, facts, baseline_s=baseline_s, artifact=artifact)


def _step(plan: Plan, key: str) -> Step:
    return plan.step(key)


plans = st.builds(
    blue_green,
    st.sampled_from(["green", "staging"]),
    st.just(NEW),
    st.builds(PlanFacts, st.just(OLD), st.sampled_from([None, OLD, NEW, "v1.1.0"]), st.booleans()),
    baseline_s=st.floats(20, 300),
    artifact=st.booleans(),
)


@given(plans)
def test_every_step_has_an_undo_in_words_a_time_and_a_key_of_its_own(plan: Plan) -> None:
    steps = (*plan.forward, *plan.back)
    assert all(step.undo.words and step.title and step.timeout_s > 0 for step in steps)
    assert len({step.key for step in steps}) == len(steps)
    assert all(plan.step(step.key) is step for step in steps)


@given(plans)
def test_what_only_reads_has_nothing_to_undo(plan: Plan) -> None:
    for step in plan.forward:
        assert step.act.mutates is (step.act.kind in MUTATING)
        if not step.act.mutates:
            assert step.undo.acts == ()
        assert all(act.mutates for act in step.undo.acts)


@given(plans)
def test_nothing_that_users_meet_is_changed_before_the_swap_and_only_the_swap_changes_it(plan: Plan) -> None:
    changes = [step.act for step in plan.forward if step.act.mutates]
    assert [act.kind for act in changes] == [ActKind.ENSURE_SLOT, ActKind.DEPLOY, ActKind.SWAP]
    assert all(act.slot == plan.slot != PRODUCTION for act in changes)


def test_the_steps_come_in_the_procedure_s_order() -> None:
    assert [step.key for step in _plan().forward] == [
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
    ]
    assert [step.key for step in _plan().back] == ["swap-back", "replace-bad", "prove-rollback"]


def test_the_way_back_swaps_then_puts_the_old_artifact_into_the_other_slot_and_proves_both() -> None:
    acts = [step.act for step in _plan().back]
    assert acts == [
        Act(ActKind.SWAP, "green", version=OLD),
        Act(ActKind.DEPLOY, "green", version=OLD, artifact=OLD_ARTIFACT),
        Act(ActKind.PROVE_SERVING, "green", version=OLD, other=OLD),
    ]


def test_without_the_old_artifact_the_way_back_is_by_swap_only_and_the_plan_says_so() -> None:
    plan = _plan(artifact=False)
    acts = [step.act for step in plan.back]
    assert acts == [Act(ActKind.SWAP, "green", version=OLD), Act(ActKind.PROVE_SERVING, "green", version=OLD)]
    assert plan.remarks == ("rollback by swap only: no artifact of v1.2.0 can be had, so slot green keeps v1.3.0",)
    assert [act.kind for act in _step(plan, "swap").undo.acts] == [ActKind.SWAP]
    assert _step(plan, "deploy").undo.acts == ()
    assert _step(plan, "deploy").undo.words.startswith("none: no artifact of v1.2.0 is at hand")
    assert not any(act.artifact == OLD_ARTIFACT for step in plan.forward for act in step.undo.acts)
    assert _plan().remarks == ()


def test_the_undo_of_the_swap_is_the_way_back() -> None:
    for artifact in (True, False):
        plan = _plan(artifact=artifact)
        changes = tuple(step.act for step in plan.back if step.act.mutates)
        assert _step(plan, "swap").undo.acts == changes
        assert plan.back == way_back("green", OLD, artifact=artifact)


def test_acts_name_the_version_that_must_be_true_afterwards() -> None:
    plan = _plan()
    assert _step(plan, "deploy").act == Act(ActKind.DEPLOY, "green", version=NEW, artifact=NEW_ARTIFACT)
    assert _step(plan, "swap").act == Act(ActKind.SWAP, "green", version=NEW, other=OLD)
    assert _step(plan, "keep-warm").act.version == OLD
    assert (plan.old_version, plan.new_version, plan.slot, plan.strategy) == (OLD, NEW, "green", "blue-green")


def test_the_baseline_has_its_length_and_time_enough() -> None:
    step = _step(_plan(baseline_s=300.0), "baseline")
    assert step.act.seconds == 300.0
    assert step.timeout_s > 2 * 300.0


def test_facts_are_plain_strings_for_the_journal() -> None:
    assert FACTS.as_dict() == {"production_version": OLD, "slot_version": "v1.1.0", "slot_exists": "yes"}
    assert PlanFacts(OLD, None, False).as_dict() == {
        "production_version": OLD,
        "slot_version": "",
        "slot_exists": "no",
    }


def test_a_step_that_is_not_in_the_plan_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        _plan().step("hope")
    with pytest.raises(KeyError):
        _plan(artifact=False).step("replace-bad")
