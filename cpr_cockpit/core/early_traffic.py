"""The early tests of traffic: requests that vanish or multiply, as a whole and by operation, without any failure.

Expected is what the history's last quarter hour had; beside a control it is the control's count of the same block times
the split, which cancels every drift of the day.
"""

from __future__ import annotations

import math

from cpr_cockpit.core.blocks import OTHER, Block
from cpr_cockpit.core.early_signals import Patience
from cpr_cockpit.core.excursion import Excursion
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.sequential import RateTest
from cpr_cockpit.core.triggers import Finding
from cpr_cockpit.core.verdict import EARLY, HoldCause, VerdictKind, clock_time, percent
from cpr_cockpit.core.yardstick import Yardstick

VANISHED = f"{EARLY}: requests vanished"
GONE = 0.05
"""At most this share of the expected requests: nothing is served."""
_FEW, _FEWER = 0.3, 0.6
_MORE = 1.5
_LEAST_EXPECTED = 60
"""Expected requests of an operation over the time in question, below which its silence says nothing."""


class _Flow:
    """One count of requests against what was to be expected."""

    def __init__(self, policy: Policy) -> None:
        blocks = max(1, round(policy.window_s / policy.block_s))
        self.few = RateTest(blocks, fewer=_FEW, more=_MORE)
        self.fewer = RateTest(blocks, fewer=_FEWER, more=_MORE)
        self.low, self.less, self.high = (Excursion(policy.early_calm_s) for _ in range(3))

    def add(self, start: float, end: float, count: float, expected: float) -> None:
        """``count`` seen where ``expected`` were to be seen."""
        if expected <= 0.0:
            return
        self.few.add(count, expected)
        self.fewer.add(count, expected)
        seen, due = round(count), max(1, round(expected))
        for excursion, bad in (
            (self.low, count < _FEW * expected),
            (self.less, count < _FEWER * expected),
            (self.high, count > _MORE * expected),
        ):
            excursion.add(start, end, min(seen, due) if excursion is not self.high else seen, due, bad=bad)


class TrafficSignals:
    """Traffic of the new version, as a whole and by operation."""

    def __init__(self, policy: Policy, t0: float, yardstick: Yardstick, share: float | None, bound: float) -> None:
        self._policy, self._t0, self._yardstick, self._share, self._bound = policy, t0, yardstick, share, bound
        self._patience = Patience.of(policy)
        self._all = _Flow(policy)
        self._total = _Flow(policy)
        known = yardstick.operations if yardstick.requests else {}
        self._parts = {
            name: requests / yardstick.requests for name, (requests, _) in known.items() if requests >= _LEAST_EXPECTED
        }
        self._operations = {name: _Flow(policy) for name in self._parts}

    def add(self, new: Block, control: Block | None) -> None:
        """One block; ``control`` tells what the same moment's traffic was."""
        served = new.requests * new.rows_for
        share, beside = self._share, control.requests * control.rows_for if control is not None else 0.0
        if beside and (share is None or share < 1.0):
            # Both together against the history: a control that loses its users too must not excuse the new version.
            self._total.add(new.start, new.end, served + beside, self._yardstick.rate * new.length)
        if share is not None:
            alone = share >= 1.0 or not beside
            expected = self._yardstick.rate * share * new.length if alone else beside * share / (1.0 - share)
            self._all.add(new.start, new.end, served, expected)
        if new.operations:
            for name, flow in self._operations.items():
                told = new.operations.get(name, None if OTHER in new.operations else (0, 0))
                if told is not None:
                    flow.add(new.start, new.end, told[0], new.requests * self._parts[name])

    def findings(self) -> list[Finding]:
        """What speaks of traffic now."""
        flow = self._all
        found = [self._vanished(flow), self._fell(flow), self._rose(flow), self._fell(self._total)]
        found += [self._operation(name, one) for name, one in self._operations.items()]
        return [one for one in found if one is not None]

    def _vanished(self, flow: _Flow) -> Finding | None:
        low = flow.low
        if low.since is None or flow.few.log_low < self._bound:
            return None
        gone = low.events <= GONE * low.requests
        words = (
            f"{low.events} requests since {clock_time(low.since)} where about {low.requests} were to be expected, "
            "and none is reported as failed"
        )
        needed = self._patience.severe if gone else self._patience.alone
        if not gone and low.since <= self._t0 + 2.0 * self._policy.block_s:
            needed = self._patience.at_switch
        if low.lasted < needed - 1e-3:
            return Finding(VerdictKind.WAIT, VANISHED, words, since=low.since)
        return Finding(VerdictKind.ROLLBACK, VANISHED, words, since=low.since)

    def _fell(self, flow: _Flow) -> Finding | None:
        less = flow.less
        if less.since is None or flow.fewer.log_low < self._bound or less.lasted < self._patience.alone:
            return None
        part = less.events / less.requests if less.requests else 0.0
        sentence = f"only {percent(part)} of the expected requests have come since {clock_time(less.since)}"
        return Finding(VerdictKind.HOLD, f"{EARLY}: traffic fell", sentence, HoldCause.SUSPICIOUS, less.since)

    def _rose(self, flow: _Flow) -> Finding | None:
        high = flow.high
        if high.since is None or flow.few.log_high < self._bound or high.lasted < self._patience.alone:
            return None
        times = high.events / high.requests if high.requests else math.inf
        sentence = (
            f"{times:.1f} times the expected requests have come since {clock_time(high.since)}: clients that try again "
            "hide failures"
        )
        return Finding(VerdictKind.HOLD, f"{EARLY}: traffic rose", sentence, HoldCause.SUSPICIOUS)

    def _operation(self, name: str, flow: _Flow) -> Finding | None:
        bound = self._bound + math.log(max(1, len(self._operations)))
        low = flow.low
        if low.since is None or flow.few.log_low < bound or low.lasted < self._patience.alone:
            return None
        if low.requests < _LEAST_EXPECTED:
            return None
        sentence = (
            f"{name}: {low.events} requests since {clock_time(low.since)} where about {low.requests} were to be "
            "expected of this traffic: users may not get that far"
        )
        return Finding(VerdictKind.HOLD, f"{EARLY}: {name} vanished", sentence, HoldCause.SUSPICIOUS, low.since)
