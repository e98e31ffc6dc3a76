"""What stands between a run and START: the readiness gate and the checklist items that are due."""

from __future__ import annotations

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Blocker, Due, Mark, Standing, applying, blockers, derive
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


def start_blockers(run: Run, now: float) -> list[Blocker]:
    """Every item due at or before START that does not stand now."""
    conditional = run.gate is not None and run.gate.level == Readiness.CONDITIONAL
    checklists = applying(ALL_CHECKLISTS, conditional=conditional, rolled_back=False)
    standings = derive(checklists, standings_of(run), now, PROGRAM)
    return blockers(checklists, standings, Due.START, now)
