"""What the screen says of shares: sessions that are routed to a slot, and users for whom a feature flag is on."""

from __future__ import annotations

from cpr_cockpit.core.events import PlanMade
from cpr_cockpit.core.feature_flag import arm
from cpr_cockpit.core.flags import state_words
from cpr_cockpit.core.run import Run


def share_title(run: Run) -> str:
    """What is judged before T0, for the clock's head."""
    if run.by_flag and run.plan is not None:
        return f"flag {run.plan.flag} {state_words(run.flag)}"
    return f"canary, {run.share:g} % of new sessions"


def share_prefix(run: Run) -> str:
    """What a verdict before T0 is about, before its sentence."""
    if run.by_flag:
        return f"flag {state_words(run.flag)}: "
    return f"{run.share:g} % of new sessions: "


def share_mark(run: Run) -> str:
    """The mark in a chart at which the judged time begins."""
    if run.by_flag:
        return f"flag {run.flag:g} %" if run.flag else "dark"
    return "swap" if run.t0 is not None else f"{run.share:g} %"


def judged_version(run: Run) -> str:
    """The name under which the judged requests stand in the logs."""
    if run.plan is None:
        return ""
    beside = run.by_flag and run.t0 is None and run.flag
    return arm(run.plan.new_version, run.plan.flag, on=True) if beside else run.plan.new_version


def start_words(plan: PlanMade, *, by_flag: bool) -> str:
    """Which shares come before everybody, for START; "" where the plan has none."""
    if not plan.percents:
        return ""
    percents = ", ".join(f"{one:g}" for one in plan.percents)
    each = f"{plan.step_s:.0f} s each"
    if by_flag:
        return f"dark first; then flag {plan.flag} for {percents} % of the users, {each}, then for all: T0"
    return f"first {percents} % of new sessions, {each}; the swap only if all pass"


def flag_takes(run: Run) -> str:
    """How long the flag takes to be off everywhere, by this run's own last raise; "" where it was never raised."""
    raised = [row for row in run.steps if row.key.startswith(("flag-", "prove-flag-")) and row.way == "forward"]
    done = [row.seconds for row in raised if row.result == "done"][-2:]
    return f"flag off about {sum(done):.0f} s (this run's own raise)" if len(done) == 2 else ""


def rollback_words(run: Run) -> tuple[str, ...]:
    """What ROLL BACK does first where there is a flag; () where there is none."""
    plan = run.plan
    if plan is None or not plan.flag:
        return ()
    if run.by_flag and run.flag_at is not None:
        swap = f"if that does not help, next: swap {plan.slot} and production"
        return f"sets flag {plan.flag} off, proves it on every instance; {plan.new_version} stays dark", swap
    return (f"first sets flag {plan.flag} off, and goes on whatever comes of that",)


IMPATIENT = "the flag is set off and judged"


def impatient_words(run: Run) -> tuple[str, ...]:
    """What is done where nobody waits to see whether the flag's being off has helped."""
    plan = run.plan
    steps = tuple(f"then: {step.title}" for step in plan.back if not step.flag) if plan is not None else ()
    return ("does not wait to see whether the flag's being off has helped", *steps)


def rung_words(run: Run) -> tuple[str, str]:
    """Which rung did not do, as a reason and as a sentence."""
    if run.flag_offered:
        return "the flag did not do", f"setting the flag off did not do: {run.offered}"
    return "the swap was refused", f"the swap back did not succeed: {run.offered}"
