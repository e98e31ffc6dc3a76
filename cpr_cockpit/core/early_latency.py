"""The early tests of latency: counts above multiples of the history's quantiles, never percentiles of small blocks.

A new version starts cold: in its first minutes only what exceeds the usual decay of a cold start is evidence. The
envelope is 1 + 3 exp(-t / warm-up), a start four times as slow that is over after about three minutes.
"""

from __future__ import annotations

import math
import statistics

from cpr_cockpit.core.blocks import Block
from cpr_cockpit.core.early_signals import Patience, Signal, frequent_signal, share_signal
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.triggers import Finding, by_the_letter, judgeable, written_words
from cpr_cockpit.core.verdict import EARLY, HoldCause, VerdictKind, clock_time, percent
from cpr_cockpit.core.yardstick import FACTORS, FAST, HIGH, MEDIAN, TAIL, THRESHOLDS, Threshold, Yardstick

_COLD = 3.0
_DELTA = 0.25
_FAST_LEAST = 0.25
_INDEX = {threshold: index for index, threshold in enumerate(THRESHOLDS)}
_MEDIAN_TRIED = (0.6, 0.7, 0.8, 0.9)
_HIGH_TRIED = (1.6, 2.5, 4.0, 8.0)
SLOWER = f"{EARLY}: latency"


