"""The decision panel of a Run: its word, its sentence, and what its three controls would do, or why they cannot."""

from __future__ import annotations

from cpr_cockpit.core import showing_observed as observed
from cpr_cockpit.core import showing_others as others
from cpr_cockpit.core import view as vw
from cpr_cockpit.core.afterwards import redeploy_words, swap_brings_back
from cpr_cockpit.core.events import PlanMade
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.showing import Stage, takes
from cpr_cockpit.core.verdict import VerdictKind, clock_time

PRODUCTION = (Phase.DEPLOYING, Phase.WINDOW, Phase.KEEPING)


def panel(run: Run, stage: Stage) -> vw.Panel:
    """The panel as of now; its word is the table's."""
    verdict, deadline = stage.verdict, deadline_of(run, stage)
    word, shape = vw.panel_word(
        _phase(run, stage),
        decision=run.ended.decision if run.ended else None,
        verdict=verdict.kind.value if verdict and run.judged_since is not None else None,
        cause=verdict.cause.value if verdict and verdict.cause else None,
        overdue=deadline is not None and stage.now >= deadline and run.decision is None,
        early=stage.policy.go_early,
    )
    return vw.Panel(
        word=word,
        shape=shape,
        sentence=_sentence(run, stage),
        detail=_detail(run, stage),
        start=_start(run, stage),
        go=_go(run, stage),
        rollback=_rollback(run, stage),
        worsened=run.worsened,
        acknowledge=others.acknowledge(run),
        take_over=others.take_over(run),
    )


def deadline_of(run: Run, stage: Stage) -> float | None:
    """T0 plus the window; None before T0."""
    return None if run.t0 is None else run.t0 + stage.policy.window_s


def _phase(run: Run, stage: Stage) -> str:
    row = run.open_step
    if run.observed:
        return observed.phase(run)
    if others.waits(run):
        return "foreign"
    if run.phase is Phase.READY and stage.blocking:
        return "checking"
    if _rung_waits(run):
        return "refused"
    if run.phase is Phase.DEPLOYING and row is not None and row.key == "swap":
        return "switching"
    return "share" if run.on_share else str(run.phase)


def _sentence(run: Run, stage: Stage) -> str:
    if run.ended is not None:
        return run.ended.reason
    if run.observed and (words := observed.sentence(run)):
        return words
    if words := others.sentence(run):
        return words
    if run.phase in (Phase.PREPARING, Phase.READY):
        if run.gate is not None and run.gate.blockers:
            return f"The gate says {run.gate.level}: {run.gate.blockers[0]}"
        if stage.blocking:
            return f"{len(stage.blocking)} checklist items block START."
        return "The plan and the rollback card are ready." if run.phase is Phase.READY else "Reading who serves what."
    if stage.verdict is not None and run.judged_since is not None and run.phase is not Phase.ROLLING_BACK:
        share = f"{run.share:g} % of new sessions: " if run.t0 is None else ""
        return share + stage.verdict.sentence
    if _rung_waits(run) and run.plan is not None:
        return f"{run.plan.new_version} still serves. r, then y: the next rung. {run.offered}"
    row = run.open_step
    if row is not None and row.doubts:
        return f"{row.title}: attempt {row.attempts}, since {clock_time(row.began_at)}. {row.doubts[-1]}"
    return f"{row.title}, since {clock_time(row.began_at)}." if row else "Between two steps."


def _detail(run: Run, stage: Stage) -> str:
    if run.ended is not None:
        slot = run.ended.slot_version or "not read"
        provisional = ", provisionally: the extended validation was not awaited" if run.ended.provisional else ""
        return f"Production serves {run.ended.production_version}{provisional}; the other slot: {slot}."
    verdict, looks_on = stage.verdict, observed.detail(run) if run.observed else ""
    if verdict is None:
        return looks_on
    fired = f"Fired by: {verdict.rule}." if verdict.kind is VerdictKind.ROLLBACK and verdict.rule else ""
    rest = "; ".join((*verdict.pending, *verdict.warnings))
    return " ".join(part for part in (looks_on, fired, rest) if part)


def _ids(run: Run) -> str:
    environment = run.opened.environment if run.opened else {}
    names = ("subscription", "resource_group", "app")
    return ", ".join(f"{name.replace('_', ' ')} {environment[name]}" for name in names if name in environment)


def _start(run: Run, stage: Stage) -> vw.Control | None:
    if run.observed:
        return observed.start(run)
    if run.started_at is not None or run.ended is not None:
        return None
    new = run.opened.new_version if run.opened else ""
    label = f"START deploy {new} to production"
    if run.phase is not Phase.READY:
        return vw.Control("s", label, enabled=False, reason="the plan is being made")
    if stage.blocking:
        return vw.Control("s", label, enabled=False, reason=f"{len(stage.blocking)} checklist items are open")
    if why := others.why_no_start(run):
        return vw.Control("s", label, enabled=False, reason=why)
    plan = run.plan
    steps = len(plan.forward) if plan else 0
    old = plan.old_version if plan else ""
    details = (
        f"runs the {steps} steps of the plan on {_ids(run)}",
        *_shares(plan),
        f"production goes from {old} to {new}; {old} stays warm in slot {plan.slot if plan else ''}",
        "undo: ROLL BACK, at any time from now on",
    )
    return vw.Control("s", label, enabled=True, details=details)


