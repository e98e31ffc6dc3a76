"""The resources beside the app: the plan on which its slots run, and the database that they share."""

from __future__ import annotations

from aiohttp import web

from cpr_cockpit.lab.rest import errors, scope
from cpr_cockpit.lab.rest.routing import Call, Route


def routes() -> list[Route]:
    """Routes of the plan and of the database."""
    return [Route("GET", scope.PLAN, _plan), Route("GET", scope.DATABASE, _database)]


def check_plan(call: Call) -> None:
    """Raises ApiError 404 unless the path names the lab's plan."""
    scope.check_group(call)
    asked = call.parts["plan"]
    if asked.lower() != scope.PLAN_NAME:
        raise errors.unknown_resource(f"Microsoft.Web/serverfarms/{asked}", call.parts["group"])


def check_database(call: Call) -> None:
    """Raises ApiError 404 unless the path names the lab's database."""
    scope.check_group(call)
    server, database = call.parts["server"], call.parts["database"]
    if (server.lower(), database.lower()) != (scope.SERVER_NAME, scope.DATABASE_NAME):
        raise errors.unknown_resource(f"Microsoft.Sql/servers/{server}/databases/{database}", call.parts["group"])


async def _plan(call: Call) -> web.Response:
    check_plan(call)
    return web.json_response(
        {
            "id": scope.plan_id(call.world),
            "name": scope.PLAN_NAME,
            "type": "Microsoft.Web/serverfarms",
            "kind": "linux",
            "location": call.world.location,
            "properties": {"status": "Ready", "numberOfSites": len(call.world.slots), "reserved": True},
            "sku": {"name": "P1v3", "tier": "PremiumV3", "size": "P1v3", "family": "Pv3", "capacity": 1},
        }
    )


async def _database(call: Call) -> web.Response:
    check_database(call)
    return web.json_response(
        {
            "id": scope.database_id(call.world),
            "name": scope.DATABASE_NAME,
            "type": "Microsoft.Sql/servers/databases",
            "location": call.world.location,
            "properties": {"status": "Online"},
            "sku": {"name": "S0", "tier": "Standard", "capacity": 10},
        }
    )
