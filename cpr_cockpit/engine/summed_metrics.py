"""The platform's count of several apps as one: what their front ends counted in the same points of time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.ports import Metrics
from cpr_cockpit.core.signals import Bin, Observation
from cpr_cockpit.engine.ports import Ports


@dataclass(frozen=True, slots=True)
class SummedMetrics:
    """The Metrics port over those of several apps."""

    apps: tuple[Metrics, ...]

    async def platform(self, *, start: float, end: float, granularity_s: float) -> Observation:
        """Requests and 5xx per point, of all apps: a point that one of them has not told yet is no data. PortError."""
        seen = await asyncio.gather(
            *(one.platform(start=start, end=end, granularity_s=granularity_s) for one in self.apps)
        )
        points = summed([one.bins for one in seen])
        worst = max(seen, key=lambda one: one.at)
        newest = [one.measured_at for one in seen]
        told = [one for one in newest if one is not None]
        return replace(
            worst,
            measured_at=min(told) if len(told) == len(newest) else None,
            bins=points,
            granularity_s=max((one.granularity_s or 0.0 for one in seen), default=0.0) or None,
            partial="; ".join(dict.fromkeys(one.partial for one in seen if one.partial)) or None,
        )


def summed(apps: Sequence[Sequence[Bin]]) -> tuple[Bin, ...]:
    """The points that all apps have told, added up."""
    found: dict[float, list[Bin]] = {}
    for points in apps:
        for point in points:
            found.setdefault(point.start, []).append(point)
    whole = (points for _, points in sorted(found.items()) if len(points) == len(apps))
    return tuple(
        replace(
            points[0],
            requests=sum(one.requests for one in points),
            failures=sum(one.failures for one in points),
        )
        for points in whole
    )


def over_all(ports: Ports, plan: Plan) -> Ports:
    """The ports with the platform's count of all apps that the plan changes."""
    if not plan.apps:
        return ports
    return replace(ports, metrics=SummedMetrics((ports.metrics, *(ports.apps[app].metrics for app in plan.apps[1:]))))
