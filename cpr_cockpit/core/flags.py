"""Feature flags as values: what one flag is in its store, and what an instance of the application says of it."""

from __future__ import annotations

from dataclasses import dataclass

TARGETING = "Microsoft.Targeting"
RANDOM = "Microsoft.Percentage"
"""Its users change with every question, so that nobody could be judged beside anybody."""


@dataclass(frozen=True, slots=True)
class FlagFacts:
    """One flag as its store tells it.

    ``percent``: of the users, by the targeting filter; None: it has none. ``filters``: their names. ``etag``: of this
    very state; a write that names it is refused once somebody has changed anything.
    """

    name: str
    exists: bool
    enabled: bool = False
    percent: float | None = None
    filters: tuple[str, ...] = ()
    locked: bool = False
    etag: str = ""

    @property
    def share(self) -> float:
        """For how many percent of the users it is on; a filter that is not targeting may let everybody through."""
        if not self.exists or not self.enabled:
            return 0.0
        return 100.0 if self.percent is None else self.percent

    @property
    def words(self) -> str:
        """Its state for a person."""
        if not self.exists:
            return f"flag {self.name} does not exist"
        locked = ", and it is locked" if self.locked else ""
        return f"flag {self.name} is {state_words(self.share)}{locked}"


def state_words(share: float) -> str:
    """A share of the users as a state of the flag."""
    return f"on for {share:g} % of the users" if share else "off"


def cannot_be_raised(flag: FlagFacts) -> str:
    """Why nobody can raise this flag share by share, and what to do; "" where it can be."""
    if not flag.exists:
        return f"Flag {flag.name} does not exist: create it, off, in the store that the application reads."
    if flag.locked:
        return f"Flag {flag.name} is locked: unlock it, or ask who locked it."
    if RANDOM in flag.filters:
        return (
            f"Flag {flag.name} has the filter {RANDOM}, which draws anew for every request: replace it by {TARGETING}, "
            "which keeps each user on one side."
        )
    return ""


def cannot_be_set_off(flag: FlagFacts) -> str:
    """Why this flag is no kill switch, and what to do; "" where it is one."""
    if not flag.exists:
        return f"Flag {flag.name} does not exist: correct the name in [strategy], or leave it out."
    return f"Flag {flag.name} is locked: unlock it, or ask who locked it." if flag.locked else ""


@dataclass(frozen=True, slots=True)
class FlagLook:
    """One instance's own word on a flag, over a fresh connection; ``share`` None: it did not tell (``error``: why)."""

    at: float
    version: str | None
    instance: str | None
    share: float | None
    error: str = ""
