"""The acts of a swap with preview: production's settings are applied to the slot, or its own are given back.

What is pending is this run's own only where the journal says that it was sent, and where it shows on this run's slot:
somebody else's is left as it is, and told.
"""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.plan import PRODUCTION, Act
from cpr_cockpit.core.ports import Accepted, OperationState, SwapStatus
from cpr_cockpit.core.preview import PREVIEW
from cpr_cockpit.engine.acts import Context, Reading, State
from cpr_cockpit.engine.serving import Serving, observe


def pending_words(swap: SwapStatus) -> str:
    """Which preview is pending, and what to do about one that is not this run's own; "" where none is."""
    if swap.pending_preview is None:
        return ""
    on = swap.preview_on or "another slot"
    return (
        f"a preview of a swap of slot {on} with {swap.pending_preview} is pending that this run did not begin: let "
        f"whoever did complete it, or reset it (az webapp deployment slot swap --action reset --slot {on} "
        f"--target-slot {on})"
    )


def own_preview(context: Context, swap: SwapStatus) -> bool:
    """Whether the pending preview is this run's own."""
    if swap.pending_preview is None or not context.plan.previews:
        return False
    ours = {swap.pending_preview, swap.preview_on} == {PRODUCTION, context.plan.slot}
    # A journal that has lost what was sent cannot say that it was not us: what our plan begins is taken for ours.
    return ours and (context.begun(PREVIEW) or context.lost)


def barred(context: Context, serving: Serving, *, forth: bool) -> str:
    """Why the preview that is pending, or the one that is not, keeps a swap from being sent; "" where it does not.

    Forth, a plan with a preview completes its own, which has been proven, and no other. Back, none may be pending.
    """
    own = own_preview(context, serving.swap)
    if serving.swap.pending_preview is not None and not own:
        return pending_words(serving.swap)
    if forth and context.plan.previews and not own:
        return "the preview that was proven is not pending any more: somebody reset it. Begin a new run"
    if own and not forth:
        return f"this run's own preview is still pending on slot {context.plan.slot}: it is reset first"
    return ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The slot serves the new version with production's settings, and the swap is prepared."""

    context: Context
    act: Act

    async def observe(self, *, sent: bool) -> Reading:
        """Done when Resource Manager says that it is pending; sent only while the slot holds the new version."""
        serving = await observe(self.context.ports.web_apps, self.context.ports.probe, self.act.slot)
        self.context.saw(serving, False)
        words, facts = serving.words(self.act.slot), serving.facts()
        if serving.in_flight:
            return Reading(State.IN_FLIGHT, words, facts)
        if serving.swap.pending_preview is not None:
            if not own_preview(self.context, serving.swap):
                return Reading(State.REFUSED, pending_words(serving.swap), facts)
            return Reading(State.DONE, f"slot {self.act.slot} runs with production's settings", facts)
        if serving.production != self.act.other:
            return Reading(State.REFUSED, f"planned on production serving {self.act.other}, but {words}", facts)
        if serving.slot != self.act.version and not sent:
            return Reading(State.REFUSED, f"a preview would not show {self.act.version}: {words}", facts)
        return Reading(State.TO_DO, words, facts)

    async def send(self) -> Accepted:
        """One POST."""
        return await self.context.ports.web_apps.preview(self.act.slot)

    async def follow(self, operation: str) -> OperationState:
        """There is no operation: what is pending is read."""
        return OperationState("unknown")


@dataclass(frozen=True, slots=True)
class ResetPreview:
    """No preview of this run is pending: the slot has its own settings."""

    context: Context
    act: Act

    async def observe(self, *, sent: bool) -> Reading:
        """Done when none of ours is pending; nothing is sent while a swap, which may complete it, is under way."""
        serving = await observe(self.context.ports.web_apps, self.context.ports.probe, self.act.slot)
        self.context.saw(serving, False)
        facts = serving.facts()
        if serving.in_flight:
            return Reading(State.IN_FLIGHT, serving.words(self.act.slot), facts)
        if own_preview(self.context, serving.swap):
            return Reading(State.TO_DO, f"slot {self.act.slot} runs with production's settings", facts)
        left = pending_words(serving.swap)
        return Reading(State.DONE, f"left as it is: {left}" if left else "no preview of a swap is pending", facts)

    async def send(self) -> Accepted:
        """One POST."""
        return await self.context.ports.web_apps.reset_preview(self.act.slot)

    async def follow(self, operation: str) -> OperationState:
        """There is no operation: what is pending is read."""
        return OperationState("unknown")
