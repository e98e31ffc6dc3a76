"""The answer to the question for blocks: rows by operation and instance, summed into one block per stretch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.logs_answers import count, number
from cpr_cockpit.core.blocks import OTHER, Block, BlockQuestion, Counts

MOST_NAMES = 32
"""Operations that are told by name, the busiest, and instances likewise."""
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Part:
    """One row of the answer, of the stretch with that number; a name is "" where the row tells none."""

    number: int
    version: str
    operation: str
    instance: str
    requests: int
    failures: int
    total: float
    slow: tuple[int, ...]


def part(row: LogsTableRow, thresholds: int) -> Part:
    """The row, with counts above so many thresholds; ValueError or KeyError for one that is none."""
    requests = count(row["Requests"])
    total = number(row["Total"])
    slow = tuple(map(int, str(row["Slow"]).split()))
    if len(slow) != thresholds:
        raise ValueError(f"{len(slow)} counts above {thresholds} thresholds")
    return Part(
        number=count(row["Number"]),
        version=str(row["AppVersion"]),
        operation=_name(str(row["OperationName"])),
        instance=_name(str(row["AppRoleInstance"])),
        requests=requests,
        failures=count(row["Failures"]),
        total=float(requests) if total is None else total,
        slow=slow,
    )


@lru_cache(maxsize=1024)
def _name(told: str) -> str:
    """The same few names come in every row."""
    return clean(told)[:_LONGEST]


def blocks(
    parts: Sequence[Part], asked: BlockQuestion, versions: Sequence[str] = (), newest: float | None = None
) -> tuple[Block, ...]:
    """The parts of each stretch and version in one block, in order of time.

    The same names are told in all blocks: who is among the busiest is decided over the whole answer. ``newest``: event
    time of the answer's newest row; up to there a stretch without a row of one of ``versions`` is a block of 0 requests
    (what came later may still be on its way). ValueError for counts that cannot be.
    """
    operations = _names((one.operation, one.requests) for one in parts)
    instances = _names((one.instance, one.requests) for one in parts)
    by_block: dict[tuple[int, str], list[Part]] = {}
    for one in parts:
        by_block.setdefault((one.number, one.version), []).append(one)
    whole = 0 if newest is None else math.floor((min(newest, asked.end) - asked.start) / asked.length + 1e-6)
    for place in range(whole):
        for version in versions:
            by_block.setdefault((place, version), [])
    return tuple(
        _block(
            asked.start + place * asked.length,
            asked.length,
            version,
            found,
            operations,
            instances,
            len(asked.thresholds_ms),
        )
        for (place, version), found in sorted(by_block.items(), key=lambda one: one[0])
    )


def _names(counted: Iterable[tuple[str, int]]) -> dict[str, str]:
    """The name that each one is told under."""
    totals: Counter[str] = Counter()
    for name, requests in counted:
        if name:
            totals[name] += requests
    busiest = sorted(totals, key=lambda name: (-totals[name], name))
    return {name: name if place < MOST_NAMES else OTHER for place, name in enumerate(busiest)}


def _block(
    start: float,
    length: float,
    version: str,
    parts: Sequence[Part],
    operations: dict[str, str],
    instances: dict[str, str],
    thresholds: int,
) -> Block:
    requests = sum(one.requests for one in parts)
    return Block(
        start=start,
        length=length,
        version=version,
        requests=requests,
        failures=sum(one.failures for one in parts),
        slow=tuple(sum(one.slow[at] for one in parts) for at in range(thresholds)),
        operations=_counts((operations.get(one.operation), one) for one in parts),
        instances=_counts((instances.get(one.instance), one) for one in parts),
        rows_for=math.fsum(one.total for one in parts) / requests if requests else 1.0,
    )


def _counts(named: Iterable[tuple[str | None, Part]]) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    for name, one in named:
        if name is not None:
            requests, failures = found.get(name, (0, 0))
            found[name] = (requests + one.requests, failures + one.failures)
    return found
