"""Whom to call when a way back does not go as it should."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody of the team; ``reach``: how they are reached, such as a phone number ("": not configured)."""

    name: str
    role: str
    reach: str = ""

    def words(self) -> str:
        """For a person."""
        return f"{self.name}, {self.role}: {self.reach or 'how to reach them is not configured'}"
