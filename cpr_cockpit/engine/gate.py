"""What stands between a run and START: the readiness gate and the checklist items that are due."""

from __future__ import annotations

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Blocker, Checklist, Due, Mark, Standing, applying, blockers, derive
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.readiness import Readiness, ReadinessFacts, ReadinessRules, assess
from cpr_cockpit.core.run import Run

PROGRAM = "cockpit"


def standings_of(run: Run) -> dict[str, Standing]:
    """The run's marks as the checklists read them."""
    return {
        key: Standing(key, Mark(mark.mark), mark.by, run.marked_at[key], mark.value, mark.note, mark.expires_at)
        for key, mark in run.standings.items()
    }


def judge(facts: tuple[ReadinessFacts, ...], *, require_ready: bool) -> ev.GateJudged:
    """The gate's answer as an event."""
    verdict = assess(facts, ReadinessRules(require_ready=require_ready))
    return ev.GateJudged(
        level=str(verdict.level), score=verdict.score, blockers=verdict.blockers, conditions=verdict.conditions
    )


def checklists_of(run: Run) -> tuple[Checklist, ...]:
    """The checklists in force."""
    conditional = run.gate is not None and run.gate.level == Readiness.CONDITIONAL
    rolled_back = run.decision is not None and run.decision.word == "rollback"
    return applying(ALL_CHECKLISTS, conditional=conditional, rolled_back=rolled_back)


def derived_standings(run: Run, now: float) -> dict[str, Standing]:
    """The marks with what follows from them."""
    return derive(checklists_of(run), standings_of(run), now, PROGRAM)


def start_blockers(run: Run, now: float) -> list[Blocker]:
    """Every item due at or before START that does not stand now."""
    return blockers(checklists_of(run), derived_standings(run, now), Due.START, now)


def blocking_items(run: Run, now: float) -> tuple[str, ...]:
    """Keys of the items that keep the run from its next point: START, then GO."""
    if run.started_at is None:
        found = start_blockers(run, now)
    else:
        found = blockers(checklists_of(run), derived_standings(run, now), Due.GO, now, passed=Due.START)
    return tuple(one.item.key for one in found)
