"""What stands before several apps: one address that spreads new sessions equally, as a global front of Azure does.

A session stays with the app that it was given, by the affinity cookie of Front Door, until that app is drained or fails
its health check: then its next request is given another one. Health is judged as Traffic Manager judges it: an app that
was not looked at yet gets requests, and where all fail their checks all get them.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import aiohttp
from aiohttp import hdrs, web

from cpr_cockpit.lab.models import OperationLog
from cpr_cockpit.lab.proxy import LOOPBACK, error_page

AFFINITY = "ASLBSA"
HEALTH_PATH = "/api/health"
CHECK_TIMEOUT = 5.0  # seconds
_COOKIE = AFFINITY + "={}; Path=/; Secure; HttpOnly; SameSite=None"
_WINDOW = 900.0  # seconds of the real observation window; a shorter one brings the checks closer together
_EVERY, _SHORTEST = 10.0, 1.0  # seconds between two checks: the quick ones of Traffic Manager, and the closest here
_KEEPALIVE = 3600.0  # seconds, as the hosts of the slots have it
_SHUTDOWN = 1.0  # seconds for open requests when the lab ends

Serve = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Endpoint:
    """One app behind the front; `online` None: not looked at yet. `changed` is told when it is drained or not."""

    def __init__(self, name: str, host: str, serve: Serve, changed: Callable[[bool], None]) -> None:
        self.name, self.host, self.serve = name, host, serve
        self.key = secrets.token_hex(16)  # in the cookies of its sessions
        self.enabled = True
        self.online: bool | None = None
        self._changed = changed

    @property
    def status(self) -> str:
        """`Enabled`, or `Disabled` where nobody is sent to it."""
        return "Enabled" if self.enabled else "Disabled"

    @property
    def monitor_status(self) -> str:
        """What the health check says, in the words of Traffic Manager."""
        if not self.enabled:
            return "Disabled"
        return {None: "CheckingEndpoint", True: "Online", False: "Degraded"}[self.online]

    def enable(self, enabled: bool) -> None:
        """Send users to it, or nobody. One that is enabled again is looked at anew."""
        if enabled != self.enabled:
            self.enabled, self.online = enabled, None
            self._changed(enabled)


class GlobalFront:
    """The front of one lab. `trust`: whom its health checks trust; `window`: seconds of the observation window."""

    def __init__(self, server: ssl.SSLContext, trust: ssl.SSLContext, log: OperationLog, window: float) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        self.host = ""
        self.every = max(_SHORTEST, _EVERY * min(1.0, window / _WINDOW))  # seconds between two health checks
        self._server = server
        self._trust = trust
        self._log = log
        self._turn = 0
        self._runner: web.ServerRunner | None = None
        self._checking: aiohttp.ClientSession | None = None

    def add(self, endpoint: Endpoint) -> None:
        """From now on the app is one of those that get sessions."""
        self.endpoints[endpoint.name] = endpoint

    async def open(self) -> None:
        """Listen; `host` is `127.0.0.1:PORT` from now on. Raises OSError."""
        server = web.Server(self._serve, access_log=None, keepalive_timeout=_KEEPALIVE)
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=self._server).start()
        self.host = f"{LOOPBACK}:{self._runner.addresses[0][1]}"
        self._checking = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._trust),
            timeout=aiohttp.ClientTimeout(total=CHECK_TIMEOUT),
            headers={hdrs.USER_AGENT: "Azure Traffic Manager Endpoint Monitor"},
        )

    async def close(self) -> None:
        """Stop listening, and close the connections of the checks."""
        checking, self._checking = self._checking, None  # whoever checks on meets no closed one
        if checking is not None:
            await checking.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def enable(self, name: str, enabled: bool) -> None:
        """Send users to the app, or drain it: its sessions go elsewhere with their next request."""
        endpoint = self.endpoints[name]
        if endpoint.enabled != enabled:
            endpoint.enable(enabled)
            self._log.add("front.endpoint", app=name, status=endpoint.status)

    async def run(self) -> None:
        """Check the health of all apps, again and again, until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(self.every)

    async def check(self) -> None:
        """Check the health of all apps that are not drained, once; nobody is looked at before `open`."""
        client = self._checking
        if client is not None:
            await asyncio.gather(*(self._look(client, one) for one in self.endpoints.values() if one.enabled))

    async def _look(self, client: aiohttp.ClientSession, endpoint: Endpoint) -> None:
        try:
            async with client.get(f"https://{endpoint.host}{HEALTH_PATH}", allow_redirects=False) as answer:
                online = answer.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError, OSError):
            online = False
        # Who was drained meanwhile is not looked at.
        if endpoint.enabled and endpoint.online != online:
            told = endpoint.online is not None or not online
            endpoint.online = online
            if told:
                self._log.add("front.health", app=endpoint.name, status=endpoint.monitor_status)

    def _chosen(self, request: web.BaseRequest) -> tuple[Endpoint | None, bool]:
        """Who gets the request, and whether that is new to the session; nobody where all are drained."""
        enabled = [one for one in self.endpoints.values() if one.enabled]
        open_to_users = [one for one in enabled if one.online is not False] or enabled
        if AFFINITY in request.headers.get(hdrs.COOKIE, ""):
            held = request.cookies.get(AFFINITY)
            found = next((one for one in open_to_users if one.key == held), None)
            if found is not None:
                return found, False
        if not open_to_users:
            return None, False
        self._turn += 1
        return open_to_users[self._turn % len(open_to_users)], True

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        endpoint, new = self._chosen(request)
        if endpoint is None:
            return error_page(HTTPStatus.SERVICE_UNAVAILABLE)
        response = await endpoint.serve(request)
        if new:
            response.headers.add(hdrs.SET_COOKIE, _COOKIE.format(endpoint.key))
        return response
