"""What the judge has been told, kept in bounded memory: newest bins, probe runs, freshness and coverage per source.

Every answer of the logs covers the whole time since T0, so a later answer replaces what an earlier one said of a bin;
an answer that arrives out of order, or twice, changes nothing. Nothing is ever added up across answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cpr_cockpit.core.own_steps import OwnSteps
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.probes import ProbeLog
from cpr_cockpit.core.signals import Baseline, Bin, Freshness, Observation, Source, freshness

_Key = TypeVar("_Key", int, str, tuple[str, int])
_T = TypeVar("_T")

_LENGTH_SLACK = 0.01
"""Share by which a bin's length may differ from the policy's: time spans travel rounded to milliseconds."""

_LEAST_PROBES = 600
"""Probes that are kept however short the window is: an outage is told by some, and they may come faster than asked."""

_ROUNDING_S = 1e-3
"""Epoch seconds as floats are good to a microsecond or so; query times to a millisecond."""


@dataclass(slots=True)
class Told(Generic[_T]):
    """A value, and when the reading that told it was received: an older reading never replaces a newer one's."""

    value: _T
    at: float = -math.inf

    def take(self, value: _T, at: float) -> None:
        """The value of a reading received at ``at``."""
        if at >= self.at:
            self.value, self.at = value, at


@dataclass(slots=True)
class SourceState:
    """One source so far. ``received``: its last good answer; ``newest``: event time of its newest datum.

    ``future``: its last readable answer was dated ahead of our clock; ``words``: the trouble of its last answer.
    """

    received: float | None = None
    newest: float | None = None
    lag: Told[float | None] = field(default_factory=lambda: Told(None))
    future: Told[bool] = field(default_factory=lambda: Told(False))
    words: Told[str] = field(default_factory=lambda: Told(""))
    granularity: Told[float | None] = field(default_factory=lambda: Told(None))


@dataclass(frozen=True, slots=True)
class Stored:
    """A bin and when the answer that told it was received."""

    row: Bin
    received: float


