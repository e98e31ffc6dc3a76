"""What the lab knows about its requests: rows that product and browsers report, what front end and database count.

Rows come late, as in Azure Monitor Logs; the points of platform metrics come soon after they have ended. Times are
epoch seconds.
"""

from __future__ import annotations

import math
import random
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from cpr_cockpit.lab.platform_metrics import SITE, PlatformMetrics, Points
from cpr_cockpit.lab.telemetry_faults import (
    AHEAD,
    AHEAD_BY,
    DUPLICATED,
    FROZEN,
    LATE,
    LATER_BY,
    LOGS,
    LOSSY,
    TelemetryFaults,
)

REQUESTS, EXCEPTIONS = "AppRequests", "AppExceptions"
DEPENDENCIES, EVENTS = "AppDependencies", "AppEvents"
# What browsers may report, as the page's own script does.
OF_BROWSERS = frozenset({"AppPageViews", "AppBrowserTimings", EXCEPTIONS})
INGESTION = "_ingestion"  # hidden key of a row: when it can be found by a query
_KEEP = 3600.0  # seconds that a row can be found
_MOST_ROWS = 200_000  # of a table, whatever the delay and the traffic are
_PRUNE = 60.0  # seconds by which the oldest may outlive its time, so that pruning is rare
_JITTER = (0.8, 1.2)
# Columns whose few values come again in every row: kept once, they make an hour of rows half as large.
_FEW_VALUES = frozenset(
    {"Name", "OperationName", "ResultCode", "AppVersion", "AppRoleName", "AppRoleInstance", "SyntheticSource"}
    | {"ProblemId", "ExceptionType", "OuterType", "OuterMessage", "Method", "DependencyType", "Target", "Data"}
    | {"ClientType", "ClientBrowser", "UserId", "_ResourceId"}
)
_PROPERTIES = "Properties"  # a column of objects, which are the same in most rows, too
_MOST_TEXTS = 1000  # of those values and the names of columns: a product that has more of them gains nothing


