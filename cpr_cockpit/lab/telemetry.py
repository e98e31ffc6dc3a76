"""What the lab knows about its requests: the rows that the product reports, and what the front end counts.

Rows come late, as in Azure Monitor Logs; the points of platform metrics come soon after they have ended. Times are
epoch seconds.
"""

from __future__ import annotations

import math
import random
import time
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any

REQUESTS = "AppRequests"
EXCEPTIONS = "AppExceptions"
INGESTION = "_ingestion"  # hidden key of a row: when it can be found by a query
_KEEP = 3600.0  # seconds that a row can be found, and a point be read
_MOST_ROWS = 200_000  # of a table, whatever the delay and the traffic are
_PRUNE = 60.0  # seconds by which the oldest may outlive its time, so that pruning is rare
_SETTLE = 1.0  # seconds from the end of a point until it can be read
_JITTER = (0.8, 1.2)
_ROUNDING = 1e-6  # of a point: a time on the grid may come back from its division a little beside a whole number
# Columns whose few values come again in every row: kept once, they make an hour of rows half as large.
_FEW_VALUES = frozenset(
    {"Name", "OperationName", "ResultCode", "AppVersion", "AppRoleName", "AppRoleInstance", "SyntheticSource"}
    | {"ProblemId", "ExceptionType", "OuterType"}
)
_MOST_TEXTS = 1000  # of those values and the names of columns: a product that has more of them gains nothing

Point = dict[str, float]


class Telemetry:
    """The logs and the platform metrics of one lab; keeps the last hour.

    `delay`: seconds from the end of a request to its row in the logs, give or take a fifth; `step`: seconds of a point
    of the platform metrics; `clock`: epoch seconds now.
    """

    def __init__(self, delay: float, step: float, seed: int, *, clock: Callable[[], float] = time.time) -> None:
        self._delay = delay
        self._clock = clock
        self._random = random.Random(seed)
        self._tables: dict[str, list[dict[str, Any]]] = {}
        self._texts: dict[str, str] = {}
        self._platform = _Platform(step, clock())

    def request(self, row: dict[str, Any]) -> None:
        """Take a row of AppRequests from a process; one without a time is dropped, as the real endpoint does."""
        self._take(REQUESTS, row)

    def exception(self, row: dict[str, Any]) -> None:
        """Take a row of AppExceptions from a process; one without a time is dropped."""
        self._take(EXCEPTIONS, row)

    def rows(self, table: str, now: float) -> list[dict[str, Any]]:
        """The rows of `table` that a query at `now` finds, in the order of their coming.

        A table that was never written to has none. The rows are shared: nobody may change them.
        """
        kept = self._tables.get(table, [])
        return kept[: bisect_right(kept, now, key=itemgetter(INGESTION))]

    def opened(self, slot: str) -> None:
        """The front end listens for `slot` from now on: before this moment there is no data, not zero."""
        self._platform.opened(slot, self._clock())

    def counted(self, slot: str, at: float, status: int, seconds: float) -> None:
        """Take one answer of the front end, begun or ended `at`, that took `seconds`."""
        self._platform.add(slot, at, status, seconds, self._clock())

    def platform(self, slot: str, metric: str, start: float, end: float) -> Iterable[tuple[float, Point]]:
        """Points that begin in [`start`, `end`): when each begins, and its aggregations (`total`, `average`, ...).

        A whole point in which the front end listened for the slot and counted nothing is a measured zero. A time that
        nobody measured has no point, nor has a metric that the lab cannot measure.
        """
        return self._platform.points(slot, metric, start, end, self._clock())

    def _take(self, table: str, row: dict[str, Any]) -> None:
        began, took = _number(row.get("TimeGenerated")), _number(row.get("DurationMs", 0.0))
        if began is None or took is None:
            return
        now = self._clock()
        due = began + took / 1000.0 + self._delay * self._random.uniform(*_JITTER)
        kept = self._tables.setdefault(table, [])
        # A row that reaches the lab after it was due was not there before, whatever was asked for meanwhile.
        insort(kept, {**self._shared(row), INGESTION: max(due, now)}, key=itemgetter(INGESTION))
        if len(kept) > _MOST_ROWS or kept[0][INGESTION] < now - _KEEP - _PRUNE:
            outlived = bisect_left(kept, now - _KEEP, key=itemgetter(INGESTION))
            del kept[: max(outlived, len(kept) - _MOST_ROWS)]

    def _shared(self, row: dict[str, Any]) -> dict[str, Any]:
        """The same row; names of columns, and the values of those that have few, are the same objects in all rows."""
        return {
            self._text(key): self._text(value) if key in _FEW_VALUES and isinstance(value, str) else value
            for key, value in row.items()
        }

    def _text(self, text: str) -> str:
        return self._texts.setdefault(text, text) if len(self._texts) < _MOST_TEXTS else self._texts.get(text, text)


