"""Swap with preview: production's settings are applied to the slot and proven there, then the swap is completed.

Facts: ``applySlotConfig`` restarts the slot with the target's sticky settings and waits; ``slotsswap`` completes it;
``resetSlotConfig`` gives the slot its own settings back (Azure documentation, "Swap with preview").
"""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.plan import Act, ActKind, Plan, Step, Undo
from cpr_cockpit.core.strategy import BLUE_GREEN, CLEANED, NOTHING

PREVIEW = "preview"
RESET = "reset-preview"


def with_preview(plan: Plan) -> Plan:
    """``plan`` with the preview just before its swap, so that it is pending no longer than its proofs take.

    On the way back a preview that is still pending is reset before anything else. ValueError for another strategy than
    blue-green: a preview takes the slot's own settings away, which sessions that are routed there would meet.
    """
    if plan.strategy != BLUE_GREEN:
        raise ValueError(f"a swap with preview is an option of {BLUE_GREEN}, not of {plan.strategy}")
    before = next(at for at, step in enumerate(plan.forward) if step.act.kind is ActKind.SWAP)
    return replace(
        plan,
        forward=(*plan.forward[:before], *_previewed(plan), *plan.forward[before:]),
        back=(_reset(plan.slot), *plan.back),
    )


def _previewed(plan: Plan) -> tuple[Step, ...]:
    slot, old, new = plan.slot, plan.old_version, plan.new_version
    reset = Undo(f"reset the preview: slot {slot} gets its own settings back", (Act(ActKind.RESET_PREVIEW, slot),))
    return (
        Step(
            PREVIEW,
            f"Apply production's settings to slot {slot}: preview of the swap",
            Act(ActKind.PREVIEW, slot, version=new, other=old),
            reset,
            600.0,
        ),
        Step(
            "prove-previewed",
            f"Slot {slot} serves {new} with production's settings",
            Act(ActKind.PROVE_SLOT, slot, version=new),
            NOTHING,
            300.0,
        ),
        Step("warm-previewed", f"Warm slot {slot} again", Act(ActKind.WARM_UP, slot, version=new), NOTHING, 120.0),
        Step(
            "smoke-previewed",
            f"Smoke tests on slot {slot} with production's settings",
            Act(ActKind.SMOKE, slot, version=new),
            CLEANED,
            120.0,
        ),
    )


def _reset(slot: str) -> Step:
    return Step(
        RESET,
        f"No preview of a swap is pending on slot {slot}",
        Act(ActKind.RESET_PREVIEW, slot),
        Undo("nothing to undo: the slot has its own settings"),
        300.0,
    )
