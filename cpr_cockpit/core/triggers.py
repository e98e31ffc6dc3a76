"""The procedure's written triggers, verbatim: error rate, degradation, complete unavailability.

Each looks at the evidence and answers with a Finding, or with nothing. "For more than five minutes" is six complete
minutes one after another: five could still be five minutes to the second. Bins without requests (for latency: with too
few) are passed over; they neither fire nor excuse.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.probes import ProbeRun
from cpr_cockpit.core.signals import Baseline, Bin, Source
from cpr_cockpit.core.verdict import HoldCause, Rule, VerdictKind, clock_time, percent


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that speaks: ROLLBACK, HOLD with its cause, or WAIT while it is only under way (``pending``).

    ``rule``: a written trigger (`Rule`), or the name of an early test or of a custom signal. ``since``: of a finding
    that rests on requests that did not come, from when on.
    """

    kind: VerdictKind
    rule: str
    sentence: str
    cause: HoldCause | None = None
    since: float | None = None


def written_words(policy: Policy, t0: float, since: float, duration_s: float) -> str:
    """When the written trigger would fire of a fault that began at ``since`` and lasts."""
    first = math.floor((since - t0) / policy.bin_s + 1e-6)
    fires = t0 + (first + policy.bins_beyond(duration_s)) * policy.bin_s
    return f"the written trigger (for longer than {duration_s:g} s) would fire at {clock_time(fires)}"


def runs_above(rows: Sequence[Bin], above: Callable[[Bin], bool]) -> list[tuple[Bin, ...]]:
    """Maximal runs of consecutive rows for which ``above`` holds, in order."""
    runs: list[tuple[Bin, ...]] = []
    current: list[Bin] = []
    for row in rows:
        if above(row):
            current.append(row)
        elif current:
            runs.append(tuple(current))
            current = []
    return [*runs, tuple(current)] if current else runs


def _tail(rows: Sequence[Bin], runs: Sequence[tuple[Bin, ...]]) -> tuple[Bin, ...]:
    """The run that reaches the newest row, or nothing."""
    return runs[-1] if rows and runs and runs[-1][-1] is rows[-1] else ()


def error_rate(evidence: Evidence) -> Finding | None:
    """Error rate above the limit for longer than written, on the new version's complete bins."""
    policy = evidence.policy
    rows = evidence.complete(evidence.new_version)
    runs = runs_above(rows, lambda row: row.rate > policy.error_rate)
    needed = policy.bins_beyond(policy.error_for_s)
    for run in runs:
        if len(run) >= needed and _enough(run, policy):
            return _error_rate_met(evidence, run)
    tail = _tail(rows, runs)
    if not tail:
        return None
    failures, requests = sum(row.failures for row in tail), sum(row.requests for row in tail)
    words = f"{failures} of {requests} requests failed since {clock_time(tail[0].start)}"
    if len(tail) >= needed:
        sentence = (
            f"{words}: above {percent(policy.error_rate)} for longer than {policy.error_for_s:g} s, but too few to "
            f"judge (at least {policy.error_min_failures} failures in {policy.error_min_requests} requests)"
        )
        return Finding(VerdictKind.HOLD, Rule.ERROR_RATE, sentence, HoldCause.THIN)
    if failures < policy.error_min_failures:
        return None
    fires = clock_time(tail[0].start + needed * policy.bin_s)
    sentence = f"{words} (limit {percent(policy.error_rate)}); the written trigger would fire at {fires}"
    return Finding(VerdictKind.WAIT, Rule.ERROR_RATE, sentence)


def _enough(run: Sequence[Bin], policy: Policy) -> bool:
    failures, requests = sum(row.failures for row in run), sum(row.requests for row in run)
    return failures >= policy.error_min_failures and requests >= policy.error_min_requests


