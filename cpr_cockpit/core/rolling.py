"""Judging for days in bounded memory: the newest stretch of time, by a fresh Judge at every reading of the logs.

The Judge is made for one window and remembers it all; after GO there is no window but only "the last quarter of an
hour". So each reading of the logs, asked for the stretch alone, goes to a Judge whose T0 is the stretch's beginning, on
the same policy and baseline, together with what the other sources told within an hour. The written triggers alone
decide, and the team's own signals (`rolling_signals`): the bound of the early tests holds for one window, not for
hundreds that overlap. A breach leaves the verdict by itself when it leaves the stretch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cpr_cockpit.core.afterwards import LONGEST_S, PROBES_S, ROLLING_S
from cpr_cockpit.core.custom import SignalSpec
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.rolling_signals import RollingSignals, StretchSignals
from cpr_cockpit.core.signals import Baseline, Observation, Source
from cpr_cockpit.core.verdict import HoldCause, PersonTrigger, Verdict, VerdictKind, clock_time

# Readings of one source that are kept at most: an hour of probes at their fastest pace, and a few more.
_MOST_READINGS = 4000


@dataclass(frozen=True, slots=True)
class Stretch:
    """``[start, start + length)`` of event time, in whole bins."""

    start: float
    length: float

    @property
    def end(self) -> float:
        """First moment after it."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class _Judging:
    """One stretch under judgement: by the judge, and by the signals."""

    judge: Judge
    signals: StretchSignals

    def observe(self, seen: Observation) -> None:
        self.judge.observe(seen)
        if seen.source is Source.CUSTOM:
            self.signals.take(seen)

    def verdict(self, now: float) -> Verdict:
        return self.signals.joined(self.judge.verdict(now, last=True))