def _shares(plan: PlanMade | None) -> tuple[str, ...]:
    """Which sessions are routed, where the plan routes any."""
    if plan is None:
        return ()
    found = []
    if plan.percents:
        percents = ", ".join(f"{one:g}" for one in plan.percents)
        found.append(f"first {percents} % of new sessions, {plan.step_s:.0f} s each; the swap only if all pass")
    if plan.control:
        found.append(f"after the swap {plan.control:g} % of new sessions stay on {plan.old_version} until GO")
    return tuple(found)


def _go(run: Run, stage: Stage) -> vw.Control | None:
    if run.started_at is None or run.ended is not None or run.phase is Phase.ROLLING_BACK:
        return None
    new = run.plan.new_version if run.plan else ""
    label, deadline = f"GO keep {new}", deadline_of(run, stage)
    if run.decision is not None:
        return vw.Control("g", label, enabled=False, reason="kept already; the watch goes on")
    good = stage.verdict is not None and stage.verdict.kind is VerdictKind.GO
    if deadline is None or run.phase is not Phase.WINDOW:
        return vw.Control("g", label, enabled=False, reason="opens with the critical window")
    if stage.now < deadline and not (good and stage.policy.go_early):
        return vw.Control("g", label, enabled=False, reason=f"opens at {clock_time(deadline)}")
    if stage.verdict is not None and stage.verdict.kind is VerdictKind.WAIT:
        return vw.Control("g", label, enabled=False, reason="the last data of the window are on their way")
    left = f"{len(stage.blocking)} items of the checklists are open" if stage.blocking else ""
    details: tuple[str, ...] = (
        *((f"{left}: 2 shows them",) if left else ()),
        f"{new} stays in production, provisionally until the extended validation ends",
        "the watch goes on; ROLL BACK stays possible while the old version is warm",
    )
    if run.observed:
        details = observed.go_details(new)
    if good:
        return vw.Control("g", label, enabled=True, reason=left, type_this="go", details=details)
    against = "against the data: type the version and a reason"
    return vw.Control("g", label, enabled=True, reason=against, type_this=new, needs_reason=True, details=details)


def _rollback(run: Run, stage: Stage) -> vw.Control | None:
    if run.observed:
        return observed.rollback(run)
    plan = run.plan
    if plan is None or run.ended is not None:
        return None
    label = f"ROLL BACK to {plan.old_version}"
    if run.phase is Phase.ROLLING_BACK:
        return _lower_rung(run, label)
    if run.phase not in PRODUCTION:
        return vw.Control("r", label, enabled=False, reason="production was not touched")
    slot = f"swaps {plan.slot} and production" if run.t0 is not None else "production is not switched yet"
    if run.share:
        slot = f"routes no new sessions to {plan.slot}; {slot}"
    if plan.artifact:
        slot += f", then puts {plan.old_version} into {plan.slot}"
    details = (
        slot,
        f"on {_ids(run)}",
        f"takes: {takes(run)}",
        f"results in {plan.old_version} everywhere" if plan.artifact else f"slot {plan.slot} keeps {plan.new_version}",
        "the database is not touched: data written since the switch stays",
        f"if it is refused: {run.card.path if run.card else 'the rollback card'}",
    )
    redeploy = _redeploy(run, stage)
    if redeploy:
        return vw.Control("r", label, enabled=True, reason=redeploy, details=(redeploy, *details[-2:]))
    return vw.Control("r", label, enabled=True, reason=takes(run), details=details)


def _rung_waits(run: Run) -> bool:
    """Whether the swap back was refused, and the rungs below it wait for somebody to take them."""
    plan = run.plan
    if run.phase is not Phase.ROLLING_BACK or not run.offered or plan is None:
        return False
    return all(run.row(step.key, "back") is None for step in plan.lower)


def _lower_rung(run: Run, label: str) -> vw.Control:
    """The rungs below the swap, once it was refused; before that the rollback is under way."""
    plan = run.plan
    if not _rung_waits(run) or plan is None:
        return vw.Control("r", label, enabled=False, reason="under way")
    details = (
        f"the swap back did not succeed: {run.offered}",
        *(f"then: {step.title}" for step in plan.lower),
        f"by hand: {run.card.path if run.card else 'the rollback card'}",
    )
    return vw.Control("r", "NEXT RUNG of the way back", enabled=True, reason="the swap was refused", details=details)


def _redeploy(run: Run, stage: Stage) -> str:
    """Why a swap would not bring the old version back any more; "" where it would. It is not kept from being tried."""
    plan, look = run.plan, stage.slot_look
    if run.phase is not Phase.KEEPING or run.t0 is None or plan is None or look is None:
        return ""
    if swap_brings_back(look, plan.old_version):
        return ""
    return redeploy_words(look, plan.slot, plan.old_version, run.t0 + stage.policy.keep_warm_s)
