"""The store of one feature flag in a simulated world, and what the instances of the application know of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from cpr_cockpit.core.flags import TARGETING, FlagFacts, FlagLook
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import Accepted, PlannedRequest, PortError

if TYPE_CHECKING:
    from tests.engine.world import Call, World

FLAG = "goal-suggestions"
# Seconds until a request that is not answered is given up by who sent it.
GIVEN_UP_S = 30.0
# Seconds until an instance knows of a change: each has an interval of its own.
KNOWN_S = (0.4, 2.6)


class FlagStore:
    """The FeatureFlags port over the world's faults. ``ignored``: the application goes on as if it were never set off.

    ``away``: virtual seconds in which it cannot be reached. ``hung``: which of ``read`` and ``write`` are not answered.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.flag = FlagFacts(FLAG, True, False, 0.0, (TARGETING, "Contoso.Own"), etag="e0")
        self.history: list[tuple[float, float]] = [(0.0, 0.0)]
        self.written: list[tuple[bool, float | None]] = []
        self.away: list[tuple[float, float]] = []
        self.hung: frozenset[str] = frozenset()
        self.ignored = False
        self.untold = False

    def somebody_sets(self, **changes: object) -> None:
        """A colleague changes the flag, in the portal."""
        self._becomes(replace(self.flag, **changes))  # type: ignore[arg-type]  # the test's own members

    def _becomes(self, flag: FlagFacts) -> None:
        self.flag = replace(flag, etag=f"e{len(self.history)}")
        self.history.append((self._world.loop.time(), flag.share))
        if not (self.ignored and flag.share == 0.0):
            self._world.users.flagged.append((self._world.clock.now() + KNOWN_S[0], flag.share))

    def _gone(self) -> bool:
        return any(begin <= self._world.loop.time() < end for begin, end in self.away)

    async def _answering(self, what: str) -> None:
        if what in self.hung:
            await asyncio.sleep(GIVEN_UP_S)
            raise PortError("App Configuration did not answer.", ambiguous=True)

    async def read(self, name: str) -> FlagFacts:
        """The flag, or that there is none of that name."""
        await asyncio.sleep(self._world.read_s)
        await self._answering("read")
        if self._gone():
            raise PortError("App Configuration cannot be reached.", next_step="Check the network.")
        return self.flag if name == self.flag.name and self.flag.exists else FlagFacts(name, False)

    async def write(self, name: str, *, enabled: bool, percent: float | None, etag: str) -> Accepted:
        """One conditional write."""
        if self._gone():
            raise PortError("App Configuration cannot be reached: the request never left.")
        await self._answering("write")
        return await self._world.send_flag(enabled, percent, etag)

    def taken(self, call: Call) -> PortError | None:
        """The store has the request."""
        if call.etag != self.flag.etag or not self.flag.exists:
            return PortError("Somebody else has changed the flag.", status=412)
        if self.flag.locked:
            return PortError("The flag is locked.", status=409)
        percent = self.flag.percent if call.kept else call.percent
        self.written.append((call.enabled, percent))
        self._becomes(replace(self.flag, enabled=call.enabled, percent=percent))
        return None

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """Nothing is planned in a simulated world."""
        return ()

    def known(self, instance: str | None, number: int) -> FlagLook:
        """What an instance says: what the store said a while ago."""
        now = self._world.loop.time()
        if self.untold:
            return FlagLook(self._world.clock.now(), None, instance, None, "404")
        until = now - KNOWN_S[number % len(KNOWN_S)]
        share = next((share for at, share in reversed(self.history) if at <= until), 0.0)
        return FlagLook(self._world.clock.now(), None, instance, share)
