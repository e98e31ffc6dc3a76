"""The lab's one resource group, which has no tag of its own.

Source: Azure REST, Resource Groups, Get and List (2021-04-01).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.rest import scope
from cpr_cockpit.lab.rest.routing import Call, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World


def routes() -> list[Route]:
    """Routes of resource groups."""
    return [
        Route("GET", scope.SUBSCRIPTION + "/resourceGroups", _list),
        Route("GET", scope.GROUP, _get),
    ]


async def _list(call: Call) -> web.Response:
    scope.check_subscription(call)
    return web.json_response({"value": [_resource(call.world)]})


async def _get(call: Call) -> web.Response:
    scope.check_group(call)
    return web.json_response(_resource(call.world))


def _resource(world: World) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{world.subscription}/resourceGroups/{world.resource_group}",
        "name": world.resource_group,
        "type": "Microsoft.Resources/resourceGroups",
        "location": world.first.location,
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }
