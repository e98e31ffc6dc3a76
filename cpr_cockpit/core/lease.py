"""The lease of an environment: who deploys to it, so that two do not at the same time; and the port that keeps it.

It is kept in the team's own Azure and held by ETag: whoever writes names what is replaced, and is told where that is
another's by now. It keeps others from START; on the way back nobody asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.verdict import clock_time


@dataclass(frozen=True, slots=True)
class Lease:
    """Held by a run of a person on a host, ``since`` and until ``expires_at`` (epoch seconds) unless it is renewed.

    ``etag``: of this very state, "" before it was written. ``run`` "": nobody can tell whose it is.
    """

    person: str
    host: str
    run: str
    since: float
    expires_at: float
    etag: str = ""

    @property
    def holder(self) -> str:
        """For a person."""
        return f"{self.person} on {self.host} (run {self.run})" if self.run else self.person

    def words(self, now: float) -> str:
        """Whose it is, for how long, and until when."""
        held = f"held by {self.holder} for {_length(now - self.since)}"
        if self.expires_at <= now:
            return f"{held}, expired at {clock_time(self.expires_at)}"
        return f"{held}, until {clock_time(self.expires_at)} unless it is renewed"


def _length(seconds: float) -> str:
    return f"{seconds / 60.0:.0f} min" if seconds >= 120.0 else f"{max(0.0, seconds):.0f} s"


class LeaseLost(PortError):
    """What was to be replaced is another's by now; nothing was written."""


class LeaseStore(Protocol):
    """One environment's lease."""

    @property
    def key(self) -> str:
        """Its name."""

    async def read(self) -> Lease | None:
        """The lease as it is; None: there is none. PortError."""

    async def write(self, lease: Lease, over: str | None) -> Lease:
        """Write ``lease`` in the place of the one with the ETag ``over``, None: only where there is none.

        The lease with its new ETag. LeaseLost; any other PortError may be ambiguous.
        """

    async def remove(self, etag: str) -> None:
        """Remove the lease of that ETag. LeaseLost, PortError."""
