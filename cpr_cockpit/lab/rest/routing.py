"""Case-insensitive routing, and what every request of the lab's REST surface has in common.

Resource Manager ids are case-insensitive and its clients differ in case now and then, which the router of aiohttp
cannot express: one catch-all route leads here.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest import errors, tokens
from cpr_cockpit.lab.rights import action_of

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World

_SAFE = ("GET", "HEAD", "OPTIONS")
MAX_BODY = 256 * 1024 * 1024  # bytes; a release zip is the largest body


@dataclass(frozen=True, slots=True)
class Call:
    """One request with what the router found out about it; `parts` are the variable parts of its path."""

    request: web.Request
    world: World
    parts: Mapping[str, str]

    @property
    def origin(self) -> str:
        """Scheme, host and port the client used, without a slash at the end."""
        return f"{self.request.scheme}://{self.request.host}"

    async def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ApiError 400."""
        try:
            body = json.loads(await self.request.read())
        except (ValueError, RecursionError) as error:
            raise errors.invalid_content(str(error)) from error
        if not isinstance(body, dict):
            raise errors.invalid_content("an object was expected")
        return body


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """`template` has variable parts in braces; `access`: the token wanted, a key of `tokens.ACCEPTED`, or None.

    `source`: of telemetry that it reads, which a fault may cut off.
    """

    method: str
    template: str
    handler: Handler
    access: str | None = "manager"
    api_version: bool = True
    mutates: bool = False
    source: str | None = None
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pieces = re.split(r"\{(\w+)\}", self.template)
        literal, names = pieces[::2], pieces[1::2]
        text = re.escape(literal[0])
        for name, following in zip(names, literal[1:], strict=True):
            text += f"(?P<{name}>[^/]+){re.escape(following)}"
        object.__setattr__(self, "pattern", re.compile(text + "/?", re.IGNORECASE))


def application(world: World, routes: Iterable[Route], error_body: Callable[[ApiError], Any]) -> web.Application:
    """An application over `routes`; errors are written as `error_body` says."""
    table = tuple(routes)

    async def dispatch(request: web.Request) -> web.StreamResponse:
        try:
            response = await _answer(table, world, request)
        except ApiError as error:
            response = web.json_response(error_body(error), status=error.status)
            if error.status == 401:
                response.headers["WWW-Authenticate"] = _challenge(world, request)
        if not response.prepared:
            response.headers["x-ms-request-id"] = str(uuid.uuid4())
        return response

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_route("*", "/{path:.*}", dispatch)
    return app


async def _answer(table: tuple[Route, ...], world: World, request: web.Request) -> web.StreamResponse:
    try:
        route, parts = _find(table, request.method, request.path)
    except ApiError:
        if request.method not in _SAFE:
            note(world, request)
        raise
    if route.access in ("manager", "kudu"):
        world.log.came(request.method, request.path)
    if route.mutates:
        note(world, request)
    if route.source is not None and not await world.telemetry.faults.passed(route.source):
        return _cut(request)
    if world.rights.away and route.access == "manager":
        return _cut(request)
    if route.access is not None:
        tokens.check(world, request, route.access)
    _authorize(world, route, request)
    if route.api_version and "api-version" not in {name.lower() for name in request.query}:
        raise errors.missing_api_version()
    call = Call(request, world, parts)
    if not route.mutates:
        return await route.handler(call)
    return await logged(world, request, lambda: route.handler(call))


def _authorize(world: World, route: Route, request: web.Request) -> None:
    """Raises ApiError 403 where the client's rights do not give what the request asks for."""
    action = None
    if route.access == "manager":
        action = action_of(request.method, request.path)
    elif route.access == "kudu":
        action = "Microsoft.Web/sites/publish/action"
    if action is not None and not world.rights.allows(action):
        raise errors.unauthorized(world.client_id, action, request.path)


def note(world: World, request: web.Request) -> None:
    """Write down a request that changes something, or would, the moment it comes, whatever becomes of it."""
    world.log.add("request.mutating", method=request.method, path=request.path)


def _cut(request: web.Request) -> web.Response:
    """Close the connection; the response returned is never written."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _find(table: tuple[Route, ...], method: str, path: str) -> tuple[Route, Mapping[str, str]]:
    known_path = False
    for route in table:
        found = route.pattern.fullmatch(path)
        if found and route.method == method:
            return route, found.groupdict()
        known_path = known_path or found is not None
    raise errors.wrong_method(method, path) if known_path else errors.unknown_route(path)


async def logged(
    world: World, request: web.Request, handle: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Carries out a changing request and writes it, with the status it got, to the operation log."""
    status = 500
    try:
        response = await handle()
        status = response.status
    except ApiError as error:
        status = error.status
        raise
    else:
        return response
    finally:
        world.log.add(
            "request",
            method=request.method,
            path=request.path,
            status=status,
            client_request_id=request.headers.get("x-ms-client-request-id"),
        )


def _challenge(world: World, request: web.Request) -> str:
    authority = f"{request.scheme}://{request.host}/{world.tenant}"
    return f'Bearer authorization_uri="{authority}", error="invalid_token"'
