"""Requests that did not come: users who are gone, or telemetry that is lost? The platform's count tells them apart.

The logs tell nothing of a minute without requests. That all of them ceased is therefore told by the platform alone, and
that fewer came is held against its count of the very same stretch.
"""

from __future__ import annotations

import math

from cpr_cockpit.core.coverage import row_share
from cpr_cockpit.core.early_traffic import GONE, VANISHED
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.triggers import Finding
from cpr_cockpit.core.verdict import HoldCause, VerdictKind, clock_time

_LEAST_EXPECTED = 60.0
"""Users' requests that must have been due before their absence says anything."""
_STRAYS = 3.0
"""Requests of nobody that the platform counts besides: its own health checks, a robot."""
_KNOWN = 0.7
"""Share of a stretch that the platform must have counted to speak of it."""


def ceased(evidence: Evidence) -> Finding | None:
    """The logs have told of no request for a while, and the platform counted next to none of those that were due."""
    before, t0 = evidence.baseline.yardstick if evidence.baseline else None, evidence.t0
    if before is None or t0 is None or Source.PLATFORM not in evidence.sources:
        return None
    newest = evidence.state(Source.LOGS).newest
    since = t0 if newest is None else max(t0, newest)
    asked = evidence.state(Source.LOGS).received
    if asked is None:
        return None
    # The logs were asked when what came until then had had its time to come.
    upto = min(asked - evidence.lag(Source.LOGS), evidence.seen_until(Source.PLATFORM))
    counted, seconds = counted_between(evidence, since, upto)
    due = before.rate * seconds
    if seconds < evidence.policy.early_severe_s or due < _LEAST_EXPECTED or counted > GONE * due + _STRAYS:
        return None
    words = f"no request is told of since {clock_time(since)}, and the platform counted {max(0.0, counted):.0f}"
    return Finding(VerdictKind.ROLLBACK, VANISHED, f"{words} where about {due:.0f} were to be expected")


def cross_checked(evidence: Evidence, finding: Finding) -> Finding | None:
    """An absence of requests, held against the platform's count of the same time: None where telemetry was lost."""
    if finding.since is None or Source.PLATFORM not in evidence.sources:
        return finding
    upto = min(evidence.seen_until(Source.LOGS), evidence.seen_until(Source.PLATFORM))
    if upto > finding.since:
        told = row_share(evidence, finding.since, upto)
        if told is not None:
            return finding if told >= evidence.policy.coverage else None
        if _confirmed(evidence, finding.since, upto):
            return finding
    if finding.kind is VerdictKind.ROLLBACK:
        return Finding(VerdictKind.HOLD, finding.rule, finding.sentence, HoldCause.SUSPICIOUS, finding.since)
    return finding


def _confirmed(evidence: Evidence, since: float, upto: float) -> bool:
    """The platform counted too few to hold rows against, and many were due: they did not come there either."""
    counted, seconds = counted_between(evidence, since, upto)
    before = evidence.baseline.yardstick if evidence.baseline else None
    due = before.rate * seconds if before else 0.0
    return seconds >= _KNOWN * (upto - since) and due >= _LEAST_EXPECTED and counted <= GONE * due + _STRAYS


def counted_between(evidence: Evidence, since: float, upto: float) -> tuple[float, float]:
    """Users' requests that the platform counted in its whole points within that time, and the seconds of these."""
    points = [one for one in evidence.points() if one.start >= since - 1e-3 and one.end <= upto + 1e-3]
    own = sum(evidence.own_between(one.start, one.end) for one in points)
    return sum(one.requests for one in points) - own, math.fsum(one.length for one in points)
