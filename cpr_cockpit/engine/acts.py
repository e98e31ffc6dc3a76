"""How each act is observed, sent and followed.

An act that changes something is decided by what is seen, never by what was answered; an act that only reads is tried
until it holds or its time is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cpr_cockpit.core.plan import Act, ActKind, Plan
from cpr_cockpit.core.ports import PRODUCTION, Accepted, OperationState
from cpr_cockpit.core.strategy import NEW_ARTIFACT
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.serving import Serving, observe
from cpr_cockpit.engine.zips import ZipError, examine

WARM_REQUESTS = 6
PROOF_LOOKS = 5


class State(StrEnum):
    """What an observation says of an act."""

    DONE = "done"
    TO_DO = "to do"
    IN_FLIGHT = "in flight"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reading:
    """An observation of an act: its state, in words, with the facts it stands on."""

    state: State
    words: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What an act is done in: the ports, the plan, the run's artifacts folder, who hears of every look at who serves.

    ``saw(serving, switched)``: ``switched`` is true where a swap is known to have taken effect though nothing answers.
    """

    ports: Ports
    plan: Plan
    artifacts: Path
    saw: Callable[[Serving, bool], None]


class Change(Protocol):
    """An act that changes something."""

    async def observe(self, *, sent: bool) -> Reading:
        """Look; ``sent``: this act has been sent before in this run (perhaps by a session that died)."""

    async def send(self) -> Accepted:
        """Send it, once."""

    async def follow(self, operation: str) -> OperationState:
        """One look at the accepted operation."""


class Check(Protocol):
    """An act that only reads."""

    async def look(self) -> Reading:
        """DONE when it holds, TO_DO when it does not hold yet, REFUSED when it never will."""


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
        """Done when the slot serves the version by this run's own deployment (on the way back: by whosever)."""
        serving = await observe(self.context.ports.web_apps, self.context.ports.probe, self.act.slot)
        self.context.saw(serving, False)
        forward = self.act.artifact == NEW_ARTIFACT
        words, facts = serving.words(self.act.slot), serving.facts()
        if serving.in_flight:
            return Reading(State.IN_FLIGHT, words, facts)
        if serving.slot == self.act.version and (sent or not forward):
            return Reading(State.DONE, f"slot {self.act.slot} serves {self.act.version}", facts)
        if forward and serving.production != self.context.plan.old_version:
            return Reading(
                State.REFUSED, f"planned on production serving {self.context.plan.old_version}, but {words}", facts
            )
        if not forward and serving.production != self.act.version:
            return Reading(
                State.REFUSED,
                f"{self.act.slot} is kept as it is until production serves {self.act.version}: {words}",
                facts,
            )
        return Reading(State.TO_DO, words, facts)

    async def send(self) -> Accepted:
        """Send the artifact."""
        return await self.context.ports.web_apps.deploy(self.act.slot, self.context.artifacts / self.act.artifact)

    async def follow(self, operation: str) -> OperationState:
        """Kudu's word on this deployment: it tells a failure; success is what the slot serves."""
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
        serving = await observe(self.context.ports.web_apps, self.context.ports.probe, self.act.slot)
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
        if serving.swap.pending_preview:
            return Reading(
                State.REFUSED, f"a swap preview to {serving.swap.pending_preview} is pending: reset it first", facts
            )
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


@dataclass(frozen=True, slots=True)
class KeepArtifact:
    """The old version's zip is at hand: configured, or read from production's Kudu."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Done when the file is a whole zip; its SHA-256 goes to the journal. The plan said so where there is none."""
        path = self.context.artifacts / self.act.artifact
        if not any(step.act.artifact == self.act.artifact for step in self.context.plan.back):
            return Reading(State.DONE, "rollback by swap only: no artifact could be had")
        try:
            sha256 = await asyncio.to_thread(examine, path)
        except ZipError as error:
            return Reading(State.REFUSED, str(error))
        return Reading(State.DONE, f"at hand, {path.stat().st_size:,} bytes, sha256 {sha256[:12]}", {"sha256": sha256})


