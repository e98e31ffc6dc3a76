"""What a run of the protocol keeps of its scrapes: the history, minutes, what has come, and what was only repeated."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cpr_cockpit.core.blocks import Block, Counts
from cpr_cockpit.core.histograms import Edges, Sparse, above, merge
from cpr_cockpit.core.signals import Baseline, Bin
from cpr_cockpit.core.yardstick import QUANTILES, THRESHOLDS, history_thresholds, yardstick

_MOST_HISTORY = 240
_MOST_SEEN = 4096
_MOST_NAMES = 64
_MOST_MINUTES = 64
_TELLING = 5
"""Requests from which on two scrapes that are the same to the last bucket are one scrape told twice."""
_SPREAD = 8
"""Buckets that must hold something for the same histogram to be no chance, however long ago it was told."""
_MOST_TOLD = 240


@dataclass(frozen=True, slots=True)
class Arm:
    """One version's part of a scrape; ``hist`` () where latencies were not told or do not add up."""

    requests: int
    errors: int
    hist: Sparse
    endpoints: Mapping[str, Counts] = field(default_factory=dict)
    instances: Mapping[str, Counts] = field(default_factory=dict)
    weight: float = 1.0


def arm_of(body: Any, edges: Edges) -> Arm | None:
    """The arm of a message; None where it is absent or holds what no count can be."""
    if not isinstance(body, Mapping):
        return None
    counts = _counts([body.get("requests"), body.get("errors")])
    if counts is None:
        return None
    weight = body.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0.0 < weight < 1e9:
        weight = 1.0
    hist = _hist(body.get("hist"), len(edges.ms))
    if sum(count for _, count in hist) != counts[0]:
        hist = ()
    return Arm(*counts, hist, _named(body.get("endpoints")), _named(body.get("instances")), float(weight))


def _hist(body: Any, overflow: int) -> Sparse:
    found = []
    for pair in body if isinstance(body, list) else ():
        if not isinstance(pair, list) or len(pair) != 2 or not all(_whole(value) for value in pair):
            return ()
        if pair[0] > overflow:
            return ()
        found.append((pair[0], pair[1]))
    return tuple(sorted(found))


def _named(body: Any) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    for name, pair in body.items() if isinstance(body, Mapping) else ():
        counts = _counts(pair)
        if counts is not None and len(found) < _MOST_NAMES:
            found[str(name)[:200]] = counts
    return found


def _counts(pair: Any) -> Counts | None:
    if not isinstance(pair, list) or len(pair) != 2 or not all(_whole(value) for value in pair):
        return None
    return (pair[0], pair[1]) if pair[1] <= pair[0] else None


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12


class History:
    """Scrapes of the old version before the switch, the newest hour of them at most."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._rows: deque[tuple[float, float, Arm]] = deque(maxlen=_MOST_HISTORY)
        self._seen: set[float] = set()
        self._last: Arm | None = None
        self._indexes: tuple[int, ...] = ()
        self.requests = 0
        self.standing_in = 0

    def add(self, t: float, interval: float, arm: Arm) -> None:
        """One scrape; twice the same time, or twice the very same numbers, is one."""
        if t in self._seen or (arm.requests >= _TELLING and arm == self._last and arm.hist):
            return
        if len(self._rows) == _MOST_HISTORY:
            self._seen.discard(self._rows[0][0])
        self._seen.add(t)
        self._last = arm
        self._rows.append((t, interval, arm))
        self.requests += arm.requests

    def stand_in(self, t: float, interval: float, arm: Arm) -> None:
        """A scrape of the control, where there is no history."""
        self._rows.append((t, interval, arm))
        self.standing_in += arm.requests
        if self.standing_in >= 200:
            self.requests = self.standing_in

    def baseline(self, scale: float) -> Baseline:
        """All of it as the judge's baseline, with its yardstick; ``scale``: f of a short window."""
        rows = sorted(self._rows, key=lambda row: row[0])
        merged = [0] * (len(self._edges.ms) + 1)
        for _, _, arm in rows:
            merge(merged, arm.hist)
        known = sum(merged) > 0
        exact = [self._edges.quantile(merged, share) for share in QUANTILES]
        places = [self._bucket(merged, share) for share in QUANTILES] if known else []
        quantiles = None
        if known:
            last = len(self._edges.ms) - 1
            quantiles = tuple(self._edges.ms[min(place, last)] for place in places)
            places = [self._edges.at_least(ms) for ms in history_thresholds((quantiles[0], quantiles[1], quantiles[2]))]
            self._indexes = tuple(self._edges.at_least(quantiles[one.quantile] * one.factor) for one in THRESHOLDS)
        blocks = [
            Block(
                t - interval,
                interval,
                "",
                arm.requests,
                arm.errors,
                tuple(above(arm.hist, place) for place in places) if arm.hist else (),
                arm.endpoints,
                {},
                arm.weight,
            )
            for t, interval, arm in rows
        ]
        stick = yardstick(blocks, (quantiles[0], quantiles[1], quantiles[2]) if quantiles else None, scale)
        requests = sum(arm.requests for _, _, arm in rows)
        errors = sum(arm.errors for _, _, arm in rows)
        start, end = (rows[0][0] - rows[0][1], rows[-1][0]) if rows else (0.0, 0.0)
        return Baseline(requests, errors, exact[0], exact[1], exact[2], start, end, stick)

    @staticmethod
    def _bucket(counts: list[int], share: float) -> int:
        due, below = share * sum(counts), 0
        for index, count in enumerate(counts):
            below += count
            if below >= due:
                return index
        return len(counts) - 1

    def slow(self, arm: Arm) -> tuple[int, ...]:
        """The arm's counts above the thresholds; () without latencies."""
        if not self._indexes or (arm.requests and not arm.hist):
            return ()
        return tuple(above(arm.hist, index) for index in self._indexes)


