"""The closing checklist as a gate: a run is closed once every item of it stands, and a person signed that it is.

Of a version that was kept these are the procedure's 32 items of step 12; after a rollback what is left to do after one.
Closing changes nothing of the deployment, and blocks nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cpr_cockpit.core.afterwards import EXTENDED
from cpr_cockpit.core.checklist import Checklist, Item, Mark, Standing, items_of, open_reason
from cpr_cockpit.core.checklists.quality import QUALITY
from cpr_cockpit.core.checklists.rollback import ROLLBACK_FOLLOW_UP
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.issue_events import RunClosed
from cpr_cockpit.core.naming import brief
from cpr_cockpit.core.verdict import moment

if TYPE_CHECKING:
    from cpr_cockpit.core.run import Run


class ClosingRefused(Exception):
    """Why the run was not closed, and that nothing was changed."""


@dataclass(frozen=True, slots=True)
class Open:
    """An item that does not stand, and why."""

    item: Item
    reason: str


def closing_lists(run: Run) -> tuple[Checklist, ...]:
    """The lists that close this run; () where nothing is to be closed: production never met the new version."""
    if _went_back(run):
        return ROLLBACK_FOLLOW_UP
    return QUALITY if run.exposed or run.t0 is not None else ()


def closed(run: Run) -> tuple[float, RunClosed] | None:
    """When it was closed, and by whom; None where it is open, also by a rollback since then: that has lists of its own.

    What was signed of a version that was kept says nothing of one that was taken back.
    """
    if run.closed is None or (_went_back(run) and (run.decided_at or 0.0) > run.closed[0]):
        return None
    return run.closed


def _went_back(run: Run) -> bool:
    return run.decision is not None and run.decision.word == "rollback"


def why_not(run: Run) -> str:
    """Why this run cannot be closed, whatever its lists say; "" where it can."""
    if (done := closed(run)) is not None:
        return f"it was closed by {done[1].by} at {moment(done[0])}"
    if not closing_lists(run):
        return "production never met the new version: there is nothing to close"
    if run.decision is None or run.decision.word == "hold":
        return "nobody has decided yet whether the new version is kept"
    if run.ended is not None:
        return ""
    if _went_back(run):
        return "its rollback has not ended"
    # Until then GO is provisional, and the policy may still take it back by itself.
    final = any(check.stage == EXTENDED for _, check in run.checks)
    return "" if final else "its extended validation has not ended"


def left(run: Run, standings: Mapping[str, Standing], now: float) -> tuple[Open, ...]:
    """The items of the closing lists that do not stand."""
    return tuple(
        Open(item, reason)
        for item in items_of(closing_lists(run))
        if (reason := open_reason(item, standings.get(item.key), now)) is not None
    )


# What a machine saw before START of what a person signs at the end: it helps to sign, and stands in for nobody.
_SEEN_BEFORE = {
    "quality-monitoring.alert-rules": "monitoring.alert-rules",
    "quality-monitoring.dashboard": "monitoring.dashboard",
}
_PREVIOUS = "quality-rollback.previous-version"


def seen_of(run: Run, item: str) -> str:
    """What this run's sensors saw that bears on an open closing item, with its time; "" where they saw nothing."""
    if item == _PREVIOUS and run.back_checked is not None and run.back_checked[1].ready:
        at, checked = run.back_checked
        return f"the way back at {moment(at)}: {checked.words}"
    before = _SEEN_BEFORE.get(item, "")
    mark = run.standings.get(before)
    if mark is None or mark.mark != Mark.MEASURED:
        return ""
    return f"measured before START, at {moment(run.marked_at[before])}: {mark.value}"


def closing_event(run: Run, known: Mapping[str, Standing], now: float, by: str, words: str) -> RunClosed:
    """The event that closes it; ClosingRefused where it cannot be closed, or not everything stands."""
    if why := why_not(run):
        raise ClosingRefused(f"The run is not closed now: {why}. Nothing was changed.")
    if still := left(run, known, now):
        named = ", ".join(one.item.key for one in still[:3])
        raise ClosingRefused(f"{len(still)} items of the closing checklist are open: {named}. It was not closed.")
    keys = [item.key for item in items_of(closing_lists(run))]
    return RunClosed(by=by, items=len(keys), waived=_waived(keys, known), words=words)


def _waived(keys: Iterable[str], standings: Mapping[str, Standing]) -> int:
    return sum(1 for key in keys if key in standings and standings[key].mark is Mark.WAIVED)


def state_words(run: Run, standings: Mapping[str, Standing], now: float) -> str:
    """Where the closing stands, in one line; "" where there is nothing to close, or nothing is decided yet."""
    if (done := closed(run)) is not None:
        at, event = done
        waived = f", {event.waived} of them waived" if event.waived else ""
        return f"closed by {event.by} at {moment(at)}: {event.items} of {event.items} items{waived}"
    if why_not(run):
        return ""
    every, still = len(tuple(items_of(closing_lists(run)))), len(left(run, standings, now))
    name = brief(run.opened.run) if run.opened else "RUN"
    return f"{every - still} of {every} closing items stand: cpr-cockpit close {name}"


# -- folding -----------------------------------------------------------------------------------------------------------


class Folding(Protocol):
    """The Run, as far as this needs it."""

    closed: tuple[float, RunClosed] | None

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """A row of the timeline."""


def _closed(run: Folding, at: float, event: RunClosed) -> None:
    run.closed = (at, event)
    said = f": {event.words}" if event.words else ""
    run.note_moment(at, "Run closed", f"by {event.by}, {event.items} items{said}")


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {RunClosed: _closed}
