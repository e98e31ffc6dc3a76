"""The activity log of a resource group: who called which operation, when (Azure REST, Monitor, Activity Logs, List)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.times import epoch
from cpr_cockpit.core.surroundings import Activity

VERSION = "2015-04-01"
_DOING = "Reading the activity log"
_MOST_PAGES = 3
_GROUP = re.compile(r"/resourceGroups/([^/]+)", re.IGNORECASE)


def group_of(id: str) -> str:
    """The resource group that an id names; "" where it names none."""
    found = _GROUP.search(id)
    return found[1] if found else ""


async def read(manager: Manager, group: str, since: float) -> tuple[Activity, ...]:
    """What it tells of the group since then, the first pages of it. PortError."""
    start = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    wanted = f"eventTimestamp ge '{start}' and resourceGroupName eq '{group}'"
    path = (
        f"/subscriptions/{manager.environment.subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    )
    url: str = manager.environment.manager_url(path)
    params: dict[str, str] | None = {"api-version": VERSION, "$filter": wanted}
    found: list[Activity] = []
    for _ in range(_MOST_PAGES):
        page = await _page(manager, url, params)
        found += [activity for entry in page.get("value") or () if (activity := _activity(entry)) is not None]
        url, params = str(page.get("nextLink") or ""), None
        # The token goes to no other place.
        if not manager.environment.is_manager(url):
            break
    return tuple(found)


async def _page(manager: Manager, url: str, params: dict[str, str] | None) -> Mapping[str, Any]:
    async def once() -> Mapping[str, Any]:
        body = (await manager.once(_DOING, url, params)).json()
        if not isinstance(body, Mapping):
            raise TypeError("no object")
        return body

    return await manager.read(_DOING, once)


def _activity(entry: Any) -> Activity | None:
    """An entry; None where it tells no caller, no operation or no time."""
    try:
        operation, at = entry["operationName"]["value"], epoch(entry["eventTimestamp"])
        caller, resource = entry["caller"], entry.get("resourceId") or entry.get("resourceUri") or ""
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return Activity(at, clean(str(caller)), clean(str(operation)), clean(str(resource))) if caller else None
