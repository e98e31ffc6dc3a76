"""What comes after: issues, the way back, the monitoring plan."""

from __future__ import annotations

from cpr_cockpit.core.afterwards import schedule
from cpr_cockpit.core.apps_words import rows_of
from cpr_cockpit.core.business import figure_words
from cpr_cockpit.core.checklists import MONITORING_PLAN, ROLLBACK_FOLLOW_UP
from cpr_cockpit.core.policy import REFERENCE_WINDOW_S
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers import ending
from cpr_cockpit.documents.papers.figures import back_seconds, limit, new_version, old_version, swap_seconds
from cpr_cockpit.documents.papers.issues import RULE, Issue, Severity, issues
from cpr_cockpit.documents.papers.marks import Marks
from cpr_cockpit.documents.papers.text import bullet, clock, field, heading, inert, paragraph, span, stamp, table

ROLLBACK_TARGET_S = 300.0
"""The procedure: a rollback takes less than five minutes."""


def issue_sections(run: Run) -> list[str]:
    """The procedure's four headings, each with its issues or none."""
    found = issues(run)
    counts = ", ".join(f"{sum(one.severity is each for one in found)} {each.lower()}" for each in Severity)
    lines = [*heading(2, "Issues"), field("Issues", counts if found else "NONE in the journal"), ""]
    lines += paragraph(RULE)
    for severity in Severity:
        name = f"{severity} Issues" if severity is Severity.CRITICAL else f"{severity} Priority Issues"
        lines += heading(3, name)
        mine = [one for one in found if one.severity is severity]
        if not mine:
            lines += ["_None_", ""]
            continue
        for one in mine:
            lines += _issue(one)
        lines.append("")
    return lines


def _issue(one: Issue) -> list[str]:
    return [
        f"- **{one.name}**: {inert(one.what)}",
        *(["  " + bullet("Category", one.category)] if one.by else []),
        "  " + bullet("Impact", one.impact),
        "  " + bullet("Resolution", one.resolution),
        "  " + bullet("Status", one.status),
    ]


# -- the way back ------------------------------------------------------------------------------------------------------


def rollback_capability(run: Run) -> list[str]:
    """Whether the way back was ready, needed or gone, and what it takes."""
    plan = run.plan
    lines = [*heading(2, "Rollback Capability"), field("Rollback", _required(run)), ""]
    if plan is None:
        return [*lines, *paragraph("Not applicable: no plan was made, so there is nothing to return from.")]
    lines += [
        bullet("Rollback Plan", _plan_status(run)),
        bullet("Previous Version", f"{plan.old_version} ({_kept_version(run)})"),
        bullet("Rollback Method", f"{plan.strategy}: {'; '.join(step.title for step in plan.back)}"),
        bullet("Rollback Time Estimate", _estimate(run)),
        bullet("Database Rollback", "not applicable: this run did not touch the database"),
        bullet("Rollback card", _card(run)),
        *(bullet("Remark", one) for one in plan.remarks),
    ]
    return [*lines, ""]


def _required(run: Run) -> str:
    if ending.ordered_back(run):
        done = ending.rollback_executed(run)
        return f"EXECUTED: {done}" if done.startswith("YES") else f"REQUIRED: {done}"
    if run.ended is None:
        return "not decided yet"
    if not ending.switched(run):
        return "NOT REQUIRED: production was not switched"
    return "NOT DECIDED: the way back stays open" if run.ended.decision in ("held", "failed") else "NOT REQUIRED"


def _plan_status(run: Run) -> str:
    if run.observed:
        return "BY HAND: the cockpit only looked on"
    if ending.ordered_back(run):
        return "EXECUTED"
    ready = "READY" if run.card is not None else "plan made, card not written"
    return f"NOT NEEDED, was {ready}" if run.ended is not None and run.ended.decision == "kept" else ready


def _kept_version(run: Run) -> str:
    plan, ended = run.plan, run.ended
    kept = "its artifact is kept" if plan is not None and plan.artifact else "no artifact of it could be had"
    warm = [row for row in rows_of(run, "keep-warm") if row.result in ("done", "already")]
    seen = "".join(f"; {row.words} at {clock(row.ended_at)}" for row in warm)
    at_end = f"; at the end {ending.slot_words(run)}" if ended is not None else ""
    return f"{kept}{seen}{at_end}; whether it is tagged is not known to the journal"


