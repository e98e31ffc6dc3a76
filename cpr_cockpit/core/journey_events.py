"""What is recorded of journeys: how each ended, and what a command of one wrote."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cpr_cockpit.core.event import Event

Ending = Literal["passed", "failed", "not run"]


class StepWalked(BaseModel):
    """One step of a journey; ``ms``: milliseconds; ``proves``: what it is evidence of (`core.journeys.Proof`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    walked: Ending
    words: str
    ms: float
    proves: tuple[str, ...] = ()


class JourneyWalked(Event):
    """A journey was walked at ``place``: ``staging``, production, or a slot (``app``: of which app, "": the first).

    ``ended_at``: epoch seconds; ``ms``: how long it took. ``shown``: captures that were declared to be shown; nothing
    else of an answer is here.
    """

    type: Literal["journey.walked"] = "journey.walked"
    place: str
    app: str = ""
    name: str
    account: str
    critical: bool
    walked: Ending
    words: str
    ended_at: float
    ms: float
    steps: tuple[StepWalked, ...] = ()
    shown: dict[str, str] = Field(default_factory=dict)
    console_errors: int | None = None
    load_ms: float | None = None
    artifacts: str = ""


class JourneyTold(Event):
    """Lines that a journey's command wrote, without secrets."""

    type: Literal["journey.told"] = "journey.told"
    place: str
    name: str
    lines: tuple[str, ...]
