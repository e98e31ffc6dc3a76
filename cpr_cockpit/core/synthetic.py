"""GO on synthetic evidence: at night there may be one request a minute, and no verdict on users can exist.

Excluding an error rate of 5 % takes 59 requests at 5 %, and 131 at 1 %/8, the level of the early tests. Where policy
allows it, as many steps of critical journeys without one failure stand in for the users who are not there, while
everything else that can be known is calm. What is missing is never healthy: it holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cpr_cockpit.core.coverage import row_share
from cpr_cockpit.core.dead_letters import dead_letters_rose
from cpr_cockpit.core.decision import keep_words, pending, slower
from cpr_cockpit.core.doubt import Doubt
from cpr_cockpit.core.early import TESTS
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.rates import requests_needed
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.targets import target_missed
from cpr_cockpit.core.triggers import Finding
from cpr_cockpit.core.verdict import HoldCause, clock_time, percent

SYNTHETIC = "synthetic evidence"
"""The rule of a GO that journeys carry."""
ROUND_S, ROUND_FLOOR_S = 60.0, 5.0
"""Seconds of the procedure's window between two rounds of all journeys, and its floor."""
_SPARE_S = 2.0


def steps_needed(policy: Policy) -> int:
    """Steps without a failure that exclude the written error rate at the early tests' level: 131 by default."""
    return requests_needed(0, limit=policy.error_rate, alpha=policy.early_alpha / TESTS)


def in_place_of_users(evidence: Evidence, rising: Sequence[Finding], now: float, due_at: float) -> Doubt | None:
    """Why journeys do not carry a GO where users are too few for one; None: they do.

    ``rising``: what is pending; ``due_at``: the deadline, up to which they must have been walked.
    """
    return (
        _steps(evidence, min(now, due_at))
        or _probes(evidence)
        or _lost(evidence)
        or _dependencies(evidence)
        or pending(rising)
        or _users(evidence)
        or dead_letters_rose(evidence)
    )


def synthetic_words(evidence: Evidence, now: float) -> str:
    """Why it may be kept without a verdict on users."""
    since = clock_time(evidence.t0 if evidence.t0 is not None else now)
    return (
        f"on synthetic evidence: {evidence.steps.passed} synthetic steps since {since} without a failure, "
        f"{_requests(evidence)} user requests, too few to judge by; {keep_words(evidence, now)}"
    )


def _requests(evidence: Evidence) -> int:
    whole = evidence.whole(evidence.new_version)
    return whole.requests if whole is not None else 0


def _steps(evidence: Evidence, until: float) -> Doubt | None:
    steps, needed = evidence.steps, steps_needed(evidence.policy)
    few = f"{_requests(evidence)} requests of users are too few to judge by, and "
    if steps.failure:
        return Doubt(HoldCause.THIN, f"{few}{steps.failure}: there is no GO on synthetic evidence in this window")
    if steps.passed < needed:
        return Doubt(
            HoldCause.THIN,
            f"{few}{steps.passed} steps of critical journeys passed: {needed - steps.passed} more are needed",
        )
    longest = 2.0 * max(ROUND_FLOOR_S, ROUND_S * evidence.policy.scale) + _SPARE_S
    if steps.last_at is None or steps.last_at < until - longest:
        last = "never" if steps.last_at is None else f"at {clock_time(steps.last_at)}"
        return Doubt(HoldCause.THIN, f"{few}no critical journey was walked to the end of the window: {last} the last")
    return None


def _probes(evidence: Evidence) -> Doubt | None:
    """Our own probes answered, and no server error counted by the platform, whoever met it."""
    run = evidence.probes.failing()
    if run is not None or not len(evidence.probes):
        words = "none came" if run is None else f"the last {run.count} failed"
        return Doubt(HoldCause.SUSPICIOUS, f"no GO on synthetic evidence: of our own probes {words}")
    failures = sum(point.failures for point in evidence.points() if evidence.t0 is None or point.start >= evidence.t0)
    if failures >= evidence.policy.error_min_failures:
        return Doubt(HoldCause.SUSPICIOUS, f"no GO on synthetic evidence: the platform counted {failures} 5xx")
    return None


def _lost(evidence: Evidence) -> Doubt | None:
    """Users whom the platform counted and the logs do not tell of: the telemetry is lost, not the traffic."""
    t0 = evidence.t0
    if t0 is None:
        return None
    upto = min(evidence.seen_until(Source.LOGS), evidence.seen_until(Source.PLATFORM))
    told = row_share(evidence, t0, upto)
    if told is None or told >= evidence.policy.coverage:
        return None
    words = f"the logs tell of {percent(told)} of the requests that the platform counted beside our own"
    return Doubt(HoldCause.INCOMPLETE, f"no GO on synthetic evidence: {words}")


def _dependencies(evidence: Evidence) -> Doubt | None:
    """What the application calls must be calm, and known where there is a source for it."""
    policy = evidence.policy
    state = evidence.states.get(Source.DEPENDENCIES)
    if state is not None and state.words.value:
        words = f"what the application calls is not known ({state.words.value})"
        return Doubt(HoldCause.STALE, f"no GO on synthetic evidence: {words}")
    for (source, _), seen in evidence.further.items():
        if source is not Source.DEPENDENCIES:
            continue
        for one in seen.readings:
            failed = (one.value or 0.0) * (one.n or 0)
            limit = max(policy.target_error_rate, (one.before or 0.0) * (1.0 + policy.tolerance))
            if one.unit == "share" and failed >= policy.error_min_failures and (one.value or 0.0) > limit:
                words = f"{one.name} {percent(one.value or 0.0)} of {one.n} calls"
                return Doubt(HoldCause.SUSPICIOUS, f"no GO on synthetic evidence: {words}")
    return None


def _users(evidence: Evidence) -> Doubt | None:
    """The few users that there were must not say otherwise."""
    return (target_missed(evidence) or slower(evidence)) if _requests(evidence) else None


def few_by(requests: float, rate: float, seconds: float, policy: Policy) -> bool:
    """Whether users' requests are too few by the deadline: ``rate`` a second for ``seconds`` more.

    Not even three standard deviations below what is expected may fall short of what excludes the limit.
    """
    expected = max(0.0, rate * seconds)
    needed = requests_needed(0, limit=policy.error_rate, alpha=policy.alpha)
    return requests + expected - 3.0 * math.sqrt(expected) < needed
