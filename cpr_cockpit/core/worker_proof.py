"""What is proven of background work by what was told of it: who works where, once, on the right version.

Missing is not healthy: where an instance that should tell does not, nothing is proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from cpr_cockpit.core.workers import NONE, STICKY_OFF, Queue, SettingTold, Worker, WorkerRule, WorkersTold

_MOST = 6
CONTINUOUS = "continuous WebJob"
TRIGGERED = "triggered WebJob"
HOSTED = "hosted service"


@dataclass(frozen=True, slots=True)
class SlotWorkers:
    """What was told of one slot: its WebJobs, ``looks`` at its instances, of which there are ``instances``."""

    jobs: tuple[Worker, ...]
    looks: tuple[WorkersTold, ...]
    instances: int

    @property
    def hosted(self) -> tuple[Worker, ...]:
        """Every hosted service that was told of, once; it runs where it runs in any instance."""
        found: dict[str, Worker] = {}
        for look in self.looks:
            for one in look.workers or ():
                if one.name not in found or one.runs:
                    found[one.name] = one
        return tuple(found[name] for name in sorted(found))

    @property
    def workers(self) -> tuple[Worker, ...]:
        """All of them."""
        return (*self.hosted, *self.jobs)

    @property
    def queue(self) -> Queue | None:
        """The queue as it was told last."""
        return next((look.queue for look in reversed(self.looks) if look.queue is not None), None)


@dataclass(frozen=True, slots=True)
class Listing:
    """Both slots; ``slot`` None: there is none. ``setting`` None: the rule has none. ``tells``: instances are asked."""

    production: SlotWorkers
    slot: SlotWorkers | None
    setting: SettingTold | None
    tells: bool


def wrong_setting(rule: WorkerRule, slot: str, told: SettingTold) -> str:
    """Why the setting does not keep the slot's workers off, and what to do; "" where it does. Values are not told."""
    name, off = rule.setting, rule.off
    if not told.sticky:
        return (
            f"app setting {name} is not sticky: it would travel with a swap, and switch off production's workers. "
            "Mark it as a setting of the slot (slotConfigNames)."
        )
    if told.slot != off:
        is_what = "not set" if told.slot is None else f"not {off!r}"
        return (
            f"app setting {name} is {is_what} in slot {slot}: workers there would compete with production's. "
            f"Set it to {off!r} in slot {slot}."
        )
    if told.production == off:
        return f"app setting {name} is {off!r} in production too: no worker would run anywhere. Correct it there."
    return ""


def not_off(rule: WorkerRule, slot: str, seen: Listing) -> str:
    """What works in the slot, or may, against the rule; "" where nothing does."""
    return "; ".join(_limited(_against_the_rule(rule, slot, seen)))


def sure(rule: WorkerRule, slot: str, seen: Listing) -> bool:
    """Whether what works against the rule was told, and does not only follow from what was not."""
    return bool(not_off(rule, slot, replace(seen, tells=False)))


def unproven(rule: WorkerRule, slot: str, version: str, seen: Listing) -> str:
    """Why it is not proven that workers run once and on ``version``; "" where it is."""
    problems = [*_against_the_rule(rule, slot, seen)]
    if rule.rule != NONE:
        problems += _in_production(version, seen)
    return "; ".join(_limited(problems))


def _against_the_rule(rule: WorkerRule, slot: str, seen: Listing) -> Iterator[str]:
    if rule.rule == NONE:
        places = [("production", seen.production)] + ([(f"slot {slot}", seen.slot)] if seen.slot else [])
        for name, told in places:
            yield from (f"the rule is {NONE}, and {name} has {one.kind} {one.name}" for one in told.workers)
            if seen.tells:
                yield from _not_told(name, told)
        return
    if rule.rule != STICKY_OFF:
        return
    wrong = wrong_setting(rule, slot, seen.setting) if seen.setting is not None else ""
    if wrong:
        yield wrong
    if seen.slot is None:
        return
    yield from (f"{one.kind} {one.name} runs in slot {slot} ({one.state})" for one in seen.slot.workers if one.runs)
    if seen.tells:
        yield from _not_told(f"slot {slot}", seen.slot)


def _in_production(version: str, seen: Listing) -> Iterator[str]:
    told = seen.production
    if seen.tells:
        yield from _not_told("production", told)
        answers = [look for look in told.looks if look.workers is not None]
        others = sorted({look.version or "no version" for look in answers} - {version})
        if others:
            yield f"workers of {', '.join(others)} answer in production, not of {version}"
        for name in sorted({one.name for look in answers for one in look.workers or () if not one.runs}):
            yield f"{HOSTED} {name} stands still in production"
        if answers and not told.workers:
            yield "production has no worker at all"
    for one in told.jobs:
        if one.kind == CONTINUOUS and one.state != "Running":
            yield f"{one.kind} {one.name} is {one.state or 'not told of'} in production"


def _not_told(where: str, told: SlotWorkers) -> Iterator[str]:
    silent = [look for look in told.looks if look.workers is None]
    if silent:
        yield f"{len(silent)} of {len(told.looks)} answers of {where} tell no workers ({silent[-1].error})"
        return
    met = {look.instance for look in told.looks if look.instance}
    if len(met) < told.instances or not told.looks:
        yield f"{len(met)} of {told.instances} instances of {where} were met"


def _limited(problems: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(problems))
    return found[:_MOST] + ([f"and {len(found) - _MOST} more"] if len(found) > _MOST else [])


def in_words(slot: str, seen: Listing) -> str:
    """The listing as one line for a person."""
    parts = [f"production: {_told(seen.production)}"]
    parts.append(f"slot {slot}: {_told(seen.slot)}" if seen.slot is not None else f"there is no slot {slot}")
    if not seen.tells:
        parts.append("instances are not asked: no [workers] path is configured")
    queue = seen.production.queue
    if queue is not None:
        oldest = "" if queue.oldest_s is None else f", the oldest for {queue.oldest_s:.0f} s"
        parts.append(f"messages waiting: {queue.depth}{oldest}; dead letters: {queue.dead_letters}")
    return "; ".join(parts)


def _told(told: SlotWorkers) -> str:
    versions = sorted({look.version for look in told.looks if look.workers is not None and look.version})
    workers = ", ".join(_limited(f"{one.kind} {one.name} {one.state}".strip() for one in told.workers))
    return (f"{workers}" or "no workers") + (f" of {', '.join(versions)}" if versions else "")


def as_facts(seen: Listing) -> dict[str, str]:
    """The listing for the journal: every worker of each slot, with its state."""
    facts = {}
    for name, told in (("production", seen.production), ("slot", seen.slot)):
        for one in told.workers if told is not None else ():
            facts[f"{name}: {one.kind} {one.name}"] = one.state
    if (queue := seen.production.queue) is not None:
        facts |= {"queue depth": str(queue.depth), "dead letters": str(queue.dead_letters)}
    return facts
