"""What the machine can verify of an environment before anything begins, with requests that only read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cpr_cockpit.core.ports import PRODUCTION, PortError, Sighting, SlotFacts, SwapStatus
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.signals import Observation
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import ROLLING
from cpr_cockpit.engine.ports import Ports

LOOKS = 3
TELEMETRY = "telemetry"
TELEMETRY_S = 900.0
_BIN_S = 60.0


async def inspect(ports: Ports, slot: str, new_version: str) -> tuple[Reading, ...]:
    """Slots, swaps, versions, health, telemetry, in this order.

    What cannot be read is ``unknown``; never raises it.
    """
    production, before = await asyncio.gather(
        asyncio.gather(*(ports.probe.look(PRODUCTION) for _ in range(LOOKS))), _slots_and_swaps(ports, slot)
    )
    told, readings = before
    host_answers = True if any(one.ok for one in production) else await ports.probe.second_host()
    versions = sorted({one.version for one in production if one.version is not None})
    readings.append(_production(production, versions, new_version, host_answers=host_answers))
    if told is None or any(one.name == slot for one in told):
        readings.append(_slot(slot, await ports.probe.look(slot)))
    return (*readings, await _telemetry_or_unknown(ports, versions))


async def inspect_apps(ports: Ports, slot: str, new_version: str, course: Course) -> tuple[Reading, ...]:
    """The same of all apps of the course, ``ports`` being those of the first; telemetry is of all of them."""
    found = list(await inspect(ports, slot, new_version))
    for app in course.apps[1:] if course.strategy == ROLLING else ():
        seen = await inspect(ports.at(app), slot, new_version)
        found += [Reading(f"{app}: {one.name}", one.state, one.words) for one in seen if one.name != TELEMETRY]
    return tuple(found)


async def _telemetry_or_unknown(ports: Ports, versions: Sequence[str]) -> Reading:
    try:
        return await _telemetry(ports, versions)
    except PortError as error:
        return Reading(TELEMETRY, State.UNKNOWN, error.words())


async def _slots_and_swaps(ports: Ports, slot: str) -> tuple[tuple[SlotFacts, ...] | None, list[Reading]]:
    """One trouble is told once: who cannot read the slots cannot read the swaps either."""
    try:
        told = await ports.web_apps.slots()
    except PortError as error:
        return None, [Reading("slots and swaps", State.UNKNOWN, error.words())]
    readings = [_state(told, name) for name in (PRODUCTION, slot)]
    try:
        readings.append(_swaps(await ports.web_apps.swap_status()))
    except PortError as error:
        readings.append(Reading("swaps", State.UNKNOWN, error.words()))
    return told, readings


def _state(told: Sequence[SlotFacts], name: str) -> Reading:
    title = PRODUCTION if name == PRODUCTION else f"slot {name}"
    known = next((one for one in told if one.name == name), None)
    if known is None:
        return Reading(title, State.NOTE, "does not exist yet: the plan creates it")
    words = f"{known.state}, availability {known.availability}, host {known.host}"
    if known.state.lower() != "running":
        return Reading(title, State.FAILED, words)
    return Reading(title, State.OK if known.availability.lower() == "normal" else State.NOTE, words)


def _swaps(swap: SwapStatus) -> Reading:
    if swap.in_flight:
        return Reading("swaps", State.FAILED, f"one is under way ({swap.in_flight}): let it end")
    if swap.pending_preview:
        return Reading("swaps", State.FAILED, f"a preview with {swap.pending_preview} waits: finish or cancel it")
    last = f"the last one {swap.last_at} UTC, {swap.last_source} to {swap.last_destination}" if swap.last_at else ""
    return Reading("swaps", State.OK, f"none under way; {last or 'no earlier one is told'}")


def _answer(looks: Sequence[Sighting]) -> str:
    """What the health address answered, the worst of several looks."""
    bad = [one for one in looks if not one.ok]
    if not bad:
        slowest = max(one.ms for one in looks)
        return f"200 on {len(looks)} of {len(looks)}, slowest {slowest:.0f} ms"
    worst = bad[0]
    told = worst.error or f"status {worst.status}" + ("" if worst.version else " without a version")
    return f"200 on {len(looks) - len(bad)} of {len(looks)}: {told}"


def _production(looks: Sequence[Sighting], versions: Sequence[str], new_version: str, *, host_answers: bool) -> Reading:
    name, seen = "production health", _answer(looks)
    if not host_answers:
        return Reading(name, State.UNKNOWN, f"{seen}; no other host answers either: look at the network from here")
    if len(versions) > 1:
        return Reading(name, State.FAILED, f"serves {' and '.join(versions)} at once: a switch is under way")
    if not all(one.ok for one in looks):
        return Reading(name, State.FAILED, seen)
    if new_version and versions[0] == new_version:
        return Reading(name, State.FAILED, f"serves {new_version} already: there is nothing to deploy")
    return Reading(name, State.OK, f"serves {versions[0]}, {seen}")


def _slot(slot: str, look: Sighting) -> Reading:
    """A slot that does not answer is no obstacle: what lies in it is replaced, and proven before the switch."""
    if look.ok:
        return Reading(f"slot {slot} health", State.OK, f"serves {look.version}, {_answer([look])}")
    words = f"{_answer([look])}; the new version replaces what lies there"
    return Reading(f"slot {slot} health", State.NOTE, words)


async def _telemetry(ports: Ports, versions: Sequence[str]) -> Reading:
    now = ports.clock.now()
    seen = await ports.telemetry.requests(start=now - TELEMETRY_S, end=now, bin_s=_BIN_S, versions=versions)
    if seen.partial or seen.error:
        return Reading("telemetry", State.UNKNOWN, f"the answer is incomplete: {seen.partial or seen.error}")
    return _arrival(seen, now)


def _arrival(seen: Observation, now: float) -> Reading:
    minutes = f"the last {TELEMETRY_S / 60:.0f} min"
    requests = sum(one.requests for one in seen.whole)
    if seen.measured_at is None or requests == 0:
        words = f"no user's request in {minutes}: silence cannot be told from health"
        return Reading("telemetry", State.UNKNOWN, words)
    delay = f", delay p95 {seen.lag_p95:.0f} s" if seen.lag_p95 is not None else ""
    words = f"{requests} users' requests in {minutes}, the newest {max(0.0, now - seen.measured_at):.0f} s old{delay}"
    return Reading("telemetry", State.OK, words)
