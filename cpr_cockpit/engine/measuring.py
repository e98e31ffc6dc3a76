"""Checklist items that the program can prove by itself today: from the documents, the plan and the card.

What it cannot prove is left open for a person; nothing is marked because it is likely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.readiness import Readiness, ReadinessFacts, ReadinessRules, assess, decision_of
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.standings import PROGRAM

_PASSING = (Readiness.READY, Readiness.CONDITIONAL)


def from_documents(facts: Sequence[ReadinessFacts]) -> Iterator[ev.ItemMarked]:
    """Marks of steps 1 and 2, each with the value that was read."""
    verdict = assess(facts)
    yield from _principles(facts)
    for one in facts:
        if one.unusable is None and one.source == "automation-deploy.json":
            yield _mark("prerequisites.automation-file", Mark.MEASURED, "read, names this feature")
        decision = decision_of(one.documented_decision)
        if one.unusable is None and one.source == "test-report.md" and decision in _PASSING:
            yield _mark("prerequisites.test-phase-complete", Mark.DERIVED, f"{one.source} states {decision}")
    if verdict.score is not None and verdict.score >= ReadinessRules().conditional_from:
        yield _mark("prerequisites.readiness-score", Mark.DERIVED, f"{verdict.score:g}, the lowest that is stated")
    if verdict.level in _PASSING:
        yield _mark("automated-validation.readiness-status", Mark.DERIVED, str(verdict.level))
    counted = [(one.open_critical, one.open_high) for one in facts]
    if _all_known_are(0, [value for pair in counted for value in pair]):
        yield _mark("prerequisites.issues-resolved", Mark.DERIVED, "0 CRITICAL, 0 HIGH open")
    if _all_known_are(True, [one.uat_approved for one in facts]):
        yield _mark("prerequisites.uat-approval", Mark.DERIVED, "recorded as approved")
    if _all_known_are(True, [one.ci_passing for one in facts]):
        yield _mark("automated-validation.pipeline-status", Mark.DERIVED, "all checks passed when it was written")
    if _all_known_are(False, [one.conflicts for one in facts]):
        yield _mark("automated-validation.merge-conflicts", Mark.DERIVED, "clean when it was written")


def _principles(facts: Sequence[ReadinessFacts]) -> Iterator[ev.ItemMarked]:
    for one in facts:
        for item, evidence in one.principles if one.unusable is None else ():
            yield _mark(item, Mark.DERIVED, f"{one.source} marks it PASS: {evidence}")


def from_plan(run: Run) -> Iterator[ev.ItemMarked]:
    """Marks that follow from the plan and the card of this run."""
    if run.plan is not None and not run.observed:
        yield _mark("deployment-safety.zero-downtime", Mark.DERIVED, f"{run.plan.strategy} by slot swap")
        if run.plan.artifact:
            value = f"{run.plan.old_version} answers in production, its artifact is at hand"
            yield _mark("deployment-safety.rollback-ready", Mark.MEASURED, value)
    if run.card is not None:
        yield _mark("communication.rollback-plan", Mark.DERIVED, f"card on disk, sha256 {run.card.sha256[:12]}")


def _all_known_are(wanted: object, values: Sequence[object]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(value == wanted for value in known)


def _mark(item: str, mark: Mark, value: str) -> ev.ItemMarked:
    return ev.ItemMarked(item=item, mark=mark, by=PROGRAM, value=value)
