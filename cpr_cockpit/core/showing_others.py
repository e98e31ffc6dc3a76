"""What the panel says of others: a change that nobody has looked at, a lease that another run holds."""

from __future__ import annotations

from cpr_cockpit.core import view as vw
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.verdict import HoldCause, Verdict

LOOKED, TAKE_OVER = "u", "x"


def waits(run: Run) -> bool:
    """Whether the way forth waits for somebody to look at what others changed, before any verdict says so."""
    return bool(run.voided) and run.phase in (Phase.READY, Phase.DEPLOYING) and run.judged_since is None


def sentence(run: Run) -> str:
    """What to say first before START and while nothing is judged; "" where others did nothing."""
    if run.voided and run.started_at is None:
        return f"The plan is void: {run.voided}. {LOOKED}: looked at, and the plan is made anew."
    if waits(run):
        return f"Nothing more is sent: {run.voided}. {LOOKED}: looked at, and it goes on."
    seen = run.others.seen
    if run.phase is Phase.READY and seen is not None:
        return f"The lease {seen.key} is held by {seen.holder}: START waits. {TAKE_OVER}: take it over."
    return ""


def before_verdict(run: Run, verdict: Verdict) -> str:
    """Before the sentence of a verdict that waits for somebody to look: which key tells that one has; else ""."""
    if verdict.cause is not HoldCause.FOREIGN or not run.others.standing:
        return ""
    return f"{LOOKED} when you have looked: "


def why_no_start(run: Run) -> str:
    """Why START is not possible for others' sake; "" where it is."""
    if run.voided:
        return f"the plan is void, {LOOKED} when you have looked"
    seen = run.others.seen
    return f"{seen.holder} holds the lease" if seen is not None else ""


def acknowledge(run: Run) -> vw.Control | None:
    """That what others changed was looked at; None where nothing is to be looked at."""
    if not run.others.standing or run.ended is not None:
        return None
    return vw.Control(LOOKED, "LOOKED AT what others changed", enabled=True, details=(run.others.words,))


def take_over(run: Run) -> vw.Control | None:
    """The lease that another run holds, before START; None where there is none."""
    seen = run.others.seen
    if seen is None or run.started_at is not None or run.ended is not None:
        return None
    ready = run.phase is Phase.READY
    label = f"TAKE OVER the lease of {seen.holder}"
    return vw.Control(TAKE_OVER, label, enabled=ready, reason="" if ready else "the plan is being made")
