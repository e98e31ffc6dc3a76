"""What a run knows of its journeys: the newest of each at each place, how many steps of them passed in production."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cpr_cockpit.core.event import Event
from cpr_cockpit.core.journey_events import JourneyTold, JourneyWalked
from cpr_cockpit.core.own_steps import Walk, walk_of
from cpr_cockpit.core.plan import PRODUCTION
from cpr_cockpit.core.verdict import clock_time

# Lines of a command that are kept for the screen.
_LINES = 200


@dataclass(slots=True)
class JourneysSeen:
    """``newest``: by place and name. ``lines``: the newest that commands wrote.

    ``steps``: those that passed in production since ``failed_at``, when one last failed there (None: none ever did).
    ``count``: journeys that were walked in production; ``walks``: all of them, in order. ``again``: by name, since when
    one that had failed there passes.
    """

    newest: dict[tuple[str, str, str], JourneyWalked] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    steps: int = 0
    count: int = 0
    failed_at: float | None = None
    again: dict[str, float] = field(default_factory=dict)
    walks: list[Walk] = field(default_factory=list)


class _Seeing(Protocol):
    """A Run, as far as this concern knows it."""

    journeys: JourneysSeen

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """Add a row to the timeline."""


def _walked(run: _Seeing, at: float, event: JourneyWalked) -> None:
    seen, key = run.journeys, (event.place, event.app, event.name)
    before = seen.newest.get(key)
    seen.newest[key] = event
    if event.place == PRODUCTION:
        _note_again(seen, at, event, failed=before is not None and before.walked == "failed")
        seen.count += 1
        seen.walks.append(walk_of(event))
        passed = sum(step.walked == "passed" for step in event.steps)
        if event.walked == "failed":
            seen.steps, seen.failed_at = 0, at
        else:
            seen.steps += passed
    # The same again is no news.
    if before is None or before.walked != event.walked or event.walked == "failed":
        status = {"passed": "done", "failed": "failed", "not run": "warning"}[event.walked]
        run.note_moment(at, f"Journey {event.name}, {event.place}", f"{event.walked}: {event.words}", status)


def _note_again(seen: JourneysSeen, at: float, event: JourneyWalked, *, failed: bool) -> None:
    if event.walked != "passed":
        seen.again.pop(event.name, None)
    elif failed:
        seen.again[event.name] = at


def passes_again(seen: JourneysSeen, sentence: str) -> str:
    """Behind a sentence that holds for a journey: that it passes again, which takes no hold away."""
    found = next(((name, at) for name, at in seen.again.items() if f"journey {name}" in sentence), None)
    if found is None:
        return ""
    return f" It passes again since {clock_time(found[1])}: look why, then decide; GO needs a reason."


def _told(run: _Seeing, _: float, event: JourneyTold) -> None:
    run.journeys.lines += [f"{event.name}: {line}" for line in event.lines]
    del run.journeys.lines[:-_LINES]


def walked_words(one: JourneyWalked) -> str:
    """How a walk ended, on one line."""
    where = f"{one.place} of {one.app}" if one.app else one.place
    passed = sum(step.walked == "passed" for step in one.steps)
    count = f", {passed} of {len(one.steps)} steps" if one.steps else ""
    measured = f", loaded in {one.load_ms:.0f} ms" if one.load_ms is not None else ""
    measured += f", {one.console_errors} console errors" if one.console_errors is not None else ""
    shown = "".join(f", {name} {value}" for name, value in one.shown.items())
    why = f": {one.words}" if one.walked != "passed" else ""
    return (
        f"{clock_time(one.ended_at)} journey {one.name} on {where} with {one.account}: {one.walked} in {one.ms:.0f} ms"
        f"{count}{measured}{shown}{why}"
    )


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {JourneyWalked: _walked, JourneyTold: _told}
