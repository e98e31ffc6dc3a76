"""The resources beside the app: the plan on which its slots run, and the database that they share."""

from __future__ import annotations

from aiohttp import web

from cpr_cockpit.lab.rest import errors, scope
from cpr_cockpit.lab.rest.routing import Call, Route

_MOST_WORKERS = 30


def routes() -> list[Route]:
    """Routes of the plan and of the database."""
    return [
        Route("GET", scope.PLAN, _plan),
        Route("PUT", scope.PLAN, _scale, mutates=True),
        Route("PATCH", scope.PLAN, _scale, mutates=True),
        Route("GET", scope.DATABASE, _database),
    ]


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
            "sku": dict(call.world.plan_sku),
        }
    )


async def _scale(call: Call) -> web.Response:
    """Another size, or other workers: told from then on; the lab's slots stay the one process that each of them is."""
    check_plan(call)
    sku = (await call.json()).get("sku")
    if not isinstance(sku, dict):
        raise errors.invalid_content("the member 'sku' must be an object")
    name, capacity = sku.get("name", call.world.plan_sku["name"]), sku.get("capacity", call.world.plan_sku["capacity"])
    if not isinstance(name, str) or not name or not isinstance(capacity, int) or not 1 <= capacity <= _MOST_WORKERS:
        raise errors.bad_request(f"The sku {name!r} with the capacity {capacity!r} is not valid.")
    call.world.scale_plan(name, capacity)
    return await _plan(call)


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
