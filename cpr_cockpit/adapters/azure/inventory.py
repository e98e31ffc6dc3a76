"""What there is in Azure for whoever is signed in: subscriptions, apps with slots, and what is asked about an app.

Every list is read page by page (Azure REST: Subscriptions 2022-12-01, Web Apps, Components 2020-02-02, Workspaces
2022-10-01, Resources 2021-04-01). Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cpr_cockpit.adapters.azure.manager import API_VERSION, Manager
from cpr_cockpit.adapters.azure.resources import listed
from cpr_cockpit.core.inert import clean

_KINDS = (
    "Microsoft.Sql/servers/databases",
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.DBforMySQL/flexibleServers",
)
_STORES = "Microsoft.AppConfiguration/configurationStores"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription that the sign-in sees."""

    id: str
    tenant: str
    name: str


@dataclass(frozen=True, slots=True)
class Site:
    """An app or one of its slots (``name`` is then the slot's)."""

    id: str
    name: str
    resource_group: str
    host: str
    plan_id: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """Another resource; ``key``: of a workspace its own id, of a component its workspace's resource id, else ""."""

    id: str
    name: str
    key: str = ""

    @property
    def resource_group(self) -> str:
        """The group that its resource id names, in small letters."""
        return self.id.casefold().partition("/resourcegroups/")[2].partition("/")[0]


class Inventory:
    """Over Resource Manager; every method raises PortError."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """All, by name."""
        rows = await self._list("Reading the subscriptions", "/subscriptions", "2022-12-01")
        found = (
            Subscription(str(one.get("subscriptionId", "")), str(one.get("tenantId", "")), _name(one, "displayName"))
            for one in rows
        )
        return tuple(sorted(found, key=lambda one: one.name.casefold()))

    async def apps(self, subscription: str) -> tuple[Site, ...]:
        """All web apps, by name; no function apps."""
        path = f"/subscriptions/{subscription}/providers/Microsoft.Web/sites"
        rows = await self._list("Reading the apps", path, API_VERSION)
        apps = (_site(one) for one in rows if "functionapp" not in str(one.get("kind", "")).casefold())
        return tuple(sorted(apps, key=lambda one: one.name.casefold()))

    async def slots(self, app: Site) -> tuple[Site, ...]:
        """Its slots but production."""
        return tuple(_site(one) for one in await self._list("Reading the slots", f"{app.id}/slots", API_VERSION))

    async def components(self, subscription: str) -> tuple[Found, ...]:
        """Application Insights."""
        path = f"/subscriptions/{subscription}/providers/Microsoft.Insights/components"
        rows = await self._list("Reading Application Insights", path, "2020-02-02")
        return tuple(_found(one, "WorkspaceResourceId") for one in rows)

    async def workspaces(self, subscription: str) -> tuple[Found, ...]:
        """Log Analytics."""
        path = f"/subscriptions/{subscription}/providers/Microsoft.OperationalInsights/workspaces"
        return tuple(_found(one, "customerId") for one in await self._list("Reading workspaces", path, "2022-10-01"))

    async def databases(self, subscription: str) -> tuple[Found, ...]:
        """Databases whose metrics are known."""
        rows = await self._resources(subscription, _KINDS)
        return tuple(one for one in rows if not one.id.casefold().endswith("/databases/master"))

    async def stores(self, subscription: str) -> tuple[Found, ...]:
        """App Configuration."""
        return await self._resources(subscription, (_STORES,))

    async def _resources(self, subscription: str, kinds: tuple[str, ...]) -> tuple[Found, ...]:
        wanted = " or ".join(f"resourceType eq '{kind}'" for kind in kinds)
        path = f"/subscriptions/{subscription}/resources"
        rows = await self._list("Reading the resources", path, "2021-04-01", {"$filter": wanted})
        return tuple(_found(one, "") for one in rows)

    async def _list(
        self, doing: str, path: str, version: str, more: Mapping[str, str] | None = None
    ) -> tuple[Mapping[str, Any], ...]:
        return await listed(self._manager, doing, path, version, more)


def _site(one: Mapping[str, Any]) -> Site:
    properties = _table(one, "properties")
    return Site(
        id=str(one.get("id", "")),
        name=_name(one, "name").rpartition("/")[2],
        resource_group=clean(str(properties.get("resourceGroup", ""))),
        host=clean(str(properties.get("defaultHostName") or "")),
        plan_id=clean(str(properties.get("serverFarmId") or "")),
        tags={clean(str(name)): clean(str(value)) for name, value in _table(one, "tags").items()},
    )


def _found(one: Mapping[str, Any], key: str) -> Found:
    return Found(
        clean(str(one.get("id", ""))), _name(one, "name"), clean(str(_table(one, "properties").get(key) or ""))
    )


def _name(one: Mapping[str, Any], key: str) -> str:
    return clean(str(one.get(key, "")))


def _table(one: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = one.get(key)
    return value if isinstance(value, Mapping) else {}
