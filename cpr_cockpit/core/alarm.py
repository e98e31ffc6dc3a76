"""The alarm of a run that a person decides: a ROLLBACK verdict, or a window that ended without a decision (OVERDUE).

It pages until somebody decides or acknowledges it. With ``unattended = "rollback"`` a ROLLBACK verdict that nobody has
acknowledged in time is carried out; OVERDUE never is: nothing says which way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from cpr_cockpit.core.policy import ROLLBACK_UNATTENDED, Policy
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.verdict import VerdictKind
from cpr_cockpit.core.window_end import deadline_of

POLICY = "unattended policy"
"""Who decided where nobody did: the actor in journal and report."""

_PRODUCTION = (Phase.DEPLOYING, Phase.WINDOW, Phase.KEEPING)


class Cause(StrEnum):
    """Why somebody is called."""

    OVERDUE = "overdue"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Alarm:
    """It stands since ``since`` (epoch seconds); ``acknowledged``: a person has seen it."""

    cause: Cause
    since: float
    acknowledged: bool


def alarm(run: Run, policy: Policy, now: float) -> Alarm | None:
    """The alarm that stands at ``now``; None where there is none. ``policy`` scaled to the window.

    A drill has a script, which decides by itself: it has none.
    """
    if run.ended is not None or run.opened is None or run.opened.script is not None or run.phase not in _PRODUCTION:
        return None
    verdict, since = run.verdict, run.verdict_at
    # Whoever decided after it has answered it, whichever way; it stays ROLLBACK all the same.
    answered = since is not None and run.decided_at is not None and run.decided_at >= since
    if verdict is not None and since is not None and verdict.kind == VerdictKind.ROLLBACK and not answered:
        return _of(run, Cause.ROLLBACK, since)
    deadline = deadline_of(run, policy)
    if deadline is None or run.decision is not None or now < deadline:
        return None
    return _of(run, Cause.OVERDUE, deadline)


def _of(run: Run, cause: Cause, since: float) -> Alarm:
    seen = run.notices.acknowledged_at
    return Alarm(cause, since, acknowledged=seen is not None and seen >= since)


def first_page_at(found: Alarm, policy: Policy) -> float:
    """When the alarm calls first: at once for a verdict; OVERDUE once the window's last data may have come."""
    return found.since if found.cause is Cause.ROLLBACK else found.since + policy.page_after_s


def page_due(found: Alarm | None, policy: Policy, now: float) -> int | None:
    """The how-manieth call (from 0) is due at ``now``; None: none is."""
    if found is None or found.acknowledged:
        return None
    waited = now - first_page_at(found, policy)
    return None if waited < 0.0 else math.floor(waited / policy.page_every_s)


def rolls_back_at(run: Run, policy: Policy, now: float) -> float | None:
    """When the session rolls back by itself; None: never, as it stands at ``now``.

    A time in which no session lived, and nobody could be called, does not count. After the extended validation nothing
    is done by itself: others may have deployed by then.
    """
    found = alarm(run, policy, now)
    if policy.unattended != ROLLBACK_UNATTENDED or found is None or found.cause is not Cause.ROLLBACK:
        return None
    if found.acknowledged or run.observed:
        return None
    if run.phase is Phase.KEEPING and (run.t0 is None or found.since > run.t0 + policy.extended_s):
        return None
    resumed = run.interruptions[-1][0] if run.interruptions else 0.0
    return max(found.since, resumed) + policy.unattended_after_s
