"""Somebody else at the controls: changes to the slots that this run did not make."""

from __future__ import annotations

from cpr_cockpit.core.plan import Plan
from cpr_cockpit.engine.serving import Serving


def foreign_change(plan: Plan, first: Serving, now: Serving, *, slot_kept: bool = True, switched: bool = True) -> str:
    """What somebody else has changed since ``first`` (a look taken when our own swap was over), in words; or "".

    ``slot_kept``: the slot is still this run's own; later another release may be put there, for the next deployment.
    ``switched`` False: of several apps this one is yet to be switched, and its slot holds the new version.
    An application that does not answer is no sign of it: that is for the judge.
    """
    if now.swap.in_flight is not None:
        return f"a swap that this run did not begin is under way ({now.swap.in_flight})"
    if now.swap.last_at != first.swap.last_at:
        when = (now.swap.last_at or "an unknown time").partition(".")[0].replace("T", " ")
        return f"somebody swapped slots at {when} UTC: {now.words(plan.slot)}"
    if now.swap.pending_preview is not None:
        return f"somebody has begun a swap with preview: slot {now.swap.pending_preview} waits"
    production, slot = plan.new_version, plan.old_version
    if not switched:
        production, slot = slot, production
    if now.production not in (None, production):
        return f"production serves {now.production}, which this run did not put there"
    if slot_kept and now.slot not in (None, slot):
        return f"slot {plan.slot} serves {now.slot}, which this run did not put there"
    return ""
