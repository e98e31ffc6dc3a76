"""The restore points of the lab's database.

Shapes as in the examples of Azure's REST reference, Microsoft.Sql restorePoints 2023-08-01: discrete points, each with
the time at which it was taken.
"""

from __future__ import annotations

import time

from aiohttp import web

from cpr_cockpit.lab.rest import plan, scope
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.wire import utc
from cpr_cockpit.lab.troubles import STALE_BACKUP

_EVERY = 8 * 3600.0
_KEPT = 9
_STALE = 3 * 86_400.0


def routes() -> list[Route]:
    """The route of the list."""
    return [Route("GET", scope.DATABASE + "/restorePoints", _list)]


async def _list(call: Call) -> web.Response:
    """Every eight hours one, the newest an hour old; of a stale backup three days older."""
    plan.check_database(call)
    world = call.world
    newest = time.time() - 3600.0 - (_STALE if world.troubles.has(STALE_BACKUP) else 0.0)
    points = []
    for number in range(_KEPT):
        taken = newest - number * _EVERY
        name = str(int(taken * 10_000_000))
        points.append(
            {
                "id": f"{scope.database_id(world)}/restorePoints/{name}",
                "name": name,
                "type": "Microsoft.Sql/servers/databases/restorePoints",
                "location": world.first.location,
                "properties": {
                    "restorePointType": "DISCRETE",
                    "restorePointCreationDate": utc(taken),
                    "earliestRestoreDate": None,
                },
            }
        )
    return web.json_response({"value": points})
