"""The procedure's targets when the decision is due: met, or not worse than before or than the old version now.

One passing fault is allowed for: a stretch as short as a dependency's usual spike, over for at least two bins, may not
decide about the rest of the window. What it was is said in the sentence that keeps the version.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from cpr_cockpit.core.doubt import Doubt
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.signals import Bin
from cpr_cockpit.core.verdict import HoldCause, clock_time, percent

_ONE_SIDED = 1.65
"""Standard deviations of a one-sided 95 %: worse than before must be more than chance."""
_CALM_BINS = 2
_LEAST_BINS = 4
_LEAST_CONTROL = 200
_LEAST_TAIL = 10
_CONTROL_SHARE = 0.05
_MOST_FAILED = 0.5
"""A fault that hit every second request is no passing one, however short."""
_TAILS = {"p50": 0.5, "p95": 0.05, "p99": 0.01}


@dataclass(frozen=True, slots=True)
class Passing:
    """A fault that has ended: its bins."""

    bins: tuple[Bin, ...]

    @property
    def words(self) -> str:
        """What it was."""
        failures, requests = sum(row.failures for row in self.bins), sum(row.requests for row in self.bins)
        first, last = self.bins[0].start, self.bins[-1].end
        when = f"from {clock_time(first)} to {clock_time(last)}"
        return f"{percent(failures / requests)} failed {when}, a spike that is over"


def target_missed(evidence: Evidence) -> Doubt | None:
    """A target that the window misses while it is also worse than before by more than the tolerance and chance."""
    whole = evidence.whole(evidence.new_version)
    if whole is None:
        return Doubt(HoldCause.INCOMPLETE, f"no requests of {evidence.new_version} were told of")
    if _rate_missed(evidence, whole.failures, whole.requests) and passing(evidence) is None:
        before = evidence.baseline
        words = "unknown" if before is None or before.rate is None else percent(before.rate)
        sentence = (
            f"{percent(whole.rate)} of {whole.requests} requests failed: target "
            f"{percent(evidence.policy.target_error_rate)}, before {words}"
        )
        return Doubt(HoldCause.TARGET_MISSED, sentence)
    return _latency_missed(evidence, whole)


def passing(evidence: Evidence) -> Passing | None:
    """The fault without which the error rate's target is met; None where there is none, or it has not ended."""
    whole, policy = evidence.whole(evidence.new_version), evidence.policy
    if whole is None or not _rate_missed(evidence, whole.failures, whole.requests):
        return None
    rows = evidence.complete(evidence.new_version)
    longest = math.ceil(policy.early_patience_s / policy.bin_s) + 1
    best: tuple[int, int, int] | None = None
    for first in range(len(rows)):
        for after in range(first + 1, min(first + longest, len(rows) - _CALM_BINS) + 1):
            left = whole.failures - sum(row.failures for row in rows[first:after])
            if best is None or (left, after - first) < best[:2]:
                best = (left, after - first, first)
    if best is None:
        return None
    _, length, first = best
    found = Passing(rows[first : first + length])
    failures, requests = sum(row.failures for row in found.bins), sum(row.requests for row in found.bins)
    if failures >= _MOST_FAILED * requests:
        return None
    rest = whole.requests - requests
    return None if not rest or _rate_missed(evidence, whole.failures - failures, rest) else found


def _rate_missed(evidence: Evidence, failures: int, requests: int) -> bool:
    """Targets are strict ("< 1 %"); not worse than before is good enough."""
    policy, before = evidence.policy, evidence.baseline
    if not requests or failures / requests < policy.target_error_rate:
        return False
    known = [rate for rate in (before.rate if before else None, _control_rate(evidence)) if rate is not None]
    if not known:
        return True
    due = max(known) * (1.0 + policy.tolerance) * requests
    return failures > due + _ONE_SIDED * math.sqrt(due)


def control(evidence: Evidence) -> Bin | None:
    """The old version at the same time, where it serves enough to be held against."""
    new, old = evidence.whole(evidence.new_version), evidence.whole(evidence.old_version)
    if (
        not evidence.control
        or new is None
        or old is None
        or old.requests < max(_LEAST_CONTROL, _CONTROL_SHARE * new.requests)
    ):
        return None
    return old


def no_history(evidence: Evidence) -> Doubt | None:
    """Nothing from before the switch, nor the old version beside it: the written degradation cannot be judged."""
    before = evidence.baseline
    if (before is not None and before.requests) or control(evidence) is not None:
        return None
    sentence = (
        f"there is no history to hold {evidence.new_version} against: nobody can say whether it has become slower"
    )
    return Doubt(HoldCause.INCOMPLETE, sentence)


def _control_rate(evidence: Evidence) -> float | None:
    old = control(evidence)
    return None if old is None else old.rate


def latencies(evidence: Evidence, whole: Bin | None) -> tuple[tuple[str, float | None, float, float | None], ...]:
    """For p50, p95 and p99: name, value in ms, target, baseline."""
    policy, before = evidence.policy, evidence.baseline
    return (
        ("p50", whole.p50 if whole else None, policy.target_p50_ms, before.p50 if before else None),
        ("p95", whole.p95 if whole else None, policy.target_p95_ms, before.p95 if before else None),
        ("p99", whole.p99 if whole else None, policy.target_p99_ms, before.p99 if before else None),
    )


def _latency_missed(evidence: Evidence, whole: Bin) -> Doubt | None:
    old = control(evidence)
    for name, value, target, before in latencies(evidence, whole):
        if value is None:
            return Doubt(HoldCause.INCOMPLETE, f"no {name} was told for the time since the switch")
        if name == "p99" and whole.requests * _TAILS[name] < _LEAST_TAIL:
            # A handful of rows lies beyond it: chance alone decides where it is.
            continue
        beside = getattr(old, name) if old is not None else None
        known = [one for one in (before, beside) if one is not None]
        chance = _ONE_SIDED / math.sqrt(whole.requests * _TAILS[name])
        limit = max(known) * (1.0 + evidence.policy.tolerance + chance) if known else target
        if value < target or value <= limit:
            continue
        typical = _typical(evidence, name)
        if typical is not None and (typical < target or typical <= limit):
            continue
        words = "unknown" if before is None else f"{before:.0f} ms"
        sentence = f"{name} is {value:.0f} ms over {whole.requests} requests: target {target:g} ms, before {words}"
        return Doubt(HoldCause.TARGET_MISSED, sentence)
    return None


def _typical(evidence: Evidence, name: str) -> float | None:
    """The median of the bins' own percentiles, which a cold start or a passing spike does not move."""
    least = evidence.policy.degradation_min_requests
    rows: Sequence[Bin] = evidence.complete(evidence.new_version)
    values = [getattr(row, name) for row in rows if row.requests >= least and getattr(row, name) is not None]
    return statistics.median(values) if len(values) >= _LEAST_BINS else None