class _Minute:
    """One version's minute, or its whole time."""

    __slots__ = ("errors", "hist", "last_ok", "newest", "requests", "start", "untold", "weighted")

    def __init__(self, start: float, buckets: int) -> None:
        self.start = start
        self.requests = self.errors = self.untold = 0
        self.weighted = 0.0
        self.newest: float | None = None
        self.last_ok: float | None = None
        self.hist = [0] * buckets

    def add(self, t: float, arm: Arm) -> None:
        self.requests += arm.requests
        self.errors += arm.errors
        self.weighted += arm.requests * arm.weight
        self.untold += 0 if arm.hist else arm.requests
        if arm.requests:
            self.newest = t if self.newest is None else max(self.newest, t)
        if arm.requests > arm.errors:
            self.last_ok = t if self.last_ok is None else max(self.last_ok, t)
        merge(self.hist, arm.hist)


class Minutes:
    """Scrapes added up to bins of ``length`` seconds since the switch, by version."""

    def __init__(self, length: float, edges: Edges) -> None:
        self._length, self._edges = length, edges
        self._buckets = len(edges.ms) + 1
        self._rows: dict[tuple[str, int], _Minute] = {}
        self._newest = -1
        self._whole: dict[str, _Minute] = {}

    def add(self, version: str, middle: float, t: float, arm: Arm) -> list[Bin]:
        """Add a scrape; the bins that may have become complete by it."""
        index = math.floor(middle / self._length)
        self._newest = max(self._newest, index)
        if index <= self._newest - _MOST_MINUTES:
            # Its minute was let go: what is left of it alone would replace what was told of it as a whole.
            return []
        row = self._rows.setdefault((version, index), _Minute(index * self._length, self._buckets))
        row.add(t, arm)
        self._whole.setdefault(version, _Minute(0.0, self._buckets)).add(t, arm)
        for key in [key for key in self._rows if key[1] <= self._newest - _MOST_MINUTES]:
            del self._rows[key]
        touched = [self._rows.get((version, at)) for at in (index - 2, index - 1, index)]
        return [self._bin(version, one, self._length) for one in touched if one is not None and one.requests]

    def whole(self, t: float) -> Iterator[Bin]:
        """One row per version for the time from the switch to ``t``."""
        for version, row in self._whole.items():
            if row.requests:
                # The scrape itself is fresh, also where nobody asked for anything in it.
                yield replace(self._bin(version, row, t), newest=t)

    def _bin(self, version: str, row: _Minute, length: float) -> Bin:
        told = row.untold * 2 < row.requests
        p50, p95, p99 = (self._edges.quantile(row.hist, share) if told else None for share in QUANTILES)
        return Bin(
            row.start, length, version, row.requests, row.errors, p50, p95, p99, row.weighted, row.newest, row.last_ok
        )


class Ledger:
    """Which times have been told of, and how much of the time since the switch is known."""

    def __init__(self) -> None:
        self._seen: dict[int, None] = {}
        self._known = 0.0

    def knows(self, t: float) -> bool:
        """Whether the scrape that ended at ``t`` was taken before."""
        return round(t * 1000.0) in self._seen

    def add(self, t: float, interval: float) -> None:
        """The scrape that ended at ``t`` was taken."""
        self._known += min(interval, t)
        self._seen[round(t * 1000.0)] = None
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]

    def covered(self, until: float, window: float) -> float | None:
        """Share of the time up to ``until`` that is known; None where nothing can have come."""
        due = min(until, window)
        return min(1.0, self._known / due) if due > 0.0 else None


class Repeats:
    """Tells a scrape that was told before to the last bucket: a source that has frozen, or serves old ones in turn."""

    def __init__(self) -> None:
        self._new, self._base = _Told(), _Told()

    def new(self, arm: Arm) -> bool:
        """Whether the new version's arm only repeats."""
        return self._new.again(arm)

    def base(self, arm: Arm) -> bool:
        """Whether the old version's arm only repeats."""
        return self._base.again(arm)


class _Told:
    """The arms of one version, the newest of them."""

    def __init__(self) -> None:
        self._last: Arm | None = None
        self._times = 0
        self._seen: dict[tuple[int, int, Sparse], None] = {}

    def again(self, arm: Arm) -> bool:
        same = arm == self._last and arm.requests >= _TELLING
        self._times = self._times + 1 if same else 0
        self._last = arm
        # Without latencies two equal pairs of counts may be chance; a third is not.
        return self._circles(arm) or self._times >= (1 if arm.hist else 3)

    def _circles(self, arm: Arm) -> bool:
        if len(arm.hist) < _SPREAD:
            return False
        key = (arm.requests, arm.errors, arm.hist)
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > _MOST_TOLD:
            del self._seen[next(iter(self._seen))]
        return False
