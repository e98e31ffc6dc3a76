"""The decision panel of a Run: its word, its sentence, and what its three controls would do, or why they cannot."""

from __future__ import annotations

from cpr_cockpit.core import second
from cpr_cockpit.core import showing_alarm as called
from cpr_cockpit.core import showing_back as back
from cpr_cockpit.core import showing_code as code
from cpr_cockpit.core import showing_observed as observed
from cpr_cockpit.core import showing_others as others
from cpr_cockpit.core import view as vw
from cpr_cockpit.core.afterwards import redeploy_words, swap_brings_back
from cpr_cockpit.core.apps_words import back_words, part_words, turn_words
from cpr_cockpit.core.armed import armed_words, kept_words
from cpr_cockpit.core.events import PlanMade
from cpr_cockpit.core.journeys_seen import passes_again
from cpr_cockpit.core.panel_words import panel_word
from cpr_cockpit.core.pinned import pinned_words
from cpr_cockpit.core.plan import key_of
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.showing import Stage, takes
from cpr_cockpit.core.showing_flag import (
    IMPATIENT,
    impatient_words,
    rollback_words,
    rung_words,
    share_prefix,
    start_words,
)
from cpr_cockpit.core.strategy import FEATURE_FLAG
from cpr_cockpit.core.verdict import VerdictKind, clock_time
from cpr_cockpit.core.window_end import deadline_of, extend

_HELD = "Goes on by itself once the data say GO; until then only r ends it."
PRODUCTION = (Phase.DEPLOYING, Phase.WINDOW, Phase.KEEPING)


def panel(run: Run, stage: Stage) -> vw.Panel:
    """The panel as of now; its word is the table's."""
    verdict, deadline = stage.verdict, deadline_of(run, stage.policy)
    word, shape = panel_word(
        _phase(run, stage),
        decision=run.ended.decision if run.ended else None,
        verdict=verdict.kind.value if verdict and run.judged_since is not None else None,
        cause=verdict.cause.value if verdict and verdict.cause else None,
        overdue=deadline is not None and stage.now >= deadline and run.decision is None,
        early=stage.policy.go_early,
    )
    checked, warns = back.checked(run, stage)
    if back.rolling_back_unreached(run):
        # The sentence says it already.
        checked, warns = back.by_hand_line(run), True
    return vw.Panel(
        word=word,
        shape=shape,
        sentence=second.sentence(run, stage.now) + called.before_sentence(run, stage) + _sentence(run, stage),
        detail=_detail(run, stage),
        start=_start(run, stage),
        go=_go(run, stage),
        rollback=_rollback(run, stage),
        worsened=run.worsened,
        back=checked,
        warns=warns,
        commands=back.commands(run, stage),
        acknowledge=others.acknowledge(run),
        take_over=others.take_over(run),
        second=second.confirm(run, stage.now),
        ack=called.answer(run, stage),
        extend=extend(run, stage.policy, stage.now),
        merge=code.merge(run, stage.merge),
        revert=code.revert(run),
        go_on=code.go_on(run),
    )


def _phase(run: Run, stage: Stage) -> str:
    row = run.open_step
    if run.observed:
        return observed.phase(run)
    if others.waits(run):
        return "foreign"
    if run.phase is Phase.READY and stage.blocking:
        return "checking"
    if run.phase is Phase.ROLLING_BACK and run.proven_back:
        return "proven back"
    if back.rolling_back_unreached(run):
        return "by hand"
    if run.rung_waits:
        return "flag failed" if run.flag_offered else "refused"
    if run.phase is Phase.DEPLOYING and row is not None and key_of(row.key) == "swap":
        return "switching"
    if run.on_gate:
        return "part"
    if run.on_share and run.by_flag:
        return "flag" if run.flag else "dark"
    return "share" if run.on_share else str(run.phase)


