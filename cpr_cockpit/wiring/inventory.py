"""Azure, or a lab, before any environment is pinned: what there is to choose from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.wiring.outside import stand_in
from cpr_cockpit.wiring.target import HEALTH, Place, Target, place_of

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.inventory import Inventory

_NONE = "00000000-0000-0000-0000-000000000000"


@asynccontextmanager
async def inventory_of(tenant: str, ready: Mapping[str, Any]) -> AsyncIterator[Inventory]:
    """Of the tenant, or of the lab whose ready file says ``ready`` ({}: none)."""
    from cpr_cockpit.adapters.azure.inventory import Inventory

    place = place_of(Target(), ready) if ready else _nowhere(tenant)
    async with AsyncExitStack() as stack:
        yield Inventory(await stand_in(place, stack))


def cloud_of(ready: Mapping[str, Any]) -> dict[str, str]:
    """The endpoints that a file for this lab names; {} for public Azure."""
    if not ready:
        return {}
    azure = place_of(Target(), ready).azure
    return {
        "resource_manager": azure.resource_manager.rstrip("/"),
        "authority": str(ready["authority"]).rstrip("/"),
        "logs": azure.logs.rstrip("/"),
        "logs_audience": azure.logs_audience,
        "kudu_audience": azure.kudu_scope.removesuffix("/.default"),
    }


def _nowhere(tenant: str) -> Place:
    """A place that names nothing but whose sign-in it is."""
    azure = AzureEnvironment(tenant=tenant, subscription=_NONE, resource_group="none", app="none", workspace_id=_NONE)
    return Place(azure, "none", "", "", HEALTH, (), on_lab=False)