class Telemetry:
    """The logs and the platform metrics of one lab; keeps the last hour.

    `delay`: seconds from the end of a request to its row in the logs, give or take a fifth; `step`: seconds of a point
    of the platform metrics; `clock`: epoch seconds now. `faults`: what goes wrong with all of it.
    """

    def __init__(self, delay: float, step: float, seed: int, *, clock: Callable[[], float] = time.time) -> None:
        self.step = step
        self._delay = delay
        self._clock = clock
        self._random = random.Random(seed)
        self._tables: dict[str, list[dict[str, Any]]] = {}
        self._texts: dict[str, str] = {}
        self._properties: dict[str, dict[str, Any]] = {}
        self.faults = TelemetryFaults(clock)
        self._platform = PlatformMetrics(step, clock(), self.faults, seed)

    def request(self, row: dict[str, Any]) -> None:
        """Take a row of AppRequests from a process; one without a time is dropped, as the real endpoint does."""
        self._take(REQUESTS, row)

    def exception(self, row: dict[str, Any]) -> None:
        """Take a row of AppExceptions from a process; one without a time is dropped."""
        self._take(EXCEPTIONS, row)

    def dependency(self, row: dict[str, Any]) -> None:
        """Take a row of AppDependencies from a process; one without a time is dropped."""
        self._take(DEPENDENCIES, row)

    def event(self, row: dict[str, Any]) -> None:
        """Take a row of AppEvents from a process; one without a time is dropped."""
        self._take(EVENTS, row)

    def browser(self, table: str, row: dict[str, Any]) -> None:
        """Take a row from a user's browser; one of a table that browsers do not fill is dropped."""
        if table in OF_BROWSERS:
            self._take(table, row)

    def database(self, served: Mapping[str, Any]) -> None:
        """Take what the database counted: calls served (`ok`) and `failed`, and the `ms` that they took."""
        ok, failed, ms = (_number(served.get(name)) for name in ("ok", "failed", "ms"))
        if ok is not None and failed is not None and ms is not None:
            self._platform.served(int(ok), int(failed), ms / 1000.0, self._clock())

    def sampled(self, kind: str, name: str, metric: str, value: float) -> None:
        """Take the value that a gauge of a resource has now; `kind` and `name` as in `points`."""
        self._platform.sampled(kind, name, metric, value, self._clock())

    def rows(self, table: str, now: float) -> list[dict[str, Any]]:
        """The rows of `table` that a query at `now` finds, in the order of their coming.

        A table that was never written to has none. The rows are shared: nobody may change them.
        """
        kept, fault = self._tables.get(table, []), self.faults.active(LOGS)
        if fault is not None and fault.fault.fault == FROZEN:
            now = min(now, fault.since)
        return kept[: bisect_right(kept, now, key=itemgetter(INGESTION))]

    def opened(self, slot: str) -> None:
        """The front end listens for `slot` from now on: before this moment there is no data, not zero."""
        self._platform.opened(slot, self._clock())

    def counted(self, slot: str, at: float, status: int, seconds: float) -> None:
        """Take one answer of the front end, begun or ended `at`, that took `seconds`."""
        self._platform.counted(slot, at, status, seconds, self._clock())

    def platform(self, slot: str, metric: str, start: float, end: float) -> Points:
        """Points of a slot; see `points`."""
        return self.points(SITE, slot, metric, start, end)

    def points(self, kind: str, name: str, metric: str, start: float, end: float) -> Points:
        """Points that begin in [`start`, `end`): when each begins, and its aggregations (`total`, `average`, ...).

        `kind`: site, plan or database; `name`: of the slot, else empty. A whole point in which the front end listened
        for the slot and counted nothing is a measured zero. A time that nobody measured has no point, nor has a metric
        that the lab cannot measure.
        """
        return self._platform.read(kind, name, metric, start, end, self._clock())

    def _take(self, table: str, row: dict[str, Any]) -> None:
        began, took = _number(row.get("TimeGenerated")), _number(row.get("DurationMs", 0.0))
        if began is None or took is None:
            return
        due = began + took / 1000.0 + self._delay * self._random.uniform(*_JITTER)
        active = self.faults.active(LOGS)
        if active is None:
            self._keep(table, row, due)
            return
        fault, hit = active.fault.fault, self._random.random() < active.fault.share
        if fault == AHEAD:
            row = row | {"TimeGenerated": began + AHEAD_BY}
        if not (fault == LOSSY and hit):
            self._keep(table, row, due + LATER_BY if fault == LATE and hit else due)
        if fault == DUPLICATED and hit:
            self._keep(table, row, due)

    def _keep(self, table: str, row: dict[str, Any], due: float) -> None:
        now, kept = self._clock(), self._tables.setdefault(table, [])
        # A row that reaches the lab after it was due was not there before, whatever was asked for meanwhile.
        insort(kept, {**self._shared(row), INGESTION: max(due, now)}, key=itemgetter(INGESTION))
        if len(kept) > _MOST_ROWS or kept[0][INGESTION] < now - _KEEP - _PRUNE:
            outlived = bisect_left(kept, now - _KEEP, key=itemgetter(INGESTION))
            del kept[: max(outlived, len(kept) - _MOST_ROWS)]

    def _shared(self, row: dict[str, Any]) -> dict[str, Any]:
        """The same row; names of columns, and the values of those that have few, are the same objects in all rows."""
        return {self._text(key): self._value(key, value) for key, value in row.items()}

    def _value(self, column: str, value: Any) -> Any:
        if column == _PROPERTIES and isinstance(value, dict):
            # For every row: a sixth of what JSON costs.
            text = repr(value)
            full = len(self._properties) >= _MOST_TEXTS
            return self._properties.get(text, value) if full else self._properties.setdefault(text, value)
        return self._text(value) if column in _FEW_VALUES and isinstance(value, str) else value

    def _text(self, text: str) -> str:
        return self._texts.setdefault(text, text) if len(self._texts) < _MOST_TEXTS else self._texts.get(text, text)


def _number(value: Any) -> float | None:
    valid = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if valid else None
