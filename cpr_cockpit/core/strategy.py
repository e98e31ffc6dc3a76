"""Strategies: from the facts of an environment to a Plan. Blue-green by slot swap, and looking on."""

from __future__ import annotations

from cpr_cockpit.core.plan import PRODUCTION, Act, ActKind, Plan, PlanFacts, Step, Undo

OLD_ARTIFACT = "old.zip"
NEW_ARTIFACT = "new.zip"
NOTHING = Undo("nothing to undo: it only reads")
CLEANED = Undo("nothing to undo: what a test creates it deletes")
BLUE_GREEN = "blue-green"
CANARY = "canary"
ROLLING = "rolling"
OBSERVED = "observed"
FEATURE_FLAG = "feature-flag"
# A pipeline may be started in the evening and switch in the morning; seconds.
_WAIT_S = 86_400.0


def _swap_undo(slot: str, old: str, *, artifact: bool) -> Undo:
    acts = [Act(ActKind.SWAP, slot, version=old)]
    words = f"swap {slot} with production again, so that {old} serves"
    if artifact:
        acts.append(Act(ActKind.DEPLOY, slot, version=old, artifact=OLD_ARTIFACT))
        words += f"; then put {old} into {slot}, so that no routing cookie meets the new version"
    return Undo(words, tuple(acts))


def _preparation(slot: str, facts: PlanFacts, new: str, *, artifact: bool) -> tuple[Step, ...]:
    old = facts.production_version
    slot_back = (
        Undo(f"put {old} back into {slot}", (Act(ActKind.DEPLOY, slot, version=old, artifact=OLD_ARTIFACT),))
        if artifact
        else Undo(f"none: no artifact of {old} is at hand; {slot} keeps {new}")
    )
    return (
        Step(
            "ensure-slot",
            f"Slot {slot} exists and runs",
            Act(ActKind.ENSURE_SLOT, slot),
            Undo(f"nothing: {slot} may stay, it takes no traffic of its own"),
            300.0,
        ),
        Step(
            "keep-old",
            f"Keep the artifact of {old}",
            Act(ActKind.KEEP_ARTIFACT, PRODUCTION, version=old, artifact=OLD_ARTIFACT),
            NOTHING,
            120.0,
        ),
        Step(
            "deploy",
            f"Deploy {new} to slot {slot}",
            Act(ActKind.DEPLOY, slot, version=new, artifact=NEW_ARTIFACT),
            slot_back,
            900.0,
        ),
    )


def _proof(slot: str, new: str, baseline_s: float) -> tuple[Step, ...]:
    return (
        Step(
            "prove-slot",
            f"Slot {slot} serves {new} on every instance",
            Act(ActKind.PROVE_SLOT, slot, version=new),
            NOTHING,
            120.0,
        ),
        Step("warm-up", f"Warm slot {slot}", Act(ActKind.WARM_UP, slot, version=new), NOTHING, 120.0),
        Step("smoke", f"Smoke tests on slot {slot}", Act(ActKind.SMOKE, slot, version=new), CLEANED, 120.0),
        Step(
            "prove-telemetry",
            f"Telemetry of {new} arrives under its own name",
            Act(ActKind.PROVE_TELEMETRY, slot, version=new),
            NOTHING,
            # It ends itself after twice the delay of the logs, which may be an hour.
            9000.0,
        ),
        Step(
            "baseline",
            "Observe production before the switch",
            Act(ActKind.BASELINE, PRODUCTION, seconds=baseline_s),
            NOTHING,
            baseline_s * 3 + 120.0,
        ),
    )


def _switch(slot: str, old: str, new: str, *, artifact: bool) -> tuple[Step, ...]:
    return (
        Step(
            "swap",
            f"Swap {slot} with production: {new} serves",
            Act(ActKind.SWAP, slot, version=new, other=old),
            _swap_undo(slot, old, artifact=artifact),
            1800.0,
        ),
        Step(
            "prove-production",
            f"Production serves {new} everywhere, slot {slot} serves {old}",
            Act(ActKind.PROVE_SERVING, slot, version=new, other=old),
            NOTHING,
            120.0,
        ),
        Step("keep-warm", f"Keep {old} warm in {slot}", Act(ActKind.KEEP_WARM, slot, version=old), NOTHING, 60.0),
    )


