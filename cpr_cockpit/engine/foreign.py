"""Somebody else at the controls: changes to who serves what that this run did not make."""

from __future__ import annotations

from cpr_cockpit.core.foreign import Change
from cpr_cockpit.core.plan import ActKind, Plan
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.surroundings import Part
from cpr_cockpit.engine.serving import Serving


def swapped(plan: Plan, last_swap: str | None, now: Serving, *, previewed: bool = False) -> Change | None:
    """A swap, or the beginning of one, that somebody else made since the one at ``last_swap``; None: there is none.

    ``previewed``: a preview that waits is this run's own.
    """
    swap = now.swap
    if swap.in_flight is not None:
        words = f"a swap that this run did not begin is under way ({swap.in_flight})"
        return Change(Part.SWAPS, "swap under way", swap.in_flight, words)
    if (swap.last_at or "") != (last_swap or ""):
        when = (swap.last_at or "an unknown time").partition(".")[0].replace("T", " ")
        words = f"somebody swapped slots at {when} UTC: {now.words(plan.slot)}"
        return Change(Part.SWAPS, "last swap", swap.last_at or "", words)
    if swap.pending_preview is not None and not previewed:
        words = f"somebody has begun a swap with preview: slot {swap.pending_preview} waits"
        return Change(Part.SWAPS, "preview", swap.pending_preview, words)
    return None


def served(production: str | None, slot_version: str | None, now: Serving, slot: str) -> Change | None:
    """A version that this run did not put there; an expected one is None where any may be served.

    An application that does not answer is no sign of it: that is for the judge.
    """
    for place, expected, seen in (("production", production, now.production), (f"slot {slot}", slot_version, now.slot)):
        if expected is not None and seen not in (None, expected):
            words = f"{place} serves {seen}, which this run did not put there"
            return Change(Part.SERVING, f"version of {place}", seen or "", words)
    return None


def expected_versions(run: Run, plan: Plan, app: str = "") -> tuple[str | None, str | None]:
    """What production and the slot of ``app`` serve by what this run has done; None where that may be anything."""

    def done(kind: ActKind) -> tuple[bool, bool]:
        """Whether any, and whether all, of the steps of that kind are done."""
        keys = [step.key for step in plan.forward if step.act.kind is kind and step.act.app == app]
        finished = [run.finished(key, "forward") for key in keys]
        return any(finished), bool(keys) and all(finished)

    began, swapped_all = done(ActKind.SWAP)
    if began:
        return (plan.new_version, plan.old_version) if swapped_all else (None, None)
    if run.continued is not None:
        # A damaged journal may have lost that this run has switched.
        return None, None
    return plan.old_version, plan.new_version if done(ActKind.DEPLOY)[1] else None


def foreign_change(plan: Plan, first: Serving, now: Serving, *, slot_kept: bool = True) -> str:
    """What somebody else has changed since ``first`` (a look taken when our own swap was over), in words; or "".

    ``slot_kept``: the slot is still this run's own; later another release may be put there, for the next deployment.
    """
    slot = plan.old_version if slot_kept else None
    found = swapped(plan, first.swap.last_at, now) or served(plan.new_version, slot, now, plan.slot)
    return found.words if found else ""
