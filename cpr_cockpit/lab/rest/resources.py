"""What there is beside the apps, listed: Application Insights, the workspace, the database.

Source: Azure REST, Components List (2020-02-02), Workspaces List (2022-10-01), Resources List (2021-04-01). The store
of the feature flags is not listed: its address is no azconfig.io.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.rest import scope
from cpr_cockpit.lab.rest.routing import Call, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World


def routes() -> list[Route]:
    """Routes of the lists."""
    return [
        Route("GET", scope.SUBSCRIPTION + "/providers/Microsoft.Insights/components", _components),
        Route("GET", scope.SUBSCRIPTION + "/providers/Microsoft.OperationalInsights/workspaces", _workspaces),
        Route("GET", scope.SUBSCRIPTION + "/resources", _resources),
    ]


async def _components(call: Call) -> web.Response:
    scope.check_subscription(call)
    world = call.world
    properties = {"WorkspaceResourceId": _workspace_id(world), "IngestionMode": "LogAnalytics"}
    return _listed(world, world.app_insights_id, properties)


async def _workspaces(call: Call) -> web.Response:
    scope.check_subscription(call)
    return _listed(call.world, _workspace_id(call.world), {"customerId": call.world.workspace_id})


async def _resources(call: Call) -> web.Response:
    """Those whose type the filter names."""
    scope.check_subscription(call)
    if "microsoft.sql/servers/databases" in call.request.query.get("$filter", "").lower():
        return _listed(call.world, scope.database_id(call.world), {})
    return web.json_response({"value": []})


def _workspace_id(world: World) -> str:
    return f"{scope.group_id(world)}/providers/Microsoft.OperationalInsights/workspaces/logs-goals-lab"


def _listed(world: World, id: str, properties: dict[str, Any]) -> web.Response:
    one = {"id": id, "name": id.rpartition("/")[2], "location": world.first.location, "properties": properties}
    return web.json_response({"value": [one]})
