"""Users who keep a slot's routing cookie: how many, what they meet there, until when (law 4)."""

from __future__ import annotations

from cpr_cockpit.core.run import Run
from cpr_cockpit.core.verdict import clock_time

COOKIE_S = 3600.0
"""How long a browser keeps the routing cookie, also at a share of 0 (azure-docs, "deploy-staging-slots")."""


def pinned_until(run: Run) -> float | None:
    """When the last routing cookie ends; None while sessions are routed, and where none ever were."""
    return None if run.unrouted_at is None else run.unrouted_at + COOKIE_S


def slot_holds(run: Run) -> str:
    """The version that a routing cookie leads to, by what this run has done; "" where nobody can say."""
    plan = run.plan
    if plan is None:
        return ""
    if run.finished("replace-bad", "back"):
        return plan.old_version
    if run.t0 is not None:
        return plan.new_version if run.switched_back_at is not None else plan.old_version
    return plan.new_version if run.finished("deploy", "forward") else plan.slot_version or ""


def pinned_words(run: Run, now: float) -> str:
    """Who holds a cookie, what they meet, until when; "" where nobody does."""
    until, plan = pinned_until(run), run.plan
    if run.pinned_since is None or plan is None or (until is not None and now >= until):
        return ""
    counted = run.pinned
    who = "an unknown number of users keep" if counted is None or counted.users is None else _users(counted.users)
    meets = slot_holds(run)
    words = f"{who} the cookie of slot {plan.slot}" + (f", which leads to {meets}" if meets else "")
    return words + (f", until {clock_time(until)} at the latest" if until is not None else "")


def _users(count: int) -> str:
    return "1 user keeps" if count == 1 else f"{count} users keep"
