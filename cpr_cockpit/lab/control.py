"""The lab's own control endpoint, which Azure has not: scenario, faults, what the clients met, operation log, lease.

Plain HTTP on loopback with a bearer token of its own; every answer is a JSON object.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import math
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.telemetry_faults import Fault
from cpr_cockpit.lab.troubles import NAMES
from cpr_cockpit.lab.webhook_sink import ANSWERS

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from cpr_cockpit.lab.counts import Counts
    from cpr_cockpit.lab.lease import Lease
    from cpr_cockpit.lab.webhook_sink import WebhookSink
    from cpr_cockpit.lab.world import World


class _Wrong(Exception):
    """A request that cannot be carried out: why."""


class Control:
    """Handlers over one lab; `stop` is set when somebody asks for its end."""

    def __init__(self, world: World, counts: Counts, lease: Lease, token: str, sink: WebhookSink) -> None:
        self._world = world
        self._counts = counts
        self._lease = lease
        self._token = token
        self._sink = sink
        self.stop = asyncio.Event()

    def application(self) -> web.Application:
        """The control endpoint's application."""
        app = web.Application(middlewares=[self._guarded])
        app.router.add_put("/scenario", self._scenario)
        app.router.add_put("/faults", self._faults)
        app.router.add_put("/rights", self._rights)
        app.router.add_put("/troubles", self._put_troubles)
        app.router.add_get("/troubles", self._troubles)
        app.router.add_put("/telemetry", self._put_telemetry)
        app.router.add_get("/telemetry", self._telemetry)
        app.router.add_get("/traffic", self._traffic)
        app.router.add_get("/operations", self._operations)
        app.router.add_get("/requests", self._requests)
        app.router.add_get("/messages", self._messages)
        app.router.add_put("/messages", self._put_messages)
        app.router.add_get("/state", self._state)
        app.router.add_post("/lease", self._renew)
        app.router.add_post("/stop", self._stop)
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(_bytes(token.strip()), _bytes(self._token)):
            return _error(401, "The control endpoint wants the bearer token of the lab's ready file.")
        try:
            return await handler(request)
        except _Wrong as wrong:
            return _error(400, f"{wrong}. Nothing was changed.")
        except web.HTTPException as refusal:
            return _error(refusal.status, refusal.reason)

    async def _scenario(self, request: web.Request) -> web.Response:
        body = await _object(request)
        name, version = _text(body, "name"), _text(body, "version")
        window = _number(body, "window")
        share, factor = _number(body, "share"), _number(body, "factor")
        asked, flag = body.get("telemetry_fault"), None if body.get("flag") is None else _text(body, "flag")
        try:
            await self._world.choose(
                name,
                version=version,
                window=self._world.settings.window if window is None else window,
                share=share,
                factor=factor,
                flag=flag,
                telemetry_fault=None if asked is None else Fault.parse(asked),
            )
        except ValueError as error:
            raise _Wrong(str(error)) from error
        return web.json_response({"scenario": self._world.scenario.as_dict()})

    async def _faults(self, request: web.Request) -> web.Response:
        """The script of an app; of the first one where none is named."""
        body = await _object(request)
        names, app = body.get("swap"), body.get("app", self._world.first.app)
        site = self._world.sites.get(app) if isinstance(app, str) else None
        if site is None:
            raise _Wrong(f"'app' must be one of {', '.join(self._world.sites)}")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise _Wrong("'swap' must be a list of names of faults")
        try:
            site.faults.load(names)
        except ValueError as error:
            raise _Wrong(str(error)) from error
        return web.json_response({"swap": names})

    async def _rights(self, request: web.Request) -> web.Response:
        """`permissions`: the sets in force from now on; `away`: whether Resource Manager closes every connection."""
        body, rights = await _object(request), self._world.rights
        sets, away = body.get("permissions", rights.sets), body.get("away", rights.away)
        if not isinstance(sets, list) or not isinstance(away, bool):
            raise _Wrong("'permissions' must be a list, and 'away' true or false")
        try:
            rights.load(sets)
        except ValueError as error:
            raise _Wrong(str(error)) from error
        rights.away = away
        self._world.log.add("rights.changed", permissions=rights.sets, away=away)
        return web.json_response({"permissions": rights.sets, "away": rights.away})

    async def _put_troubles(self, request: web.Request) -> web.Response:
        """`troubles`: names of all that are in force from now on."""
        names = (await _object(request)).get("troubles")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise _Wrong("'troubles' must be a list of names")
        try:
            await self._world.set_troubles(names)
        except ValueError as error:
            raise _Wrong(str(error)) from error
        return await self._troubles(request)

    async def _troubles(self, _: web.Request) -> web.Response:
        return web.json_response({"troubles": self._world.troubles.active, "known": NAMES})

    async def _put_telemetry(self, request: web.Request) -> web.Response:
        try:
            fault = Fault.parse(await _object(request))
        except ValueError as error:
            raise _Wrong(str(error)) from error
        self._world.set_telemetry_fault(fault)
        return await self._telemetry(request)

    async def _telemetry(self, _: web.Request) -> web.Response:
        return web.json_response(self._world.telemetry.faults.as_dict())

    async def _traffic(self, request: web.Request) -> web.Response:
        return web.json_response(self._counts.summary(_since(request)))

    async def _requests(self, request: web.Request) -> web.Response:
        return web.json_response({"requests": self._world.log.requests(_since(request) or 0.0)})

    async def _operations(self, _: web.Request) -> web.Response:
        return web.json_response({"log": self._world.log.entries})

    async def _messages(self, _: web.Request) -> web.Response:
        return web.json_response({"answer": self._sink.answer, "messages": self._sink.messages})

    async def _put_messages(self, request: web.Request) -> web.Response:
        answer = _text(await _object(request), "answer")
        if answer not in ANSWERS:
            raise _Wrong(f"answer is one of {', '.join(ANSWERS)}, found {answer!r}")
        self._sink.answer = answer
        return web.json_response({"answer": answer})

    async def _state(self, _: web.Request) -> web.Response:
        world = self._world
        return web.json_response(
            {
                "now": time.time(),
                "scenario": world.scenario.as_dict(),
                "slots": world.first.described(),
                "apps": world.described(),
                "seed": world.settings.seed,
                "lease_left": self._lease.left,
            }
        )

    async def _renew(self, request: web.Request) -> web.Response:
        seconds = _number(await _object(request), "seconds")
        if seconds is None or seconds <= 0.0:
            raise _Wrong("'seconds' must be above 0")
        self._lease.renew(seconds)
        return web.json_response({"lease_left": self._lease.left})

    async def _stop(self, _: web.Request) -> web.Response:
        self.stop.set()
        return web.json_response({"stopping": True})


def _since(request: web.Request) -> float | None:
    asked = request.query.get("since")
    try:
        return None if asked is None else float(asked)
    except ValueError as error:
        raise _Wrong(f"'since' must be a time in epoch seconds, found {asked!r}") from error


def _bytes(text: str) -> bytes:
    """A header's own bytes, also where they are no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise _Wrong(f"The body is no JSON ({error})") from error
    if not isinstance(body, dict):
        raise _Wrong("The body must be a JSON object")
    return body


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise _Wrong(f"'{key}' must be a text")
    return value


def _number(body: dict[str, Any], key: str) -> float | None:
    """The number; None where the member is absent or null."""
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Wrong(f"'{key}' must be a number")
    return float(value)