class LatencySignals:
    """Slower at the median, slower at p95, a longer far tail, and suddenly fast answers."""

    def __init__(
        self, policy: Policy, t0: float, yardstick: Yardstick, bound: float, beside: str = "the old version"
    ) -> None:
        self._beside = beside
        self._policy, self._t0, self._bound, self._yardstick = policy, t0, bound, yardstick
        half, high, tail = (min(0.9, max(0.001, share)) for share in yardstick.above)
        median_tried = tuple(share for share in _MEDIAN_TRIED if share > half + 0.02)
        self._median = frequent_signal(
            half, yardstick.rho_p50, policy, alternatives=median_tried or ((1 + half) / 2,), level=half
        )
        tried = [min(0.95, high * factor) for factor in _HIGH_TRIED]
        self._high = frequent_signal(high, yardstick.rho_p95, policy, alternatives=tried, level=min(0.9, 2.0 * high))
        self._tail = share_signal(
            min(0.5, tail), yardstick.rho_p95, policy, level=1.5 * tail, least=1.5 * tail, usual=tail
        )
        fast = min(0.9, max(_FAST_LEAST, 2.0 * yardstick.fast + 0.05))
        tried = [fast + part * (1.0 - fast) for part in (0.2, 0.5, 0.8)]
        self._fast = frequent_signal(fast, yardstick.rho_p50, policy, alternatives=tried, level=fast)

    def add(self, new: Block, control: Block | None) -> None:
        """One block that was counted against the yardstick's thresholds; any other tells nothing of latency."""
        if len(new.slow) != len(THRESHOLDS):
            return
        beside = control if control is not None and len(control.slow) == len(THRESHOLDS) else None
        factor = self._allowed(0.5 * (new.start + new.end) - self._t0)
        for signal, family in ((self._median, MEDIAN), (self._high, HIGH)):
            events = _count(new, Threshold(family[0].quantile, factor)) if factor else 0
            served = None if beside is None else (_count(beside, family[0]), beside.requests)
            lasting = _count(new, family[1])
            signal.add(new.start, new.end, (events, new.requests), served, tested=factor is not None, events=lasting)
        tested = factor == FACTORS[1]
        served = None if beside is None else (_count(beside, TAIL), beside.requests)
        self._tail.add(new.start, new.end, (_count(new, TAIL), new.requests), served, tested=tested)
        fast = new.requests - _count(new, FAST)
        self._fast.add(new.start, new.end, (fast, new.requests), None)

    def _allowed(self, seconds: float) -> float | None:
        """The smallest tested factor that no cold start reaches ``seconds`` after the switch; None: there is none."""
        least = 1.0 + max(_DELTA, _COLD * math.exp(-seconds / self._policy.warm_up_s))
        return next((factor for factor in FACTORS[1:] if factor >= least), None)

    def findings(self, patience: Patience) -> list[Finding]:
        """What speaks of latency now."""
        found = [self._slower(signal, name, patience) for signal, name in ((self._median, "p50"), (self._high, "p95"))]
        found += [self._far_tail(patience), self._too_fast(patience)]
        return [one for one in found if one is not None]

    def _slower(self, signal: Signal, name: str, patience: Patience) -> Finding | None:
        if not signal.rising():
            return None
        excursion, at = signal.excursion, 0 if name == "p50" else 1
        quantile = self._yardstick.quantiles_ms[at] if self._yardstick.quantiles_ms else 0.0
        words = (
            f"{percent(excursion.share)} of {excursion.requests} requests took longer than "
            f"{FACTORS[1]:g} times the {name} of before ({quantile:.0f} ms) since {clock_time(excursion.since or 0)}"
        )
        if not signal.rejects(self._bound):
            return Finding(VerdictKind.WAIT, SLOWER, words)
        if signal.has_control and not signal.control_rejects(self._bound):
            return Finding(VerdictKind.WAIT, SLOWER, f"{words}; {self._beside} is slow too")
        if not signal.lasts(patience, self._bound):
            return Finding(VerdictKind.WAIT, SLOWER, f"{words}; a dependency's spike could still explain it")
        since = excursion.since or self._t0
        words += f"; {written_words(self._policy, self._t0, since, self._policy.degradation_for_s)}"
        return Finding(VerdictKind.ROLLBACK, SLOWER, words)

    def _far_tail(self, patience: Patience) -> Finding | None:
        signal = self._tail
        if not signal.rejects(self._bound) or signal.excursion.lasted < patience.alone:
            return None
        if signal.has_control and not signal.control_rejects(self._bound):
            return None
        sentence = (
            f"{percent(signal.excursion.share)} of the requests since {clock_time(signal.excursion.since or 0)} took "
            f"longer than twice the p99 of before, then {percent(self._yardstick.above[2])} took longer than that p99"
        )
        return Finding(VerdictKind.HOLD, f"{EARLY}: far tail", sentence, HoldCause.SUSPICIOUS)

    def _too_fast(self, patience: Patience) -> Finding | None:
        signal = self._fast
        if not signal.rejects(self._bound) or signal.excursion.lasted < patience.alone:
            return None
        sentence = (
            f"{percent(signal.excursion.share)} of the answers since {clock_time(signal.excursion.since or 0)} came in "
            f"less than half the median time of before, then {percent(self._yardstick.fast)}: look whether they hold "
            "what they should"
        )
        return Finding(VerdictKind.HOLD, f"{EARLY}: fast answers", sentence, HoldCause.SUSPICIOUS)


def tempered(evidence: Evidence, finding: Finding) -> Finding:
    """A proven slowdown is a ROLLBACK where p95 as it is now passes the written factor; else a person looks."""
    policy, before = evidence.policy, evidence.baseline
    if finding.rule != SLOWER or finding.kind is not VerdictKind.ROLLBACK or before is None or not before.p95:
        return finding
    newest = [row.p95 for row in judgeable(evidence)[-3:] if row.p95 is not None]
    whole = evidence.whole(evidence.new_version)
    p95 = statistics.median(newest) if newest else whole.p95 if whole is not None else None
    if p95 is None:
        return finding
    words = f"{finding.sentence}; p95 is {p95:.0f} ms, before {before.p95:.0f} ms"
    if by_the_letter(p95, before.p95, policy):
        return Finding(VerdictKind.HOLD, finding.rule, words, HoldCause.BY_THE_LETTER)
    if p95 <= policy.degradation * before.p95:
        return Finding(VerdictKind.HOLD, finding.rule, words, HoldCause.SUSPICIOUS)
    return Finding(VerdictKind.ROLLBACK, finding.rule, words)


def _count(block: Block, threshold: Threshold) -> int:
    return block.slow[_INDEX[threshold]]
