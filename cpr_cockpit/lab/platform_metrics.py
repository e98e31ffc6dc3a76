"""The platform metrics of a lab: of each slot, of the plan that they share, of the database; with what goes wrong.

Processor time of a single site, its memory and its health check are measured by nobody here: they have no data.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from cpr_cockpit.lab.points import Counted, Point, Sampled, Series, Served
from cpr_cockpit.lab.telemetry_faults import (
    AHEAD,
    AHEAD_BY,
    DUPLICATED,
    FROZEN,
    LATE,
    LATER_BY,
    LOSSY,
    PLATFORM,
    Active,
    TelemetryFaults,
)

SITE, PLAN, DATABASE = "site", "plan", "database"
_SITE: dict[str, Callable[[Counted], Point | None]] = {
    "Requests": lambda counted: {"total": float(counted.requests)},
    **{f"Http{hundred}xx": partial(Counted.of_class, hundred=hundred) for hundred in (2, 3, 4, 5)},
    **{f"Http{status}": partial(Counted.of_status, status=status) for status in (401, 403, 404)},
    "HttpResponseTime": Counted.response_time,
    "InstanceCount": Counted.instances,
}
_GAUGES = {
    SITE: ("RequestsInApplicationQueue",),
    PLAN: ("CpuPercentage", "MemoryPercentage"),
    DATABASE: ("sessions_percent",),
}
_POOL = "calls"
_WORKERS = 8  # of the database: what they work together is all that it can do

Points = Iterable[tuple[float, Point]]


class PlatformMetrics:
    """Points of a grid of `step` seconds since `began`."""

    def __init__(self, step: float, began: float, faults: TelemetryFaults, seed: int) -> None:
        self._step = step
        self._faults = faults
        self._seed = seed
        self._slots = Series(step, began, Counted)
        self._gauges = Series(step, began, Sampled)
        self._database = Series(step, began, Served)
        self._served: dict[str, Callable[[Served], Point | None]] = {
            "connection_successful": lambda served: Served.number(served.ok),
            "connection_failed": lambda served: Served.number(served.failed),
            "cpu_percent": lambda served: served.share_of(_WORKERS * step),
        }

    def opened(self, slot: str, now: float) -> None:
        """The front end listens for `slot` from now on."""
        self._slots.opened(slot, now)

    def counted(self, slot: str, at: float, status: int, seconds: float, now: float) -> None:
        """One answer of the front end."""
        self._slots.at(slot, at, now).add(status, seconds)

    def sampled(self, kind: str, name: str, metric: str, value: float, now: float) -> None:
        """One value of a gauge; its first one was so before, too: a plan and a database are there before a lab is."""
        gauge = _gauge(kind, name, metric)
        past = self._gauges.past(gauge, now) if kind in (PLAN, DATABASE) else None
        if past is not None:
            past.add(value)
        self._gauges.at(gauge, now, now).add(value)

    def served(self, ok: int, failed: int, busy: float, now: float) -> None:
        """Some calls that the database served, or did not; `busy`: seconds that it worked."""
        self._database.at(_POOL, now, now).add(ok, failed, busy)

    def read(self, kind: str, name: str, metric: str, start: float, end: float, now: float) -> Points:
        """Points of `metric` of a resource that begin in [`start`, `end`), as they are told at `now`."""
        active = self._faults.active(PLATFORM)
        fault = None if active is None else active.fault.fault
        if active is None or fault not in (FROZEN, LATE, LOSSY, AHEAD, DUPLICATED):
            return self._measured(kind, name, metric, start, end, now)
        if fault == FROZEN:
            return self._measured(kind, name, metric, start, end, active.since)
        points = self._measured(kind, name, metric, start, end, now)
        if fault == LATE:
            return self._late(points, active.since, now)
        return self._hit(active, points)

    def _measured(self, kind: str, name: str, metric: str, start: float, end: float, now: float) -> Points:
        if metric in _GAUGES[kind]:
            return self._gauges.read(_gauge(kind, name, metric), Sampled.point, start, end, now)
        if kind == SITE and metric in _SITE:
            return self._slots.read(name, _SITE[metric], start, end, now)
        if kind == DATABASE and metric in self._served:
            return self._database.read(_POOL, self._served[metric], start, end, now)
        return ()

    def _late(self, points: Points, since: float, now: float) -> Iterator[tuple[float, Point]]:
        for at, point in points:
            if at + self._step <= since or at + self._step + LATER_BY <= now:
                yield at, point

    def _hit(self, active: Active, points: Points) -> Iterator[tuple[float, Point]]:
        """Points that ended before the fault began stay as they were; a point is hit in all its metrics alike."""
        fault, ahead = active.fault.fault, math.ceil(AHEAD_BY / self._step) * self._step
        for at, point in points:
            begun = at + self._step > active.since
            hit = begun and random.Random(f"{self._seed} {at}").random() < active.fault.share
            if not (fault == LOSSY and hit):
                yield (at + ahead if fault == AHEAD and begun else at), point
            if fault == DUPLICATED and hit:
                yield at, point


def _gauge(kind: str, name: str, metric: str) -> str:
    return f"{kind} {name} {metric}"
