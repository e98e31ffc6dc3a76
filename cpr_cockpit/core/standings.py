"""A run's checklist marks as the checklists read them: which lists are in force, and how each item stands."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Checklist, Due, Mark, Standing, applying, derive, items_of
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.checklists.background import BACKGROUND_WORK
from cpr_cockpit.core.events import ItemMarked
from cpr_cockpit.core.readiness import Readiness
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.told_by_journal import PROGRAM, told_by_journal

_BY_START = frozenset(item.key for item in items_of(ALL_CHECKLISTS) if item.due <= Due.START)

__all__ = ["PROGRAM", "lists_in_force", "marks_of", "standings"]


def lists_in_force(run: Run) -> tuple[Checklist, ...]:
    """The checklists that apply to this run."""
    conditional = run.gate is not None and run.gate.level == Readiness.CONDITIONAL
    rolled_back = run.decision is not None and run.decision.word == "rollback"
    lists = applying(ALL_CHECKLISTS, conditional=conditional, rolled_back=rolled_back)
    return (*lists, BACKGROUND_WORK) if run.plan is not None and run.plan.workers else lists


def marks_of(run: Run) -> dict[str, Standing]:
    """The journal's marks; one that no program of this version gives is left out, so its item stays open."""
    known = {one.value for one in Mark}
    return {
        key: Standing(
            key, Mark(mark.mark), mark.by, run.marked_at[key], mark.value, mark.note, _lasts(run, mark), mark.check
        )
        for key, mark in run.standings.items()
        if mark.mark in known
    }


def _lasts(run: Run, mark: ItemMarked) -> float | None:
    """Until when a mark holds. What stood at START of what is due by then, stood: its age is no news afterwards."""
    if run.started_at is None or mark.expires_at is None or mark.item not in _BY_START:
        return mark.expires_at
    return None if mark.expires_at >= run.started_at else mark.expires_at


def standings(run: Run, now: float) -> dict[str, Standing]:
    """The marks of every list there is, what the journal proves, and what follows from both at the time ``now``."""
    return derive(ALL_CHECKLISTS, told_by_journal(run) | marks_of(run), now, PROGRAM)
