"""Looks at who serves what after GO: what somebody else changed is held while it shows, and until it was told."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
    around: Callable[[Mapping[str, Serving | None]], Awaitable[str]]
    _before: dict[str, Serving] = field(default_factory=dict)
    _shown_at: float = -math.inf

    async def look(self) -> None:
        """Look once at every app. Who cannot be read tells of no change, and of no end of one."""
        looks = [(app, await self._seen(app)) for app in self.plan.places]
        around, now = await self.around(dict(looks)), self.ports.clock.now()
        told = [self._changed(app, seen, now) for app, seen in looks if seen is not None]
        words = "; ".join(one for one in told if one) or around
        if words and self.keeping():
            self.rolling.hold(HoldCause.FOREIGN, words)
            self._shown_at = now
        elif self._over([seen for _, seen in looks], now):
            self.rolling.release(HoldCause.FOREIGN)

    async def _seen(self, app: str) -> Serving | None:
        """Who serves what there; None where that cannot be read."""
        there = self.ports.at(app)
        try:
            return await observe(there.web_apps, there.probe, self.plan.slot)
        except PortError:
            return None

    def _over(self, looks: Sequence[Serving | None], now: float) -> bool:
        """Whether nothing shows any more, and it was told, or waited for long enough to be."""
        calm = self.told() or now - self._shown_at >= self.calm_s
        return calm and all(seen is not None and seen.production == self.plan.new_version for seen in looks)

    def _changed(self, app: str, seen: Serving, now: float) -> str:
        before = self._before.get(app, seen)
        self._before[app] = seen
        words = foreign_change(self.plan, before, seen, slot_kept=now < self.warm_until)
        return f"{self.plan.name(app)}: {words}" if words and self.plan.apps else words
