"""The PLAN source: load of the plan that all slots share, and what production's front end says beside its counts.

CPU and memory of a web app are metrics of its plan (Microsoft.Web/serverfarms), whatever slot makes the load; the rest
are metrics of the site (Microsoft.Web/sites). Names and aggregations: Azure Monitor's reference of supported metrics.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from cpr_cockpit.adapters.azure.app_plan import find_plan
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.metrics_api import AVERAGE, TOTAL
from cpr_cockpit.adapters.azure.metrics_newest import Newest, NewestPoints
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import Asked, Clock, PortError
from cpr_cockpit.core.signals import Observation, Source

CPU, MEMORY = "CpuPercentage", "MemoryPercentage"
INSTANCES, QUEUE, RESPONSE = "InstanceCount", "RequestsInApplicationQueue", "HttpResponseTime"
REFUSED, REQUESTS = "Http4xx", "Requests"
_PLAN = {CPU: AVERAGE, MEMORY: AVERAGE}
_SITE = {INSTANCES: AVERAGE, QUEUE: AVERAGE, RESPONSE: AVERAGE, REFUSED: TOTAL, REQUESTS: TOTAL}
_SITE_WORDS, _PLAN_WORDS = "Reading the site's metrics", "Reading the plan's metrics"


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """Percent above which the procedure wants a person to look."""

    cpu_percent: float = 80.0
    memory_percent: float = 85.0


class PlanReader:
    """The Reader of the plan. Its id comes from the environment, else from the site (``serverFarmId``)."""

    source = Source.PLAN
    name = ""
    poll_s = 60.0
    timeout_s = 30.0

    def __init__(self, manager: Manager, clock: Clock, limits: LoadLimits | None = None) -> None:
        self._manager = manager
        self._clock = clock
        self._limits = limits or LoadLimits()
        self._plan_id = manager.environment.plan_id
        self._plan = NewestPoints(manager, clock, _PLAN_WORDS, _PLAN)
        self._site = NewestPoints(manager, clock, _SITE_WORDS, _SITE)

    async def read(self, asked: Asked) -> Observation:
        """Newest points of plan and site; what one of the two could not tell is in ``partial``. PortError: neither."""
        answers = await asyncio.gather(
            self._read_plan(asked), self._site.read(self._manager.environment.site_id, asked), return_exceptions=True
        )
        told: list[Newest] = []
        troubles: list[str] = []
        for answer in answers:
            if isinstance(answer, Newest):
                told.append(answer)
                troubles += answer.troubles
            elif isinstance(answer, PortError):
                troubles.append(answer.what)
            else:
                raise answer
        if not told:
            raise next(answer for answer in answers if isinstance(answer, PortError))
        now = {name: value for one in told for name, value in one.now.items()}
        before = {name: value for one in told for name, value in one.before.items()}
        return Observation(
            Source.PLAN,
            self._clock.now(),
            measured_at=max((one.at for one in told if one.at is not None), default=None),
            granularity_s=max((one.grain for one in told if one.grain is not None), default=None),
            cpu_percent=now.get(CPU),
            memory_percent=now.get(MEMORY),
            partial="; ".join(troubles) or None,
            readings=self._readings(now, before),
            lines=tuple(words for one in told for words in one.missing),
        )

    async def _read_plan(self, asked: Asked) -> Newest:
        if not self._plan_id:
            self._plan_id = await find_plan(self._manager)
        return await self._plan.read(self._plan_id, asked)

    def _readings(self, now: Mapping[str, float], before: Mapping[str, float]) -> tuple[Reading, ...]:
        def reading(label: str, metric: str, unit: str, factor: float = 1.0, limit: float | None = None) -> Reading:
            value, past = now.get(metric), before.get(metric)
            return Reading(
                label,
                None if value is None else value * factor,
                unit,
                limit=limit,
                before=None if past is None else past * factor,
            )

        return (
            reading("CPU", CPU, "%", limit=self._limits.cpu_percent),
            reading("memory", MEMORY, "%", limit=self._limits.memory_percent),
            reading("instances", INSTANCES, ""),
            reading("application queue", QUEUE, "requests"),
            reading("response time at the front end", RESPONSE, "ms", 1000.0),
            _refused(now, before),
        )


def _refused(now: Mapping[str, float], before: Mapping[str, float]) -> Reading:
    """The share of 4xx among the requests of the newest point, with their number."""
    counted = now.get(REQUESTS)
    n = None if counted is None else round(counted)
    return Reading("4xx at the front end", _share(now), "share", n=n, before=_share(before))


def _share(values: Mapping[str, float]) -> float | None:
    refused, counted = values.get(REFUSED), values.get(REQUESTS)
    return refused / counted if refused is not None and counted else None
