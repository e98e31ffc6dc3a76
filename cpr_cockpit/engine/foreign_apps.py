"""Somebody else at the controls of any of several apps; of one app it is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.engine.foreign import foreign_change
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.serving import Serving, observe


@dataclass(slots=True)
class ForeignApps:
    """One look at every app after another, each held against the first one of that app.

    ``switched``: whether this run has switched an app (as in `Act`); the others serve the old version, and hold the new
    one in their slot.
    """

    plan: Plan
    ports: Ports
    switched: Callable[[str], bool] = lambda app: True
    _first: dict[str, Serving] = field(default_factory=dict)

    async def look(self) -> str:
        """What somebody else has changed, in words, or "". An app that cannot be read tells of no change."""
        found = [await self._at(app) for app in self.plan.places]
        return "; ".join(words for words in found if words)

    async def _at(self, app: str) -> str:
        there = self.ports.at(app)
        try:
            seen = await observe(there.web_apps, there.probe, self.plan.slot)
        except PortError:
            return ""
        first = self._first.setdefault(app, seen)
        words = foreign_change(self.plan, first, seen, switched=self.switched(app))
        return f"{self.plan.name(app)}: {words}" if words and self.plan.apps else words
