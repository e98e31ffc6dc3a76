"""Staging: each of its health addresses, and the slot, answer with their version, and at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from cpr_cockpit.core.ports import PortError, Sighting
from cpr_cockpit.core.sensing import Reading, State

ITEM = "infrastructure.staging-healthy"
WARM_MS = 2000.0
"""Milliseconds above which a first answer is that of a cold process."""
Missing = Callable[[], Awaitable[str]]


class Staging:
    """``places``: by name how the health address is asked, and, where it may not exist yet, what tells that.

    ``look`` asks one by its name.
    """

    items = (ITEM,)
    timeout_s = 20.0

    def __init__(self, look: Callable[[str], Awaitable[Sighting]], places: Mapping[str, Missing | None]) -> None:
        self._look = look
        self._places = places

    async def read(self) -> tuple[Reading, ...]:
        """Failed where one does not answer 200 with a version; a slow first answer is a note."""
        found = await asyncio.gather(*(self._one(name, missing) for name, missing in self._places.items()))
        for state in (State.FAILED, State.UNKNOWN, State.NOTE):
            if any(one.state is state for one in found):
                return (Reading(ITEM, state, "; ".join(one.words for one in found if one.state is state)),)
        return (Reading(ITEM, State.OK, "; ".join(one.words for one in found)),)

    async def _one(self, name: str, missing: Missing | None) -> Reading:
        seen = await self._look(name)
        if seen.ok:
            words = f"{name}: 200 in {seen.ms:.0f} ms, {seen.version}"
            if seen.ms <= WARM_MS:
                return Reading(ITEM, State.OK, words)
            return Reading(ITEM, State.NOTE, f"{words}: it was cold")
        why = ""
        if missing is not None:
            try:
                why = await missing()
            except PortError as error:
                return Reading(ITEM, State.UNKNOWN, f"{name}: {error.what}")
        if why:
            return Reading(ITEM, State.NOTE, f"{name}: {why}")
        told = seen.error or f"status {seen.status}{'' if seen.status != 200 else ' without a version'}"
        return Reading(ITEM, State.FAILED, f"{name}: {told}")
