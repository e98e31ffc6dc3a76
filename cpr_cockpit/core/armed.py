"""A version that was kept on synthetic evidence: judge and rollback stay armed until enough users have come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cpr_cockpit.core.own_steps import since
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.synthetic import SYNTHETIC, few_by, steps_needed
from cpr_cockpit.core.verdict import VerdictKind
from cpr_cockpit.core.window_end import deadline_of

if TYPE_CHECKING:
    from cpr_cockpit.core.run import Run


def on_synthetic(run: Run) -> bool:
    """Whether the verdict at the decision to keep was GO on synthetic evidence."""
    at = run.decided_at
    if run.decision is None or run.decision.word != "keep" or at is None:
        return False
    before = [one for said, one in run.verdicts if said <= at]
    return bool(before) and (before[-1].kind, before[-1].rule) == (VerdictKind.GO.value, SYNTHETIC)


def kept_words(run: Run) -> str:
    """``kept on 640 synthetic steps, 14 user requests``, as it was at the decision; "" where users carried it."""
    if not on_synthetic(run) or run.t0 is None or run.decided_at is None:
        return ""
    passed = sum(walk.passed for walk in since(run.journeys.walks, run.t0) if walk.ended <= run.decided_at)
    return f"kept on {passed} synthetic steps, {users_since_t0(run, run.decided_on)} user requests"


def users_since_t0(run: Run, readings: Mapping[str, dict[str, Any]]) -> int:
    """Users' requests to the new version since T0, of the logs' newest reading among ``readings``."""
    return users_of(readings.get(Source.LOGS.value, {}), run)


def users_of(body: Mapping[str, Any], run: Run) -> int:
    """Users' requests to the new version, of a reading of the logs; 0 of any other."""
    plan = run.plan
    if body.get("source") != Source.LOGS.value or plan is None or run.t0 is None:
        return 0
    rows = [row for row in body.get("whole") or () if row.get("version") == plan.new_version]
    return sum(int(row.get("requests") or 0) for row in rows if float(row.get("start") or 0.0) >= run.t0 - 1.0)


def still_armed(run: Run, policy: Policy) -> bool:
    """Whether it was kept so, and fewer users have been judged since than would have carried a verdict."""
    return on_synthetic(run) and run.users < steps_needed(policy)


def armed_words(run: Run, policy: Policy) -> str:
    """``still armed: 14 of 131 user requests judged``; "" where it was not kept so, or enough have come."""
    if not still_armed(run, policy):
        return ""
    return f"still armed: {run.users} of {steps_needed(policy)} user requests judged"


def drives(run: Run, policy: Policy, now: float) -> bool:
    """Whether journeys are to be walked in place of users: policy allows it and they are too few by the deadline."""
    deadline = deadline_of(run, policy)
    if not policy.synthetic_go or run.t0 is None or deadline is None or now >= deadline or run.decision is not None:
        return False
    before, seconds = run.baseline, max(0.0, now - run.t0)
    requests = run.users + (before.requests if before else 0)
    seconds += before.end - before.start if before else 0.0
    rate = requests / seconds if seconds > 0.0 else 0.0
    return few_by(run.users, rate, deadline - now, policy)
