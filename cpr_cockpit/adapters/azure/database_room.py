"""Whether the database has sessions left for two live versions: the slot and production at once."""

from __future__ import annotations

from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.metrics_database import kind_of
from cpr_cockpit.adapters.azure.metrics_newest import NewestPoints
from cpr_cockpit.core.ports import Asked, Clock
from cpr_cockpit.core.sensing import Reading, State

ITEM = "infrastructure.production-capacity"
_SQL, _SESSIONS = "microsoft.sql/servers/databases", "sessions_percent"
_LIVE = 2.0
_LATELY_S = 300.0


class DatabaseRoom:
    """Sessions in percent of those that the database allows, doubled, against ``most`` percent.

    Of a flexible server Azure Monitor tells connections without their limit, so nothing is read of one.
    """

    items = (ITEM,)
    timeout_s = 30.0

    def __init__(self, manager: Manager, clock: Clock, database_id: str, most: float) -> None:
        self._clock = clock
        self._id = database_id
        self._most = most
        self._newest = NewestPoints(manager, clock, "Reading the database's metrics", {_SESSIONS: "average"})

    async def read(self) -> tuple[Reading, ...]:
        """Unknown where no figure is told. PortError."""
        now = self._clock.now()
        found = await self._newest.read(self._id, Asked(now, now - _LATELY_S, "", "", 900.0, 1.0))
        sessions = found.now.get(_SESSIONS)
        if sessions is None:
            return (Reading(ITEM, State.UNKNOWN, "the database told no new figure of its sessions"),)
        words = f"sessions {sessions:.0f} % of the database, {_LIVE * sessions:.0f} % with two live versions"
        state = State.OK if _LIVE * sessions < self._most else State.FAILED
        return (Reading(ITEM, state, f"{words}, limit {self._most:.0f} %"),)


def known(database_id: str) -> bool:
    """Whether this kind of database tells its sessions against their limit."""
    return kind_of(database_id) == _SQL
