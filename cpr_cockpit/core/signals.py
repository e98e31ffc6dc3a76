"""What the sources said, as values: bins of user requests, probes, baselines, and how fresh it all is.

Times are epoch seconds, UTC; latencies are milliseconds. *Event time* is when a request happened, *received* is when
the cockpit had the answer. Requests and failures are rows (one row is one piece of evidence, also where sampling lets
it stand for more); ``total`` is the same scaled by ItemCount, for rates on display and for comparing with what the
platform counted. A failure is a 5xx, an abort or a timeout; the cockpit's own probes are never among user figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from cpr_cockpit.core.blocks import Block, Reading
from cpr_cockpit.core.yardstick import Yardstick


class Source(StrEnum):
    """Where an observation comes from."""

    LOGS = "logs"
    PLATFORM = "platform"
    PROBES_PRODUCTION = "probes_production"
    PROBES_SLOT = "probes_slot"
    EXCEPTIONS = "exceptions"
    DEPENDENCIES = "dependencies"
    BROWSER = "browser"
    USAGE = "usage"
    PLAN = "plan"
    DATABASE = "database"
    LOG_STREAM = "log_stream"
    WORKERS = "workers"
    CUSTOM = "custom"
    SURROUNDINGS = "surroundings"


USER_SOURCES = frozenset({Source.LOGS, Source.PLATFORM})
"""Sources that tell of users' requests; the rest are the cockpit's own probes."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Requests of one version with event time in ``[start, start + length)``.

    ``total`` defaults to ``requests`` (nothing sampled). ``newest`` is the event time of its newest request and
    ``last_ok`` of its newest request that did not fail; None: the source does not tell. A bin without requests is not
    made for logs (no row came); a platform point has version "" and no percentiles. ValueError for impossible counts.
    """

    start: float
    length: float
    version: str
    requests: int
    failures: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    total: float | None = None
    newest: float | None = None
    last_ok: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no count can be."""
        if not math.isfinite(self.start) or not math.isfinite(self.length) or self.length < 0:
            raise ValueError(f"bin: start and length are finite, length not negative: {self.start}, {self.length}")
        if not 0 <= self.failures <= self.requests:
            raise ValueError(f"bin: 0 <= failures <= requests, found {self.failures} of {self.requests}")
        for value in (self.p50, self.p95, self.p99, self.total, self.newest, self.last_ok):
            if value is not None and not math.isfinite(value):
                raise ValueError(f"bin: every figure is finite or absent, found {value}")

    @property
    def end(self) -> float:
        """First moment after the bin."""
        return self.start + self.length

    @property
    def rate(self) -> float:
        """Share of rows that failed; 0 where there is none (look at ``requests`` first)."""
        return self.failures / self.requests if self.requests else 0.0

    @property
    def scaled_total(self) -> float:
        """Requests that the rows stand for."""
        return float(self.requests) if self.total is None else self.total


@dataclass(frozen=True, slots=True)
class ProbeCount:
    """The cockpit's own probes that ended at ``at`` (one, or those of one second); ``versions``: who answered.

    ValueError for a time or a count that is none.
    """

    at: float
    ok: int
    failed: int
    versions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no probe can be."""
        if not math.isfinite(self.at) or self.ok < 0 or self.failed < 0:
            raise ValueError(f"probe: a finite time and counts from 0, found {self.at}, {self.ok}, {self.failed}")


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading of one source.

    ``at``: received. ``measured_at``: event time of the newest datum the source holds, asked without an upper bound
    so that data dated in the future shows (None: nothing). ``bins``: logs aligned to T0 with the policy's bin length,
    over everything from T0 to now, for every version; or platform points. ``whole``: one row per version from T0 to
    now, the only place where percentiles of the window come from. ``probes``: every probe since the last observation
    of this source. ``lag_p95``: seconds from event to arrival (logs: ingestion; probes: time to answer), None until
    measured. ``granularity_s``: the source's own, where it has one. ``second_host``: whether another host than the
    application answered the cockpit at the same time (None: not tried). ``partial``: the source's words about an
    incomplete answer, whose figures are shown and not believed; ``error``: nothing could be read, and why. ``name``:
    which of several readers of one source (custom signals). ``blocks``: users' requests in short stretches, as asked.
    ``readings``: figures of a further source, each told whole by every reading; ``lines``: what it says in words,
    printable and short (newest error lines of a log, newest last; metrics that a resource does not have).
    Where users are few, ``own_newest``: event time of the newest row of the new version, whoever sent the request (our
    own too); ``all_rows``: how many of them there are since T0.
    """

    source: Source
    at: float
    measured_at: float | None = None
    bins: tuple[Bin, ...] = ()
    whole: tuple[Bin, ...] = ()
    probes: tuple[ProbeCount, ...] = ()
    lag_p95: float | None = None
    granularity_s: float | None = None
    second_host: bool | None = None
    cpu_percent: float | None = None
    memory_percent: float | None = None
    partial: str | None = None
    error: str | None = None
    name: str = ""
    blocks: tuple[Block, ...] = ()
    readings: tuple[Reading, ...] = ()
    lines: tuple[str, ...] = ()
    own_newest: float | None = None
    all_rows: int | None = None

    def __post_init__(self) -> None:
        """Refuse figures that are none; ValueError."""
        told = (self.measured_at, self.lag_p95, self.granularity_s, self.own_newest)
        figures = (*told, self.cpu_percent, self.memory_percent)
        for value in (self.at, *(figure for figure in figures if figure is not None)):
            if not math.isfinite(value):
                raise ValueError(f"observation: every figure is finite or absent, found {value}")

    @property
    def ok(self) -> int:
        """Probes that succeeded."""
        return sum(probe.ok for probe in self.probes)

    @property
    def failed(self) -> int:
        """Probes that failed."""
        return sum(probe.failed for probe in self.probes)

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions that answered probes or served requests, each once, sorted."""
        seen = {version for probe in self.probes for version in probe.versions}
        seen |= {row.version for row in (*self.bins, *self.whole) if row.version}
        return tuple(sorted(seen))

    @property
    def requests(self) -> int:
        """Rows of all bins; for the platform, the requests it counted."""
        return sum(row.requests for row in self.bins)

    @property
    def failures(self) -> int:
        """Failed rows of all bins; for the platform, the 5xx it counted."""
        return sum(row.failures for row in self.bins)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form for the journal; absent members are left out."""
        body = {name: value for name, value in asdict(self).items() if value is not None and value != ()}
        body["source"] = self.source.value
        if not self.name:
            del body["name"]
        for name in ("bins", "whole", "probes", "readings"):
            if name in body:
                body[name] = [_without_absent(row) for row in body[name]]
        if self.blocks:
            body["blocks"] = [block.to_dict() for block in self.blocks]
        if self.lines:
            body["lines"] = list(self.lines)
        return body

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Observation:
        """The observation of a journal body; ValueError says what is wrong with it."""
        try:
            members = dict(body)
            members["source"] = Source(members["source"])
            for name in ("bins", "whole"):
                members[name] = tuple(Bin(**row) for row in members.get(name, ()))
            members["blocks"] = tuple(Block.from_dict(row) for row in members.get("blocks", ()))
            members["readings"] = tuple(Reading(**row) for row in members.get("readings", ()))
            members["lines"] = tuple(str(line) for line in members.get("lines", ()))
            members["probes"] = tuple(
                ProbeCount(**{**row, "versions": tuple(row.get("versions", ()))}) for row in members.get("probes", ())
            )
            return cls(**members)
        except (KeyError, TypeError) as error:
            raise ValueError(f"observation: {error}") from error


