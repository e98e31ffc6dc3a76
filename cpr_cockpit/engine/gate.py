"""What stands between a run and START: the readiness gate and the checklist items that are due."""

from __future__ import annotations

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Blocker, Due, blockers
from cpr_cockpit.core.readiness import ReadinessFacts, ReadinessRules, assess
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.standings import lists_in_force, standings


def judge(facts: tuple[ReadinessFacts, ...], *, require_ready: bool) -> ev.GateJudged:
    """The gate's answer as an event."""
    verdict = assess(facts, ReadinessRules(require_ready=require_ready))
    return ev.GateJudged(
        level=str(verdict.level), score=verdict.score, blockers=verdict.blockers, conditions=verdict.conditions
    )


def start_blockers(run: Run, now: float) -> list[Blocker]:
    """Every item due at or before START that does not stand now."""
    return blockers(lists_in_force(run), standings(run, now), Due.START, now)


def blocking_items(run: Run, now: float) -> tuple[str, ...]:
    """Keys of the items that keep the run from its next point: START, then GO; none where it only looks on."""
    if run.observed:
        return ()
    if run.started_at is None:
        found = start_blockers(run, now)
    else:
        found = blockers(lists_in_force(run), standings(run, now), Due.GO, now, passed=Due.START)
    return tuple(one.item.key for one in found)
