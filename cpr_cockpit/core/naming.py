"""How a run is called where there is little room."""

from __future__ import annotations


def brief(run: str) -> str:
    """The beginning of a run's name, its date and time: enough for a command to mean it, too short to be cut."""
    return "-".join(run.split("-")[:2])