def way_back(slot: str, old: str, *, artifact: bool) -> tuple[Step, ...]:
    """The rollback: switch back, put the old artifact into the other slot (law 4), prove both.

    Every step is decided by observation, so the same way back serves before, during and after the swap.
    """
    again = Undo("deploy the new version again, as a new run")
    steps = [Step("swap-back", f"Swap back: {old} serves", Act(ActKind.SWAP, slot, version=old), again, 1800.0)]
    if artifact:
        replace = Act(ActKind.DEPLOY, slot, version=old, artifact=OLD_ARTIFACT)
        steps.append(Step("replace-bad", f"Put {old} into slot {slot}", replace, again, 900.0))
    steps.append(
        Step(
            "prove-rollback",
            f"{old} serves in production" + (f" and in slot {slot}" if artifact else ""),
            Act(ActKind.PROVE_SERVING, slot, version=old, other=old if artifact else ""),
            NOTHING,
            120.0,
        )
    )
    return tuple(steps)


def blue_green(slot: str, new: str, facts: PlanFacts, *, baseline_s: float, artifact: bool) -> Plan:
    """Deploy to the slot, prove it there, swap, keep the old version warm in the slot.

    ``artifact``: whether the old version's zip is or can be put at hand; without it the plan says so.
    """
    old = facts.production_version
    remarks = (
        [] if artifact else [f"rollback by swap only: no artifact of {old} can be had, so slot {slot} keeps {new}"]
    )
    return Plan(
        strategy=BLUE_GREEN,
        old_version=old,
        new_version=new,
        slot=slot,
        forward=(
            *_preparation(slot, facts, new, artifact=artifact),
            *_proof(slot, new, baseline_s),
            *_switch(slot, old, new, artifact=artifact),
        ),
        back=way_back(slot, old, artifact=artifact),
        facts=facts,
        remarks=tuple(remarks),
    )


def observed(slot: str, new: str, facts: PlanFacts, *, baseline_s: float, artifact: bool) -> Plan:
    """Look on while somebody else deploys: no step of it changes anything, and neither does its way back.

    ``new`` "": whatever other version production serves next. ``artifact``: whether the old version's zip is at hand,
    for whoever rolls back by hand.
    """
    old = facts.production_version
    name = new or "another version"
    by_hand = Undo("by the pipeline's own rollback, or by hand with the rollback card: this program changes nothing")
    await_switch = Act(ActKind.AWAIT_VERSION, PRODUCTION, version=new, other=old)
    prove = Act(ActKind.PROVE_SERVING, slot, version=new)
    await_old = Act(ActKind.AWAIT_VERSION, PRODUCTION, version=old, other=new)
    return Plan(
        strategy=OBSERVED,
        old_version=old,
        new_version=new,
        slot=slot,
        forward=(
            Step(
                "await-switch", f"Production serves {name}, switched by somebody else", await_switch, by_hand, _WAIT_S
            ),
            Step(
                "baseline",
                "Production before the switch, as its logs tell",
                Act(ActKind.BASELINE, PRODUCTION, seconds=baseline_s),
                NOTHING,
                120.0,
            ),
            Step("prove-production", f"Production serves {name} everywhere", prove, NOTHING, 600.0),
        ),
        back=(Step("await-old", f"Production serves {old} again, by the work of others", await_old, NOTHING, _WAIT_S),),
        facts=facts,
        remarks=("observed only: this program changes nothing, neither now nor on ROLLBACK",)
        + (
            () if artifact else (f"no artifact of {old} is kept: a rollback by hand is by swap, or the pipeline's own",)
        ),
    )
