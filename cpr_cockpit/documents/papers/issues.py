"""The issues of a run, as its journal tells them: what, its impact, what became of it.

Persons record issues under numbers of their own, with their own severity. Of what the journal tells by itself the
severity is a rule of this module: CRITICAL is what a written or a person's trigger raised and a way back that failed;
HIGH what asked a person to look or stopped a step; MEDIUM what was uncertain for a while; LOW the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from cpr_cockpit.core.issues import issue_name
from cpr_cockpit.core.rows import StepRow
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers.ending import of_a_share, ordered_back, switched
from cpr_cockpit.documents.papers.figures import new_version, old_version, served
from cpr_cockpit.documents.papers.text import clock, share, span

RULE = (
    "Up to ISSUE-100 a person recorded it, with its severity. Beyond, the journal tells it and a fixed rule grades it: "
    "critical is a trigger or a rollback step that failed; high what asked a person "
    "to look or stopped a step; medium what was in doubt for a while or is a known condition; low the rest."
)


class Severity(StrEnum):
    """The procedure's four."""

    CRITICAL = "Critical"
    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue. ``status``: RESOLVED, MONITORING or OPEN."""

    severity: Severity
    what: str
    impact: str
    resolution: str
    status: str
    number: int = 0
    category: str = "deployment"
    by: str = ""

    @property
    def name(self) -> str:
        """``ISSUE-001``."""
        return issue_name(self.number)


def issues(run: Run) -> tuple[Issue, ...]:
    """All of them, gravest first: those that persons recorded, under their own numbers, then what the journal tells.

    What it tells is numbered beyond them, by hundreds, so that one more recorded after the end renames none of it.
    """
    order = list(Severity)
    derived = sorted(_derived(run), key=lambda one: order.index(one.severity))
    beyond = 100 * (1 + max(run.issues, default=0) // 100)
    numbered = [replace(one, number=beyond + at) for at, one in enumerate(derived, start=1)]
    return tuple(sorted([*_recorded(run), *numbered], key=lambda one: order.index(one.severity)))


def _recorded(run: Run) -> Iterator[Issue]:
    for one in run.issues.values():
        yield Issue(
            Severity[one.severity],
            f"{one.title} (recorded by {one.by} at {clock(one.at)})",
            one.impact or "not told",
            one.resolution or "none yet",
            one.status,
            one.number,
            one.category,
            one.by,
        )


def _derived(run: Run) -> Iterator[Issue]:
    for found in (
        _triggers(run),
        _rollback_verdicts(run),
        _blockers(run),
        _against_data(run),
        _holds(run),
        _steps(run),
        _journal(run),
        _conditions(run),
        _notes(run),
    ):
        yield from found


def _fate(run: Run) -> tuple[str, str]:
    """What became of a fault of the new version in production, and the status that follows."""
    decision = run.ended.decision if run.ended else ""
    if ordered_back(run):
        words = f"rollback to {old_version(run)}, decided at {clock(run.decided_at)}"
        ends = {
            "rolled_back": ("", "RESOLVED"),
            "partial": (", in part only", "OPEN"),
            "advised": (", by hand", "OPEN"),
        }
        tail, status = ends.get(decision, (", not succeeded", "OPEN") if decision else (", under way", "OPEN"))
        return words + tail, status
    if decision == "kept" and run.decision is not None:
        return f"{new_version(run)} was kept by {run.decision.by}: {run.decision.sentence}", "MONITORING"
    return "none yet: a person must look", "OPEN"


def _met(run: Run) -> str:
    """What users met of the new version."""
    seen = served(run, new_version(run))
    if seen is not None:
        return f"{share(seen.failures, seen.requests)} users' requests to {new_version(run)} failed"
    if switched(run):
        return "not measured"
    return of_a_share(run) or f"none: users were not served by {new_version(run)}"


def _triggers(run: Run) -> Iterator[Issue]:
    for one in run.triggers:
        resolution, status = _fate(run)
        yield Issue(Severity.CRITICAL, f"{one.trigger}, raised by {one.by}", _met(run), resolution, status)


def _rollback_verdicts(run: Run) -> Iterator[Issue]:
    first = next(((at, one) for at, one in run.verdicts if one.kind == "ROLLBACK"), None)
    if first is not None:
        at, verdict = first
        rule = f"{verdict.rule}: " if verdict.rule else ""
        resolution, status = _fate(run)
        yield Issue(Severity.CRITICAL, f"{rule}{verdict.sentence} (at {clock(at)})", _met(run), resolution, status)
    elif ordered_back(run) and run.decision is not None and not run.triggers:
        resolution, status = _fate(run)
        what = f"rollback without a trigger, by {run.decision.by}: {run.decision.sentence}"
        yield Issue(Severity.HIGH, what, _met(run), resolution, status)


def _against_data(run: Run) -> Iterator[Issue]:
    decision = run.decision
    if decision is not None and decision.word == "keep" and decision.verdict != "GO":
        what = f"GO on the verdict {decision.verdict}, by {decision.by}: {decision.sentence}"
        yield Issue(Severity.HIGH, what, _met(run), "kept on a person's word", "MONITORING")


def _holds(run: Run) -> Iterator[Issue]:
    told: set[str] = set()
    for place, (at, verdict) in enumerate(run.verdicts):
        cause = verdict.cause or "no cause told"
        if verdict.kind != "HOLD" or cause in told:
            continue
        told.add(cause)
        later = next((one for one in run.verdicts[place + 1 :] if one[1].kind in ("GO", "WAIT")), None)
        resolution, status = _fate(run)
        if later is not None:
            resolution, status = f"passed: verdict {later[1].kind} at {clock(later[0])}", "RESOLVED"
        what = f"the judge asked a person to look ({cause}) at {clock(at)}: {verdict.sentence}"
        yield Issue(Severity.HIGH, what, _met(run), resolution, status)


def _blockers(run: Run) -> Iterator[Issue]:
    if run.gate is not None:
        for one in run.gate.blockers:
            yield Issue(
                Severity.HIGH,
                f"readiness gate {run.gate.level}: {one}",
                "none: production was not touched",
                "none yet",
                "OPEN",
            )
    if run.ended is not None and run.ended.decision == "failed" and run.started_at is None:
        yield Issue(Severity.HIGH, run.ended.reason, "none: nothing was changed", "none yet", "OPEN")


def _steps(run: Run) -> Iterator[Issue]:
    for row in run.steps:
        yield from _step(run, row)


def _step(run: Run, row: StepRow) -> Iterator[Issue]:
    name = f"step '{row.title}' ({row.way})"
    if row.result in ("failed", "stopped"):
        severity = Severity.CRITICAL if row.way == "back" else Severity.HIGH
        resolution, status = ("see the rollback card", "OPEN") if row.way == "back" else _fate(run)
        yield Issue(severity, f"{name} {row.result}: {row.words}", _met(run), resolution, status)
    elif row.result is None:
        yield Issue(Severity.MEDIUM, f"{name} has no outcome in the journal", _met(run), *_left(run))
    elif row.doubts:
        words = f"decided by observation: {row.words}"
        yield Issue(Severity.MEDIUM, f"{name}: {'; '.join(row.doubts)}", "none seen", words, "RESOLVED")
    elif row.attempts > 1:
        what = f"{name} needed {row.attempts} attempts"
        yield Issue(Severity.LOW, what, f"{span(row.seconds)} in all", row.words, "RESOLVED")


def _left(run: Run) -> tuple[str, str]:
    return ("left for the rollback, which goes by observation", "RESOLVED") if ordered_back(run) else ("none", "OPEN")


def _journal(run: Run) -> Iterator[Issue]:
    if run.continued is not None:
        what = f"the journal was damaged from event {run.continued.first_bad}; set aside: {run.continued.set_aside}"
        yield Issue(Severity.HIGH, what, "events may be missing in this report", "gone on by observation", "OPEN")
    for at, one in run.interruptions:
        during = f" during {one.during}" if one.during else ""
        what = f"the session was gone for {span(one.silent_s)} until {clock(at)}{during}"
        yield Issue(Severity.MEDIUM, what, "nobody watched meanwhile", "gone on by observation", "RESOLVED")


def _conditions(run: Run) -> Iterator[Issue]:
    if run.gate is not None:
        for one in run.gate.conditions:
            yield Issue(
                Severity.MEDIUM,
                f"condition of the gate: {one}",
                "known before START",
                "accepted at the gate",
                "MONITORING",
            )


def _notes(run: Run) -> Iterator[Issue]:
    for at, one in run.notes:
        yield Issue(Severity.LOW, f"note by {one.by} at {clock(at)}: {one.words}", "not told", "not told", "OPEN")
