"""The users of a simulated world: steady traffic on production, and what logs and platform metrics tell of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cpr_cockpit.core.blocks import Block, BlockQuestion, Reading
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import Asked, PlannedRequest, PortError
from cpr_cockpit.core.signals import Bin, Observation, Source
from tests.engine.virtual import EPOCH, VirtualClock

RATE = 100
"""Requests per second; every hundred of them begin alike, so that percent of them are so many."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a version behaves: every ``fails``-th request fails (0: none, else a divisor of 100); ``slower``: factor.

    ``silent``: it sends no telemetry; ``dead``: it answers nothing but 503.
    """

    fails: int = 0
    slower: float = 1.0
    silent: bool = False
    dead: bool = False


@dataclass(frozen=True, slots=True)
class _Stretch:
    """``version`` served those requests whose number, modulo 100, is in ``share``; the flag is on below ``on``."""

    version: str
    begin: float
    end: float
    share: range
    on: int = 0


def _below(number: int, which: Sequence[int]) -> int:
    """How many requests before the ``number``-th have one of these numbers, modulo 100."""
    return number // 100 * len(which) + sum(1 for one in which if one < number % 100)


def _newest(first: int, last: int, which: Sequence[int]) -> float | None:
    """When the newest of them from the ``first`` to before the ``last`` one came."""
    numbers = (at for at in range(last - 1, max(first, last - 100) - 1, -1) if at % 100 in which)
    return next((EPOCH + at / RATE for at in numbers), None)


HEALTHY = Behaviour()
ERRORS = Behaviour(fails=5)
SLOW = Behaviour(slower=3.0)
SILENT = Behaviour(silent=True)
OUTAGE = Behaviour(dead=True, silent=True)


@dataclass(slots=True)
class Users:
    """Telemetry and Metrics over a timeline of who served production since when.

    ``routed``: since when how many percent of the requests went to another slot, and its version then. ``flagged``:
    since when a flag is on for how many percent, who fare ``with_flag`` in a version that is not the first one.
    ``delay``:
    seconds until a request is in the logs; ``down``: neither source answers; ``counting_s``: until metrics answer.
    """

    clock: VirtualClock
    timeline: list[tuple[float, str]]
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    routed: list[tuple[float, float, str]] = field(default_factory=list)
    flagged: list[tuple[float, float]] = field(default_factory=list)
    with_flag: Behaviour = field(default_factory=Behaviour)
    delay: float = 0.5
    down: bool = False
    counting_s: float = 0.04

    def _of(self, version: str) -> Behaviour:
        return self.behaviours.get(version, HEALTHY)

    def _served(self, begin: float, end: float) -> Iterator[_Stretch]:
        """Who served which requests of production from when to when within [begin, end)."""
        changes = [at for at, _ in self.timeline] + [at for at, _, _ in self.routed]
        changes += [at for at, _ in self.flagged]
        edges = sorted({begin, *(at for at in changes if begin < at < end), max(begin, end)})
        for since, until in pairwise(edges):
            production = [version for at, version in self.timeline if at <= since]
            away, slot = next(((percent, who) for at, percent, who in reversed(self.routed) if at <= since), (0.0, ""))
            on = next((round(percent) for at, percent in reversed(self.flagged) if at <= since), 0)
            if production:
                yield _Stretch(production[-1], since, until, range(round(away), 100), on)
                yield _Stretch(slot, since, until, range(round(away)), on)

    def _counts(self, stretch: _Stretch, on: bool | None = None) -> tuple[int, int, float | None, float | None]:
        """Requests, failures, the newest request and the newest success of a stretch, or of one side of its flag."""
        first, last = (math.ceil((at - EPOCH) * RATE) for at in (stretch.begin, stretch.end))
        behaviour = self._of(stretch.version)
        flagged = self.with_flag if stretch.version != self.timeline[0][1] else HEALTHY
        asked = [one for one in stretch.share if on is None or (one < stretch.on) is on]
        bad = [
            one
            for one in asked
            if behaviour.dead
            or (behaviour.fails and one % behaviour.fails == 0)
            or (one < stretch.on and flagged.fails and one % flagged.fails == 0)
        ]
        good = [one for one in asked if one not in bad]
        counts = [_below(last, which) - _below(first, which) for which in (bad, good)]
        newest = [_newest(first, last, which) for which in (bad, good)]
        return sum(counts), counts[0], max((at for at in newest if at is not None), default=None), newest[1]

    def _row(self, version: str, start: float, length: float, upto: float) -> Bin | None:
        """One row of the logs, None where none has come; of one side of a flag where the version is so named."""
        name, _, side = version.partition(" with ")
        on = side.endswith(" on") if side else None
        pieces = [
            self._counts(stretch, on)
            for stretch in self._served(start, min(start + length, upto))
            if stretch.version == name
        ]
        requests, failures = sum(piece[0] for piece in pieces), sum(piece[1] for piece in pieces)
        behaviour = self._of(name)
        if requests == 0 or behaviour.silent:
            return None
        good = [piece[3] for piece in pieces if piece[3] is not None]
        p50, p95, p99 = (behaviour.slower * ms for ms in (80.0, 110.0, 130.0))
        newest = max(piece[2] for piece in pieces if piece[2] is not None)
        return Bin(start, length, version, requests, failures, p50, p95, p99, None, newest, max(good, default=None))

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """Nothing is planned in a simulated world."""
        return ()

    async def requests(
        self,
        *,
        start: float,
        end: float,
        bin_s: float,
        versions: Sequence[str],
        blocks: BlockQuestion | None = None,
        flag: str = "",
    ) -> Observation:
        """The Telemetry port."""
        await self.clock.sleep(0.06)
        if self.down:
            raise PortError("The logs do not answer.")
        upto = min(end, self.clock.now() - self.delay)
        starts = [start + index * bin_s for index in range(max(0, math.ceil((upto - start) / bin_s)))]
        bins = [row for at in starts for version in versions if (row := self._row(version, at, bin_s, upto))]
        whole = [row for version in versions if (row := self._row(version, start, max(0.0, end - start), upto))]
        newest = max((row.newest for row in whole if row.newest is not None), default=None)
        lag = self.delay if whole else None
        told = self._blocks(blocks, versions, newest) if blocks else ()
        now = self.clock.now()
        return Observation(Source.LOGS, now, newest, tuple(bins), tuple(whole), lag_p95=lag, blocks=told)

    def _blocks(self, asked: BlockQuestion, versions: Sequence[str], newest: float | None) -> tuple[Block, ...]:
        """Blocks without operations and instances, empty ones up to the newest row; all latencies are the median."""
        upto = min(asked.end, self.clock.now() - self.delay)
        found = []
        for index in range(max(0, math.ceil((upto - asked.start) / asked.length))):
            at = asked.start + index * asked.length
            for version in versions:
                row = self._row(version, at, asked.length, upto)
                if row is not None and row.p50 is not None:
                    slow = tuple(row.requests if row.p50 > limit else 0 for limit in asked.thresholds_ms)
                    found.append(Block(at, asked.length, version, row.requests, row.failures, slow))
                elif newest is not None and at + asked.length <= newest:
                    found.append(Block(at, asked.length, version, 0, 0, (0,) * len(asked.thresholds_ms)))
        return tuple(found)

    async def platform(self, *, start: float, end: float, granularity_s: float) -> Observation:
        """The Metrics port: points on a grid of their own, a second after they have ended."""
        await self.clock.sleep(self.counting_s)
        if self.down:
            raise PortError("The platform's metrics do not answer.")
        now, grain = self.clock.now(), granularity_s
        points = []
        at = math.floor((start - EPOCH) / grain) * grain + EPOCH
        while at + grain + 1.0 <= min(end, now):
            counts = [self._counts(stretch) for stretch in self._served(at, at + grain) if 99 in stretch.share]
            points.append(Bin(at, grain, "", sum(count[0] for count in counts), sum(count[1] for count in counts)))
            at += grain
        newest = points[-1].end if points else None
        return Observation(Source.PLATFORM, now, newest, tuple(points), granularity_s=grain, lag_p95=1.0)


class FurtherSource:
    """A further source that every session has: one figure it knows, one of which it has no data."""

    source, name, poll_s, timeout_s = Source.USAGE, "", 15.0, 10.0

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    async def read(self, asked: Asked) -> Observation:
        """The Reader port."""
        await self._clock.sleep(0.05)
        figures = (Reading("active users", 12.0, "users", 12), Reading("sign-ins that failed", None, "share"))
        return Observation(self.source, self._clock.now(), asked.now, readings=figures)
