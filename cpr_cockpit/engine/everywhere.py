"""Who serves what at the end of a run: in the one app, or in each of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.engine.acts import Saw
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.serving import answering, observe


@dataclass(frozen=True, slots=True)
class Served:
    """The version of production and of the slot, None where none was told; of apps that differ, each in words.

    ``unread``: what could not be read of swaps, in words; "" where all was.
    """

    production: str | None
    slot: str | None
    unread: str = ""


async def served(ports: Ports, slot: str, plan: Plan | None, saw: Saw) -> Served:
    """Look at every app once; each look is told to ``saw`` where it could be read whether a swap is under way."""
    production: dict[str, str | None] = {}
    slots: dict[str, str | None] = {}
    unread = ""
    for app in plan.places if plan is not None else ("",):
        there = ports.at(app)
        try:
            seen = await observe(there.web_apps, there.probe, slot)
            saw(seen, False, app=app)
        except PortError as error:
            seen = await answering(there.probe, slot)
            unread = f"whether a swap is under way could not be read at the end: {error.what}"
        name = plan.name(app) if plan is not None else ""
        production[name], slots[name] = seen.production, seen.slot
    return Served(_words(production), _words(slots), unread)


def _words(versions: Mapping[str, str | None]) -> str | None:
    """The version, where all apps serve the same; else which of them serve which."""
    found = list(dict.fromkeys(versions.values()))
    if len(found) == 1:
        return found[0]
    serving = (
        (version or "no version", [name for name, one in versions.items() if one == version]) for version in found
    )
    return "; ".join(f"{version} in {', '.join(names)}" for version, names in serving)
