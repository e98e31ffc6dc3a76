"""Traffic shares: which slot a request of production gets that brings neither a routing cookie nor a routing query.

`properties.experiments.rampUpRules` of production's `config/web`, as App Service keeps them. A rule decides for new
sessions only: whoever holds a cookie keeps its slot, also where the rule is at 0 % (Azure documentation, "Set up
staging environments", "Route traffic").
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

_WHOLE = 100.0


@dataclass(frozen=True, slots=True)
class Share:
    """A slot and the percentage of new sessions that it gets."""

    slot: str
    percentage: float


class Shares:
    """The rules in force; none at first, so that production keeps everybody."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._shares: tuple[Share, ...] = ()

    @property
    def in_force(self) -> bool:
        """Whether there is a rule, be it one of 0 %."""
        return bool(self._shares)

    def put(self, shares: tuple[Share, ...]) -> None:
        """From now on these are the rules."""
        self._shares = shares

    def draw(self) -> str | None:
        """The slot of a new session; None: production."""
        left = self._random.uniform(0.0, _WHOLE)
        for share in self._shares:
            left -= share.percentage
            if left < 0.0:
                return share.slot
        return None


class _Rule(BaseModel):
    host: str = Field("", alias="actionHostName")
    percentage: float = Field(alias="reroutePercentage", ge=0.0, le=_WHOLE)
    name: str = ""


class _Experiments(BaseModel):
    rules: list[_Rule] | None = Field(None, alias="rampUpRules")


def read_rules(experiments: Any, hosts: Mapping[str, str]) -> tuple[Share, ...]:
    """The shares that `experiments` asks for; `hosts`: the slots that can have one, by host. ValueError: what is wrong.

    A rule's host names its slot; where no slot has that host its `name` does, for `az` makes the host up.
    """
    read = _Experiments.model_validate(experiments or {})
    shares = tuple(Share(_slot(rule, hosts), rule.percentage) for rule in read.rules or ())
    if len({share.slot for share in shares}) < len(shares):
        raise ValueError("two rules name the same slot")
    if sum(share.percentage for share in shares) > _WHOLE:
        raise ValueError("the rules route more than 100 % of the traffic")
    return shares


def _slot(rule: _Rule, hosts: Mapping[str, str]) -> str:
    slot = hosts.get(rule.host) or next((one for one in hosts.values() if one.lower() == rule.name.lower()), None)
    if slot is None:
        raise ValueError(f"no slot has the host {rule.host!r}")
    return slot
