"""The newest restore point of the database, and its age. Nothing is restored.

Azure SQL tells restore points (Microsoft.Sql, restorePoints 2023-08-01): a discrete one with the time at which it was
taken; a continuous one with the earliest moment alone, for the log is kept every few minutes (Azure documentation,
"Automated backups in Azure SQL Database"). A flexible server tells backups with the time at which each was complete
(Microsoft.DBforPostgreSQL and Microsoft.DBforMySQL, flexibleServers/backups).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.metrics_database import kind_of
from cpr_cockpit.adapters.azure.resources import listed, properties
from cpr_cockpit.adapters.azure.times import epoch
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.sensing import Reading, State

ITEM = "database.backups"
_DOING = "Reading the backups of the database"
_SQL = "microsoft.sql/servers/databases"
_LISTS = {
    _SQL: ("restorePoints", "2023-08-01"),
    "microsoft.dbforpostgresql/flexibleservers": ("backups", "2022-12-01"),
    "microsoft.dbformysql/flexibleservers": ("backups", "2021-12-01-preview"),
}
_HOUR_S = 3600.0


class Backups:
    """``most_s``: how old the newest restore point may be, in seconds."""

    items = (ITEM,)
    timeout_s = 20.0

    def __init__(self, manager: Manager, clock: Clock, database_id: str, most_s: float) -> None:
        self._manager = manager
        self._clock = clock
        self._id = database_id
        self._most_s = most_s

    async def read(self) -> tuple[Reading, ...]:
        """Failed where there is none, or the newest is too old. PortError."""
        list_name, version = _LISTS[kind_of(self._id)]
        found = await listed(self._manager, _DOING, f"{self._id}/{list_name}", version)
        points = [properties(one) for one in found]
        try:
            taken = [at for one in points if (at := _taken(one)) is not None]
            since = [epoch(str(one["earliestRestoreDate"])) for one in points if _continuous(one)]
        except (KeyError, ValueError) as error:
            raise unreadable(_DOING, repr(error)) from error
        return (self._judged(taken, since),)

    def _judged(self, taken: list[float], since: list[float]) -> Reading:
        now = self._clock.now()
        if since and min(since) <= now:
            hours = (now - min(since)) / _HOUR_S
            return Reading(ITEM, State.OK, f"any moment of the last {hours:.0f} h, kept continuously")
        if not taken:
            return Reading(ITEM, State.FAILED, "the database has no restore point")
        age = (now - max(taken)) / _HOUR_S
        words = f"{len(taken)} restore points, the newest {age:.1f} h old, at most {self._most_s / _HOUR_S:g} h wanted"
        state = State.OK if now - max(taken) <= self._most_s else State.FAILED
        return Reading(ITEM, state, words, n=len(taken))


def _continuous(point: Mapping[str, Any]) -> bool:
    return str(point.get("restorePointType")).upper() == "CONTINUOUS" and bool(point.get("earliestRestoreDate"))


def _taken(point: Mapping[str, Any]) -> float | None:
    told = point.get("restorePointCreationDate") or point.get("completedTime")
    return epoch(str(told)) if told else None


def known(database_id: str) -> bool:
    """Whether the backups of this kind of database can be read."""
    return kind_of(database_id) in _LISTS
