"""The resources beside the apps: the plan on which the slots of one run, and the database that all share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from cpr_cockpit.lab.rest import errors, scope
from cpr_cockpit.lab.rest.routing import Call, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.site import Site

_MOST_WORKERS = 30


def routes() -> list[Route]:
    """Routes of the plans and of the database."""
    return [
        Route("GET", scope.PLAN, _plan),
        Route("PUT", scope.PLAN, _scale, mutates=True),
        Route("PATCH", scope.PLAN, _scale, mutates=True),
        Route("GET", scope.DATABASE, _database),
    ]


def site_on(call: Call) -> Site:
    """The app on the plan that the path names. Raises ApiError 404."""
    scope.check_group(call)
    asked = call.parts["plan"]
    found = next((site for site in call.world.every.values() if site.plan == asked.lower()), None)
    if found is None:
        raise errors.unknown_resource(f"Microsoft.Web/serverfarms/{asked}", call.parts["group"])
    return found


def check_database(call: Call) -> None:
    """Raises ApiError 404 unless the path names the lab's database."""
    scope.check_group(call)
    server, database = call.parts["server"], call.parts["database"]
    if (server.lower(), database.lower()) != (scope.SERVER_NAME, scope.DATABASE_NAME):
        raise errors.unknown_resource(f"Microsoft.Sql/servers/{server}/databases/{database}", call.parts["group"])


async def _plan(call: Call) -> web.Response:
    site = site_on(call)
    return web.json_response(
        {
            "id": scope.plan_id(site),
            "name": site.plan,
            "type": "Microsoft.Web/serverfarms",
            "kind": "linux",
            "location": site.location,
            "properties": {"status": "Ready", "numberOfSites": len(site.slots), "reserved": True},
            "sku": dict(site.plan_sku),
        }
    )


async def _scale(call: Call) -> web.Response:
    """Another size, or other workers: told from then on; the processes of the app's slots stay as many as they were."""
    site = site_on(call)
    sku = (await call.json()).get("sku")
    if not isinstance(sku, dict):
        raise errors.invalid_content("the member 'sku' must be an object")
    name, capacity = sku.get("name", site.plan_sku["name"]), sku.get("capacity", site.plan_sku["capacity"])
    if not isinstance(name, str) or not name or not isinstance(capacity, int) or not 1 <= capacity <= _MOST_WORKERS:
        raise errors.bad_request(f"The sku {name!r} with the capacity {capacity!r} is not valid.")
    site.scale_plan(name, capacity)
    return await _plan(call)


async def _database(call: Call) -> web.Response:
    check_database(call)
    return web.json_response(
        {
            "id": scope.database_id(call.world),
            "name": scope.DATABASE_NAME,
            "type": "Microsoft.Sql/servers/databases",
            "location": call.world.first.location,
            "properties": {"status": "Online"},
            "sku": {"name": "S0", "tier": "Standard", "capacity": 10},
        }
    )
