"""The steps that prove background work: before the deployment, before the swap, after it, and after the way back."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.plan import Act, ActKind, Plan, Step
from cpr_cockpit.core.strategy import NOTHING
from cpr_cockpit.core.workers import IDEMPOTENT, NONE, STICKY_OFF, WorkerRule

AFTER_SWAP = "prove-workers"
_WHILE_OFF_S, _AFTER_S = 60.0, 120.0
# Users are back by then: whoever went back waits for nothing but the end of the run.
_AFTER_BACK_S = 60.0


def with_workers(plan: Plan, rule: WorkerRule) -> Plan:
    """``plan`` with the proofs of the rule. The one on the way back comes last: it may keep nobody from going back.

    After the swap it comes before any flag is raised, and after a control was held back.
    """
    slot, old, new = plan.slot, plan.old_version, plan.new_version
    forward: list[Step] = []
    listed = swapped = proven = False
    for step in plan.forward:
        swapped = swapped or step.act.kind is ActKind.SWAP
        if swapped and not proven and step.act.flag:
            forward.append(_after(AFTER_SWAP, slot, new, old, rule))
            proven = True
        if rule.rule == STICKY_OFF and step.act.kind is ActKind.DEPLOY:
            forward.append(_setting(slot, rule))
        forward.append(step)
        if step.act.kind is ActKind.PROVE_SLOT and not listed:
            # Once: under a preview the slot is proven again, with production's settings.
            listed = True
            forward.append(_before(slot, new, rule))
    if not proven:
        forward.append(_after(AFTER_SWAP, slot, new, old, rule))
    lower = plan.lower
    if any(step.act.kind is ActKind.PROVE_SERVING for step in lower):
        lower = (*lower, _after("prove-workers-redeployed", slot, old, old, rule))
    back = (*plan.back, _after("prove-workers-back", slot, old, old, rule))
    plan = replace(plan, forward=tuple(forward), back=back, lower=lower)
    if plan.previews and rule.rule == STICKY_OFF:
        words = f"while a preview waits, {slot} runs with production's settings, and so do the workers of {new} there"
        plan = replace(plan, remarks=(*plan.remarks, words))
    return plan


def not_looked_at(plan: Plan) -> Plan:
    """``plan`` of a strategy that proves no background work, which it says."""
    words = f"{plan.strategy} does not look at background work: whether it is done once is not proven"
    return replace(plan, remarks=(*plan.remarks, words))


def _setting(slot: str, rule: WorkerRule) -> Step:
    act = Act(ActKind.PROVE_SETTING, slot, workers=rule)
    title = f"{rule.setting} stays with slot {slot} and switches its workers off"
    return Step("prove-setting", title, act, NOTHING, _WHILE_OFF_S)


def _before(slot: str, new: str, rule: WorkerRule) -> Step:
    titles = {
        STICKY_OFF: f"No worker of {new} runs in slot {slot}",
        IDEMPOTENT: f"Workers of both slots are listed; those of {new} may run in slot {slot}",
        NONE: "There are no workers, neither in production nor in the slot",
    }
    act = Act(ActKind.PROVE_WORKERS_OFF, slot, version=new, workers=rule)
    return Step("prove-workers-off", titles[rule.rule], act, NOTHING, _WHILE_OFF_S)


def _after(key: str, slot: str, version: str, other: str, rule: WorkerRule) -> Step:
    titles = {
        STICKY_OFF: f"Workers run once: those of {version} in production, none in slot {slot}",
        IDEMPOTENT: f"Workers of {version} run in production",
        NONE: "There are still no workers",
    }
    act = Act(ActKind.PROVE_WORKERS, slot, version=version, other=other, workers=rule)
    return Step(key, titles[rule.rule], act, NOTHING, _AFTER_S if key == AFTER_SWAP else _AFTER_BACK_S)
