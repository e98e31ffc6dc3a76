"""The acts about a feature flag: raise it, set it off, prove on every instance that it is so.

Every write is conditional on the very state that was read before it: what somebody else has changed is never
overwritten, and a request that arrives late changes nothing once another has been answered.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cpr_cockpit.core.flags import FlagFacts, cannot_be_raised, state_words
from cpr_cockpit.core.plan import Act, ActKind, Plan
from cpr_cockpit.core.ports import Accepted, FeatureFlags, OperationState, PortError
from cpr_cockpit.engine.acts import Context, Reading, State
from cpr_cockpit.engine.serving import observe

# Questions to the instances for each proof: enough to meet every one of them.
LEAST_LOOKS = 5
LOOKS_EACH = 3
# Seconds for which the store is waited for by a look that comes again: a person may want it to end between two.
READ_S = 5.0


def store(context: Context) -> FeatureFlags:
    """The store of the flags; PortError where none is configured."""
    if context.ports.flags is None:
        raise PortError("No App Configuration is configured.", next_step="Name it in cockpit.toml: app_configuration.")
    return context.ports.flags


def flag_raised(plan: Plan) -> str:
    """The flag that the way forth of ``plan`` raises; "" where it raises none."""
    return next((step.act.flag for step in plan.forward if step.act.kind is ActKind.SET_FLAG), "")


async def on_again(flags: FeatureFlags | None, name: str) -> str:
    """That somebody has raised the flag since this run set it off, in words, or ""; PortError: it cannot be read."""
    if flags is None:
        return ""
    try:
        async with asyncio.timeout(READ_S):
            flag = await flags.read(name)
    except TimeoutError as error:
        raise PortError(f"App Configuration did not answer in {READ_S:g} s.") from error
    return f"{flag.words}, which this run did not do: it set it off" if flag.share else ""


@dataclass(slots=True)
class SetFlag:
    """The flag is on for a share of the users; sent only while it is as the plan left it."""

    context: Context
    act: Act
    seen: FlagFacts | None = None

    async def observe(self, *, sent: bool) -> Reading:
        """The store decides; where it is to be raised, production must serve what its users are meant to meet."""
        act, ports = self.act, self.context.ports
        flag = self.seen = await store(self.context).read(act.flag)
        self.context.flagged(flag.share)
        facts = {"flag": state_words(flag.share), "etag": flag.etag}
        if flag.share == act.percent:
            return Reading(State.DONE, flag.words, facts)
        wrong = cannot_be_raised(flag)
        if wrong:
            return Reading(State.REFUSED, f"{wrong} Nothing was sent.", facts)
        if flag.share != act.before:
            planned = f"planned on flag {act.flag} {state_words(act.before)}, but somebody else has changed it"
            return Reading(State.REFUSED, f"{planned}: {flag.words}", facts)
        serving = await observe(ports.web_apps, ports.probe, self.context.plan.slot)
        self.context.saw(serving, False)
        words, facts = f"{flag.words}; {serving.words(self.context.plan.slot)}", facts | serving.facts()
        if serving.in_flight:
            return Reading(State.IN_FLIGHT, words, facts)
        if serving.production != act.version:
            return Reading(State.REFUSED, f"planned on production serving {act.version}, but {words}", facts)
        return Reading(State.TO_DO, words, facts)

    async def send(self) -> Accepted:
        """One conditional write."""
        etag = self.seen.etag if self.seen else ""
        return await store(self.context).write(self.act.flag, enabled=True, percent=self.act.percent, etag=etag)

    async def follow(self, operation: str) -> OperationState:
        """There is no operation: what was answered is in force."""
        return OperationState("unknown")


@dataclass(slots=True)
class FlagOff:
    """The flag is off for everybody; whatever else it says stays as it is."""

    context: Context
    act: Act
    seen: FlagFacts | None = None

    async def observe(self, *, sent: bool) -> Reading:
        """Needs no word of the application. A flag that does not exist is on for nobody."""
        flag = self.seen = await store(self.context).read(self.act.flag)
        self.context.flagged(flag.share)
        facts = {"flag": state_words(flag.share), "etag": flag.etag}
        if not flag.enabled:
            return Reading(State.DONE, flag.words, facts)
        if flag.locked:
            words = f"{flag.words}: unlock it, then set it off"
            return Reading(State.REFUSED, words, facts)
        return Reading(State.TO_DO, flag.words, facts)

    async def send(self) -> Accepted:
        """One conditional write of the one member."""
        etag = self.seen.etag if self.seen else ""
        return await store(self.context).write(self.act.flag, enabled=False, percent=None, etag=etag)

    async def follow(self, operation: str) -> OperationState:
        """There is no operation: what was answered is in force."""
        return OperationState("unknown")


@dataclass(frozen=True, slots=True)
class ProveFlag:
    """Every instance says that the flag is so. The questions themselves make the instances ask their store again."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Done when all answers agree and every instance that is listed was met; a stale one is asked once more."""
        act, ports = self.act, self.context.ports
        instances = await ports.web_apps.instances(act.slot)
        times = max(LEAST_LOOKS, LOOKS_EACH * len(instances))
        looks = await asyncio.gather(*(ports.probe.flag(act.slot, act.flag) for _ in range(times)))
        right = [
            look for look in looks if look.share == act.percent and (not act.version or look.version == act.version)
        ]
        met = {look.instance for look in right if look.instance}
        words = f"{len(right)} of {len(looks)} answers: flag {act.flag} {state_words(act.percent)}"
        words += f", {len(met)} of {len(instances)} instances met"
        other = next((look for look in looks if look not in right), None)
        if other is not None:
            told = other.error or f"{other.version or 'no version'} has it {state_words(other.share or 0.0)}"
            words += f"; {other.instance or 'one answer'}: {told}"
        enough = len(right) == len(looks) and len(met) >= len(instances)
        return Reading(State.DONE if enough else State.TO_DO, words)
