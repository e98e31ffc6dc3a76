"""The tests behind a custom signal: of counts, of a failed share, of a plain figure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cpr_cockpit.core.custom_spec import Limit, SignalSpec
from cpr_cockpit.core.excursion import Excursion
from cpr_cockpit.core.sequential import RHO_FLOOR, LimitTest, RateTest
from cpr_cockpit.core.verdict import clock_time, percent

RISING = math.log(10.0)
"""A test is under way from a tenth of the evidence that decides."""
_SURE = 2.33
"""Standard deviations by which the history's rate is doubted, to the signal's favour: 1 in 100, one-sided."""
_PARTS = 1000
"""Expectations are no whole numbers, and an excursion adds up whole ones: it is told thousandths."""


@dataclass(frozen=True, slots=True)
class Judged:
    """``breached``: the limit is, by enough evidence; otherwise the evidence only rises. ``sentence``: with numbers.

    ``since``: when the stretch began that is beyond the limit; ``lasted``: its length so far, s.
    ``inferred``: chance could explain it, and time tells more; a fact needs none.
    """

    breached: bool
    since: float
    lasted: float
    sentence: str
    inferred: bool = True


@dataclass(frozen=True, slots=True)
class Pace:
    """How many blocks a window has, how long one is, and how long a good spell within a fault may be (s)."""

    blocks: int
    block_s: float
    calm_s: float


class CountTest:
    """Events against the rate of the hour before (drop, rise), or against a fixed rate per minute (above, below).

    ``history``: events and seconds before the switch. A rate that few events told is doubted to the signal's favour.
    """

    def __init__(self, spec: SignalSpec, pace: Pace, history: tuple[float, float] | None) -> None:
        self._spec, self._pace, self._history = spec, pace, history or (0.0, 1.0)
        self._falls = spec.limit in (Limit.DROP, Limit.BELOW)
        self._fewer, self._more = {
            Limit.DROP: (1.0 - spec.bound, 2.0),
            Limit.RISE: (0.5, 1.0 + spec.bound),
            Limit.BELOW: (1.0, 2.0),
            Limit.ABOVE: (0.5, 1.0),
        }[spec.limit]
        self._rate = self._doubted() if spec.against_history else max(0.0, spec.bound) / 60.0
        self._test = self._fresh()
        self._stretch = Excursion(pace.calm_s)
        self._events = 0.0
        self._first_at: float | None = None

    def _fresh(self) -> RateTest:
        return RateTest(self._pace.blocks, fewer=self._fewer, more=self._more)

    def _doubted(self) -> float:
        """Events per second: the end of a confidence interval of a Poisson rate (score interval, one-sided)."""
        events, seconds = self._history
        spread = _SURE * math.sqrt(events + _SURE**2 / 4.0)
        return max(0.0, events + _SURE**2 / 2.0 + (-spread if self._falls else spread)) / seconds

    def add(self, start: float, length: float, count: float) -> None:
        """One block: ``count`` events in ``length`` seconds from ``start``."""
        if count > 0 and self._first_at is None:
            self._first_at = start
        self._events += count
        expected = self._rate * length
        allowed = expected * (self._fewer if self._falls else self._more)
        self._test.add(count, expected)
        bad = count < allowed if self._falls else count > allowed
        parts = max(1, round(_PARTS * allowed))
        self._stretch.add(start, start + length, round(_PARTS * count), parts, bad=bad)

    def judged(self, threshold: float) -> Judged | None:
        """What the counts say."""
        if self._spec.limit is Limit.ABOVE and self._rate == 0.0:
            return self._not_one()
        since = self._stretch.since
        log_e = self._test.log_low if self._falls else self._test.log_high
        if since is None or log_e < threshold - RISING:
            return None
        return Judged(log_e >= threshold, since, self._stretch.lasted, self._sentence(since))

    def _not_one(self) -> Judged | None:
        """Where none is allowed ("above 0"), one event is a fact."""
        if self._first_at is None:
            return None
        words = f"{self._events:.0f} since {clock_time(self._first_at)}, where its limit allows none"
        return Judged(True, self._first_at, 0.0, words, inferred=False)

    def _sentence(self, since: float) -> str:
        count, allowed = self._stretch.events / _PARTS, self._stretch.requests / _PARTS
        side = "at least" if self._falls else "at most"
        told = f"{count:.0f} since {clock_time(since)}, where its limit allows {side} {allowed:.0f}"
        if not self._spec.against_history:
            return f"{told} ({self._spec.bound:g} per minute)"
        events, seconds = self._history
        verb = "drop" if self._falls else "rise"
        return f"{told} ({60 * events / seconds:.3g} per minute before, not to {verb} by {100 * self._spec.bound:g} %)"

    def blind(self, threshold: float) -> str:
        """What if not one event had come in the whole window."""
        if not self._falls:
            return ""
        silent = self._fresh()
        for _ in range(self._pace.blocks):
            silent.add(0, self._rate * self._pace.block_s)
        if silent.log_low >= threshold:
            return ""
        events, seconds = self._history
        usual = f"{60 * events / seconds:.2g} per minute before" if self._spec.against_history else "its limit"
        return f"{usual} is too few to judge: even silence would prove nothing in this window"


class ShareTest:
    """The failed share against its limit."""

    def __init__(self, spec: SignalSpec, pace: Pace) -> None:
        self._limit, self._pace = spec.bound, pace
        self._test = self._fresh()
        self._stretch = Excursion(pace.calm_s)
        self._requests = 0

    def _fresh(self) -> LimitTest:
        left = 1.0 - self._limit
        worse = [min(self._limit * times, 1.0 - left / times) for times in (1.5, 2.0, 4.0, 10.0, 40.0)]
        return LimitTest(self._limit, RHO_FLOOR, worse, self._pace.blocks)

    def add(self, start: float, length: float, failures: int, requests: int) -> None:
        """One block."""
        self._test.add(failures, requests)
        self._requests += requests
        self._stretch.add(start, start + length, failures, requests, bad=failures > self._limit * requests)

    def judged(self, threshold: float) -> Judged | None:
        """What the shares say."""
        stretch, log_e = self._stretch, self._test.log_e
        if stretch.since is None or log_e < threshold - RISING:
            return None
        share = f"{percent(stretch.events / stretch.requests)}, limit {percent(self._limit)}"
        words = f"{stretch.events} of {stretch.requests} failed since {clock_time(stretch.since)} ({share})"
        return Judged(log_e >= threshold, stretch.since, stretch.lasted, words)

    def blind(self, threshold: float) -> str:
        """What if every one of them had failed."""
        worst = self._fresh()
        worst.add(self._requests, self._requests)
        if worst.log_e >= threshold:
            return ""
        return f"only {self._requests} since the switch: too few to judge, even if all of them had failed"


class LastingTest:
    """A plain figure that must not stay beyond its limit for ``for_s`` seconds."""

    def __init__(self, spec: SignalSpec, for_s: float) -> None:
        self._spec, self._for_s = spec, for_s
        self._first: float | None = None
        self._last = -math.inf
        self._value = 0.0

    def add(self, at: float, value: float, gap_s: float) -> None:
        """One figure, measured at ``at``; one that is not newer than the last changes nothing.

        After ``gap_s`` seconds without one nobody knows what was between, and the stretch begins anew.
        """
        if at <= self._last:
            return
        beyond = value > self._spec.bound if self._spec.limit is Limit.ABOVE else value < self._spec.bound
        if not beyond:
            self._first = None
        elif self._first is None or at - self._last > gap_s:
            self._first = at
        self._last, self._value = at, value

    def judged(self, threshold: float) -> Judged | None:
        """Whether it has lasted; no threshold belongs to it, for nothing is inferred."""
        if self._first is None:
            return None
        lasted = self._last - self._first
        words = (
            f"{self._value:g} is {self._spec.limit} {self._spec.bound:g}, and has been since {clock_time(self._first)}"
        )
        if lasted < self._for_s:
            words += f"; its limit of {self._for_s:g} s is met at {clock_time(self._first + self._for_s)}"
        return Judged(lasted >= self._for_s, self._first, lasted, words, inferred=False)

    def blind(self, threshold: float) -> str:
        """A figure that has come could have been beyond its limit."""
        return ""
