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

    @property
    def reached(self) -> list[str]:
        """The slots to which new sessions are sent."""
        return [share.slot for share in self._shares if share.percentage]

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


def read_rules(experiments: Any, hosts: Mapping[str, str]) -> tuple[Share, ...]:
    """The shares that `experiments` asks for; `hosts`: the slots that can have one, by host.

    A rule's host names its slot; where no slot has that host its `name` does, for `az` makes the host up. ValueError or
    TypeError: what is wrong.
    """
    rules = _list(_object(experiments or {}).get("rampUpRules") or [])
    shares = tuple(_share(_object(rule), hosts) for rule in rules)
    if len({share.slot for share in shares}) < len(shares):
        raise ValueError("two rules name the same slot")
    if sum(share.percentage for share in shares) > _WHOLE:
        raise ValueError("the rules route more than 100 % of the traffic")
    return shares


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"an object is needed where the rules have {value!r}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"'rampUpRules' must be a list, found {value!r}")
    return value


def _share(rule: Mapping[str, Any], hosts: Mapping[str, str]) -> Share:
    host, name, percentage = rule.get("actionHostName"), rule.get("name"), rule.get("reroutePercentage")
    if isinstance(percentage, bool) or not isinstance(percentage, int | float) or not 0.0 <= percentage <= _WHOLE:
        raise ValueError(f"'reroutePercentage' must be between 0 and 100, found {percentage!r}")
    slot = hosts.get(str(host)) or next((one for one in hosts.values() if one.lower() == str(name).lower()), None)
    if slot is None:
        raise ValueError(f"no slot has the host {host!r}")
    return Share(slot, float(percentage))
