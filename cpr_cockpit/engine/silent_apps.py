"""Further ones of several apps that do not answer any more: the watch itself probes the first one alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from cpr_cockpit.core.plan import Plan
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.serving import answering

# Looks in a row at which an application did not answer with a version, before that is more than a blink.
SILENT_LOOKS = 3


@dataclass(slots=True)
class SilentApps:
    """One look at every further app after another; the applications themselves are asked, which needs nobody else."""

    plan: Plan
    ports: Ports
    _silent: dict[str, int] = field(default_factory=dict)

    async def look(self) -> str:
        """Which further app does not answer any more, in words, or ""."""
        further = self.plan.places[1:]
        for app, answers in zip(further, await asyncio.gather(*map(self._answers, further)), strict=True):
            self._silent[app] = 0 if answers else self._silent.get(app, 0) + 1
        silent = [self.plan.name(app) for app in further if self._silent[app] >= SILENT_LOOKS]
        return f"production of {', '.join(silent)} does not answer with a version any more" if silent else ""

    async def _answers(self, app: str) -> bool:
        seen = await answering(self.ports.at(app).probe, self.plan.slot)
        return seen.mixed or seen.production is not None
