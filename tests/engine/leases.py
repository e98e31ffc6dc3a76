"""A lease store in the simulated world: conditional writes, and the faults of a store far away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from cpr_cockpit.core.lease import Lease, LeaseLost
from cpr_cockpit.core.ports import PortError

WAY = 0.05  # seconds


@dataclass(slots=True)
class Store:
    """The LeaseStore port. ``fault``: "" none, down, hangs, lost (what is written takes effect, unanswered).

    ``way_s``: how long each request takes; ``removal_s``: until a removal takes effect. ``witness`` sees what a write
    takes the place of; ``before_write`` is called when one is on its way.
    """

    held: Lease | None = None
    fault: str = ""
    witness: Callable[[Lease | None], None] = lambda lease: None
    before_write: Callable[[], None] = lambda: None
    way_s: float = WAY
    removal_s: float = 0.0
    writes: int = 0
    removals: int = 0
    _numbers: count[int] = field(default_factory=count)

    @property
    def key(self) -> str:
        """Its name."""
        return "cpr-cockpit/lease/goals"

    def put(self, lease: Lease | None) -> None:
        """Somebody else writes."""
        self.held = None if lease is None else replace(lease, etag=f"e{next(self._numbers)}")

    async def _way(self) -> None:
        await asyncio.sleep(self.way_s)
        if self.fault == "hangs":
            await asyncio.sleep(10_000.0)
        if self.fault == "down":
            raise PortError("The store cannot be reached.")

    async def read(self) -> Lease | None:
        """As it is."""
        await self._way()
        return self.held

    async def write(self, lease: Lease, over: str | None) -> Lease:
        """Only in the place of that ETag."""
        self.writes += 1
        self.before_write()
        await self._way()
        if (self.held.etag if self.held is not None else None) != over:
            raise LeaseLost("It is another's by now.", status=412)
        self.witness(self.held)
        self.put(lease)
        assert self.held is not None
        if self.fault == "lost":
            self.fault = ""
            raise PortError("No answer came back.", ambiguous=True)
        return self.held

    async def remove(self, etag: str) -> None:
        """Only that ETag."""
        self.removals += 1
        await self._way()
        await asyncio.sleep(self.removal_s)
        if self.held is None or self.held.etag != etag:
            raise LeaseLost("It is another's by now.", status=412)
        self.held = None