@dataclass(frozen=True, slots=True)
class ProveSlot:
    """Every instance of the slot serves the version, healthy."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Several fresh looks; all must be healthy and of the version, and meet every instance that is listed."""
        instances = await self.context.ports.web_apps.instances(self.act.slot)
        probe = self.context.ports.probe
        looks = await asyncio.gather(*(probe.look(self.act.slot) for _ in range(max(PROOF_LOOKS, 3 * len(instances)))))
        good = [look for look in looks if look.ok and look.version == self.act.version]
        met = {look.instance for look in good if look.instance}
        words = f"{len(good)} of {len(looks)} answers 200 from {self.act.version}"
        words += f", {len(met)} of {len(instances)} instances met"
        enough = len(good) == len(looks) and len(met) >= len(instances)
        return Reading(State.DONE if enough else State.TO_DO, words)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """The slot's pages have been asked often enough to be warm."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Done when every request was answered below 500."""
        times = await self.context.ports.probe.warm(self.act.slot, WARM_REQUESTS)
        if len(times) < WARM_REQUESTS:
            return Reading(State.TO_DO, f"{len(times)} of {WARM_REQUESTS} warm-up requests were answered")
        return Reading(
            State.DONE, f"{len(times)} requests, the slowest {max(times):.0f} ms, the last {times[-1]:.0f} ms"
        )


@dataclass(frozen=True, slots=True)
class Smoke:
    """The smoke tests hold on the slot."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Done when all passed; the words name those that did not."""
        results = await self.context.ports.probe.smoke(self.act.slot)
        failed = [f"{result.name}: {result.words}" for result in results if not result.passed]
        facts = {result.name: f"{'passed' if result.passed else 'failed'}, {result.words}" for result in results}
        if failed:
            return Reading(State.TO_DO, "; ".join(failed), facts)
        return Reading(State.DONE, f"{len(results)} of {len(results)} passed", facts)


@dataclass(frozen=True, slots=True)
class ProveServing:
    """Production serves one version everywhere, and the slot the other.

    Production: fresh connections, with and without a routing cookie, every instance; the slot: by its own host and by
    its cookie.
    """

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Versions prove who serves; whether the answers are healthy is for the judge."""
        ports, slot = self.context.ports, self.act.slot
        instances = await ports.web_apps.instances(PRODUCTION)
        status = await ports.web_apps.swap_status()
        production = await asyncio.gather(
            *(ports.probe.look(PRODUCTION) for _ in range(max(PROOF_LOOKS, 3 * len(instances))))
        )
        pinned = await ports.probe.look(PRODUCTION, by_cookie=True)
        by_host, by_cookie = await asyncio.gather(ports.probe.look(slot), ports.probe.look(slot, by_cookie=True))
        right = sum(1 for look in (*production, pinned) if look.version == self.act.version)
        total = len(production) + 1
        met = {look.instance for look in production if look.version == self.act.version and look.instance}
        words = (
            f"{right} of {total} fresh answers from {self.act.version}, {len(met)} of {len(instances)} instances met"
        )
        holds = right == total and len(met) >= len(instances) and status.in_flight is None
        if self.act.other:
            others = [look.version for look in (by_host, by_cookie)]
            words += f"; slot {slot}: {others[0] or 'no version'} by host, {others[1] or 'no version'} by cookie"
            holds = holds and all(version == self.act.other for version in others)
        return Reading(State.DONE if holds else State.TO_DO, words)


@dataclass(frozen=True, slots=True)
class KeepWarm:
    """The old version answers in the slot: the way back is warm."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """One healthy answer of the old version."""
        seen = await self.context.ports.probe.look(self.act.slot)
        if seen.ok and seen.version == self.act.version:
            return Reading(State.DONE, f"slot {self.act.slot} {seen.version}, 200 in {seen.ms:.0f} ms")
        return Reading(
            State.TO_DO, f"slot {self.act.slot}: {seen.version or 'no version'}, {seen.status or seen.error}"
        )


_CHANGES: dict[ActKind, type[EnsureSlot | Deploy | Swap]] = {
    ActKind.ENSURE_SLOT: EnsureSlot,
    ActKind.DEPLOY: Deploy,
    ActKind.SWAP: Swap,
}
_CHECKS: dict[ActKind, Callable[[Context, Act], Check]] = {
    ActKind.KEEP_ARTIFACT: KeepArtifact,
    ActKind.PROVE_SLOT: ProveSlot,
    ActKind.WARM_UP: WarmUp,
    ActKind.SMOKE: Smoke,
    ActKind.PROVE_SERVING: ProveServing,
    ActKind.KEEP_WARM: KeepWarm,
}


def change_for(context: Context, act: Act) -> Change:
    """The doer of a mutating act; KeyError for one that only reads."""
    return _CHANGES[act.kind](context, act)


def check_for(context: Context, act: Act) -> Check:
    """The doer of an act that only reads; KeyError for a mutating one, and for the baseline, which the watch takes."""
    return _CHECKS[act.kind](context, act)
