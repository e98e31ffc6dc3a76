"""What whoever asks may do at the app: `Microsoft.Authorization/permissions`."""

from __future__ import annotations

from aiohttp import web

from cpr_cockpit.lab.rest import scope
from cpr_cockpit.lab.rest.routing import Call, Route


def routes() -> list[Route]:
    """The route of the permissions at the app."""
    return [Route("GET", scope.SITE + "/providers/Microsoft.Authorization/permissions", _permissions)]


async def _permissions(call: Call) -> web.Response:
    scope.site_of(call)
    sets = [one | {"dataActions": [], "notDataActions": []} for one in call.world.rights.sets]
    return web.json_response({"value": sets})
