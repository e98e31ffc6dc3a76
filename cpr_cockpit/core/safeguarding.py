"""What a run knows of what guards it: what the tags said, which act waits for a second person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cpr_cockpit.core import safeguard_events as ev
from cpr_cockpit.core.event import Event


@dataclass(slots=True)
class Guards:
    """``tags``: the newest reading of each app. ``asked``: the acts that wait for a second person, the oldest first."""

    tags: dict[str, ev.TagsRead] = field(default_factory=dict)
    asked: list[ev.SecondAsked] = field(default_factory=list)

    def waiting(self, now: float) -> tuple[ev.SecondAsked, ...]:
        """Those that may still be confirmed."""
        return tuple(one for one in self.asked if now < one.until)


class Folding(Protocol):
    """The Run, as far as this needs it."""

    guards: Guards

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """A row of the timeline."""


def _tags(run: Folding, at: float, event: ev.TagsRead) -> None:
    run.guards.tags[event.app] = event
    run.note_moment(
        at, "Tag" if event.matches else "Tag does not match", event.words, "done" if event.matches else "failed"
    )


def _overridden(run: Folding, at: float, event: ev.FreezeOverridden) -> None:
    run.note_moment(at, "Freeze overridden", f"{event.name}, by {event.by}: {event.reason}", "warning")


def _asked(run: Folding, at: float, event: ev.SecondAsked) -> None:
    # Who presses again wants it as it is now: what they wanted before is replaced.
    run.guards.asked = [one for one in run.guards.asked if _what(one) != _what(event)] + [event]
    run.note_moment(at, "Second person asked for", f"{event.words}, by {event.by}", "note")


def _what(event: ev.SecondAsked) -> tuple[str, str]:
    return event.act, event.arguments.get("item", "")


def _given(run: Folding, at: float, event: ev.SecondGiven) -> None:
    run.guards.asked = [one for one in run.guards.asked if (one.act, one.words) != (event.act, event.words)]
    run.note_moment(at, "Second person", f"{event.by} confirmed {event.words}, asked for by {event.asked_by}")


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {
    ev.TagsRead: _tags,
    ev.FreezeOverridden: _overridden,
    ev.SecondAsked: _asked,
    ev.SecondGiven: _given,
}
