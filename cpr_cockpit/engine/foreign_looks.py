"""Looks at who serves what after GO: what somebody else changed is held while it shows, and until it was told."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.rolling import Rolling
from cpr_cockpit.core.verdict import HoldCause
from cpr_cockpit.engine.foreign import foreign_change
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.serving import Serving, observe


@dataclass(slots=True)
class ForeignLooks:
    """One look after another, each held against the one before.

    ``warm_until``: up to then the slot is this run's own; later another release may be put there. ``keeping``: whether
    the new version is still kept, so that a change cannot be this run's own way back. ``told``: whether the journal has
    the change; a worse thing may hide it, so it is waited for no longer than ``calm_s`` after it showed last.
    """

    plan: Plan
    ports: Ports
    rolling: Rolling
    warm_until: float
    calm_s: float
    keeping: Callable[[], bool]
    told: Callable[[], bool]
    around: Callable[[Serving | None], Awaitable[str]]
    _before: Serving | None = None
    _shown_at: float = -math.inf

    async def look(self) -> None:
        """Look once. Who cannot be read tells of no change, and of no end of one."""
        try:
            seen = await observe(self.ports.web_apps, self.ports.probe, self.plan.slot)
        except PortError:
            seen = None
        around, now = await self.around(seen), self.ports.clock.now()
        words = around if seen is None else self._serving(seen, now) or around
        if words and self.keeping():
            self.rolling.hold(HoldCause.FOREIGN, words)
            self._shown_at = now
        elif self._over(seen, now):
            self.rolling.release(HoldCause.FOREIGN)

    def _over(self, seen: Serving | None, now: float) -> bool:
        """Whether nothing shows any more, and it was told, or waited for long enough to be."""
        calm = self.told() or now - self._shown_at >= self.calm_s
        return seen is not None and seen.production == self.plan.new_version and calm

    def _serving(self, seen: Serving, now: float) -> str:
        before, self._before = self._before or seen, seen
        return foreign_change(self.plan, before, seen, slot_kept=now < self.warm_until)
