"""The tags of an app and of its resource group, read by Resource Manager."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.azure.manager import API_VERSION, Manager
from cpr_cockpit.core.tags import Tagged, lacking

# Azure REST, Resource Groups - Get.
GROUPS_API_VERSION = "2021-04-01"


class AzureTags:
    """The TagReader port of one app."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    async def tagged(self, names: Collection[str]) -> Tagged:
        """One request where the app has every tag that is asked for, else two. PortError."""
        environment = self._manager.environment
        own = await self._read("Reading the app's tags", environment.site_id, API_VERSION)
        group: Mapping[str, str] = {}
        if lacking(names, own):
            path = f"/subscriptions/{environment.subscription}/resourceGroups/{environment.resource_group}"
            group = await self._read("Reading the resource group's tags", path, GROUPS_API_VERSION)
        asked = f"app {environment.app} in {environment.resource_group} of subscription {environment.subscription}"
        return Tagged(asked, own, group)

    async def _read(self, doing: str, path: str, version: str) -> Mapping[str, str]:
        answer = await self._manager.get(doing, self._manager.environment.manager_url(path), {"api-version": version})
        try:
            body = answer.json()
        except (ValueError, RecursionError) as error:
            raise unreadable(doing, str(error)) from error
        tags = body.get("tags") or {} if isinstance(body, Mapping) else None
        if not isinstance(tags, Mapping):
            raise unreadable(doing, "the tags are no object")
        return {str(name): str(value) for name, value in tags.items()}
