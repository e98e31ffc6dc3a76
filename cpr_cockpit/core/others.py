"""What a run knows of others: what is taken for granted, what somebody else changed, and who holds the lease."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.verdict import clock_time

# More than these are counted: a sentence is for a tired person.
_TOLD = 3


@dataclass(slots=True)
class Foreign:
    """One change by somebody else, seen at ``at``; ``stands`` until a person has looked at it."""

    number: int
    at: float
    event: ev.ForeignChanged
    named: ev.ForeignNamed | None = None
    stands: bool = True

    @property
    def words(self) -> str:
        """What changed, and who did it where the activity log has told it."""
        if self.named is None:
            return self.event.words
        who = f"{self.named.caller}, {self.named.operation}, {clock_time(self.named.done_at)}"
        return f"{self.event.words} (activity log: {who})"


@dataclass(slots=True)
class Others:
    """``taken``: what is taken for granted, by app (as in `Act`).

    ``looked_at``: when a person last looked at what others had changed.
    ``lease``: the lease as this run holds it; None: it holds none. ``seen``: the other run that holds it, before START.
    """

    taken: dict[str, ev.SurroundingsTaken] = field(default_factory=dict)
    changes: list[Foreign] = field(default_factory=list)
    looked_at: float | None = None
    lease: ev.LeaseHeld | None = None
    seen: ev.LeaseSeen | None = None

    @property
    def standing(self) -> tuple[Foreign, ...]:
        """The changes that nobody has looked at yet."""
        return tuple(one for one in self.changes if one.stands)

    @property
    def words(self) -> str:
        """What nobody has looked at yet, in one sentence without its full stop; "" where there is nothing."""
        standing = self.standing
        more = f"; and {len(standing) - _TOLD} more" if len(standing) > _TOLD else ""
        return "; ".join(one.words for one in standing[:_TOLD]) + more


class Folding(Protocol):
    """The Run, as far as this needs it."""

    others: Others

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """A row of the timeline."""


def _taken(run: Folding, at: float, event: ev.SurroundingsTaken) -> None:
    run.others.taken[event.app] = event


def _changed(run: Folding, at: float, event: ev.ForeignChanged) -> None:
    changes = run.others.changes
    changes.append(Foreign(len(changes) + 1, at, event, stands=event.stands))
    run.note_moment(at, "Somebody else", event.words, "hold")


def _named(run: Folding, at: float, event: ev.ForeignNamed) -> None:
    change = next((one for one in run.others.changes if one.number == event.number), None)
    if change is not None:
        change.named = event
        run.note_moment(at, "Activity log", change.words, "note")


def _looked_at(run: Folding, at: float, event: ev.ForeignLookedAt) -> None:
    for change in run.others.changes:
        change.stands = False
    run.others.looked_at = at
    run.note_moment(at, "Looked at", f"what others changed, by {event.by}: {event.words}", "note")


def _seen(run: Folding, at: float, event: ev.LeaseSeen) -> None:
    run.others.seen = event if event.holder else None
    if event.holder:
        run.note_moment(at, "Lease seen", f"{event.key} is held by {event.holder}", "warning")


def _intent(run: Folding, at: float, event: ev.LeaseIntent) -> None:
    if event.over:
        why = f": {event.words}" if event.words else ""
        run.note_moment(at, "Lease taken over", f"from {event.over}, by {event.by}{why}", "warning")


def _held(run: Folding, at: float, event: ev.LeaseHeld) -> None:
    run.others.lease, run.others.seen = event, None
    run.note_moment(at, "Lease held", event.key)


def _left(run: Folding, at: float, event: ev.LeaseLeft) -> None:
    run.others.lease = None
    run.note_moment(at, "Lease released" if event.released else "Lease left", event.words)


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {
    ev.SurroundingsTaken: _taken,
    ev.ForeignChanged: _changed,
    ev.ForeignNamed: _named,
    ev.ForeignLookedAt: _looked_at,
    ev.LeaseSeen: _seen,
    ev.LeaseIntent: _intent,
    ev.LeaseHeld: _held,
    ev.LeaseLeft: _left,
}
