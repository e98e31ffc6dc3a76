"""The decision panel of a run that only looks on: nothing that it offers is done by this program, and it says so."""

from __future__ import annotations

from cpr_cockpit.core import view as vw
from cpr_cockpit.core.run import Phase, Run

CHANGES_NOTHING = "this program changes nothing"


def phase(run: Run) -> str:
    """The phase in the table of words."""
    return {Phase.DEPLOYING: "waiting", Phase.ROLLING_BACK: "by hand"}.get(run.phase, str(run.phase))


def sentence(run: Run) -> str:
    """What is waited for; "" where the verdict or the end has the word."""
    plan = run.plan
    if plan is None:
        return "Reading who serves what."
    if run.phase is Phase.ROLLING_BACK:
        return f"Go back to {plan.old_version} by hand; waiting until production serves it."
    name = plan.new_version or "another version"
    return "" if run.t0 is not None else f"Waiting until others switch production from {plan.old_version} to {name}."


def detail(run: Run) -> str:
    """What a person must not take for done; the gate's word, which blocks nothing here."""
    if run.t0 is not None:
        return f"Observed only: {CHANGES_NOTHING}; ROLLBACK is by hand: {_card(run)}."
    blockers = run.gate.blockers if run.gate else ()
    level = f" The gate says {run.gate.level}: {'; '.join(blockers)}." if run.gate and blockers else ""
    return f"Observed only: {CHANGES_NOTHING}.{level}"


def start(run: Run) -> vw.Control | None:
    """START begins to wait; it is never blocked."""
    if run.started_at is not None or run.ended is not None:
        return None
    label = "START wait for the switch"
    if run.phase is not Phase.READY or run.plan is None:
        return vw.Control("s", label, enabled=False, reason="reading who serves what")
    details = (
        f"waits until others switch production away from {run.plan.old_version}; {CHANGES_NOTHING}",
        "what stands open in gate and lists is shown and blocks nothing",
        "a switch that comes before START is not missed; undo: end the run, at any time",
    )
    return vw.Control("s", label, enabled=True, details=details)


def go_details(new: str) -> tuple[str, ...]:
    """What GO is here."""
    return f"your decision that {new} is kept is recorded; {CHANGES_NOTHING}", "the watch goes on"


def rollback(run: Run) -> vw.Control | None:
    """ROLLBACK is a decision here, carried out by persons."""
    plan = run.plan
    if plan is None or run.ended is not None:
        return None
    label = "ROLLBACK BY HAND: see card"
    if run.phase is Phase.ROLLING_BACK:
        return vw.Control("r", label, enabled=False, reason=f"decided; by hand, see {_card(run)}")
    if run.t0 is None:
        return vw.Control("r", label, enabled=False, reason="production was not seen to switch")
    details = (
        f"{CHANGES_NOTHING}: your decision is recorded, and nobody is sent anything",
        f"by hand: the pipeline's own rollback to {plan.old_version}, else {_card(run)}",
        f"then it waits until production serves {plan.old_version} again, and ends",
    )
    return vw.Control("r", label, enabled=True, reason=f"{CHANGES_NOTHING}: see card", details=details)


def _card(run: Run) -> str:
    return run.card.path if run.card else "the rollback card"