@dataclass(slots=True)
class Evidence:
    """All that has been observed of one run.

    ``sources``: those that are configured, so that their silence shows. ``control``: whether the old version's users of
    the same time may be held against the new one's; ``beside``: what they are called. ``second_host``: when another
    host was last tried, and whether it answered (None: never tried). ``load_now`` and ``load_since``: CPU and memory in
    percent as last told (time, value), and since when above the warning. ``probes``: our own probes of production.
    ``further``: the newest reading of every further source, by source and name. ``steps``: journeys that were walked in
    production. ``own_newest`` and ``all_rows``: the newest row of the new version in the logs, whoever sent the
    request, and how many there are since T0; None where users are enough to go by.
    """

    policy: Policy
    new_version: str
    old_version: str
    declared_delay_s: float
    sources: tuple[Source, ...]
    control: bool = False
    beside: str = "the old version"
    t0: float | None = None
    baseline: Baseline | None = None
    second_host: Told[bool | None] = field(default_factory=lambda: Told(None))
    states: dict[Source, SourceState] = field(default_factory=dict)
    load_since: dict[str, float | None] = field(default_factory=dict)
    load_now: dict[str, tuple[float, float]] = field(default_factory=dict)
    probes: ProbeLog = field(init=False)
    further: dict[tuple[Source, str], Observation] = field(default_factory=dict)
    steps: OwnSteps = field(default_factory=OwnSteps)
    own_newest: float | None = None
    all_rows: int | None = None
    _bins: dict[tuple[str, int], Stored] = field(default_factory=dict)
    _points: dict[int, Stored] = field(default_factory=dict)
    _whole: dict[str, Stored] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Room for twice the probes of the longest watch."""
        self.probes = ProbeLog(max(_LEAST_PROBES, 2 * math.ceil(self._span() / self.policy.poll_probes_s)))

    def begin(self, t0: float) -> None:
        """Traffic was seen to switch at ``t0``; bins of another alignment are forgotten."""
        if self.t0 != t0:
            self._bins.clear()
            self._whole.clear()
            self.state(Source.LOGS).newest = self.own_newest = self.all_rows = None
            self.steps = OwnSteps()
        self.t0 = t0

    def state(self, source: Source) -> SourceState:
        """The source's state, empty before its first answer."""
        return self.states.setdefault(source, SourceState())

    def lag(self, source: Source) -> float:
        """Seconds from event to arrival: measured (p95), else declared; probes declare none."""
        measured = self.state(source).lag.value
        if measured is not None:
            return measured
        declared = {Source.LOGS: self.declared_delay_s, Source.PLATFORM: self.policy.platform_delay_s}
        return declared.get(source, 0.0)

    # -- taking observations -------------------------------------------------------------------------------------

    def take(self, seen: Observation) -> None:
        """Store one reading. Failed and partial answers, and data from the future, leave figures as they were."""
        state = self.state(seen.source)
        if seen.granularity_s is not None:
            state.granularity.take(seen.granularity_s, seen.at)
        trouble = seen.error or (f"partial answer: {seen.partial}" if seen.partial is not None else "")
        state.words.take(trouble, seen.at)
        # Figures of a further source stand alone: those that came are whole, whatever else of it did not come.
        if seen.error is not None or (seen.partial is not None and not seen.readings):
            return
        ahead = self._from_future(seen)
        state.future.take(ahead, seen.at)
        if ahead:
            return
        if seen.lag_p95 is not None:
            state.lag.take(max(0.0, seen.lag_p95), seen.at)
        if seen.source is Source.LOGS:
            self._take_logs(seen, state)
        elif seen.source is Source.PLATFORM:
            self._take_platform(seen, state)
        elif seen.source in (Source.PROBES_PRODUCTION, Source.PROBES_SLOT):
            self._take_probes(seen, state)
        else:
            self._take_readings(seen, state)
        state.received = seen.at if state.received is None else max(state.received, seen.at)

    def _from_future(self, seen: Observation) -> bool:
        edge = seen.at + self.policy.skew_s
        dates = [
            seen.measured_at,
            seen.own_newest,
            *(row.newest for row in (*seen.bins, *seen.whole)),
            *(row.start for row in seen.bins),
            *(probe.at for probe in seen.probes),
        ]
        if any(date is not None and date > edge for date in dates):
            return True
        return seen.lag_p95 is not None and seen.lag_p95 < -self.policy.skew_s

    def _take_logs(self, seen: Observation, state: SourceState) -> None:
        if self.t0 is None:
            return
        if seen.own_newest is not None and seen.own_newest > self.t0:
            self.own_newest = max(seen.own_newest, self.own_newest or 0.0)
        self.all_rows = seen.all_rows
        # Nothing is asked of any other version, and a name that telemetry makes up must not take memory.
        ours = (self.new_version, self.old_version)
        for row in (row for row in seen.bins if row.version in ours):
            index = math.floor((row.start - self.t0) / self.policy.bin_s + 0.5)
            if index < 0:
                continue
            if abs(row.length - self.policy.bin_s) > _LENGTH_SLACK * self.policy.bin_s:
                state.words.take(f"a bin of {row.length:g} s came where {self.policy.bin_s:g} s was asked", seen.at)
                continue
            _keep_later(self._bins, (row.version, index), row, seen.at)
            if row.version == self.new_version and row.requests:
                _advance(state, row.newest if row.newest is not None else _at_most(row.end, seen))
        for row in (row for row in seen.whole if row.version in ours):
            _keep_later(self._whole, row.version, row, seen.at)
            # Its end is the end of the question: only a date of its own says how new its data is.
            if row.version == self.new_version and row.newest is not None and row.newest > self.t0:
                _advance(state, row.newest)
        oldest = max((index for _, index in self._bins), default=0) - self._most_rows(self.policy.bin_s)
        for key in [key for key in self._bins if key[1] < oldest]:
            del self._bins[key]

    def _take_platform(self, seen: Observation, state: SourceState) -> None:
        for row in seen.bins:
            _keep_later(self._points, math.floor(row.start * 1000.0 + 0.5), row, seen.at)
            _advance(state, min(row.end, seen.at))
        self._take_load(seen)
        length = min((row.length for row in seen.bins if row.length), default=self.policy.bin_s)
        for key in sorted(self._points)[: -self._most_rows(min(length, self.policy.bin_s))]:
            del self._points[key]

    def _take_probes(self, seen: Observation, state: SourceState) -> None:
        for probe in seen.probes:
            _advance(state, probe.at)
            if seen.source is Source.PROBES_PRODUCTION:
                self.probes.take(probe)
        if seen.source is Source.PROBES_PRODUCTION and seen.second_host is not None:
            self.second_host.take(seen.second_host, seen.at)

    def _take_load(self, seen: Observation) -> None:
        """CPU and memory of the plan, from whichever source tells them."""
        for name, value, limit in (
            ("CPU", seen.cpu_percent, self.policy.warning_cpu_percent),
            ("memory", seen.memory_percent, self.policy.warning_memory_percent),
        ):
            if value is not None and seen.at >= self.load_now.get(name, (-math.inf, 0.0))[0]:
                above = self.load_since.get(name)
                since = seen.at if above is None else above
                self.load_since[name] = since if value > limit else None
                self.load_now[name] = (seen.at, value)

    def _take_readings(self, seen: Observation, state: SourceState) -> None:
        self._take_load(seen)
        if seen.measured_at is not None:
            _advance(state, seen.measured_at)
        told = self.further.get((seen.source, seen.name))
        if told is None or seen.at >= told.at:
            self.further[(seen.source, seen.name)] = seen

    def _span(self) -> float:
        return max(self.policy.window_s, self.policy.extended_s)

    def _most_rows(self, length: float) -> int:
        return 2 * math.ceil(self._span() / length) + 2

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
        """The version since T0: the source's own row, else the sum of the bins (then without percentiles).

        The row counts only where the source's last good answer had it: an older one would hide what came since.
        """
        stored, received = self._whole.get(version), self.state(Source.LOGS).received
        if stored is not None and received is not None and stored.received >= received:
            return stored.row
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
        granularity = self.state(source).granularity.value
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
            skew_s=self.policy.skew_s,
            future=state.future.value,
            words=state.words.value,
        )

    def seen_until(self, source: Source) -> float:
        """Event time up to which the source's data has had its usual time to come (-inf: it told nothing).

        A single newer datum does not stand in for that: the quickest row says nothing of the slow ones.
        """
        state = self.state(source)
        newest = self.own_newest if state.newest is None and source is Source.LOGS else state.newest
        return -math.inf if state.received is None or newest is None else state.received - self.lag(source)

    def own_between(self, begin: float, end: float) -> int:
        """Requests of our own in [begin, end), which the platform counts among users': probes, and journeys."""
        return self.probes.between(begin, end) + self.steps.between(begin, end)


def _keep_later(store: dict[_Key, Stored], key: _Key, row: Bin, received: float) -> None:
    stored = store.get(key)
    if stored is None or received >= stored.received:
        store[key] = Stored(row, received)


def _at_most(end: float, seen: Observation) -> float:
    """The end of a bin that does not date its newest request, as far as the reading can have known it."""
    return min(end, seen.at) if seen.measured_at is None else min(end, seen.at, seen.measured_at)


def _advance(state: SourceState, newest: float) -> None:
    state.newest = newest if state.newest is None else max(state.newest, newest)
