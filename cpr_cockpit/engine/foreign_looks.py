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
    around: Callable[[], Awaitable[str]]
    _before: Serving | None = None
    _shown_at: float = -math.inf

    async def look(self) -> None:
        """Look once. Who cannot be read tells of no change, and of no end of one."""
        around = await self.around()
        if around and self.keeping():
            self.rolling.hold(HoldCause.FOREIGN, around)
            self._shown_at = self.ports.clock.now()
            return
        try:
            seen = await observe(self.ports.web_apps, self.ports.probe, self.plan.slot)
        except PortError:
            return
        now = self.ports.clock.now()
        words = foreign_change(self.plan, self._before or seen, seen, slot_kept=now < self.warm_until)
        self._before = seen
        if words and self.keeping():
            self.rolling.hold(HoldCause.FOREIGN, words)
            self._shown_at = now
        elif seen.production == self.plan.new_version and (self.told() or now - self._shown_at >= self.calm_s):
            self.rolling.release(HoldCause.FOREIGN)
