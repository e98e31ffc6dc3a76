"""A webhook that takes what a notifier sends and remembers it: whose address is told in the ready file, with its token.

It can refuse, or hang, so that a notifier's patience can be seen. Bodies are kept without the bytes of attachments.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import time
from typing import Any

from aiohttp import web

from cpr_cockpit.lab.troubles import NOTIFICATION_REFUSED, Troubles

ACCEPT, REFUSE, HANG = "accept", "refuse", "hang"
ANSWERS = (ACCEPT, REFUSE, HANG)
_LARGEST = 16 * 1024 * 1024
# Messages that are kept; the oldest go first.
_MOST = 1000
_HIDDEN = frozenset({"authorization", "cookie"})


class WebhookSink:
    """`messages`: what came, oldest first, whatever was answered. `answer`: what the next ones get."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.messages: list[dict[str, Any]] = []
        self.answer = ACCEPT

    @property
    def path(self) -> str:
        """Where it takes messages; the token in it is all that a sender needs."""
        return f"/hooks/{self._token}"

    def take_troubles(self, troubles: Troubles) -> None:
        """It refuses as long as the trouble lasts."""

        async def refused(there: bool) -> None:
            self.answer = REFUSE if there else ACCEPT

        troubles.watch(NOTIFICATION_REFUSED, refused)

    def application(self) -> web.Application:
        """Its only route."""
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_post("/hooks/{token}", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        shown = request.match_info["token"].encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, self._token.encode()):
            return web.json_response({"message": "There is no such hook."}, status=web.HTTPNotFound.status_code)
        answer = self.answer
        kept = {"at": time.time(), "answer": answer, "headers": _headers(request), **await _content(request)}
        self.messages = [*self.messages, kept][-_MOST:]
        if answer == HANG:
            await asyncio.Event().wait()
        if answer == REFUSE:
            return web.json_response({"message": "The hook refuses."}, status=web.HTTPServiceUnavailable.status_code)
        return web.json_response({"ok": True})


def _headers(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items() if name.lower() not in _HIDDEN}


async def _content(request: web.Request) -> dict[str, Any]:
    """The body as JSON, else as text, with its attachments told by name, type and size."""
    data = await request.read()
    try:
        body = json.loads(data)
    except ValueError:
        return {"body": data.decode("utf-8", "replace"), "attachments": []}
    files = body.pop("attachments", []) if isinstance(body, dict) else []
    return {"body": body, "attachments": [_told(one) for one in files if isinstance(one, dict)]}


def _told(one: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(base64.b64decode(str(one.get("base64", "")), validate=True))
    except binascii.Error:
        size = -1
    return {"name": one.get("filename"), "type": one.get("mimetype"), "bytes": size}
