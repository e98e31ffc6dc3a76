"""A reason to hold when the decision is due."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.verdict import HoldCause


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason to hold: the cause and its sentence."""

    cause: HoldCause
    sentence: str
