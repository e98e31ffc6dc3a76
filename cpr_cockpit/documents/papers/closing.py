"""The report's end: the announcement as a draft, lessons, sign-off."""

from __future__ import annotations

from collections.abc import Iterator

from cpr_cockpit.core.checklists import LESSONS_LEARNED, SIGN_OFF
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers import ending
from cpr_cockpit.documents.papers.figures import (
    latencies,
    new_version,
    old_version,
    rate_missed,
    served,
)
from cpr_cockpit.documents.papers.issues import Severity, issues
from cpr_cockpit.documents.papers.marks import Marks
from cpr_cockpit.documents.papers.people import people
from cpr_cockpit.documents.papers.text import (
    day,
    field,
    heading,
    label,
    paragraph,
    points,
    share,
    stamp,
    table,
)

_BLANK = "not signed"
_TO_FILL = "to be filled in: not known to the journal"


# -- communication -----------------------------------------------------------------------------------------------------


def communication(run: Run, marks: Marks) -> list[str]:
    """A draft of what is told to others. It is never sent by the cockpit."""
    feature = run.opened.feature if run.opened else "the feature"
    lines = [*heading(2, "Communication"), *heading(3, "Deployment Announcement")]
    if ending.rehearsal(run):
        lines += paragraph(f"REHEARSAL, not to be sent: {ending.rehearsal(run)}.")
    else:
        lines += paragraph("A draft; the cockpit has sent nothing.")
    lines += [
        field("To", "Stakeholders, Users, Support Team"),
        field("Subject", f"{_subject(run)}: {feature} {new_version(run)}"),
        field("Date", day(run.ended_at if run.ended_at is not None else run.last_at)),
        "",
        *paragraph("Dear Team,"),
        *paragraph(_news(run, feature)),
        label("What's New"),
        *points(_whats_new(run, marks), "none"),
        label("User Impact"),
        *points(_impact(run), "none"),
        label("Known Issues"),
        *points(_known(run), "None in the journal"),
        label("Feedback"),
        *points([f"Please report any issues to: {_TO_FILL} (support channel)."], "none"),
        *paragraph("Thank you for your support!"),
    ]
    return lines


def _subject(run: Run) -> str:
    decision = run.ended.decision if run.ended else ""
    return {
        "kept": "Feature Deployed",
        "rolled_back": "Deployment Rolled Back",
        "partial": "Deployment Rolled Back in Part",
        "advised": "Deployment to be Rolled Back",
        "held": "Deployment on Hold",
        "stopped": "Deployment Not Begun",
        "failed": "Deployment Failed",
    }.get(decision, "Deployment Under Way")


def _news(run: Run, feature: str) -> str:
    new, old = new_version(run), old_version(run)
    decision = run.ended.decision if run.ended else ""
    provisional = run.ended is not None and run.ended.provisional
    texts = {
        "kept": f"We have deployed {feature} ({new}) to production.",
        "rolled_back": f"The deployment of {feature} ({new}) was rolled back; production serves {old}.",
        "partial": f"The deployment of {feature} ({new}) was rolled back in part: {ending.slot_words(run)}.",
        "advised": f"The deployment of {feature} ({new}) is to be rolled back: {ending.slot_words(run)}.",
        "held": f"The deployment of {feature} ({new}) is on hold: {ending.slot_words(run)}. Nobody has decided yet.",
        "stopped": f"The deployment of {feature} ({new}) was stopped before production was changed.",
        "failed": f"The deployment of {feature} ({new}) failed: {ending.status(run)}.",
    }
    text = texts.get(decision, f"The deployment of {feature} ({new}) has not ended.")
    left = ending.left_to_do(run)
    text = f"{text} Not finished: {left}." if left else text
    return f"{text} The extended validation has not been awaited." if provisional else text


def _whats_new(run: Run, marks: Marks) -> list[str]:
    if run.ended is None or run.ended.decision != "kept":
        return [f"Not applicable: {new_version(run)} is not announced as deployed"]
    said = marks.standings.get("announcement.whats-new")
    return [said.note] if said is not None and said.note.strip() else [f"Key capabilities: {_TO_FILL}"]


