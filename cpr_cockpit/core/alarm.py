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
from cpr_cockpit.core.verdict import HoldCause, VerdictKind
from cpr_cockpit.core.window_end import deadline_of

POLICY = "unattended policy"
"""Who decided where nobody did: the actor in journal and report."""

# Causes of a HOLD on which the panel asks for a look. What the window lacks yet it may still get.
_LOOK = frozenset(HoldCause) - {HoldCause.STALE, HoldCause.INCOMPLETE, HoldCause.THIN}
_PRODUCTION = (Phase.DEPLOYING, Phase.WINDOW, Phase.KEEPING)


class Cause(StrEnum):
    """Why somebody is called."""

    OVERDUE = "overdue"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Alarm:
    """It stands since ``since`` (epoch seconds); ``acknowledged``: a person has seen it.

    A verdict of ROLLBACK for another reason is the same alarm: whoever has answered it is not called again.
    """

    cause: Cause
    since: float
    acknowledged: bool


def alarm(run: Run, policy: Policy, now: float) -> Alarm | None:
    """The alarm that stands at ``now``; None where there is none. ``policy`` scaled to the window.

    A drill has a script, which decides by itself: it has none.
    """
    if run.ended is not None or run.opened is None or run.opened.script is not None or run.phase not in _PRODUCTION:
        return None
    deadline = deadline_of(run, policy)
    overdue = deadline is not None and run.decision is None and now >= deadline
    # Whoever answered before the window was over has not seen that it is.
    seen_at = run.notices.acknowledged_at
    late = deadline is not None and seen_at is not None and seen_at >= deadline
    first = _first_rollback(run)
    if first is not None:
        # By the journal's order: a clock that was set back meanwhile takes no answer away.
        seen = run.notices.acknowledged_after > first
        if not seen or not overdue or late:
            return Alarm(Cause.ROLLBACK, run.verdicts[first][0], seen)
    return Alarm(Cause.OVERDUE, deadline, late) if deadline is not None and overdue else None


def _first_rollback(run: Run) -> int | None:
    """Where, among the verdicts, the ROLLBACK begins that stands now; None where none does.

    Whoever decided after a verdict has answered it, whichever way; it stays ROLLBACK all the same.
    """
    first = None
    for number in range(len(run.verdicts) - 1, run.decided_after - 1, -1):
        if run.verdicts[number][1].kind != VerdictKind.ROLLBACK:
            break
        first = number
    return first


def first_page_at(found: Alarm, policy: Policy) -> float:
    """When the alarm calls first: at once for a verdict; OVERDUE once the window's last data may have come."""
    return found.since if found.cause is Cause.ROLLBACK else found.since + policy.page_after_s


def page_due(found: Alarm | None, policy: Policy, now: float) -> int | None:
    """The how-manieth call (from 0) is due at ``now``; None: none is."""
    if found is None or found.acknowledged:
        return None
    waited = now - first_page_at(found, policy)
    if found.cause is Cause.ROLLBACK:
        # It was given: a clock that was set back since then is no reason to call nobody.
        waited = max(0.0, waited)
    return None if waited < 0.0 else math.floor(waited / policy.page_every_s)


def looked_for(run: Run, policy: Policy, now: float) -> float | None:
    """Since when a HOLD stands that asks a person to look and that a page is due for; None: none is.

    Once for each that begins: nothing happens by itself, and OVERDUE calls again where nobody comes. Who decided HOLD
    has answered it.
    """
    if run.ended is not None or run.opened is None or run.opened.script is not None or run.decision is not None:
        return None
    if run.phase not in (Phase.DEPLOYING, Phase.WINDOW) or alarm(run, policy, now) is not None:
        return None
    since = None
    for at, verdict in reversed(run.verdicts):
        if verdict.kind != VerdictKind.HOLD or verdict.cause not in _LOOK:
            break
        since = at
    return since if since is not None and now >= since + policy.page_after_s else None


def rolls_back_at(run: Run, policy: Policy, now: float) -> float | None:
    """When the session rolls back by itself; None: never, as it stands at ``now``.

    A time in which no session lived, or its machine was away, does not count: nobody could be called. After the
    extended validation nothing is done by itself: others may have deployed by then.
    """
    found = alarm(run, policy, now)
    if policy.unattended != ROLLBACK_UNATTENDED or found is None or found.cause is not Cause.ROLLBACK:
        return None
    if found.acknowledged or run.observed:
        return None
    if run.phase is Phase.KEEPING and (run.t0 is None or found.since > run.t0 + policy.extended_s):
        return None
    resumed = run.interruptions[-1][0] if run.interruptions else 0.0
    return max(found.since, resumed, run.notices.delayed_at) + policy.unattended_after_s