def _error_rate_met(evidence: Evidence, run: Sequence[Bin]) -> Finding:
    policy, before = evidence.policy, evidence.baseline
    failures, requests = sum(row.failures for row in run), sum(row.requests for row in run)
    sentence = (
        f"{failures} of {requests} requests to {evidence.new_version} failed since {clock_time(run[0].start)} "
        f"({percent(failures / requests)}): above {percent(policy.error_rate)} for longer than {policy.error_for_s:g} s"
    )
    if was_sick(evidence):
        rate = _rate_before(before) if before is not None else 0.0
        sentence += f"; but {percent(rate)} failed before the switch too, so the fault is older than this release"
        return Finding(VerdictKind.HOLD, Rule.ERROR_RATE, sentence, HoldCause.UNDECIDABLE)
    if before is not None and before.rate is not None:
        sentence += f", before {percent(before.rate)}"
    if _old_suffers(evidence, run):
        seconds = max(0.0, run[0].start - (evidence.t0 or 0.0))
        sentence += (
            f"; {evidence.beside} fails too (they share plan and database); it began {seconds:.0f} s after the switch; "
            "rolling back may help"
        )
        if policy.hold_on_shared_fault:
            return Finding(VerdictKind.HOLD, Rule.ERROR_RATE, sentence, HoldCause.UNDECIDABLE)
    return Finding(VerdictKind.ROLLBACK, Rule.ERROR_RATE, sentence)


def was_sick(evidence: Evidence) -> bool:
    """Whether production already failed above the limit before the switch, on enough requests to say so."""
    before, policy = evidence.baseline, evidence.policy
    if before is None or before.rate is None or before.requests < policy.error_min_requests:
        return False
    return before.failures >= policy.error_min_failures and _rate_before(before) > policy.error_rate


def _rate_before(before: Baseline) -> float:
    """The share that failed in the history, or just before the switch, whichever is higher."""
    recent = before.yardstick.recent_share if before.yardstick is not None else 0.0
    return max(before.rate or 0.0, recent)


def _old_suffers(evidence: Evidence, run: Sequence[Bin]) -> bool:
    """Whether the old version, where it is still met, fails above the limit in the same time."""
    policy = evidence.policy
    rows = [row for row in evidence.rows(evidence.old_version) if run[0].start <= row.start < run[-1].end]
    failures, requests = sum(row.failures for row in rows), sum(row.requests for row in rows)
    if failures < policy.error_min_failures or requests < policy.error_min_requests:
        return False
    return failures / requests > policy.error_rate


def degradation(evidence: Evidence) -> Finding | None:
    """The p95 above 1.5 times the baseline's for longer than written, on bins with enough requests."""
    policy, before = evidence.policy, evidence.baseline
    if before is None or before.p95 is None or before.requests < policy.degradation_min_requests:
        return None
    limit = policy.degradation * before.p95
    rows = judgeable(evidence)
    runs = runs_above(rows, lambda row: _p95(row) > limit)
    needed = policy.bins_beyond(policy.degradation_for_s)
    for run in runs:
        # Stretch by stretch: a long run that was only by the letter must not outweigh its later, truly slow part.
        for stretch in (run[place : place + needed] for place in range(len(run) - needed + 1)):
            if not by_the_letter(_typical(stretch), before.p95, policy):
                return Finding(VerdictKind.ROLLBACK, Rule.DEGRADATION, _slower(evidence, stretch, before.p95))
    tail = _tail(rows, runs)
    if len(tail) >= needed:
        sentence = (
            f"{_slower(evidence, tail, before.p95)}; but it is under the target of {policy.target_p95_ms:g} ms and "
            f"less than {policy.letter_ms:g} ms worse, so a person decides"
        )
        return Finding(VerdictKind.HOLD, Rule.DEGRADATION, sentence, HoldCause.BY_THE_LETTER)
    if len(tail) < 2:
        # One slow bin is what any garbage collection or busy host looks like; two in a row are a beginning.
        return None
    sentence = (
        f"{_slower(evidence, tail, before.p95)}; the written trigger would fire at "
        f"{clock_time(tail[0].start + needed * policy.bin_s)}"
    )
    return Finding(VerdictKind.WAIT, Rule.DEGRADATION, sentence)


def judgeable(evidence: Evidence) -> tuple[Bin, ...]:
    """Complete bins of the new version with requests enough for a p95, in order."""
    least = evidence.policy.degradation_min_requests
    rows = evidence.complete(evidence.new_version)
    return tuple(row for row in rows if row.requests >= least and row.p95 is not None)


def _p95(row: Bin) -> float:
    return row.p95 if row.p95 is not None else 0.0


def _typical(run: Sequence[Bin]) -> float:
    return statistics.median(_p95(row) for row in run)


