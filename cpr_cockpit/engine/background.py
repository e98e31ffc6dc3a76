"""The acts that prove background work: by the setting that Resource Manager has, by WebJobs, by the instances' word."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.plan import Act, Plan
from cpr_cockpit.core.ports import PRODUCTION, PortError
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import ROLLING
from cpr_cockpit.core.worker_proof import (
    Listing,
    SlotWorkers,
    as_facts,
    in_words,
    not_off,
    sure,
    unproven,
    wrong_setting,
)
from cpr_cockpit.core.worker_steps import AFTER_SWAP
from cpr_cockpit.core.workers import STICKY_OFF, WorkerRule, Workers
from cpr_cockpit.engine.acts import Context, Reading, State
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.serving import exists

BY_HAND = "See to it by hand: this program starts and stops no worker."
ITEM = "background-work.one-rule"
_LEAST_LOOKS, _LOOKS_EACH = 3, 3
_LAST_LOOKS = 3


@dataclass(frozen=True, slots=True)
class ProveSetting:
    """Before anything is deployed: the setting is sticky and off in the slot, by Resource Manager's word."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Refused where it is not: what is deployed to the slot would work at once."""
        rule = _rule_of(self.act)
        told = await _port_of(self.context.ports).setting(rule.setting, self.act.slot)
        wrong = wrong_setting(rule, self.act.slot, told)
        if wrong:
            return Reading(State.REFUSED, wrong)
        return Reading(State.DONE, f"{rule.setting} is sticky and {rule.off!r} in slot {self.act.slot}")


@dataclass(frozen=True, slots=True)
class ProveWorkersOff:
    """Before users meet the new version: its workers are listed, and nothing works against the rule."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Refused where a worker runs that must not; who does not tell is asked again."""
        rule, slot = _rule_of(self.act), self.act.slot
        seen = await listed(self.context.ports, rule, slot)
        words, facts = in_words(slot, seen), as_facts(seen)
        wrong = not_off(rule, slot, seen)
        if not wrong:
            return Reading(State.DONE, words, facts)
        state = State.REFUSED if sure(rule, slot, seen) else State.TO_DO
        working = seen.slot is not None and any(one.runs for one in seen.slot.workers)
        # No user is on the new version, but its workers share production's queues.
        stop = f" Stop slot {slot}: until then it takes production's work." if working else ""
        return Reading(state, f"{wrong}. Production was not touched.{stop} Seen: {words}", facts)


@dataclass(frozen=True, slots=True)
class ProveWorkers:
    """After a swap, or after the way back: workers run once, and on the version that production serves."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Asked again until it holds: processes may still start and end."""
        return await proven(self.context.ports, self.act)


async def proven(ports: Ports, act: Act) -> Reading:
    """Whether workers run once and on the version of the act, by one look. PortError."""
    rule, slot = _rule_of(act), act.slot
    seen = await listed(ports, rule, slot)
    words, facts = in_words(slot, seen), as_facts(seen)
    wrong = unproven(rule, slot, act.version, seen)
    if wrong:
        return Reading(State.TO_DO, f"{wrong}. Seen: {words}", facts)
    return Reading(State.DONE, words, facts)


async def listed(ports: Ports, rule: WorkerRule, slot: str) -> Listing:
    """All that is told of background work in both slots. PortError."""
    port = _port_of(ports)
    there = await exists(ports.web_apps, slot)
    production, other = await asyncio.gather(_slot(ports, port, PRODUCTION), _slot(ports, port, slot, there=there))
    setting = await port.setting(rule.setting, slot) if there and rule.rule == STICKY_OFF else None
    return Listing(production, other if there else None, setting, port.tells)


async def _slot(ports: Ports, port: Workers, slot: str, *, there: bool = True) -> SlotWorkers:
    if not there:
        return SlotWorkers((), (), 0)
    jobs, instances = await asyncio.gather(port.web_jobs(slot), ports.web_apps.instances(slot))
    times = max(_LEAST_LOOKS, _LOOKS_EACH * len(instances)) if port.tells else 0
    looks = await asyncio.gather(*(port.look(slot) for _ in range(times)))
    return SlotWorkers(jobs, tuple(looks), len(instances))


async def declared_rule(
    ports: Ports, course: Course, slot: str, *, slot_exists: bool
) -> tuple[str, tuple[ev.ItemMarked, ...]]:
    """Before START: why the run cannot begin by the declared rule, "" where it can; the item where a machine marks it.

    `sticky-off` is measured; that work is idempotent, or that there is none, a person signs. PortError.
    """
    rule = course.workers
    if rule is None or rule.rule != STICKY_OFF or course.strategy == ROLLING:
        return "", ()
    if not slot_exists:
        words = f"the plan proves {rule.setting} in the new slot before anything is deployed to it"
        return "", (ev.ItemMarked(item=ITEM, mark=Mark.DERIVED, by=PROGRAM, value=words),)
    wrong = wrong_setting(rule, slot, await _port_of(ports).setting(rule.setting, slot))
    if wrong:
        return f"Background work would be done twice: {wrong} Nothing was changed.", ()
    words = f"{rule.rule}: {rule.setting} is sticky and {rule.off!r} in slot {slot}"
    return "", (ev.ItemMarked(item=ITEM, mark=Mark.MEASURED, by=PROGRAM, value=words),)


async def kept_unproven(ports: Ports, plan: Plan, poll_s: float) -> str:
    """What the end of a run that keeps its version says of workers who are not seen to work once; "" where they are.

    Hours may lie between the proof after the swap and the end. A look that fails is made again, a few times.
    """
    act = next((step.act for step in plan.forward if step.key == AFTER_SWAP), None)
    if act is None:
        return ""
    words = ""
    for _ in range(_LAST_LOOKS):
        try:
            reading = await proven(ports, act)
        except PortError as error:
            words = error.words()
        else:
            if reading.state is State.DONE:
                return ""
            words = reading.words
        await ports.clock.sleep(poll_s)
    return f"; that workers run once and on the right version is not proven: {words}. {BY_HAND}"


def _rule_of(act: Act) -> WorkerRule:
    if act.workers is None:
        raise ValueError(f"the act {act.kind} has no rule")
    return act.workers


def _port_of(ports: Ports) -> Workers:
    """Who tells; PortError where nobody does any more."""
    if ports.workers is None:
        raise PortError(
            "The plan proves background work, and nothing is configured that tells of it.",
            next_step="Add the table [workers] to cockpit.toml.",
        )
    return ports.workers
