"""Who serves what, as observed: the ground that every change and every decision stands on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cpr_cockpit.core.ports import PRODUCTION, Probe, Sighting, SwapStatus, WebApps

# Fresh connections to production per look: enough to meet both versions while a switch is under way.
PRODUCTION_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Serving:
    """One observation. A version is None where nothing answered with one; ``mixed`` where several did."""

    production: str | None
    slot: str | None
    mixed: bool
    swap: SwapStatus
    sightings: tuple[Sighting, ...]

    @property
    def in_flight(self) -> bool:
        """Whether a swap is under way, by Resource Manager's word or by two versions at once."""
        return self.swap.in_flight is not None or self.mixed

    def words(self, slot_name: str) -> str:
        """For a person."""
        production = "two versions at once" if self.mixed else self.production or "no version"
        flight = ", a swap is under way" if self.swap.in_flight else ""
        return f"production serves {production}, slot {slot_name} serves {self.slot or 'no version'}{flight}"

    def facts(self) -> dict[str, str]:
        """For the journal."""
        return {
            "production": "mixed" if self.mixed else self.production or "",
            "slot": self.slot or "",
            "in_flight": self.swap.in_flight or "",
            "last_swap": self.swap.last_at or "",
        }


async def exists(web_apps: WebApps, slot: str) -> bool:
    """Whether Resource Manager lists the slot; PortError where it cannot be read."""
    return any(one.name == slot for one in await web_apps.slots())


async def observe(web_apps: WebApps, probe: Probe, slot: str, *, hurry_s: float | None = None) -> Serving:
    """Read the state of swaps and ask production and the slot over fresh connections, all at once.

    PortError where Resource Manager cannot be read: without it nobody can tell that no swap is under way. ``hurry_s``:
    where the rest has been answered, production's answers are awaited no longer than that; late ones are none.
    """
    looks = _looks(probe, slot) if hurry_s is None else _hurried(probe, slot, hurry_s)
    swap, (slot_look, production) = await asyncio.gather(web_apps.swap_status(), looks)
    return _serving(swap, slot_look, production)


async def _hurried(probe: Probe, slot: str, hurry_s: float) -> tuple[Sighting, tuple[Sighting, ...]]:
    """A production that hangs must not hold up the way back from it: what the slot serves tells whether to swap."""
    asked = [asyncio.create_task(probe.look(PRODUCTION)) for _ in range(PRODUCTION_LOOKS)]
    try:
        slot_look, _ = await asyncio.gather(probe.look(slot), asyncio.wait(asked, timeout=hurry_s))
        return slot_look, tuple(one.result() for one in asked if one.done() and not one.cancelled())
    finally:
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def answering(probe: Probe, slot: str) -> Serving:
    """Who answers where Resource Manager cannot be read: nobody can tell then whether a swap is under way."""
    return _serving(SwapStatus(), *await _looks(probe, slot))


async def _looks(probe: Probe, slot: str) -> tuple[Sighting, tuple[Sighting, ...]]:
    slot_look, *production = await asyncio.gather(
        probe.look(slot), *(probe.look(PRODUCTION) for _ in range(PRODUCTION_LOOKS))
    )
    return slot_look, tuple(production)


def _serving(swap: SwapStatus, slot_look: Sighting, production: tuple[Sighting, ...]) -> Serving:
    versions = {look.version for look in production if look.version is not None}
    return Serving(
        production=versions.pop() if len(versions) == 1 else None,
        slot=slot_look.version,
        mixed=len(versions) > 1,
        swap=swap,
        sightings=(*production, slot_look),
    )
