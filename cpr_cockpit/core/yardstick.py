"""What the history says, in the terms of the early tests: quantiles, rates, and how much they vary by themselves.

Latencies are milliseconds, rates requests per second. A threshold is a quantile of the history times a factor; the
early tests count the requests above it, because counts can be tested exactly and percentiles of parts cannot be added.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple

from cpr_cockpit.core.blocks import Block, Counts
from cpr_cockpit.core.sequential import RHO_FLOOR, overdispersion

QUANTILES = (0.5, 0.95, 0.99)
RECENT_S = (60.0, 120.0, 300.0)
"""How far back "just before the switch" reaches: a fault that began there is older than the release, however young."""
RECENT_REQUESTS, RECENT_FAILURES = 20, 3
"""What one of those stretches must hold to speak."""
RATE_S, RATE_LEAST_S = 900.0, 120.0
"""The traffic that is expected is that of the last quarter of an hour: an hour ago it was another. A version that has
had users for less than two minutes tells of none."""


class Threshold(NamedTuple):
    """``factor`` times the history's quantile number ``quantile`` (an index into `QUANTILES`)."""

    quantile: int
    factor: float


FAST = Threshold(0, 0.5)
FACTORS = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
MEDIAN = tuple(Threshold(0, factor) for factor in FACTORS)
HIGH = tuple(Threshold(1, factor) for factor in FACTORS)
TAIL = Threshold(2, 2.0)
THRESHOLDS = (FAST, *MEDIAN, *HIGH, TAIL)
"""What every block counts, in this order."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The history as the early tests need it.

    ``quantiles_ms``: p50, p95, p99, None where there were too few requests; ``above``: the share of the history's rows
    above each; ``fast``: the share of them below half of p50. ``rate``: requests per second of the last quarter hour,
    0 where that is not known.
    ``recent``: (requests, failures) of its last minute, two or five, whichever failed most. ``operations``: (requests,
    failures) by name. ``rho_*``: correlation within a block of failures, and of being slower than p50 and p95.
    """

    requests: int
    failures: int
    rate: float
    recent: Counts
    quantiles_ms: tuple[float, float, float] | None
    above: tuple[float, float, float] = (0.5, 0.05, 0.01)
    fast: float = 0.05
    rho_failures: float = RHO_FLOOR
    rho_p50: float = RHO_FLOOR
    rho_p95: float = RHO_FLOOR
    operations: Mapping[str, Counts] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of the history's requests that failed."""
        return self.failures / self.requests if self.requests else 0.0

    @property
    def recent_share(self) -> float:
        """The same just before the switch."""
        requests, failures = self.recent
        return failures / requests if requests else 0.0

    @property
    def thresholds_ms(self) -> tuple[float, ...]:
        """`THRESHOLDS` in milliseconds; () without quantiles."""
        if self.quantiles_ms is None:
            return ()
        return tuple(self.quantiles_ms[one.quantile] * one.factor for one in THRESHOLDS)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form for the journal."""
        return asdict(self)

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Yardstick:
        """The yardstick of its JSON form; ValueError says what is wrong with it, whatever its shape.

        Members of another kind would be found out by the early tests, in the middle of the window.
        """
        try:
            # A journal of an older program may hold more.
            members = {one.name: body[one.name] for one in fields(cls) if one.name in body}
            for name in ("recent", "above"):
                members[name] = tuple(members[name])
            if members["quantiles_ms"] is not None:
                members["quantiles_ms"] = tuple(members["quantiles_ms"])
            members["operations"] = {name: (pair[0], pair[1]) for name, pair in members["operations"].items()}
            stick = cls(**members)
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise ValueError(f"yardstick: a member has a shape that this program does not know ({error})") from error
        stick._check()
        return stick

    def _check(self) -> None:
        for name, values in (("above", self.above), ("quantiles_ms", self.quantiles_ms)):
            if values is not None and (len(values) != len(QUANTILES) or not all(map(_is_number, values))):
                raise ValueError(f"yardstick: {name} are {len(QUANTILES)} numbers, found {values!r:.80}")
        numbers = (self.rate, self.fast, self.rho_failures, self.rho_p50, self.rho_p95)
        if not all(map(_is_number, numbers)):
            raise ValueError(f"yardstick: every figure is a finite number, found {numbers!r:.80}")
        for pair in ((self.requests, self.failures), self.recent, *self.operations.values()):
            if not _is_counts(pair):
                raise ValueError(f"yardstick: counts are requests and failures among them, found {pair!r:.80}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_counts(pair: Sequence[object]) -> bool:
    if len(pair) != 2:
        return False
    requests, failures = pair
    return isinstance(requests, int) and isinstance(failures, int) and 0 <= failures <= requests


def history_thresholds(quantiles_ms: tuple[float, float, float]) -> tuple[float, ...]:
    """What the blocks of the history are counted above: the three quantiles, and half of the first."""
    return (*quantiles_ms, FAST.factor * quantiles_ms[FAST.quantile])


def yardstick(
    blocks: Sequence[Block], quantiles_ms: tuple[float, float, float] | None, scale: float = 1.0
) -> Yardstick | None:
    """The yardstick of the old version's ``blocks`` before the switch; None without a request.

    ``blocks`` in order of time, those without a request among them; their ``slow`` counted above `history_thresholds`
    of ``quantiles_ms``. ``scale``: f of a short window, with which the stretches shrink as the blocks do.
    """
    requests = sum(block.requests for block in blocks)
    if not requests:
        return None
    told = [block for block in blocks if len(block.slow) == len(QUANTILES) + 1] if quantiles_ms is not None else []
    shares = _above(told)
    rhos = [overdispersion((block.requests, block.slow[at]) for block in told) for at in (0, 1)]
    return Yardstick(
        requests=requests,
        failures=sum(block.failures for block in blocks),
        rate=_rate(blocks, scale),
        recent=_recent(blocks, scale),
        quantiles_ms=quantiles_ms if told else None,
        above=(shares[0], shares[1], shares[2]),
        fast=1.0 - shares[3],
        rho_failures=overdispersion((block.requests, block.failures) for block in blocks),
        rho_p50=rhos[0],
        rho_p95=rhos[1],
        operations=_operations(blocks),
    )


def _rate(blocks: Sequence[Block], scale: float) -> float:
    """Requests per second; before the very first request there may have been no such version, so that time is none."""
    end, first = blocks[-1].end, next(block.start for block in blocks if block.requests)
    if end - first < RATE_LEAST_S * scale:
        return 0.0
    begin = max(first, end - RATE_S * scale)
    rows = (block for block in blocks if block.start >= begin - 1e-3)
    return sum(block.requests * block.rows_for for block in rows) / (end - begin)


def _recent(blocks: Sequence[Block], scale: float) -> Counts:
    """The worst of the stretches just before the switch that can speak; the longest where none can."""
    found = []
    for seconds in RECENT_S:
        rows = [block for block in blocks if block.end > blocks[-1].end - seconds * scale]
        found.append((sum(block.requests for block in rows), sum(block.failures for block in rows)))
    telling = [one for one in found if one[0] >= RECENT_REQUESTS and one[1] >= RECENT_FAILURES]
    return max(telling, key=lambda one: one[1] / one[0]) if telling else found[-1]


def _above(blocks: Sequence[Block]) -> tuple[float, ...]:
    counted = sum(block.requests for block in blocks)
    if not counted:
        return (0.5, 0.05, 0.01, 0.95)
    return tuple(sum(block.slow[at] for block in blocks) / counted for at in range(len(QUANTILES) + 1))


def _operations(blocks: Sequence[Block]) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    for block in blocks:
        for name, (requests, failures) in block.operations.items():
            before = found.get(name, (0, 0))
            found[name] = (before[0] + requests, before[1] + failures)
    return found
