"""What a feature flag says and for whom it is on, as Microsoft.FeatureManagement for .NET evaluates it.

Source: its targeting filter. A user has a fixed place between 0 and 100 for each flag, the first four bytes of a hash;
the flag is on for those below its percentage, so that who had it at 10 % has it at 25 % too. Users who are not signed
in have an empty name, and one place together.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

FLAG = "goal-suggestions"
_TARGETING = ("microsoft.targeting", "targeting")
_HIGHEST = 2**32 - 1
_EVERYBODY = 100.0


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom a targeting filter lets a flag be on; `percentage`: of those whom it does not name."""

    users: frozenset[str]
    excluded: frozenset[str]
    percentage: float

    @classmethod
    def parse(cls, value: Any) -> Audience:
        """An audience from JSON. Raises ValueError, AttributeError, TypeError."""
        exclusion = value.get("Exclusion") or {}
        percentage = float(value.get("DefaultRolloutPercentage") or 0.0)
        if not 0.0 <= percentage <= _EVERYBODY:
            raise ValueError(f"the rollout percentage {percentage:g} is not between 0 and 100")
        return cls(frozenset(value.get("Users") or ()), frozenset(exclusion.get("Users") or ()), percentage)

    def includes(self, user: str) -> bool:
        """Whether the flag may be on for this user."""
        if user in self.excluded:
            return False
        return user in self.users or place(user) < self.percentage or self.percentage == _EVERYBODY


@dataclass(frozen=True, slots=True)
class Definition:
    """A flag as the store defines it; `audiences`: of its filters, None of a filter that this product does not know.

    `every`: all filters have to agree, not one of them. A flag without filters is on for everybody while enabled.
    """

    enabled: bool
    audiences: tuple[Audience | None, ...]
    every: bool

    @classmethod
    def parse(cls, text: str) -> Definition:
        """A definition from the value of its key. Raises ValueError where it cannot be read."""
        try:
            value = json.loads(text)
            conditions = value.get("conditions") or {}
            filters = conditions.get("client_filters") or ()
            every = str(conditions.get("requirement_type") or "Any").lower() == "all"
            return cls(value.get("enabled") is True, tuple(_audience(one) for one in filters), every)
        except (AttributeError, TypeError, RecursionError) as error:
            raise ValueError(f"the flag cannot be read ({error})") from error

    def on(self, user: str) -> bool:
        """Whether the flag is on for this user."""
        if not self.enabled or not self.audiences:
            return self.enabled
        agree = (audience is not None and audience.includes(user) for audience in self.audiences)
        return all(agree) if self.every else any(agree)

    @property
    def percent(self) -> float:
        """The rollout percentage that is set, also while the flag is disabled; 100 without filters."""
        if not self.audiences:
            return _EVERYBODY
        shares = [0.0 if audience is None else audience.percentage for audience in self.audiences]
        return min(shares) if self.every else max(shares)


def place(user: str, flag: str = FLAG) -> float:
    """The user's place between 0 and 100."""
    hashed = hashlib.sha256(f"{user}\n{flag}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(hashed[:4], "little") / _HIGHEST * 100.0


def _audience(value: Any) -> Audience | None:
    if str(value.get("name")).lower() not in _TARGETING:
        return None
    return Audience.parse((value.get("parameters") or {}).get("Audience"))
