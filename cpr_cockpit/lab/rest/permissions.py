"""What whoever asks may do at the app, and at the component of its telemetry: `Microsoft.Authorization/permissions`."""

from __future__ import annotations

from aiohttp import web

from cpr_cockpit.lab.rest import scope
from cpr_cockpit.lab.rest.routing import Call, Route

_TAIL = "/providers/Microsoft.Authorization/permissions"
_COMPONENT = scope.GROUP + "/providers/microsoft.insights/components/{component}"


def routes() -> list[Route]:
    """The routes of the permissions."""
    return [Route("GET", scope.SITE + _TAIL, _at_app), Route("GET", _COMPONENT + _TAIL, _in_force)]


async def _at_app(call: Call) -> web.Response:
    scope.site_of(call)
    return await _in_force(call)


async def _in_force(call: Call) -> web.Response:
    sets = [one | {"dataActions": [], "notDataActions": []} for one in call.world.rights.sets]
    return web.json_response({"value": sets})
