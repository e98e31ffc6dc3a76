"""Are the errors back at the baseline? The users' failures after the way back beside those before the switch.

Missing is not healthy: without enough requests nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.rates import tail_at_most
from cpr_cockpit.core.verdict import percent

ITEM = "rollback-follow-up.errors-at-baseline"
LEAST_REQUESTS = 100
"""Fewer say nothing: at a baseline of 0.3 % not one of a hundred fails in three of four cases."""
# A baseline without a failure does not mean that none ever happens.
_LEAST_RATE = 0.001
# As rarely as this would the baseline show so many failures.
_CHANCE = 0.01


@dataclass(frozen=True, slots=True)
class Before:
    """Users' requests before the switch; ``target``: the rate that counts where there were none."""

    requests: int
    failures: int
    target: float

    @property
    def rate(self) -> float:
        """The rate that chance is measured by: with one failure more, for few requests say little."""
        if not self.requests:
            return self.target
        return max(_LEAST_RATE, (self.failures + 1) / (self.requests + 2))

    def words(self) -> str:
        """For a person."""
        if not self.requests:
            return f"no baseline, target {percent(self.target)}"
        return f"{percent(self.failures / self.requests)} before, n {self.requests}"


def at_baseline(requests: int, failures: int, before: Before) -> bool | None:
    """Whether so many failures are what the baseline shows too; None where too few requests tell."""
    if requests < LEAST_REQUESTS:
        return None
    if not failures:
        return True
    as_many = 1.0 - tail_at_most(failures - 1, requests, min(0.999, before.rate))
    return as_many >= _CHANCE


def told(requests: int, failures: int, newest_age_s: float | None, before: Before) -> str:
    """The figure with its n, its age and what it is held against."""
    age = "no data" if newest_age_s is None else f"newest {newest_age_s:.0f} s old"
    rate = percent(failures / requests) if requests else "no rate"
    return f"{rate} of {requests} requests failed since the way back ({before.words()}; {age})"
