"""How many users there are at which hour, by the last days: whether a verdict on users is possible, and from when on.

Rows are counted: a row that stands for several requests is one observation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import STRETCH_S, Stretch
from cpr_cockpit.core.rates import requests_needed
from cpr_cockpit.core.synthetic import few_by, steps_needed

DAY_S = 86_400.0
DAYS = 7
_TELLING = 20
"""Rows that tell a rate, where less than a day is known."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Stretches with rows of the last days, as known at ``now``."""

    stretches: Sequence[Stretch]
    now: float

    @property
    def known_s(self) -> float:
        """Seconds since the oldest row."""
        return self.now - min((one.oldest for one in self.stretches), default=self.now)

    @property
    def by_the_day(self) -> bool:
        """Whether a whole day is known, so that hours can be told apart."""
        return self.known_s >= DAY_S

    def expected(self, at: float, window_s: float) -> float:
        """Requests of a window that begins at ``at``: the mean of the same time on the days that are known."""
        if not self.by_the_day:
            rows = sum(one.rows for one in self.stretches)
            # Of two rows in a few seconds nothing follows for a window.
            known = self.known_s if rows >= _TELLING else max(self.known_s, window_s)
            return rows / max(known, 1.0) * window_s
        days = [at - number * DAY_S for number in range(1, DAYS + 1) if at - number * DAY_S >= self.now - self.known_s]
        days = days or [at - math.ceil((at + window_s - self.now) / DAY_S) * DAY_S]
        return sum(self._between(day, day + window_s) for day in days) / len(days)

    def _between(self, begin: float, end: float) -> float:
        """Rows of that time; those of a stretch are spread over it."""
        return sum(
            one.rows * max(0.0, min(end, one.start + STRETCH_S) - max(begin, one.start)) / STRETCH_S
            for one in self.stretches
            if one.start < end and one.start + STRETCH_S > begin
        )

    def possible_at(self, window_s: float, policy: Policy) -> float | None:
        """From when on users are enough for a verdict, within a day from now; None: at no time that is known."""
        if not self.by_the_day:
            return None
        steps = (self.now + number * STRETCH_S for number in range(int(DAY_S / STRETCH_S)))
        return next((at for at in steps if not few(self.expected(at, window_s), policy)), None)


def few(expected: float, policy: Policy) -> bool:
    """Whether so many expected requests may be too few for a verdict on users."""
    return few_by(0.0, expected, 1.0, policy)


def users_words(hours: Hours, policy: Policy, critical: Sequence[int]) -> tuple[bool, str]:
    """Whether users are few in a window that begins now, and what that means, in words.

    ``policy``: scaled to the window; ``critical``: how many steps each critical journey has that may stand in for them.
    """
    window_s = policy.window_s
    expected = hours.expected(hours.now, window_s)
    days = min(DAYS, int(hours.known_s // DAY_S))
    span = (
        f"the last {days} days" if days > 1 else "the last day" if days else f"the last {_span(round(hours.known_s))}"
    )
    words = f"at this hour about {expected:.0f} requests in the window of {_span(window_s)} (by {span})"
    if not few(expected, policy):
        return False, f"{words}: enough for a verdict on users"
    needed = requests_needed(0, limit=policy.error_rate, alpha=policy.alpha)
    at = hours.possible_at(window_s, policy)
    until = " at any hour" if hours.by_the_day else ", as far as is known"
    if at is not None:
        until = f" before {datetime.fromtimestamp(at, UTC):%H:%M} UTC"
    possible = "impossible" if expected + 3.0 * math.sqrt(expected) < needed else "in doubt"
    words += f": a verdict on users is {possible}{until}, which takes {needed} without a failure"
    return True, f"{words}. {_instead(policy, critical)}"


def _instead(policy: Policy, critical: Sequence[int]) -> str:
    """What carries a GO then."""
    needed = steps_needed(policy)
    if not policy.synthetic_go:
        return "It will be held thin: with synthetic_go = true in [policy] critical journeys may carry a GO"
    if not critical:
        return "It will be held thin: no critical journey of HTTP steps is declared for production"
    steps = policy.synthetic_steps * policy.window_s / 60.0
    enough = "which carries a GO" if steps >= needed else "which carries none"
    return f"Journeys make about {steps:.0f} steps in it, {needed} are needed, {enough}"


def _span(seconds: float) -> str:
    return f"{seconds / 60:.3g} min" if seconds >= 60 else f"{seconds:g} s"
