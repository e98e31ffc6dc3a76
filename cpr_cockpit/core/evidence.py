"""What the judge has been told, kept in bounded memory: newest bins, probe runs, freshness and coverage per source.

Every answer of the logs covers the whole time since T0, so a later answer replaces what an earlier one said of a bin;
an answer that arrives out of order, or twice, changes nothing. Nothing is ever added up across answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Baseline, Bin, Freshness, Observation, ProbeCount, Source, freshness

_Key = TypeVar("_Key", int, str, tuple[str, int])

_LENGTH_SLACK = 0.01
"""Share by which a bin's length may differ from the policy's: time spans travel rounded to milliseconds."""

_ROUNDING_S = 1e-3
"""Epoch seconds as floats are good to a microsecond or so; query times to a millisecond."""


@dataclass(slots=True)
class SourceState:
    """One source so far. ``received``: its last good answer; ``newest``: event time of its newest datum."""

    received: float | None = None
    newest: float | None = None
    lag: float | None = None
    future: bool = False
    words: str = ""
    granularity: float | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A bin and when the answer that told it was received."""

    row: Bin
    received: float


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """Probes of production that failed one after another, up to now."""

    first: float
    last: float
    count: int


@dataclass(slots=True)
class Evidence:
    """All that has been observed of one run.

    ``sources``: those that are configured, so that their silence shows. ``failing``: probes of production that fail
    now. ``second_host``: when another host was last tried, and whether it answered. ``load_now`` and ``load_since``: CPU
    and memory in percent as last told (time, value), and since when above the warning. ``probes``: how many of our own
    probes fell into each bin since T0.
    """

    policy: Policy
    new_version: str
    old_version: str
    declared_delay_s: float
    sources: tuple[Source, ...]
    t0: float | None = None
    baseline: Baseline | None = None
    failing: ProbeRun | None = None
    second_host: tuple[float, bool] | None = None
    states: dict[Source, SourceState] = field(default_factory=dict)
    load_since: dict[str, float | None] = field(default_factory=dict)
    load_now: dict[str, tuple[float, float]] = field(default_factory=dict)
    _bins: dict[tuple[str, int], Stored] = field(default_factory=dict)
    _points: dict[int, Stored] = field(default_factory=dict)
    _whole: dict[str, Stored] = field(default_factory=dict)
    probes: dict[int, int] = field(default_factory=dict)
    _last_probe: float = -math.inf

    def begin(self, t0: float) -> None:
        """Traffic was seen to switch at ``t0``; bins of another alignment are forgotten."""
        if self.t0 != t0:
            self._bins.clear()
            self._whole.clear()
            self.probes.clear()
            self.state(Source.LOGS).newest = None
        self.t0 = t0

    def state(self, source: Source) -> SourceState:
        """The source's state, empty before its first answer."""
        return self.states.setdefault(source, SourceState())

    def lag(self, source: Source) -> float:
        """Seconds from event to arrival: measured (p95), else declared; probes declare none."""
        measured = self.state(source).lag
        if measured is not None:
            return measured
        declared = {Source.LOGS: self.declared_delay_s, Source.PLATFORM: self.policy.platform_delay_s}
        return declared.get(source, 0.0)

    # -- taking observations -------------------------------------------------------------------------------------

    def take(self, seen: Observation) -> None:
        """Store one reading. Failed and partial answers, and data from the future, leave figures as they were."""
        state = self.state(seen.source)
        if seen.granularity_s is not None:
            state.granularity = seen.granularity_s
        state.words = seen.error or (f"partial answer: {seen.partial}" if seen.partial else "")
        if seen.error is not None or seen.partial is not None:
            return
        state.future = self._from_future(seen)
        if state.future:
            return
        if seen.lag_p95 is not None:
            state.lag = max(0.0, seen.lag_p95)
        if seen.source is Source.LOGS:
            self._take_logs(seen, state)
        elif seen.source is Source.PLATFORM:
            self._take_platform(seen, state)
        else:
            self._take_probes(seen, state)
        state.received = seen.at if state.received is None else max(state.received, seen.at)

    def _from_future(self, seen: Observation) -> bool:
        edge = seen.at + self.policy.skew_s
        dates = [
            seen.measured_at,
            *(row.newest for row in (*seen.bins, *seen.whole)),
            *(row.start for row in seen.bins),
        ]
        if any(date is not None and date > edge for date in dates):
            return True
        return seen.lag_p95 is not None and seen.lag_p95 < -self.policy.skew_s

    def _take_logs(self, seen: Observation, state: SourceState) -> None:
        if self.t0 is None:
            return
        for row in seen.bins:
            index = math.floor((row.start - self.t0) / self.policy.bin_s + 0.5)
            if index < 0:
                continue
            if abs(row.length - self.policy.bin_s) > _LENGTH_SLACK * self.policy.bin_s:
                state.words = f"a bin of {row.length:g} s came where {self.policy.bin_s:g} s was asked"
                continue
            _keep_later(self._bins, (row.version, index), row, seen.at)
        for row in seen.whole:
            _keep_later(self._whole, row.version, row, seen.at)
        for row in (*seen.bins, *seen.whole):
            if row.version == self.new_version and row.requests and row.end > self.t0:
                _advance(state, self._newest_of(row, seen))
        oldest = max((index for _, index in self._bins), default=0) - self._most_rows()
        for key in [key for key in self._bins if key[1] < oldest]:
            del self._bins[key]

    def _newest_of(self, row: Bin, seen: Observation) -> float:
        if row.newest is not None:
            return row.newest
        return min(value for value in (row.end, seen.measured_at, seen.at) if value is not None)

    def _take_platform(self, seen: Observation, state: SourceState) -> None:
        for row in seen.bins:
            _keep_later(self._points, math.floor(row.start * 1000.0 + 0.5), row, seen.at)
            _advance(state, min(row.end, seen.at))
        for name, value, limit in (
            ("CPU", seen.cpu_percent, self.policy.warning_cpu_percent),
            ("memory", seen.memory_percent, self.policy.warning_memory_percent),
        ):
            if value is not None:
                above = self.load_since.get(name)
                since = seen.at if above is None else above
                self.load_since[name] = since if value > limit else None
                self.load_now[name] = (seen.at, value)
        for key in sorted(self._points)[: -self._most_rows()]:
            del self._points[key]

    def _take_probes(self, seen: Observation, state: SourceState) -> None:
        for probe in sorted(seen.probes, key=lambda probe: probe.at):
            _advance(state, probe.at)
            if seen.source is Source.PROBES_PRODUCTION:
                self._take_probe(probe)
        if seen.source is Source.PROBES_PRODUCTION and seen.second_host is not None:
            self.second_host = (seen.at, seen.second_host)

    def _take_probe(self, probe: ProbeCount) -> None:
        if probe.at <= self._last_probe:
            return
        self._last_probe = probe.at
        if probe.ok:
            self.failing = None
        elif probe.failed:
            run = self.failing or ProbeRun(probe.at, probe.at, 0)
            self.failing = replace(run, last=probe.at, count=run.count + probe.failed)
        if self.t0 is not None and probe.at >= self.t0:
            index = int((probe.at - self.t0) / self.policy.bin_s)
            self.probes[index] = self.probes.get(index, 0) + probe.ok + probe.failed
            self.probes.pop(index - self._most_rows(), None)

    def _most_rows(self) -> int:
        span = max(self.policy.window_s, self.policy.extended_s)
        return 2 * math.ceil(span / self.policy.bin_s) + 2

    # -- reading it ----------------------------------------------------------------------------------------------

    def complete(self, version: str) -> tuple[Bin, ...]:
        """Bins with requests of ``version``, in order, whose data had the usual lag's time to come."""
        lag = self.lag(Source.LOGS)
        rows = (
            stored.row
            for (owner, _), stored in self._bins.items()
            if owner == version and stored.row.requests and stored.received >= stored.row.end + lag - _ROUNDING_S
        )
        return tuple(sorted(rows, key=lambda row: row.start))

    def rows(self, version: str) -> tuple[Bin, ...]:
        """All bins with requests of ``version``, complete or not, in order."""
        rows = (stored.row for (owner, _), stored in self._bins.items() if owner == version and stored.row.requests)
        return tuple(sorted(rows, key=lambda row: row.start))

    def points(self) -> tuple[Bin, ...]:
        """Platform points, in order."""
        return tuple(self._points[key].row for key in sorted(self._points))

    def whole(self, version: str) -> Bin | None:
        """The version since T0: the source's own row, else the sum of the bins (then without percentiles)."""
        if version in self._whole:
            return self._whole[version].row
        rows = self.rows(version)
        if not rows:
            return None
        return Bin(
            start=rows[0].start,
            length=rows[-1].end - rows[0].start,
            version=version,
            requests=sum(row.requests for row in rows),
            failures=sum(row.failures for row in rows),
            total=math.fsum(row.scaled_total for row in rows),
        )

    def required(self, source: Source) -> bool:
        """Whether GO needs this source: configured, about production, and fine enough for the window."""
        if source not in self.sources or source is Source.PROBES_SLOT:
            return False
        granularity = self.state(source).granularity
        return granularity is None or granularity * self.policy.granularity_fits <= self.policy.window_s

    def fresh(self, source: Source, now: float) -> Freshness:
        """The source's age at ``now``."""
        state = self.state(source)
        polls = {Source.LOGS: self.policy.poll_logs_s, Source.PLATFORM: self.policy.poll_platform_s}
        return freshness(
            source,
            newest=state.newest,
            since=now if self.t0 is None else self.t0,
            now=now,
            poll_s=polls.get(source, self.policy.poll_probes_s),
            lag_s=self.lag(source),
            future=state.future,
            words=state.words,
        )

    def seen_until(self, source: Source) -> float:
        """Event time up to which the source has told what it usually would have by now (-inf: nothing)."""
        state = self.state(source)
        if state.received is None or state.newest is None:
            return -math.inf
        return max(state.newest, state.received - self.lag(source))


def _keep_later(store: dict[_Key, Stored], key: _Key, row: Bin, received: float) -> None:
    stored = store.get(key)
    if stored is None or received >= stored.received:
        store[key] = Stored(row, received)


def _advance(state: SourceState, newest: float) -> None:
    state.newest = newest if state.newest is None else max(state.newest, newest)
