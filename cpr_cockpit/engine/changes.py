"""The acts that change something: each is decided by what is seen, never by what was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from cpr_cockpit.core.pipeline import PIPELINE
from cpr_cockpit.core.plan import PRODUCTION, Act, ActKind
from cpr_cockpit.core.ports import Accepted, OperationState
from cpr_cockpit.core.strategy import NEW_ARTIFACT
from cpr_cockpit.engine.acts import Change, Context, Reading, State
from cpr_cockpit.engine.flagging import FlagOff, SetFlag
from cpr_cockpit.engine.piping import look_at_pipeline, pipeline_of
from cpr_cockpit.engine.previewing import Preview, ResetPreview, barred, own_preview, pending_words
from cpr_cockpit.engine.routing import Route
from cpr_cockpit.engine.serving import Serving, exists, observe
from cpr_cockpit.engine.zips import ZipError, examine

# How long the first look of a way back waits for a production that hangs; the slot tells whether to swap.
HURRY_S = 1.0


@dataclass(frozen=True, slots=True)
class EnsureSlot:
    """The slot exists and runs."""

    context: Context
    act: Act

    async def observe(self, *, sent: bool) -> Reading:
        """Done when Resource Manager lists the slot as running."""
        slots = {slot.name: slot for slot in await self.context.ports.web_apps.slots()}
        slot = slots.get(self.act.slot)
        if slot is None:
            return Reading(State.TO_DO, f"slot {self.act.slot} does not exist")
        if slot.state != "Running":
            return Reading(State.REFUSED, f"slot {self.act.slot} is {slot.state}: start it, then begin again")
        return Reading(State.DONE, f"slot {self.act.slot} runs at {slot.host}", {"host": slot.host})

    async def send(self) -> Accepted:
        """Create it like production."""
        return await self.context.ports.web_apps.create_slot(self.act.slot)

    async def follow(self, operation: str) -> OperationState:
        """The creation's own word."""
        return await self.context.ports.web_apps.operation(operation)


@dataclass(frozen=True, slots=True)
class Deploy:
    """An artifact is laid into a slot and served from it."""

    context: Context
    act: Act

    async def observe(self, *, sent: bool) -> Reading:
        """Done when the slot serves the version by this run's own deployment; on the way back also by another one.

        Not so where the journal has lost what was sent: a deployment of the new version may still be under way.
        """
        serving = await observe(self.context.ports.web_apps, self.context.ports.probe, self.act.slot)
        self.context.saw(serving, False)
        forward = self.act.artifact == NEW_ARTIFACT
        words, facts = serving.words(self.act.slot), serving.facts()
        if serving.in_flight:
            return Reading(State.IN_FLIGHT, words, facts)
        if serving.slot == self.act.version and (sent or not (forward or self.context.lost)):
            return Reading(State.DONE, f"slot {self.act.slot} serves {self.act.version}", facts)
        if forward and serving.production != self.context.plan.old_version:
            return Reading(
                State.REFUSED, f"planned on production serving {self.context.plan.old_version}, but {words}", facts
            )
        if forward and serving.swap.pending_preview is not None and not own_preview(self.context, serving.swap):
            return Reading(State.REFUSED, pending_words(serving.swap), facts)
        if not forward and self.act.slot != PRODUCTION:
            kept = await self._kept(serving)
            if kept is not None:
                return kept
        broken = await self._broken() if not sent else ""
        if broken:
            return Reading(State.REFUSED, broken, facts)
        return Reading(State.TO_DO, words, facts)

    async def _kept(self, serving: Serving) -> Reading | None:
        """Why the slot is left as it is on the way back; None where the old version is to be laid into it."""
        words, facts = serving.words(self.act.slot), serving.facts()
        if serving.slot is None and not await exists(self.context.ports.web_apps, self.act.slot):
            return Reading(State.DONE, f"slot {self.act.slot} does not exist: nobody can meet another version", facts)
        if serving.production != self.act.version:
            return Reading(
                State.REFUSED,
                f"{self.act.slot} is kept as it is until production serves {self.act.version}: {words}",
                facts,
            )
        return None

    async def _broken(self) -> str:
        """Why the artifact is not sent; "" where it is a whole zip. The way back sends whatever it has (law 5)."""
        path = self.context.artifacts / self.act.artifact
        if self.act.artifact != NEW_ARTIFACT:
            return "" if path.exists() else f"The artifact {path.name} is gone, so {self.act.slot} is left as it is."
        try:
            found = await asyncio.to_thread(examine, path)
        except ZipError as error:
            return f"{error} Nothing was sent. Build the artifact of {self.act.version} again, then begin a new run."
        if self.context.artifact_sha256 and found != self.context.artifact_sha256:
            return (
                f"The artifact {path.name} is not the one that this run was opened with (sha256 {found[:12]}, then "
                f"{self.context.artifact_sha256[:12]}). Nothing was sent. Begin a new run with it."
            )
        return ""

    async def send(self) -> Accepted:
        """Send the artifact, or have the team's pipeline do it."""
        if self.act.by == PIPELINE:
            return await pipeline_of(self.context).start(self.context.run, self.act.slot, self.act.version)
        return await self.context.ports.web_apps.deploy(self.act.slot, self.context.artifacts / self.act.artifact)

    async def follow(self, operation: str) -> OperationState:
        """Kudu's or the pipeline's word on this deployment: it tells a failure; success is what the slot serves."""
        if self.act.by == PIPELINE:
            return await look_at_pipeline(self.context, operation)
        return await self.context.ports.web_apps.deployment(self.act.slot, operation)


