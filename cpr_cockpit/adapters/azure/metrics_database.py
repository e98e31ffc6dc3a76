"""The DATABASE source: connections and load of the database that the environment names.

Which metrics there are depends on the kind of resource; names and aggregations: Azure Monitor's reference of supported
metrics for each kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.metrics_api import AVERAGE, TOTAL
from cpr_cockpit.adapters.azure.metrics_newest import NewestPoints
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import Asked, Clock
from cpr_cockpit.core.signals import Observation, Source


@dataclass(frozen=True, slots=True)
class _Shown:
    """One metric: its label, and the reading's unit."""

    label: str
    metric: str
    aggregation: str
    unit: str


_CPU = _Shown("database CPU", "cpu_percent", AVERAGE, "%")
_MEMORY = _Shown("database memory", "memory_percent", AVERAGE, "%")
_ACTIVE = _Shown("database connections", "active_connections", AVERAGE, "")
KINDS: dict[str, tuple[_Shown, ...]] = {
    "microsoft.sql/servers/databases": (
        _Shown("database connections made", "connection_successful", TOTAL, "events"),
        _Shown("database connections failed", "connection_failed", TOTAL, "events"),
        _CPU,
        _Shown("database sessions", "sessions_percent", AVERAGE, "%"),
    ),
    "microsoft.dbforpostgresql/flexibleservers": (
        _ACTIVE,
        _Shown("database connections failed", "connections_failed", TOTAL, "events"),
        _CPU,
        _MEMORY,
    ),
    "microsoft.dbformysql/flexibleservers": (
        _ACTIVE,
        _Shown("database connections aborted", "aborted_connections", TOTAL, "events"),
        _CPU,
        _MEMORY,
    ),
}
"""What is read of each kind of database, by its resource type in lower case."""

_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/([^/]+)/([^/]+)/[^/]+(?:/([^/]+)/[^/]+)?", re.IGNORECASE
)


def kind_of(resource_id: str) -> str:
    """The resource type that an id names, in lower case ("microsoft.sql/servers/databases"); "" where it is no id."""
    found = _ID.fullmatch(resource_id)
    return "/".join(part for part in found.groups() if part).lower() if found else ""


class DatabaseReader:
    """The Reader of one database. ValueError for an id of no kind that is known."""

    source = Source.DATABASE
    name = ""
    poll_s = 60.0
    timeout_s = 30.0

    def __init__(self, manager: Manager, clock: Clock, resource_id: str) -> None:
        shown = KINDS.get(kind_of(resource_id))
        if shown is None:
            raise ValueError(f"database_id: no database whose metrics are known: {resource_id}")
        self._clock = clock
        self._resource_id = resource_id
        self._shown = shown
        metrics = {one.metric: one.aggregation for one in shown}
        self._newest = NewestPoints(manager, clock, "Reading the database's metrics", metrics)

    async def read(self, asked: Asked) -> Observation:
        """The newest points. PortError where none could be read."""
        found = await self._newest.read(self._resource_id, asked)
        return Observation(
            Source.DATABASE,
            self._clock.now(),
            measured_at=found.at,
            granularity_s=found.grain,
            partial="; ".join(found.troubles) or None,
            readings=tuple(
                Reading(one.label, found.now.get(one.metric), one.unit, before=found.before.get(one.metric))
                for one in self._shown
            ),
            lines=found.missing,
        )
