"""Short stretches of users' requests for the early tests, and single figures of the further sources, as values.

Times are epoch seconds, UTC; latencies milliseconds. A block is fed to the early tests once, when its data had the
usual lag's time to come; a bin (`core.signals.Bin`) is the written triggers' own and every later answer replaces it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DATABASE_KIND = "database"
Counts = tuple[int, int]
"""Requests and failures among them, both rows."""
OTHER = "(other)"
"""Operations that are too many to be told by name, together, and instances likewise: a name that a block with it does
not tell is not known to have had no request."""


@dataclass(frozen=True, slots=True)
class BlockQuestion:
    """Which blocks a reading of the logs shall bring: ``[start, end)`` in steps of ``length`` seconds from ``start``.

    ``thresholds_ms``: a block counts the rows that took longer than each of them.
    """

    start: float
    end: float
    length: float
    thresholds_ms: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Users' requests of one version with event time in ``[start, start + length)``, as rows; 0 where none came.

    ``slow``: rows above each of the asked thresholds, in their order. ``operations`` and ``instances``: requests and
    failures by name ({}: not told). ``rows_for``: requests that one row stands for (sampling), 1 where nothing is
    sampled. ValueError for counts that cannot be.
    """

    start: float
    length: float
    version: str
    requests: int
    failures: int
    slow: tuple[int, ...] = ()
    operations: Mapping[str, Counts] = field(default_factory=dict)
    instances: Mapping[str, Counts] = field(default_factory=dict)
    rows_for: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no count can be."""
        if not all(math.isfinite(value) for value in (self.start, self.length, self.rows_for)) or self.length <= 0:
            raise ValueError(f"block: start and length are finite, length above 0: {self.start}, {self.length}")
        parts = ((self.requests, self.failures), *self.operations.values(), *self.instances.values())
        if any(not 0 <= failures <= requests for requests, failures in parts):
            raise ValueError(f"block: 0 <= failures <= requests, found {parts}")
        if any(not 0 <= count <= self.requests for count in self.slow):
            raise ValueError(f"block: no more slow rows than rows, found {self.slow} of {self.requests}")

    @property
    def end(self) -> float:
        """First moment after the block."""
        return self.start + self.length

    def to_dict(self) -> dict[str, Any]:
        """The JSON form for the journal; what was not told is left out."""
        body: dict[str, Any] = {
            "start": self.start,
            "length": self.length,
            "version": self.version,
            "requests": self.requests,
            "failures": self.failures,
        }
        if self.slow:
            body["slow"] = list(self.slow)
        for name, counts in (("operations", self.operations), ("instances", self.instances)):
            if counts:
                body[name] = {key: list(pair) for key, pair in counts.items()}
        if self.rows_for != 1.0:
            body["rows_for"] = self.rows_for
        return body

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Block:
        """The block of its JSON form; ValueError says what is wrong with it, whatever its shape."""
        try:
            members = _table("its body", body)
            members["slow"] = _counts("slow", members.get("slow", ()))
            for name in ("operations", "instances"):
                members[name] = _by_name(name, members.get(name, {}))
            _counts("requests and failures", [members.get("requests"), members.get("failures")])
            _text("version", members.get("version"))
            return cls(**members)
        except (TypeError, OverflowError) as error:
            raise ValueError(f"block: {error}") from error


def _text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} is a text, found {value!r:.80}")


def _table(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{name} is a table, found {value!r:.80}")


def _counts(name: str, values: object) -> tuple[int, ...]:
    """A list of whole numbers; TypeError names what is none."""
    if isinstance(values, list | tuple) and all(type(value) is int for value in values):
        return tuple(values)
    raise TypeError(f"{name} are whole numbers, found {values!r:.80}")


def _by_name(name: str, table: object) -> dict[str, Counts]:
    """Requests and failures by name; TypeError for any other shape."""
    found: dict[str, Counts] = {}
    for key, pair in _table(name, table).items():
        counts = _counts(f"{name} of {key!r:.80}", pair)
        if len(counts) != 2:
            raise TypeError(f"{name} of {key!r:.80} are requests and failures, found {pair!r:.80}")
        found[key] = (counts[0], counts[1])
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of a further source (plan, database, dependencies, ...) as its reader tells it.

    ``value`` None: no data (never 0 instead). ``unit``: "share", "ms", "requests", "%", "users", "events" or "".
    ``n``: rows behind it. ``limit``: above it the procedure (or the configuration) wants a person to look; ``before``:
    the same figure before the switch. ``kind``: of what it is one, `DATABASE_KIND` or None. ValueError for a figure
    that is none.
    """

    name: str
    # The journal leaves out what is absent: without a default it could not be read back.
    value: float | None = None
    unit: str = ""
    n: int | None = None
    limit: float | None = None
    before: float | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        """Refuse figures that are none."""
        for value in (self.value, self.limit, self.before):
            if value is not None and not math.isfinite(value):
                raise ValueError(f"reading {self.name}: every figure is finite or absent, found {value}")
