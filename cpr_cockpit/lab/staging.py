"""Staging: an app of its own with the new version, its own host, database and telemetry, and no user.

It is at Resource Manager as any app; its one slot is what it serves. No defect of a scenario is ever told to it: what
goes wrong in a rehearsal goes wrong in production.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cpr_cockpit.lab.models import PRODUCTION
from cpr_cockpit.lab.regions import APP, Region
from cpr_cockpit.lab.site import OpenKudu, Site

if TYPE_CHECKING:
    from cpr_cockpit.lab.instance import TelemetrySink
    from cpr_cockpit.lab.models import OperationLog
    from cpr_cockpit.lab.proxy import FrontEnd
    from cpr_cockpit.lab.world import World

_OWN = "staging"
NAME = f"{APP}-{_OWN}"


class StagingRegion(Region):
    """Where it is: a plan of its own, whose processes nobody counts among production's."""

    @property
    def app(self) -> str:
        """Name of the app."""
        return NAME

    @property
    def plan(self) -> str:
        """Name of its plan."""
        return f"{super().plan}-{_OWN}"


class Staging(Site):
    """The app of staging."""

    def __init__(self, world: World, region: Region, front: FrontEnd, open_kudu: OpenKudu) -> None:
        super().__init__(world, region, front, open_kudu)
        # No user comes to it: what it serves is never what users meet.
        self.admit(users=False)

    def _operations(self) -> OperationLog:
        return self.world.log.of(self.app)

    def _sink(self) -> TelemetrySink:
        return _Component(self.world)

    def _environment(self) -> Mapping[str, str]:
        """A database of its own: what is tried there is no user's."""
        return ChainMap({"DATABASE": str(self.world.folder / f"{_OWN}.sqlite3")}, self.world.environment)

    async def open(self, package: bytes) -> None:
        """Open its only slot with `package` deployed, not yet started. Raises OSError."""
        await self.open_slots(package, (PRODUCTION,))


class _Component:
    """The application of staging in the workspace: its rows name it, so that nobody takes them for production's."""

    def __init__(self, world: World) -> None:
        self._telemetry = world.telemetry
        self._id = component_id(world)

    def request(self, row: dict[str, Any]) -> None:
        """Take a row of AppRequests."""
        self._telemetry.request(row | {"_ResourceId": self._id})

    def exception(self, row: dict[str, Any]) -> None:
        """Take a row of AppExceptions."""
        self._telemetry.exception(row | {"_ResourceId": self._id})

    def dependency(self, row: dict[str, Any]) -> None:
        """Take a row of AppDependencies."""
        self._telemetry.dependency(row | {"_ResourceId": self._id})

    def event(self, row: dict[str, Any]) -> None:
        """Take a row of AppEvents."""
        self._telemetry.event(row | {"_ResourceId": self._id})

    def database(self, served: Mapping[str, Any]) -> None:
        """What its own database counted is told nowhere."""


def component_id(world: World) -> str:
    """Resource id of the component to which it reports."""
    return f"{world.app_insights_id}-{_OWN}"
