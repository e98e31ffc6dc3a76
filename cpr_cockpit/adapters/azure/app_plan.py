"""The App Service plan that the app runs on: its id, and how large it is."""

from __future__ import annotations

import re
from typing import Any

from cpr_cockpit.adapters.azure.manager import API_VERSION, Manager
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.surroundings import PlanScale

# What may stand in an address as it is.
_ID = re.compile(r"(/[\w().-]+)+")


async def find_plan(manager: Manager) -> str:
    """The id of the plan that the site names. PortError."""
    environment, doing = manager.environment, "Reading which plan the app runs on"

    async def once() -> str:
        site = await manager.client.web_apps.get(environment.resource_group, environment.app)
        return str(site.properties.server_farm_id or "") if site.properties else ""

    found = await manager.read(doing, once)
    if not _ID.fullmatch(found):
        raise PortError(f"{doing}: Resource Manager does not tell it.", next_step="Set plan_id in cockpit.toml.")
    return found


async def scale_of(manager: Manager, plan_id: str) -> PlanScale:
    """Its sku and its workers (``sku.capacity``). PortError."""
    doing = "Reading how large the plan is"

    async def once() -> PlanScale:
        answer = await manager.once(doing, manager.environment.manager_url(plan_id), {"api-version": API_VERSION})
        sku: dict[str, Any] = answer.json().get("sku") or {}
        workers = sku.get("capacity")
        return PlanScale(plan_id.rsplit("/", 1)[-1], str(sku["name"]), None if workers is None else int(workers))

    return await manager.read(doing, once)