def _estimate(run: Run) -> str:
    target = f"the procedure allows {span(ROLLBACK_TARGET_S)}"
    back, swap = back_seconds(run), swap_seconds(run)
    if back is not None:
        word = "within" if back < ROLLBACK_TARGET_S else "LONGER than"
        return f"it took {ending.rollback_times(run)}: {word} what {target}"
    if swap is None:
        return f"not measured in this run; {target}"
    return f"this run's own swap took {span(swap)}; not promised; {target}"


def _card(run: Run) -> str:
    return f"{run.card.path}, sha256 {run.card.sha256[:12]}" if run.card else "not written"


# -- the monitoring plan -----------------------------------------------------------------------------------------------


def monitoring_plan(run: Run, marks: Marks) -> list[str]:
    """The procedure's three stretches, or why they do not apply; after a rollback what must follow it."""
    lines = [*heading(2, "Monitoring Plan"), field("Post-Deployment Monitoring", _watched(run))]
    lines += [field("Status", ending.status(run)), ""]
    lines += _checks(run)
    lines += _business(run)
    applies = not ending.ordered_back(run) and ending.switched(run)
    for one in MONITORING_PLAN:
        lines += heading(3, one.title)
        lines += marks.lines(one) if applies else paragraph(f"Not applicable: {_why_not(run)}.")
    if ending.ordered_back(run):
        lines += heading(3, "After the rollback")
        for one in ROLLBACK_FOLLOW_UP:
            lines += marks.lines(one)
    return lines


def _checks(run: Run) -> list[str]:
    """What the schedule's checks found, which of them nobody made, and every limit that was crossed after GO."""
    if not run.checks or run.t0 is None:
        return []
    rows = [
        (stamp(check.due).removesuffix(" UTC"), check.stage, check.cause or "-", check.kind, check.sentence)
        for _, check in run.checks
    ]
    lines = [*heading(3, "Checks after GO"), *table(("Due (UTC)", "Stage", "Cause", "Verdict", "Result"), rows)]
    missed = _missed(run, run.t0)
    if missed:
        lines += paragraph(f"Not made, because no session lived: {', '.join(stamp(at) for at in missed)}.")
    told: list[tuple[float, str, str]] = [
        (at, one.kind, one.sentence) for at, one in run.verdicts if run.decided_at is not None and at > run.decided_at
    ]
    told += [(at, "LIMIT CROSSED" if one.holds else "WITHIN AGAIN", one.sentence) for at, one in run.crossings]
    if not told:
        return [*lines, *paragraph("No limit was crossed between the checks.")]
    crossed = [(stamp(at).removesuffix(" UTC"), what, sentence) for at, what, sentence in sorted(told)]
    return [*lines, *paragraph("Limits crossed after GO:"), *table(("Time (UTC)", "What", "Sentence"), crossed)]


def _business(run: Run) -> list[str]:
    """What persons and queries told of tickets, adoption and feedback."""
    if not run.figures:
        return []
    rows = [
        (stamp(at).removesuffix(" UTC"), one.kind, figure_words(one), one.source or one.by, one.words)
        for at, one in run.figures
    ]
    return [*heading(3, "Business figures"), *table(("Time (UTC)", "What", "Figure", "Told by", "Words"), rows)]


def _missed(run: Run, t0: float) -> list[float]:
    """When checks were due, between the first one made and the last, that are not in the journal."""
    made = [check.due for _, check in run.checks]
    scale = min(1.0, limit(run, "window_s") / REFERENCE_WINDOW_S)
    return [
        one.due
        for one in schedule(t0, scale)
        if made[0] < one.due < made[-1] and not any(abs(one.due - due) < 1.0 for due in made)
    ]


def _why_not(run: Run) -> str:
    if ending.ordered_back(run):
        return f"{new_version(run)} was rolled back"
    return f"production was not seen to serve {new_version(run)}"


def _watched(run: Run) -> str:
    if ending.ordered_back(run):
        return f"not applicable: {old_version(run)} was to serve again; what follows is below"
    if not ending.switched(run):
        return f"not applicable: {_why_not(run)}"
    window = f"critical window of {limit(run, 'window_s'):g} s from {clock(run.t0)}"
    if run.t0 is None:
        window = "the critical window did not begin: not all apps were switched"
    end = f"the cockpit's own watch ended at {clock(run.ended_at)}" if run.ended else "the cockpit watches now"
    return f"{window}; {end}; what is ticked below was marked in the journal, the rest is to be done"
