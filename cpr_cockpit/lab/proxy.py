"""The front end of the slots: one TLS host for each, and from each request to the instance that serves it now.

A request is bound to an instance when it has arrived, or when the hold of its slot ends. A switch takes effect between
two requests: those bound before it are finished by the instance they were bound to.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from aiohttp import hdrs, web

from cpr_cockpit.lab.forwarding import APP_HEADER, DEFECT_HEADER, SLOT_HEADER, Unanswered, Upstream
from cpr_cockpit.lab.instance import Instance
from cpr_cockpit.lab.models import PRODUCTION
from cpr_cockpit.lab.shares import Shares

LOOPBACK = "127.0.0.1"
ROUTING = "x-ms-routing-name"
SELF = "self"  # production's name in a routing cookie
_COOKIE = ROUTING + "={}; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=None"
_LONGEST_HOLD = 60.0  # seconds
_KEEPALIVE = 3600.0  # seconds: clients give up an idle connection long before, so none is closed under a request
_BACKLOG = 512
_SHUTDOWN = 1.0  # seconds for open requests when the lab ends
_REPEATABLE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_ERROR_PAGE = (
    "<!DOCTYPE html><html><head><title>Application Error</title></head>"
    "<body><h1>:( Application Error</h1><p>The application of this slot does not answer.</p></body></html>"
)

# Slot, arrival (epoch seconds), status, seconds until the answer.
Counted = Callable[[str, float, int, float], None]


class _Door:
    """Where the requests of one slot go; while it is held they wait."""

    def __init__(self) -> None:
        self.upstreams: tuple[Upstream, ...] = ()
        self.waiting = 0
        self._turn = 0
        self._open = asyncio.Event()
        self._open.set()

    @property
    def held(self) -> bool:
        return not self._open.is_set()

    def next(self) -> Upstream | None:
        """Where the next request goes: to each in turn, to none that has died while another lives."""
        able = [upstream for upstream in self.upstreams if upstream.instance.alive] or self.upstreams
        self._turn += 1
        return able[self._turn % len(able)] if able else None

    def others_live(self, upstream: Upstream) -> bool:
        """Whether somebody is there in place of one that has died."""
        return not upstream.instance.alive and any(other.instance.alive for other in self.upstreams)

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    async def opened(self, deadline: float) -> bool:
        """Wait for the end of a hold; False where it did not come by `deadline` (the loop's clock)."""
        self.waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                while self.held:
                    await self._open.wait()
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        return True


class FrontEnd:
    """All hosts of an app's slots. Every answer is told to `counted`; `shares` may send new sessions to another slot.

    `app`: the name that answers tell, where there are several apps.
    """

    def __init__(self, context: ssl.SSLContext, counted: Counted, seed: int = 0, app: str = "") -> None:
        self.shares = Shares(seed)
        self._app = app
        self._context = context
        self._counted = counted
        self._doors: dict[str, _Door] = {}
        self._upstreams: dict[str, Upstream] = {}
        self._runners: list[web.ServerRunner] = []

    async def open(self, slot: str, port: int = 0) -> str:
        """Listen for `slot`; returns its host, `127.0.0.1:PORT`. `port` 0: any free one. Raises OSError."""
        self._door(slot)
        server = web.Server(partial(self._serve, slot), access_log=None, keepalive_timeout=_KEEPALIVE)
        runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, LOOPBACK, port, ssl_context=self._context, backlog=_BACKLOG).start()
        return f"{LOOPBACK}:{runner.addresses[0][1]}"

    def attach(self, slot: str, instance: Instance | None) -> None:
        """From now on new requests for `slot` go to `instance`; None: they are answered 503."""
        self.attach_all({slot: () if instance is None else (instance,)})

    def attach_all(self, mapping: Mapping[str, Sequence[Instance]]) -> None:
        """The same for several slots, each with all its instances, in one step: no request meets a part of it."""
        for slot, instances in mapping.items():
            self._door(slot).upstreams = tuple(self._upstream(instance) for instance in instances)

    def hold(self, slot: str) -> None:
        """Let the requests that arrive for `slot` wait, for 60 s at most, until `release`."""
        self._door(slot).hold()

    def release(self, slot: str) -> None:
        """End the hold of `slot`."""
        self._door(slot).release()

    def waiting(self) -> dict[str, int]:
        """Number of requests that wait for each slot."""
        return {slot: door.waiting for slot, door in self._doors.items()}

    def in_flight(self, instance: Instance) -> int:
        """Number of requests on their way to `instance`."""
        upstream = self._upstreams.get(instance.id)
        return 0 if upstream is None else upstream.in_flight

    async def drain(self, instance: Instance, timeout: float) -> bool:  # noqa: ASYNC109 - a late drain is an answer
        """Wait until no request is on its way to `instance`; False where that takes longer than `timeout` seconds.

        If no slot is routed to it any more, its connections are closed then.
        """
        upstream = self._upstreams.get(instance.id)
        if upstream is None:
            return True
        try:
            async with asyncio.timeout(timeout):
                await upstream.idle()
        except TimeoutError:
            return False
        # Nothing was awaited since it became idle: what is not routed to now gets no request any more.
        if all(upstream not in door.upstreams for door in self._doors.values()):
            del self._upstreams[instance.id]
            await upstream.close()
        return True

    async def close(self) -> None:
        """Stop listening and close all connections."""
        for door in self._doors.values():
            door.upstreams = ()
            door.release()
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))
        await asyncio.gather(*(upstream.close() for upstream in self._upstreams.values()))
        self._upstreams.clear()

    async def serve_production(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request that came to production by another way than its own host."""
        return await self._serve(PRODUCTION, request)

    def _door(self, slot: str) -> _Door:
        if slot not in self._doors:
            self._doors[slot] = _Door()
        return self._doors[slot]

    def _upstream(self, instance: Instance) -> Upstream:
        if instance.id not in self._upstreams:
            self._upstreams[instance.id] = Upstream(instance)
        return self._upstreams[instance.id]

    async def _serve(self, host: str, request: web.BaseRequest) -> web.StreamResponse:
        at, began = time.time(), time.monotonic()
        slot, cookie = self._routed(request) if host == PRODUCTION else (host, None)
        try:
            response = await self._forwarded(self._doors[slot], request, await request.read())
        except web.HTTPRequestEntityTooLarge as refusal:
            response = web.Response(status=refusal.status, text=refusal.text)
        response.headers[SLOT_HEADER] = slot
        if self._app:
            response.headers[APP_HEADER] = self._app
        if cookie is not None:
            response.headers.add(hdrs.SET_COOKIE, _COOKIE.format(cookie))
        self._counted(slot, at, response.status, time.monotonic() - began)
        return response

    def _routed(self, request: web.BaseRequest) -> tuple[str, str | None]:
        """The slot asked for, production if none or an unknown one; and the name that a new cookie must hold.

        The query wins over the cookie and is remembered in one, as App Service does it; so is what a share decided.
        """
        if ROUTING in request.raw_path and (asked := request.query.get(ROUTING)) is not None:
            slot = self._named(asked)
            return slot or PRODUCTION, None if slot is None else _cookie_name(slot)
        if ROUTING in request.headers.get(hdrs.COOKIE, ""):
            return self._named(request.cookies.get(ROUTING, SELF)) or PRODUCTION, None
        if self.shares.in_force:
            slot = self.shares.draw() or PRODUCTION
            return slot, _cookie_name(slot)
        return PRODUCTION, None

    def _named(self, name: str) -> str | None:
        """The slot with this routing name, in any case of letters."""
        return next((slot for slot in self._doors if _cookie_name(slot).lower() == name.lower()), None)

    async def _forwarded(self, door: _Door, request: web.BaseRequest, body: bytes) -> web.Response:
        if not request.raw_path.startswith("/"):
            return web.Response(status=400, text="The path must begin with a slash.")
        deadline = asyncio.get_running_loop().time() + _LONGEST_HOLD
        while not door.held or await door.opened(deadline):
            upstream = door.next()
            if upstream is None:
                break
            try:
                return await upstream.send(request, body)
            except Unanswered as unanswered:
                changes = door.held or upstream not in door.upstreams or door.others_live(upstream)
                if not changes or not (unanswered.refused or request.method in _REPEATABLE):
                    return await _without_answer(upstream, 503 if unanswered.refused else 502)
        return error_page(503)


def _cookie_name(slot: str) -> str:
    return SELF if slot == PRODUCTION else slot


def error_page(status: int) -> web.Response:
    """What a front end answers in the place of an application."""
    return web.Response(status=status, text=_ERROR_PAGE, content_type="text/html")


async def _without_answer(upstream: Upstream, status: int) -> web.Response:
    page = error_page(status)
    if await upstream.died_of_outage():
        page.headers[DEFECT_HEADER] = "outage"
    return page
