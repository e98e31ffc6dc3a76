"""The two sources that a verdict stands on, asked for a stretch of time; what cannot be read is an observation too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.engine.ports import Ports


@dataclass(frozen=True, slots=True)
class Asking:
    """Logs and platform of production from ``start`` to now."""

    ports: Ports
    policy: Policy
    versions: Sequence[str]

    async def logs(self, start: float, bin_s: float) -> Observation:
        """Users' requests in bins of ``bin_s`` seconds."""
        end = self.ports.clock.now() + self.policy.skew_s
        try:
            return await self.ports.telemetry.requests(start=start, end=end, bin_s=bin_s, versions=self.versions)
        except PortError as error:
            return Observation(Source.LOGS, self.ports.clock.now(), error=error.what)

    async def platform(self, start: float) -> Observation:
        """What the platform counted, in the window's grain: a coarser one would not be fine enough to judge by."""
        grain, now = self.policy.poll_platform_s, self.ports.clock.now()
        try:
            return await self.ports.metrics.platform(start=start - grain, end=now, granularity_s=grain)
        except PortError as error:
            return Observation(Source.PLATFORM, self.ports.clock.now(), error=error.what)