def by_the_letter(p95: float, before: float, policy: Policy) -> bool:
    """Whether a p95 that is too slow by the factor is under the target, and only a few milliseconds worse."""
    return p95 < policy.target_p95_ms and p95 - before < policy.letter_ms


def _slower(evidence: Evidence, run: Sequence[Bin], before: float) -> str:
    policy = evidence.policy
    return (
        f"p95 of {evidence.new_version} is {_typical(run):.0f} ms since {clock_time(run[0].start)}, before "
        f"{before:.0f} ms: above {policy.degradation:g} times that for {sum(row.length for row in run):g} s "
        f"(limit {policy.degradation_for_s:g} s, n {sum(row.requests for row in run)})"
    )


@dataclass(frozen=True, slots=True)
class _Users:
    """What users' requests say of the time in which probes fail: ``served`` contradicts; counts by source."""

    served: bool
    failed: dict[Source, int]


def unavailable(evidence: Evidence, now: float) -> Finding | None:
    """Every probe and every user request fails, for as long as written, with the minimum of each source that exists."""
    run, policy, t0 = evidence.probes.failing(), evidence.policy, evidence.t0
    if run is None or t0 is None or run.count < policy.unavailable_min:
        return None
    start = max(run.first, t0)
    lasted = run.last - start
    words = f"{run.count} of {run.count} probes of production failed since {clock_time(start)} ({lasted:.0f} s)"
    under_way = Finding(VerdictKind.WAIT, Rule.UNAVAILABLE, words)
    users = _users_since(evidence, start)
    if users.served:
        return Finding(VerdictKind.WAIT, Rule.UNAVAILABLE, f"{words}, while users' requests are served")
    if lasted < policy.unavailable_for_s or any(n < policy.unavailable_min for n in users.failed.values()):
        return under_way
    before = evidence.baseline
    if before is not None and before.requests >= policy.unavailable_min and before.failures == before.requests:
        sentence = f"{words}; but every request before the switch failed too, so the fault is older than this release"
        return Finding(VerdictKind.HOLD, Rule.UNAVAILABLE, sentence, HoldCause.UNDECIDABLE)
    if users.failed:
        counted = " and ".join(f"{n} of {n} requests ({source.value})" for source, n in users.failed.items())
        return Finding(VerdictKind.ROLLBACK, Rule.UNAVAILABLE, f"{words}, and {counted}")
    if _users_may_still_tell(evidence, start, now):
        return under_way
    return _probes_alone(evidence, run, start, words)


def _probes_alone(evidence: Evidence, run: ProbeRun, start: float, words: str) -> Finding:
    other = evidence.second_host
    # "While" a second host is reached: an answer from before our own network may have gone proves nothing.
    recent = other.at >= max(start, run.last - evidence.policy.unavailable_for_s)
    if recent and other.value:
        sentence = f"{words}, no user request is told of, and another host answers from here"
        return Finding(VerdictKind.ROLLBACK, Rule.UNAVAILABLE, sentence)
    doubt = "no second host answers either" if recent else "no second host was reached"
    sentence = f"{words}, but {doubt}: this may be our own network"
    return Finding(VerdictKind.HOLD, Rule.UNAVAILABLE, sentence, HoldCause.STALE)


def _users_since(evidence: Evidence, start: float) -> _Users:
    """User requests by event time since ``start``; a bin that began before counts only where it dates its successes."""
    served = False
    failed: dict[Source, int] = {}
    told = {Source.LOGS: evidence.rows(evidence.new_version), Source.PLATFORM: evidence.points()}
    for source, rows in told.items():
        for row in rows:
            if row.end <= start:
                continue
            if row.last_ok is not None:
                served = served or row.last_ok >= start
            elif row.start >= start and row.failures < row.requests:
                served = True
            if row.start >= start and row.failures:
                failed[source] = failed.get(source, 0) + row.failures
    return _Users(served, failed)


def _users_may_still_tell(evidence: Evidence, start: float, now: float) -> bool:
    """Whether the logs, by their usual lag, may still bring user requests of this time."""
    if Source.LOGS not in evidence.sources:
        return False
    if now < start + evidence.policy.unavailable_for_s + evidence.lag(Source.LOGS):
        return True
    fresh = evidence.fresh(Source.LOGS, now)
    return fresh.newest is not None and fresh.newest > start and not fresh.stale