@dataclass(frozen=True, slots=True)
class Swap:
    """The wanted version serves in production, by one swap with the slot that serves it.

    A swap is to do only while the slot is seen to serve the wanted version and production is not: a swap that took
    effect unseen is thereby never repeated.
    """

    context: Context
    act: Act

    async def observe(self, *, sent: bool) -> Reading:
        """Who serves what decides."""
        # On the way back from a switch nothing is planned on what production serves.
        hurry_s = HURRY_S if self.context.switched() and not (self.act.other or sent) else None
        serving = await observe(self.context.ports.web_apps, self.context.ports.probe, self.act.slot, hurry_s=hurry_s)
        # The slot held the new version and serves the old one now: swapped, though production answers with no version.
        silent = sent and serving.production is None and bool(self.act.other) and serving.slot == self.act.other
        switched = silent and not serving.in_flight
        self.context.saw(serving, switched)
        wanted, words, facts = self.act.version, serving.words(self.act.slot), serving.facts()
        if serving.in_flight:
            return Reading(State.IN_FLIGHT, words, facts)
        if switched:
            return Reading(State.DONE, f"the swap took effect, but {words}", facts)
        if serving.production == wanted:
            return Reading(State.DONE, f"production serves {wanted}; {words}", facts)
        if refused := barred(self.context, serving, forth=bool(self.act.other)):
            return Reading(State.REFUSED, refused, facts)
        if serving.slot != wanted:
            return Reading(State.REFUSED, f"a swap would not bring {wanted}: {words}", facts)
        if self.act.other and serving.production != self.act.other:
            return Reading(State.REFUSED, f"planned on production serving {self.act.other}, but {words}", facts)
        return Reading(State.TO_DO, words, facts)

    async def send(self) -> Accepted:
        """One POST."""
        return await self.context.ports.web_apps.swap(self.act.slot)

    async def follow(self, operation: str) -> OperationState:
        """The operation's word: it tells a failure; success is who serves."""
        return await self.context.ports.web_apps.operation(operation)


_CHANGES: dict[ActKind, Callable[[Context, Act], Change]] = {
    ActKind.ENSURE_SLOT: EnsureSlot,
    ActKind.PREVIEW: Preview,
    ActKind.RESET_PREVIEW: ResetPreview,
    ActKind.ROUTE: Route,
    ActKind.DEPLOY: Deploy,
    ActKind.SWAP: Swap,
    ActKind.SET_FLAG: SetFlag,
    ActKind.FLAG_OFF: FlagOff,
}


def change_for(context: Context, act: Act) -> Change:
    """The doer of a mutating act; KeyError for one that only reads."""
    return _CHANGES[act.kind](context, act)
