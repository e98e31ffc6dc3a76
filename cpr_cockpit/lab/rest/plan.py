"""The resources beside the apps: the plan on which the slots of one run, and the database that all share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from cpr_cockpit.lab.rest import errors, scope
from cpr_cockpit.lab.rest.routing import Call, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.site import Site


def routes() -> list[Route]:
    """Routes of the plans and of the database."""
    return [Route("GET", scope.PLAN, _plan), Route("GET", scope.DATABASE, _database)]


def site_on(call: Call) -> Site:
    """The app on the plan that the path names. Raises ApiError 404."""
    scope.check_group(call)
    asked = call.parts["plan"]
    found = next((site for site in call.world.sites.values() if site.plan == asked.lower()), None)
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
    workers = site.settings.instances
    return web.json_response(
        {
            "id": scope.plan_id(site),
            "name": site.plan,
            "type": "Microsoft.Web/serverfarms",
            "kind": "linux",
            "location": site.location,
            "properties": {"status": "Ready", "numberOfSites": len(site.slots), "reserved": True},
            "sku": {"name": "P1v3", "tier": "PremiumV3", "size": "P1v3", "family": "Pv3", "capacity": workers},
        }
    )


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
