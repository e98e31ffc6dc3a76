"""What a run keeps of its steps, and the rows of its timeline."""

from __future__ import annotations

from dataclasses import dataclass, field

from cpr_cockpit.core import events as ev


@dataclass(slots=True)
class StepRow:
    """One step as it went: ``result`` None while it runs; times epoch seconds; ``seconds`` over all attempts.

    ``facts``: what was read with the outcome (of a smoke test: each test's name and what came of it). ``arrived``: one
    of its requests may have been taken by the service; ``accepted``: the newest one was.
    """

    way: ev.Way
    key: str
    title: str
    mutates: bool
    attempts: int
    began_at: float
    operation: str = ""
    doubts: list[str] = field(default_factory=list)
    result: str | None = None
    words: str = ""
    ended_at: float | None = None
    seconds: float = 0.0
    facts: dict[str, str] = field(default_factory=dict)
    arrived: bool = False
    accepted: bool = False


@dataclass(slots=True)
class Moment:
    """One row of the timeline."""

    at: float
    what: str
    detail: str
    status: str