def _impact(run: Run) -> list[str]:
    seen = served(run, new_version(run))
    if not ending.switched(run):
        return [ending.of_a_share(run) or f"None: users were not served by {new_version(run)}"]
    met = f"{share(seen.failures, seen.requests)} requests to {new_version(run)} failed" if seen else "not measured"
    return [met, f"People: {people(run)}", f"Changes that users will notice, and the user documentation: {_TO_FILL}"]


def _known(run: Run) -> list[str]:
    return [f"{one.what} ({one.status})" for one in issues(run) if one.status != "RESOLVED"]


# -- lessons -----------------------------------------------------------------------------------------------------------


def lessons(run: Run, marks: Marks) -> list[str]:
    """What the journal can tell; the team's own words come from the signed items, or are still to be written."""
    well, could, recommended = LESSONS_LEARNED.items
    lines = heading(2, "Lessons Learned")
    lines += heading(3, "What Went Well")
    lines += points([*_went_well(run), *_team(marks, well.key)], "nothing that the journal could tell")
    lines += heading(3, "What Could Be Improved")
    lines += points([*_could_improve(run), *_team(marks, could.key)], "nothing that the journal could tell")
    lines += heading(3, "Recommendations for Future Deployments")
    return lines + points([*_recommended(run), *_team(marks, recommended.key)], "none")


def _team(marks: Marks, key: str) -> list[str]:
    said = marks.standings.get(key)
    if said is not None and said.note.strip():
        return [f"{said.by}: {said.note}"]
    return ["The team's own words: to be written at the post-deployment review."]


def _went_well(run: Run) -> Iterator[str]:
    clean = [row for row in run.steps if row.result in ("done", "already") and row.attempts <= 1 and not row.doubts]
    if run.steps:
        yield f"{len(clean)} of {len(run.steps)} steps succeeded at the first attempt, without doubt."
    smoke = run.row("smoke", "forward")
    if smoke is not None and smoke.result == "done":
        yield f"Smoke tests on the slot before the switch: {smoke.words}"
    if run.card is not None:
        yield "The rollback card was written before START."
    took = ending.rollback_times(run)
    if took:
        yield f"The rollback took {took}."
    met = [one.name for one in latencies(run) if one.missed is False] + (
        ["error rate"] if rate_missed(run) is False else []
    )
    if met:
        yield f"Within the target: {', '.join(met)}."


def _could_improve(run: Run) -> Iterator[str]:
    for one in issues(run):
        if one.severity is not Severity.LOW:
            yield f"{one.severity}: {one.what}"
    missing = [one.name for one in latencies(run) if one.missed is None]
    if ending.switched(run) and missing:
        yield f"Not measured: {', '.join(missing)} of {new_version(run)}."


def _recommended(run: Run) -> Iterator[str]:
    still = [one for one in issues(run) if one.status != "RESOLVED" and one.severity is not Severity.LOW]
    for one in still:
        yield f"Settle before the next deployment: {one.what}"
    if run.plan is not None and not run.plan.artifact:
        yield f"Keep the artifact of {run.plan.old_version} at hand, so that the slot can be put back too."
    if run.ended is not None and run.ended.provisional:
        yield "Await the extended validation: this GO is provisional."


# -- sign-off ----------------------------------------------------------------------------------------------------------


def sign_off(run: Run, marks: Marks) -> list[str]:
    """The three roles; a name stands only where that role signed in the journal."""
    rows = []
    signed = 0
    for item in SIGN_OFF.items:
        standing = marks.standings.get(item.key)
        if standing is not None and marks.stands(item):
            signed += 1
            rows.append((item.text, standing.by, f"{standing.mark} in the journal", stamp(standing.at)))
        else:
            rows.append((item.text, _BLANK, _BLANK, _BLANK))
    return [
        *heading(2, "Deployment Sign-Off"),
        *table(("Role", "Name", "Signature", "Date"), rows),
        field("Deployment Status", _approval(run, signed, len(rows))),
    ]


def _approval(run: Run, signed: int, roles: int) -> str:
    kept = run.ended is not None and run.ended.decision == "kept"
    if not kept:
        return f"NOT APPROVED FOR PRODUCTION, approval does not apply: {ending.status(run)}"
    if ending.rehearsal(run):
        return f"approval does not apply to a rehearsal; {ending.status(run)}"
    if signed < roles:
        return f"NOT YET APPROVED: {signed} of {roles} roles have signed; {ending.status(run)}"
    return f"APPROVED FOR PRODUCTION: {signed} of {roles} roles have signed; {ending.status(run)}"
