"""A journal as a tape: the run as it was at any moment of it.

The clock is the journal's: ages, countdown and deadlines are those of then. Up to the end of the extended validation
the figures are judged anew from the recorded observations; after it they are those that were recorded with each check.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.afterwards import Later
from cpr_cockpit.core.back_check import every_s
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.merging import MergePolicy
from cpr_cockpit.core.policy import REFERENCE_WINDOW_S, Policy
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind
from cpr_cockpit.engine.recorded import later_of, watched_on, word_of
from cpr_cockpit.engine.rejudging import new_judge, policy_of
from cpr_cockpit.engine.telling import Told, Unread, told

# What there is too much of to step through.
_MANY = (ev.Observed, ev.ItemMarked)


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """What a View needs of the run's settings."""

    run: str
    folder: Path
    readiness: tuple[ReadinessFacts, ...] = ()
    merge: MergePolicy = field(default_factory=MergePolicy)


class Tape:
    """A run at one moment of its journal; as a Session to whoever makes Views. CannotJudge where it cannot be read.

    ``records``: at least the run's opening. What the verdict was is what was said then. ``unread``: what of the journal
    this program cannot read; the figures are without it.
    """

    def __init__(self, settings: ReplaySettings, records: Sequence[ev.Record]) -> None:
        self.settings = settings
        self.scaled = _scaled(records)
        self._now = min(record.at for record in records)
        self._take(records)
        self._rewind()
        self.wind(self._now)

    def _take(self, records: Sequence[ev.Record]) -> None:
        """The whole journal, in order of time: after a damaged one what is older comes later."""
        self._records: list[ev.Record] = []
        self._times: list[float] = []
        self._events: list[float] = []
        self._tale: list[Told] = []
        self.unread: list[Unread] = []
        self._skipped: set[int] = set()
        self._told = 0
        self._append(sorted(records, key=lambda record: record.at))

    def _append(self, records: Sequence[ev.Record]) -> None:
        """Events that are no older than the last one, in order of time."""
        for record in records:
            self._records.append(record)
            self._times.append(record.at)
            if not isinstance(record.event, _MANY) and record.at > (self._events[-1] if self._events else -math.inf):
                self._events.append(record.at)
        tale, unread = told(records)
        # Own probes are recorded some seconds late: those of a moment that was shown already are told at the next one.
        self._tale[self._told :] = sorted([*self._tale[self._told :], *tale], key=_at)
        self.unread += unread
        self._skipped |= {one.seq for one in unread}

    def _rewind(self) -> None:
        self.run_state = Run()
        self._judge: Judge | None = None
        self._applied = self._told = 0
        self._tale.sort(key=_at)
        self.looks: dict[Source, Sighting] = {}
        self._newest: dict[Source, float] = {}
        self._logs: Observation | None = None

    # What a View is made of.

    @property
    def clock(self) -> Tape:
        """Itself: it knows what time it is."""
        return self

    @property
    def watch(self) -> Tape | None:
        """Itself, from the plan on."""
        return self if self._judge is not None else None

    @property
    def back_check(self) -> tuple[float, ev.RollbackChecked] | None:
        """The newest one: those that said the same as the one before are not recorded."""
        told = self.run_state.back_checked
        if told is None:
            return None
        return self._now - (self._now - told[0]) % every_s(self.scaled.scale), told[1]

    @property
    def answered_at(self) -> float | None:
        """Not recorded."""
        return None

    def now(self) -> float:
        """The moment that is shown, epoch seconds."""
        return self._now

    @property
    def verdict(self) -> Verdict | None:
        """The verdict of then, with the figures of the moment; of the watch after GO with those that were recorded."""
        given = self.run_state.verdict
        later = word_of(self.run_state, self.scaled, self._now, self._newest)
        if later is not None or given is None or self._judge is None:
            return later
        fresh = self._judge.verdict(self._now)
        if fresh.key == (given.kind, given.cause, given.rule):
            return fresh
        cause = HoldCause(given.cause) if given.cause in set(HoldCause) else None
        return replace(fresh, kind=VerdictKind(given.kind), cause=cause, rule=given.rule, sentence=given.sentence)

    @property
    def later(self) -> Later | None:
        """Where the schedule after GO stood; None before its watch has begun."""
        return later_of(self.run_state, self.scaled, self._now, self._logs)

    # Where it stands.

    @property
    def begin(self) -> float:
        """Time of the first event."""
        return self._times[0]

    @property
    def end(self) -> float:
        """Time of the last event."""
        return self._times[-1]

    @property
    def t0(self) -> float | None:
        """When production was first seen to serve the new version; None where the journal does not tell."""
        for record in self._records:
            if isinstance(record.event, ev.TrafficSwitched) and record.event.way == "forward":
                return record.event.t0
        return None

    @property
    def length(self) -> int:
        """How many events there are."""
        return len(self._records)

    def wind(self, to: float) -> None:
        """To that moment, at most from the first event to the last."""
        to = min(max(to, self.begin), self.end)
        if self._applied and to < self._now:
            self._rewind()
        self._now = to
        while self._applied < len(self._records) and self._times[self._applied] <= to:
            self._apply(self._records[self._applied])
            self._applied += 1
        self._judge = self._judge or new_judge(self.run_state, self.scaled)
        since = watched_on(self.run_state)
        while self._judge is not None and self._told < len(self._tale) and self._tale[self._told].at <= to:
            self._tell(self._judge, self._tale[self._told], since)
            self._told += 1

    def _apply(self, record: ev.Record) -> None:
        """An observation that cannot be read is none to the run either: whoever shows it would read it again."""
        if not (isinstance(record.event, ev.Observed) and record.seq in self._skipped):
            self.run_state.apply(record)

    def _tell(self, judge: Judge, one: Told, since: float | None) -> None:
        """To the judge, whose window begins at T0, only what came before the watch after GO."""
        if since is None or one.at <= since:
            one.tell(judge)
        seen = one.seen
        if seen is None or seen.error is not None:
            return
        if seen.probes:
            self.looks[seen.source] = _look(seen)
        newest = seen.at if seen.measured_at is None else seen.measured_at
        self._newest[seen.source] = max(newest, self._newest.get(seen.source, newest))
        # A reading with a name adds up a whole day: it is no stretch of bins.
        if seen.source is Source.LOGS and not seen.name:
            self._logs = seen

    def extend(self, records: Sequence[ev.Record]) -> None:
        """More of the journal has come; the moment stays."""
        if min(record.at for record in records) < self.end:
            self._take([*self._records, *records])
            self._rewind()
        else:
            self._append(sorted(records, key=lambda record: record.at))
        self.wind(self._now)

    def event_after(self, at: float) -> float:
        """Time of the next event that is no reading and no mark; the end where there is none."""
        place = bisect_right(self._events, at)
        return self._events[place] if place < len(self._events) else self.end

    def event_before(self, at: float) -> float:
        """Time of the one before; the beginning where there is none."""
        place = bisect_left(self._events, at)
        return self._events[place - 1] if place else self.begin

    def around(self, at: float) -> tuple[float, float]:
        """Times of the events of any kind before and after a moment."""
        place = bisect_right(self._times, at)
        return self._times[max(0, place - 1)], self._times[min(place, len(self._times) - 1)]


def _at(one: Told) -> float:
    return one.at


def _scaled(records: Sequence[ev.Record]) -> Policy:
    opened = next((one.event for one in records if isinstance(one.event, ev.RunOpened)), None)
    policy, window_s = (Policy(), REFERENCE_WINDOW_S) if opened is None else policy_of(opened)
    return policy.scaled(window_s)


def _look(seen: Observation) -> Sighting:
    """A recorded probe as a look: the journal keeps that it succeeded and which version answered, not its status."""
    probe, ms = seen.probes[-1], 1000.0 * (seen.lag_p95 or 0.0)
    version = probe.versions[0] if probe.versions else None
    if probe.failed:
        return Sighting(probe.at, None, version, None, ms, "the look failed")
    return Sighting(probe.at, 200, version, None, ms)