class Rolling:
    """The verdict on the newest stretch.

    ``policy``: scaled. ``baseline`` None: none was taken. Where a reading is taken, ``poll_s`` are the seconds between
    two of them, by which its age is judged. ``logs``: the newest reading of ``stretch``. ``signals``: the team's own;
    ``t0``: the switch, before which they tell their history.
    """

    def __init__(
        self,
        policy: Policy,
        new_version: str,
        old_version: str,
        declared_delay_s: float,
        baseline: Baseline | None,
        *,
        signals: Sequence[SignalSpec] = (),
        t0: float = 0.0,
    ) -> None:
        self._policy = policy
        self._versions = (new_version, old_version)
        self._delay_s = declared_delay_s
        self._lag_s = declared_delay_s
        self._baseline = baseline
        self._kept: dict[tuple[Source, str], deque[Observation]] = {}
        self._holds: dict[HoldCause, str] = {}
        self._raised: tuple[PersonTrigger, str] | None = None
        self._judging: _Judging | None = None
        self._signals = RollingSignals(signals, policy, t0)
        self.stretch = Stretch(0.0, ROLLING_S * policy.scale)
        self.logs: Observation | None = None

    @property
    def kept(self) -> int:
        """How many readings are kept."""
        return sum(len(readings) for readings in self._kept.values())

    @property
    def heard(self) -> bool:
        """Whether every source of production has told something; before that its silence says nothing."""
        return all((source, "") in self._kept for source in (Source.PLATFORM, Source.PROBES_PRODUCTION))

    # -- what it is told ---------------------------------------------------------------------------------------------

    def newest(self, now: float, not_before: float, length_s: float = ROLLING_S) -> Stretch:
        """The newest stretch of ``length_s`` of the procedure's time whose data has come by ``now``, in whole bins."""
        size, end = self._policy.bin_s, now - self._lag_s
        length = min(length_s * self._policy.scale, max(size, end - not_before))
        bins = max(1, round(length / size))
        return Stretch(end - bins * size, bins * size)

    def take(self, seen: Observation, poll_s: float) -> None:
        """A reading of any source but the logs."""
        readings = self._kept.setdefault((seen.source, seen.name), deque(maxlen=_MOST_READINGS))
        readings.append(seen)
        # Twice the pace more, so that a load that must last is seen from before it has.
        while readings[0].at < seen.at - LONGEST_S * self._policy.scale - 2.0 * poll_s:
            readings.popleft()
        self._signals.take(seen)
        if self._judging is not None:
            self._judging.observe(seen)

    def take_logs(self, seen: Observation, stretch: Stretch, poll_s: float) -> None:
        """A reading of the logs that was asked for ``stretch``; a failed or partial one leaves the last to grow old."""
        self._signals.take(seen)
        if _trouble(seen):
            # Before any reading its age counts from now: nobody asked for it earlier.
            self._judging = self._judging or self._fresh(Stretch(seen.at, stretch.length), seen, poll_s)
            self._judging.observe(seen)
            return
        if seen.lag_p95 is not None:
            self._lag_s = max(0.0, seen.lag_p95)
        self.stretch, self.logs = stretch, seen
        self._judging = self._fresh(stretch, seen, poll_s)

    def hold(self, cause: HoldCause, sentence: str) -> None:
        """Something outside the figures needs a person, until `release`."""
        self._holds[cause] = sentence
        if self._judging is not None:
            self._judging.judge.hold(cause, sentence)

    def release(self, cause: HoldCause) -> None:
        """That cause is over; nothing happens where it was not held."""
        if self._holds.pop(cause, None) is not None and self._judging is not None:
            self._judging.judge.release(cause)

    def raise_trigger(self, trigger: PersonTrigger, by: str) -> None:
        """A person says that this is true; it stays."""
        self._raised = (trigger, by)
        if self._judging is not None:
            self._judging.judge.raise_trigger(trigger, by)

    # -- what it answers ---------------------------------------------------------------------------------------------

    def verdict(self, now: float) -> Verdict | None:
        """The verdict on the newest stretch; None before the logs were asked."""
        return None if self._judging is None else self._judging.verdict(now)

    def verdict_on(self, stretch: Stretch, logs: Observation, poll_s: float, now: float) -> Verdict:
        """The verdict on a longer stretch, from a reading of its own.

        Where that failed or came in part, the word on the newest stretch, but no GO: the longer one is not known.
        """
        trouble = _trouble(logs)
        judging = self._judging if trouble and self._judging is not None else self._fresh(stretch, logs, poll_s)
        verdict = judging.verdict(now)
        unread = verdict.kind in (VerdictKind.GO, VerdictKind.WAIT) or verdict.cause is HoldCause.STALE
        if not trouble or not unread:
            return verdict
        cause = HoldCause.STALE if logs.error is not None else HoldCause.INCOMPLETE
        words = f"the logs of the time since {clock_time(stretch.start)} could not be read ({trouble})"
        return replace(verdict, kind=VerdictKind.HOLD, cause=cause, rule=None, sentence=words)

    def _fresh(self, stretch: Stretch, logs: Observation, poll_s: float) -> _Judging:
        policy = replace(
            self._policy,
            window_s=stretch.length,
            extended_s=stretch.length,
            poll_logs_s=poll_s,
            poll_platform_s=poll_s,
            poll_probes_s=max(self._policy.poll_floor_s, PROBES_S * self._policy.scale),
        )
        judge = Judge(policy, *self._versions, self._delay_s, early=False)
        if self._baseline is not None:
            judge.baseline(self._baseline)
        judge.t0(stretch.start)
        judging = _Judging(judge, self._signals.on(stretch.start, stretch.length, poll_s))
        for readings in self._kept.values():
            for seen in readings:
                judging.observe(seen)
        judging.observe(logs)
        for cause, sentence in self._holds.items():
            judge.hold(cause, sentence)
        if self._raised is not None:
            judge.raise_trigger(*self._raised)
        return judging


def _trouble(logs: Observation) -> str:
    """Why the figures of a reading of the logs are not believed, or ""."""
    return logs.error or (f"partial answer: {logs.partial}" if logs.partial is not None else "")
