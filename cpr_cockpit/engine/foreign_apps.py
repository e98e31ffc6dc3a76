"""Somebody else at the controls of any of several apps; of one app it is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.engine.foreign import foreign_change
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.serving import Serving, observe

# Looks in a row at which an application did not answer with a version, before that is more than a blink.
SILENT_LOOKS = 3


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
    _silent: dict[str, int] = field(default_factory=dict)

    async def look(self) -> str:
        """What somebody else has changed, in words, or "". An app that cannot be read tells of no change."""
        found = [await self._at(app) for app in self.plan.places]
        return "; ".join(words for words in found if words)

    @property
    def silence(self) -> str:
        """Which further app does not answer any more, in words, or "": the watch itself probes the first alone."""
        silent = [self.plan.name(app) for app in self.plan.places[1:] if self._silent.get(app, 0) >= SILENT_LOOKS]
        return f"production of {', '.join(silent)} does not answer with a version any more" if silent else ""

    async def _at(self, app: str) -> str:
        there = self.ports.at(app)
        try:
            seen = await observe(there.web_apps, there.probe, self.plan.slot)
        except PortError:
            return ""
        self._silent[app] = 0 if seen.production or seen.in_flight else self._silent.get(app, 0) + 1
        first = self._first.setdefault(app, seen)
        words = foreign_change(self.plan, first, seen, switched=self.switched(app))
        return f"{self.plan.name(app)}: {words}" if words and self.plan.apps else words
