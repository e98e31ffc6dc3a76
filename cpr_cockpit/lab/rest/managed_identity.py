"""The managed identity of the app, as App Service gives it to a process: a token for who knows the secret header.

Source: Azure documentation, "REST endpoint reference" of managed identities on App Service, version 2019-08-01. The
form of virtual machines, which asks for no secret, is left out: on this machine there may be other users.
"""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING

from aiohttp import web

from cpr_cockpit.lab.rest import tokens

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World

PATH = "/msi/token"
_HEADER = "X-IDENTITY-HEADER"


def application(world: World, issuer: str) -> web.Application:
    """The endpoint of the identity of `world`; its tokens are those of the token endpoint `issuer`."""

    async def token(request: web.Request) -> web.Response:
        sent = request.headers.get(_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(sent, world.identity_header.encode()):
            return _refused(401, f"The header {_HEADER} is missing or is not the one of this app.")
        resource = request.query.get("resource", "")
        if not request.query.get("api-version") or not resource:
            return _refused(400, "The parameters 'api-version' and 'resource' are required.")
        if request.query.get("client_id", world.client_id).lower() != world.client_id.lower():
            return _refused(400, "No managed identity with this client id is assigned to the app.")
        now = time.time()
        return web.json_response(
            {
                "access_token": tokens.issue(world, resource.removesuffix("/.default"), issuer, now),
                "expires_on": str(int(now) + tokens.LIFETIME),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": world.client_id,
            },
            headers={"Cache-Control": "no-store"},
        )

    app = web.Application()
    app.router.add_get(PATH, token)
    return app


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "message": message}, status=status)
