"""The release annotation: a mark in Application Insights at the moment of a switch, for whoever reads its charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from cpr_cockpit.core import annotation_events as ae
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.ports import PlannedRequest

RIGHT = "Microsoft.Insights/components/annotations/write"
"""What writing one needs, at the component."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One mark. ``id`` is a GUID; ``at``: epoch seconds; ``properties``: what is shown with it."""

    id: str
    name: str
    at: float
    properties: dict[str, str] = field(default_factory=dict)


class Annotations(Protocol):
    """The marks of one Application Insights component."""

    async def allowed(self) -> bool:
        """Whether this sign-in may write one. PortError."""

    async def present(self, id: str) -> bool:
        """Whether there is one under that id. PortError."""

    async def write(self, one: Annotation) -> None:
        """Write it; under the same id again it is the same one. PortError."""

    def planned(self) -> tuple[PlannedRequest, ...]:
        """What `write` would send; sends nothing."""


@dataclass(slots=True)
class Marks:
    """By way; what is in ``intents`` and not in ``outcomes`` may have been written."""

    intents: dict[str, ae.AnnotationIntent] = field(default_factory=dict)
    outcomes: dict[str, ae.AnnotationOutcome] = field(default_factory=dict)


class Folding(Protocol):
    """The Run, as far as this needs it."""

    t0: float | None
    switched_back_at: float | None
    annotations: Marks

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """A row of the timeline."""


def _intent(run: Folding, at: float, event: ae.AnnotationIntent) -> None:
    run.annotations.intents[event.way] = event


def _outcome(run: Folding, at: float, event: ae.AnnotationOutcome) -> None:
    run.annotations.outcomes[event.way] = event
    if event.result == "failed":
        run.note_moment(at, "Release annotation not written", event.words, "warning")
    else:
        intent = run.annotations.intents.get(event.way)
        run.note_moment(at, "Release annotation", intent.name if intent is not None else event.words)


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {
    ae.AnnotationIntent: _intent,
    ae.AnnotationOutcome: _outcome,
}


def to_mark(run: Folding) -> Iterator[tuple[str, float]]:
    """The switches, by way and moment, of which nobody knows yet whether they are marked."""
    for way, moment in (("forward", run.t0), ("back", run.switched_back_at)):
        if moment is not None and way not in run.annotations.outcomes:
            yield way, moment
