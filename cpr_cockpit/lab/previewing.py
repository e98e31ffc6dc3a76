"""Swapping with preview: the first phase of a swap alone, until it is completed by a swap or undone.

The source runs with the target's sticky settings meanwhile (Azure documentation, "Swap with preview").
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cpr_cockpit.lab import sticky
from cpr_cockpit.lab.instance import StartError
from cpr_cockpit.lab.models import Prepared
from cpr_cockpit.lab.rest import errors

if TYPE_CHECKING:
    from cpr_cockpit.lab.models import Slot
    from cpr_cockpit.lab.processes import Processes
    from cpr_cockpit.lab.site import Site
    from cpr_cockpit.lab.swapping import Swapping

_APPLY, _RESET = "ApplySlotConfig", "ResetSlotConfig"


class Previewing:
    """The previews of one app; none begins or ends while a swap runs."""

    def __init__(self, site: Site, processes: Processes, swapping: Swapping) -> None:
        self._site = site
        self._processes = processes
        self._swapping = swapping

    def of(self, slot: str) -> Slot | None:
        """The slot whose swap with preview the slot takes part in, as source or as target."""
        return next((found for found in self._site.slots.values() if slot in sticky.pair(found)), None)

    async def apply(self, source: str, target: str) -> None:
        """Run the source with the target's sticky settings; nothing happens where it does so already.

        If its process does not start with them, the slot stays as it was. Raises ApiError 400 then, 409 where another
        operation runs or another swap of these slots is prepared.
        """
        slot, other = self._site.slots[source], self._site.slots[target]
        operation, status = self._swapping.claim(_APPLY, source, target), "Failed"
        try:
            async with self._swapping.locked(operation):
                if slot.prepared is None:
                    names = self._site.sticky_settings
                    settings, _ = sticky.exchanged(slot, other, names)
                    instances = await self._processes.start_warm(slot, settings)
                    slot.prepared = Prepared(target, {name: slot.settings[name] for name in names & set(slot.settings)})
                    slot.settings, slot.last_modified = settings, time.time()
                    self._processes.route({source: instances})
                    self._site.log.add("preview.applied", id=operation.id, source=source, target=target)
            status = "Succeeded"
        except StartError:
            raise errors.not_started(self._site.app, source) from None
        finally:
            self._swapping.end(operation, status)

    async def reset(self, slot: str) -> None:
        """Undo the preview in which the slot takes part; nothing happens where it takes part in none.

        Raises ApiError 409 while an operation runs.
        """
        source = self.of(slot)
        if source is None or source.prepared is None:
            return
        operation, status = self._swapping.claim(_RESET, source.name, source.prepared.target), "Failed"
        try:
            async with self._swapping.locked(operation):
                source.settings = sticky.own(source, self._site.sticky_settings)
                source.prepared, source.last_modified = None, time.time()
                await self._processes.restart(source)
            self._site.log.add("preview.reset", id=operation.id, source=source.name, target=operation.target)
            status = "Succeeded"
        finally:
            self._swapping.end(operation, status)
