"""The points of platform metrics: what was counted or sampled in each step of time, readable soon after its end.

Times are epoch seconds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

KEEP = 3600.0  # seconds that a point can be read
SETTLE = 1.0  # seconds from the end of a point until it can be read
_ROUNDING = 1e-6  # of a point: a time on the grid may come back from its division a little beside a whole number

Point = dict[str, float]
Kept = TypeVar("Kept")


class Counted:
    """What the front end counted for one slot in one point."""

    __slots__ = ("answered", "longest", "requests", "seconds", "shortest", "statuses")

    def __init__(self) -> None:
        self.requests = self.answered = 0
        self.statuses: dict[int, int] = {}
        self.seconds, self.shortest, self.longest = 0.0, math.inf, 0.0

    def add(self, status: int, seconds: float) -> None:
        """One answer."""
        self.requests += 1
        # An answer of the front end itself, 502 or 503, proves no instance.
        self.answered += status not in (0, 502, 503)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds += seconds
        self.shortest, self.longest = min(self.shortest, seconds), max(self.longest, seconds)

    def of_class(self, hundred: int) -> Point:
        """Answers with a status of this hundred."""
        return {"total": float(sum(n for status, n in self.statuses.items() if status // 100 == hundred))}

    def of_status(self, status: int) -> Point:
        """Answers with this status."""
        return {"total": float(self.statuses.get(status, 0))}

    def response_time(self) -> Point | None:
        """Seconds of the answers, None where there was none."""
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
        """Instances that answered; None where none did."""
        return {"average": 1.0} if self.answered else None


class Sampled:
    """The values of one gauge in one point."""

    __slots__ = ("count", "greatest", "least", "total")

    def __init__(self) -> None:
        self.count, self.total, self.least, self.greatest = 0, 0.0, math.inf, -math.inf

    def add(self, value: float) -> None:
        """One sample."""
        self.count += 1
        self.total += value
        self.least, self.greatest = min(self.least, value), max(self.greatest, value)

    def point(self) -> Point | None:
        """None where nothing was sampled."""
        if not self.count:
            return None
        return {"average": self.total / self.count, "minimum": self.least, "maximum": self.greatest}


class Served:
    """What the database counted in one point: calls, each as a connection taken, and how long it worked for them."""

    __slots__ = ("busy", "failed", "ok")

    def __init__(self) -> None:
        self.ok = self.failed = 0
        self.busy = 0.0  # seconds

    def add(self, ok: int, failed: int, busy: float) -> None:
        """Some calls."""
        self.ok += ok
        self.failed += failed
        self.busy += busy

    @staticmethod
    def number(calls: int) -> Point:
        """So many calls."""
        return {"total": float(calls), "count": float(calls)}

    def share_of(self, seconds: float) -> Point:
        """How much of these seconds it worked, in percent."""
        percent = min(100.0, 100.0 * self.busy / seconds)
        return {"average": percent, "minimum": percent, "maximum": percent}


class Series(Generic[Kept]):
    """Points of several names on a grid of `step` seconds, counted since `began`; `make` makes an empty one."""

    def __init__(self, step: float, began: float, make: Callable[[], Kept]) -> None:
        self.step = step
        self._began = began
        self._make = make
        self._opened: dict[str, float] = {}
        self._names: defaultdict[str, dict[int, Kept]] = defaultdict(dict)

    def opened(self, name: str, at: float) -> None:
        """Nothing was counted under the name before."""
        self._opened[name] = at

    def at(self, name: str, at: float, now: float) -> Kept:
        """The point into which belongs what happened `at`."""
        # A point that could be read already never changes: what comes so late belongs to the oldest open one.
        index = max(math.floor(at / self.step), self._first_open(now))
        points = self._names[name]
        if index not in points:
            points[index] = self._make()
            oldest = math.floor((now - KEEP) / self.step)
            # Points are begun in about the order of time, so the outlived ones come first.
            while (first := next(iter(points))) < oldest:
                del points[first]
        return points[index]

    def past(self, name: str, now: float) -> Kept | None:
        """The newest point that can be read, of what was there before anybody looked; None once there is any."""
        if name in self._names:
            return None
        index = self._first_open(now) - 1
        self._opened[name] = index * self.step
        found = self._names[name][index] = self._make()
        return found

    def read(
        self, name: str, value: Callable[[Kept], Point | None], start: float, end: float, now: float
    ) -> Iterator[tuple[float, Point]]:
        """When each point in [`start`, `end`) begins, and its aggregations; one without a value is left out."""
        began = self._opened.get(name, self._began)
        kept = self._names.get(name, {})
        first = max(math.ceil(start / self.step - _ROUNDING), math.floor(max(began, now - KEEP) / self.step))
        for index in range(first, min(math.ceil(end / self.step - _ROUNDING), self._first_open(now))):
            at = index * self.step
            found = kept.get(index, self._make() if at >= began else None)
            point = None if found is None else value(found)
            if point is not None:
                yield at, point

    def _first_open(self, now: float) -> int:
        return math.floor((now - SETTLE) / self.step)