def _sentence(run: Run, stage: Stage) -> str:
    if run.ended is not None:
        return run.ended.reason
    if run.observed and (words := observed.sentence(run)):
        return words
    if words := others.sentence(run) or code.half_words(run):
        return words
    if run.phase in (Phase.PREPARING, Phase.READY):
        if run.gate is not None and run.gate.blockers:
            return f"The gate says {run.gate.level}: {run.gate.blockers[0]}"
        if stage.blocking:
            return f"{len(stage.blocking)} checklist items block START." + frozen_words(stage)
        ready = "The plan and the rollback card are ready." + frozen_words(stage)
        return ready if run.phase is Phase.READY else "Reading who serves what."
    part = f"{words}: " if (words := part_words(run)) and run.t0 is None else ""
    judged = run.judged_since is not None and (run.on_gate or not run.on_part)
    if stage.verdict is not None and judged and run.phase is not Phase.ROLLING_BACK:
        share = share_prefix(run) if run.t0 is None and not run.switched else part
        again = passes_again(run.journeys, stage.verdict.sentence) if stage.verdict.kind is VerdictKind.HOLD else ""
        return others.before_verdict(run, stage.verdict) + share + stage.verdict.sentence + again
    if words := back.sentence(run, stage):
        return words
    if run.rung_waits and run.plan is not None:
        return f"{run.plan.new_version} still serves. r, then y: the next rung. {run.offered}"
    return part + _step_words(run)


def _step_words(run: Run) -> str:
    row = run.open_step
    if row is not None and row.doubts:
        return f"{row.title}: attempt {row.attempts}, since {clock_time(row.began_at)}. {row.doubts[-1]}"
    return f"{row.title}, since {clock_time(row.began_at)}." if row else "Between two steps."


def _detail(run: Run, stage: Stage) -> str:
    if run.ended is not None:
        slot = run.ended.slot_version or "not read"
        provisional = ", provisionally: the extended validation was not awaited" if run.ended.provisional else ""
        served = f"Production serves {run.ended.production_version}{provisional}; the other slot: {slot}."
        # The command at the end, where nothing can be taken for a part of it.
        parts = (served, _pinned(run, stage), back.undone(run), back.left_words(run, stage))
        return " ".join(part for part in parts if part)
    verdict, looks_on = stage.verdict, observed.detail(run) if run.observed else _armed(run, stage)
    if verdict is None:
        return looks_on
    fired = f"Fired by: {verdict.rule}." if verdict.kind is VerdictKind.ROLLBACK and verdict.rule else ""
    # A part that is held has no GO of its own, and no end: what a person can do is said.
    held = _held(run, stage) if verdict.kind is VerdictKind.HOLD and (run.on_share or run.on_gate) else ""
    rest = "; ".join((*verdict.pending, *verdict.warnings))
    return " ".join(part for part in (looks_on, fired, held, _pinned(run, stage), rest) if part)


def _armed(run: Run, stage: Stage) -> str:
    """After GO on synthetic evidence: that users' requests are still awaited, and how many have come."""
    words = armed_words(run, stage.policy)
    return f"{_sentence_case(kept_words(run))}; {words}." if words else ""


def _held(run: Run, stage: Stage) -> str:
    """That a part is held, and since when it should have been over: nothing else tells how long it waits already."""
    since, step_s = run.judged_since, run.plan.step_s if run.plan is not None else 0.0
    if since is None or stage.now <= since + step_s:
        return _HELD
    return f"{_HELD} Its time was over at {clock_time(since + step_s)}, {stage.now - since - step_s:.0f} s ago."


def _pinned(run: Run, stage: Stage) -> str:
    words = pinned_words(run, stage.now)
    return f"{_sentence_case(words)}." if words else ""