def _without_absent(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON reads it back: no absent members, lists for tuples."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in row.items() if value is not None
    }


@dataclass(frozen=True, slots=True)
class Baseline:
    """Production before the switch, from users' requests; percentiles in ms, None where there were too few.

    ``yardstick``: the history in the terms of the early tests, None where it could not be read.
    ValueError for impossible counts.
    """

    requests: int
    failures: int
    p50: float | None
    p95: float | None
    p99: float | None
    start: float
    end: float
    yardstick: Yardstick | None = None

    def __post_init__(self) -> None:
        """Refuse what no count can be."""
        if not 0 <= self.failures <= self.requests:
            raise ValueError(f"baseline: 0 <= failures <= requests, found {self.failures} of {self.requests}")
        for value in (self.p50, self.p95, self.p99, self.start, self.end):
            if value is not None and not math.isfinite(value):
                raise ValueError(f"baseline: every figure is finite or absent, found {value}")

    @property
    def rate(self) -> float | None:
        """Share of requests that failed; None without requests."""
        return self.failures / self.requests if self.requests else None

    def to_dict(self) -> dict[str, Any]:
        """Every field by name (the body of the journal's event)."""
        return asdict(self)

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Baseline:
        """The baseline of a journal body; ValueError says what is wrong with it."""
        try:
            members = dict(body)
            told = members.get("yardstick")
            members["yardstick"] = None if told is None else Yardstick.from_dict(told)
            return cls(**members)
        except TypeError as error:
            raise ValueError(f"baseline: {error}") from error


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old one source's newest datum is, and how old it may be.

    ``age_s`` is None before any datum; ``lag_s`` is the measured (else declared) delay that the limit was made with.
    ``future``: the source's last answer was dated ahead of our clock and was refused. ``words``: the source's own
    trouble, where it told any.
    """

    source: Source
    newest: float | None
    age_s: float | None
    limit_s: float
    lag_s: float
    stale: bool
    future: bool = False
    words: str = ""


def staleness_limit(poll_s: float, lag_s: float) -> float:
    """Seconds that a newest datum may be old: 2 x poll + 2 x lag + 2 s."""
    return 2.0 * poll_s + 2.0 * lag_s + 2.0


def freshness(
    source: Source,
    *,
    newest: float | None,
    since: float,
    now: float,
    poll_s: float,
    lag_s: float,
    skew_s: float,
    future: bool = False,
    words: str = "",
) -> Freshness:
    """Judge one source's age at ``now``. ``since`` (T0) stands in for the newest datum before any has come.

    A newest datum more than ``skew_s`` ahead of ``now`` is from the future too: our own clock has gone back, and until
    it has caught up nothing could look old.
    """
    limit = staleness_limit(poll_s, lag_s)
    ahead = future or (newest is not None and newest > now + skew_s)
    stale = ahead or now - (since if newest is None else newest) > limit
    age = None if newest is None else max(0.0, now - newest)
    return Freshness(source, newest, age, limit, lag_s, stale, ahead, words)
