"""Journeys that this program walked in production: requests that are no user's, and steps that passed or did not.

What they sent is told by the platform's count among users' requests, and must be taken from it again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

from cpr_cockpit.core.journey_events import JourneyWalked

_MOST = 40_000
"""Requests that are remembered: an hour at the fastest pace that policy allows."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One journey, once. ``began`` and ``ended``: epoch seconds; ``sent``: when about each of its requests was.

    ``passed``: steps as expected, of a critical journey alone; ``words``: why it failed, "" where it did not.
    """

    key: tuple[str, str, float]
    began: float
    ended: float
    sent: tuple[float, ...]
    passed: int
    words: str


def walk_of(event: JourneyWalked) -> Walk:
    """A walk as the journal has it; of a command's requests nobody knows."""
    began = event.ended_at - event.ms / 1000.0
    steps = [step for step in event.steps if step.walked != "not run"]
    at, sent = began, []
    for step in steps:
        at = min(event.ended_at, at + step.ms / 1000.0)
        sent.append(at)
    passed = sum(step.walked == "passed" for step in steps) if event.critical else 0
    words = f"journey {event.name} failed: {event.words}" if event.walked == "failed" else ""
    return Walk((event.app, event.name, event.ended_at), began, event.ended_at, tuple(sent), passed, words)


class OwnSteps:
    """The walks since T0. Told twice, a walk counts once."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str, float]] = set()
        self._sent: list[float] = []
        self.passed = 0
        self.failure = ""
        self.last_at: float | None = None

    def take(self, walk: Walk) -> None:
        """Add one; the first failure is remembered."""
        if walk.key in self._known:
            return
        self._known.add(walk.key)
        for at in walk.sent:
            insort(self._sent, at)
        del self._sent[:-_MOST]
        self.passed += walk.passed
        self.failure = self.failure or walk.words
        if walk.passed:
            self.last_at = walk.ended if self.last_at is None else max(self.last_at, walk.ended)

    def between(self, begin: float, end: float) -> int:
        """How many requests of journeys were sent in [begin, end)."""
        return bisect_left(self._sent, end) - bisect_left(self._sent, begin)


def since(walks: Sequence[Walk], t0: float) -> tuple[Walk, ...]:
    """Those that were begun at T0 or later."""
    return tuple(walk for walk in walks if walk.began >= t0 - 1e-3)