def _sentence_case(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


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
    if why := others.why_no_start(run) or code.why_no_start(run):
        return vw.Control("s", label, enabled=False, reason=why)
    plan = run.plan
    steps = len(plan.forward) if plan else 0
    old = plan.old_version if plan else ""
    by = f"{plan.course}: " if plan else ""
    details = (
        f"{by}runs the {steps} steps of the plan on {_ids(run)}",
        *_shares(plan),
        f"production goes from {old} to {new}; {old} stays warm in slot {plan.slot if plan else ''}",
        "undo: ROLL BACK, at any time from now on",
    )
    if stage.frozen is not None:
        details = (f"{stage.frozen.words}: say why it is now", *details)
        return vw.Control("s", label, enabled=True, type_this="start", needs_reason=True, details=details)
    return vw.Control("s", label, enabled=True, details=details)


def frozen_words(stage: Stage) -> str:
    """That a freeze holds, behind another sentence; "" where none does."""
    return f" There is a {stage.frozen.words}: START asks for a reason." if stage.frozen is not None else ""


def _shares(plan: PlanMade | None) -> tuple[str, ...]:
    """Which sessions are routed, where the plan routes any."""
    if plan is None:
        return ()
    found = [words] if (words := turn_words(plan)) else []
    if words := start_words(plan, by_flag=plan.strategy == FEATURE_FLAG):
        found.append(words)
    if plan.control:
        found.append(f"after the swap {plan.control:g} % of new sessions stay on {plan.old_version} until GO")
    return tuple(found)


def _go(run: Run, stage: Stage) -> vw.Control | None:
    if run.started_at is None or run.ended is not None or run.phase is Phase.ROLLING_BACK:
        return None
    new = run.plan.new_version if run.plan else ""
    label, deadline = f"GO keep {new}", deadline_of(run, stage.policy)
    if run.decision is not None:
        return vw.Control("g", label, enabled=False, reason="kept already; the watch goes on")
    good = stage.verdict is not None and stage.verdict.kind is VerdictKind.GO
    if deadline is None or run.phase is not Phase.WINDOW:
        return vw.Control("g", label, enabled=False, reason="opens with the critical window")
    if stage.now < deadline and not (good and stage.policy.go_early):
        return vw.Control("g", label, enabled=False, reason=f"opens at {clock_time(deadline)}")
    if stage.verdict is not None and stage.verdict.kind is VerdictKind.WAIT:
        return vw.Control("g", label, enabled=False, reason="the last data of the window are on their way")
    left = f"{len(stage.blocking)} items due at GO are open, they block nothing" if stage.blocking else ""
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
    slot = f"swaps {plan.slot} and production" if run.switched_at is not None else "production is not switched yet"
    if run.share:
        slot = f"routes no new sessions to {plan.slot}; {slot}"
    if plan.artifact:
        slot += f", then puts {plan.old_version} into {plan.slot}"
    if plan.apps:
        slot = back_words(run, plan)
    result = (
        f"results in {plan.old_version} everywhere" if plan.artifact else f"slot {plan.slot} keeps {plan.new_version}"
    )
    flag = rollback_words(run)
    by_flag = run.by_flag and run.flag_at is not None
    checked, warns = back.checked(run, stage)
    details = (
        *((checked,) if warns else ()),
        *flag,
        *(() if by_flag else (slot,)),
        f"on {_ids(run)}",
        f"takes: {takes(run)}",
        *(() if by_flag else (result,)),
        "the database is not touched: data written since the switch stays",
        f"if it is refused: {run.card.path if run.card else 'the rollback card'}",
    )
    redeploy = _redeploy(run, stage)
    if redeploy:
        return vw.Control("r", label, enabled=True, reason=redeploy, details=(*flag, redeploy, *details[-2:]))
    return vw.Control("r", label, enabled=True, reason=takes(run), details=details)


def _lower_rung(run: Run, label: str) -> vw.Control:
    """The rungs below the one that did not do; before that the rollback is under way."""
    reason, sentence = rung_words(run)
    if run.waits_for_flag:
        return vw.Control("r", "NEXT RUNG, do not wait", enabled=True, reason=IMPATIENT, details=impatient_words(run))
    if not run.rung_waits:
        return vw.Control("r", label, enabled=False, reason="proven" if run.proven_back else "under way")
    details = (
        sentence,
        *(f"then: {step.title}" for step in run.rungs_left),
        f"by hand: {run.card.path if run.card else 'the rollback card'}",
    )
    return vw.Control("r", "NEXT RUNG of the way back", enabled=True, reason=reason, details=details)


def _redeploy(run: Run, stage: Stage) -> str:
    """Why a swap would not bring the old version back any more; "" where it would. It is not kept from being tried."""
    plan, look = run.plan, stage.slot_look
    if run.phase is not Phase.KEEPING or run.t0 is None or plan is None or look is None:
        return ""
    if swap_brings_back(look, plan.old_version):
        return ""
    return redeploy_words(look, plan.slot, plan.old_version, run.t0 + stage.policy.keep_warm_s)