def _number(value: Any) -> float | None:
    valid = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if valid else None


class _Counted:
    """What the front end counted for one slot in one point."""

    __slots__ = ("answered", "classes", "longest", "requests", "seconds", "shortest")

    def __init__(self) -> None:
        self.requests = self.answered = 0
        self.classes: dict[int, int] = {}
        self.seconds, self.shortest, self.longest = 0.0, math.inf, 0.0

    def add(self, status: int, seconds: float) -> None:
        self.requests += 1
        # An answer of the front end itself, 502 or 503, proves no instance.
        self.answered += status not in (0, 502, 503)
        self.classes[status // 100] = self.classes.get(status // 100, 0) + 1
        self.seconds += seconds
        self.shortest, self.longest = min(self.shortest, seconds), max(self.longest, seconds)

    def of_class(self, hundred: int) -> Point:
        return {"total": float(self.classes.get(hundred, 0))}

    def response_time(self) -> Point | None:
        if not self.requests:
            return None
        return {
            "average": self.seconds / self.requests,
            "minimum": self.shortest,
            "maximum": self.longest,
            "total": self.seconds,
            "count": float(self.requests),
        }

    def instances(self) -> Point | None:
        return {"average": 1.0} if self.answered else None


# Processor time, memory and the health check are measured by nobody here: their metrics have no data.
_METRICS: dict[str, Callable[[_Counted], Point | None]] = {
    "Requests": lambda counted: {"total": float(counted.requests)},
    "Http2xx": lambda counted: counted.of_class(2),
    "Http4xx": lambda counted: counted.of_class(4),
    "Http5xx": lambda counted: counted.of_class(5),
    "HttpResponseTime": _Counted.response_time,
    "InstanceCount": _Counted.instances,
}


class _Platform:
    """The points of all slots on a grid of `step` seconds. The front end counts for every slot since `began`."""

    def __init__(self, step: float, began: float) -> None:
        self._step = step
        self._began = began
        self._opened: dict[str, float] = {}
        self._slots: defaultdict[str, dict[int, _Counted]] = defaultdict(dict)

    def opened(self, slot: str, at: float) -> None:
        self._opened[slot] = at

    def add(self, slot: str, at: float, status: int, seconds: float, now: float) -> None:
        # A point that could be read already never changes: what comes so late belongs to the oldest open one.
        index = max(math.floor(at / self._step), self._first_open(now))
        points = self._slots[slot]
        if index not in points:
            points[index] = _Counted()
            oldest = math.floor((now - _KEEP) / self._step)
            # Points are begun in about the order of time, so the outlived ones come first.
            while (first := next(iter(points))) < oldest:
                del points[first]
        points[index].add(status, seconds)

    def points(self, slot: str, metric: str, start: float, end: float, now: float) -> Iterator[tuple[float, Point]]:
        value = _METRICS.get(metric)
        if value is None:
            return
        began = self._opened.get(slot, self._began)
        kept = self._slots.get(slot, {})
        first = max(math.ceil(start / self._step - _ROUNDING), math.floor(max(began, now - _KEEP) / self._step))
        for index in range(first, min(math.ceil(end / self._step - _ROUNDING), self._first_open(now))):
            at = index * self._step
            counted = kept.get(index, _Counted() if at >= began else None)
            point = None if counted is None else value(counted)
            if point is not None:
                yield at, point

    def _first_open(self, now: float) -> int:
        return math.floor((now - _SETTLE) / self._step)
