"""May it be kept? What GO needs beside silent triggers: fresh data, coverage, enough requests, targets, nothing rising.

Each check answers with the HOLD it would give, or with nothing; the first that speaks is the answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cpr_cockpit.core.coverage import Coverage, coverages
from cpr_cockpit.core.doubt import Doubt
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.rates import excludes, requests_needed
from cpr_cockpit.core.signals import Freshness, Source
from cpr_cockpit.core.targets import passing
from cpr_cockpit.core.triggers import Finding, by_the_letter, judgeable
from cpr_cockpit.core.verdict import HoldCause, clock_time, percent

_LIKELY = -math.log(0.01)
"""Requests due of which none comes once in a hundred times (Poisson): below it their absence says nothing."""


def stale(evidence: Evidence, now: float) -> Doubt | None:
    """A required source whose data is too old, or dated in the future."""
    rows = [evidence.fresh(source, now) for source in evidence.sources if evidence.required(source)]
    old = [row for row in rows if row.stale and not (row.source is Source.LOGS and quiet(evidence, row, now))]
    if not old:
        return None
    sentence = "no data to judge by: " + "; ".join(_age_words(row) for row in old)
    return Doubt(HoldCause.STALE, sentence + _other_signs(evidence, {row.source for row in old}))


def quiet(evidence: Evidence, row: Freshness, now: float) -> bool:
    """Whether logs that tell of no user lately are as fresh as ever: rows of our own requests come, users' are not due.

    So many must not have been due that none of them comes once in a hundred times; what the platform counts meanwhile
    is held against the rows by their coverage.
    """
    own, before, newest = evidence.own_newest, evidence.baseline, evidence.state(Source.LOGS).newest
    if row.future or row.words or own is None or before is None or evidence.t0 is None:
        return False
    received = evidence.state(Source.LOGS).received
    if received is None or now - received > row.limit_s or now - own > row.limit_s:
        return False
    length = before.end - before.start
    silent = now - (evidence.t0 if newest is None else newest)
    return length > 0.0 and before.requests / length * silent <= _LIKELY


def _age_words(row: Freshness) -> str:
    if row.future:
        words = f"{row.source.value} is dated ahead of our clock and refused"
    elif row.age_s is None:
        words = f"{row.source.value} told nothing since the switch (limit {row.limit_s:.0f} s)"
    else:
        words = f"newest of {row.source.value.replace('_', ' ')} is {row.age_s:.0f} s old (limit {row.limit_s:.0f} s)"
    return f"{words} ({row.words})" if row.words else words


def _other_signs(evidence: Evidence, silent: set[Source]) -> str:
    """What the sources that still speak say, so that nobody takes silence for an outage or for health."""
    signs = []
    if Source.PROBES_PRODUCTION in evidence.sources and Source.PROBES_PRODUCTION not in silent:
        run = evidence.probes.failing()
        signs.append("our probes are answered" if run is None else f"the last {run.count} of our probes failed")
    points = evidence.points()
    if points and Source.PLATFORM not in silent:
        last = points[-1]
        signs.append(f"the platform counted {last.requests} requests ({last.failures} 5xx) in {last.length:.3g} s")
    return f"; {' and '.join(signs)}" if signs else ""


def incomplete_or_thin(evidence: Evidence) -> Doubt | None:
    """Too little of the data has come, or too few requests were made to exclude the written error rate."""
    policy, whole = evidence.policy, evidence.whole(evidence.new_version)
    failures, requests = (whole.failures, whole.requests) if whole else (0, 0)
    enough = excludes(failures, requests, limit=policy.error_rate, alpha=policy.alpha)
    low = [cover for cover in coverages(evidence) if cover.value < policy.coverage]
    lost = any(cover.rows is not None and cover.rows < policy.coverage for cover in low)
    if low and (enough or lost):
        # With few requests empty bins are natural: then "thin" is the cause, unless the platform counted more.
        worst = min(low, key=lambda cover: cover.value)
        return Doubt(HoldCause.INCOMPLETE, _coverage_words(worst, policy.coverage))
    if enough:
        return None
    return _thin(evidence, failures, requests)


def _coverage_words(cover: Coverage, limit: float) -> str:
    if cover.rows is not None and cover.rows <= cover.time:
        what = f"{cover.source.value} hold {percent(cover.rows)} of the requests that the platform counted"
    else:
        what = f"{cover.source.value} cover {percent(cover.time)} of the time since the switch"
    return f"{what} (at least {percent(limit)})"


def _thin(evidence: Evidence, failures: int, requests: int) -> Doubt:
    policy = evidence.policy
    rate = failures / requests if requests else 0.0
    if failures >= policy.error_min_failures and rate >= policy.error_rate:
        sentence = (
            f"{failures} of {requests} requests failed ({percent(rate)}): above {percent(policy.error_rate)}, "
            f"though not for longer than {policy.error_for_s:g} s"
        )
        return Doubt(HoldCause.SUSPICIOUS, sentence)
    more = requests_needed(failures, limit=policy.error_rate, alpha=policy.alpha) - requests
    sentence = (
        f"{requests} requests with {failures} failures are too few to exclude an error rate of "
        f"{percent(policy.error_rate)}: {more} more without a failure are needed"
    )
    return Doubt(HoldCause.THIN, sentence)


def pending(findings: Sequence[Finding]) -> Doubt | None:
    """A trigger that is under way when the decision is due."""
    if not findings:
        return None
    return Doubt(HoldCause.SUSPICIOUS, "; ".join(f"{finding.rule} rising: {finding.sentence}" for finding in findings))


def slower(evidence: Evidence) -> Doubt | None:
    """A degradation that its trigger cannot see, because too few bins hold the requests that it asks for.

    Then the whole time since T0 is held against the same factor. Losing rows must not make a slow release fit to keep.
    """
    policy, whole, before = evidence.policy, evidence.whole(evidence.new_version), evidence.baseline
    if whole is None or whole.p95 is None or before is None or before.p95 is None:
        return None
    if min(whole.requests, before.requests) < policy.degradation_min_requests:
        return None
    seen = len(judgeable(evidence)) >= policy.bins_beyond(policy.degradation_for_s)
    if seen or whole.p95 <= policy.degradation * before.p95:
        return None
    mild = by_the_letter(whole.p95, before.p95, policy)
    sentence = (
        f"p95 is {whole.p95:.0f} ms over {whole.requests} requests, before {before.p95:.0f} ms: above "
        f"{policy.degradation:g} times that, with too few requests in a bin to say for how long"
    )
    return Doubt(HoldCause.BY_THE_LETTER if mild else HoldCause.SUSPICIOUS, sentence)


def keep_words(evidence: Evidence, now: float) -> str:
    """Why it may be kept, or how it stands so far: one sentence with numbers."""
    whole, policy, before = evidence.whole(evidence.new_version), evidence.policy, evidence.baseline
    since = clock_time(evidence.t0 if evidence.t0 is not None else now)
    if whole is None:
        return f"no request of {evidence.new_version} was told of since {since}"
    words = (
        f"{whole.failures} of {whole.requests} requests to {evidence.new_version} failed since {since} "
        f"({percent(whole.rate)}, target {percent(policy.target_error_rate)}"
    )
    words += f", before {percent(before.rate)})" if before is not None and before.rate is not None else ")"
    if whole.p95 is not None:
        words += f"; p95 {whole.p95:.0f} ms (target {policy.target_p95_ms:g} ms"
        words += f", before {before.p95:.0f} ms)" if before is not None and before.p95 is not None else ")"
    over = passing(evidence)
    if over is not None:
        words += f"; {over.words}"
    age = evidence.fresh(Source.LOGS, now).age_s
    return words if age is None else f"{words}; data {age:.0f} s old"
