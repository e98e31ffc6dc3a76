"""What the judge knows of a custom signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Limit(StrEnum):
    """What a signal must not do, as the configuration names it."""

    DROP = "drop"
    RISE = "rise"
    SHARE_ABOVE = "share_above"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """One signal. ``bound``: a share for drop, rise and share_above; else events per minute, or the figure itself.

    ``for_s`` and ``every_s`` are at their real length; ``delay_s``: how late its data is at least expected.
    ``rollback``: a breach rolls back; otherwise a person looks.
    """

    name: str
    limit: Limit
    bound: float
    for_s: float
    every_s: float
    delay_s: float = 0.0
    rollback: bool = False

    @property
    def against_history(self) -> bool:
        """Whether it is held against the time before the switch."""
        return self.limit in (Limit.DROP, Limit.RISE)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form for the journal."""
        return asdict(self) | {"limit": self.limit.value}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> SignalSpec:
        """The signal of its JSON form; ValueError says what is wrong with it."""
        try:
            return cls(**{**body, "limit": Limit(body["limit"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"signal: {error}") from error
