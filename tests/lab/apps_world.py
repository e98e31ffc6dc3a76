"""A world of several apps whose processes were never started, and its Resource Manager: what routes say of them."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from cpr_cockpit.lab import certificates, packages
from cpr_cockpit.lab.global_front import Endpoint, GlobalFront
from cpr_cockpit.lab.models import LabSettings
from cpr_cockpit.lab.proxy import LOOPBACK, FrontEnd
from cpr_cockpit.lab.regions import Region
from cpr_cockpit.lab.rest import app, tokens
from cpr_cockpit.lab.scenario import Scenario
from cpr_cockpit.lab.site import Site, metered
from cpr_cockpit.lab.telemetry import Telemetry
from cpr_cockpit.lab.world import World


class Clock:
    """The telemetry's: `ahead` seconds before the real one."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Apps:
    """The world, and requests to its Resource Manager."""

    def __init__(self, world: World, clock: Clock, client: aiohttp.ClientSession) -> None:
        self.world, self.clock = world, clock
        self.group = f"/subscriptions/{world.subscription}/resourceGroups/{world.resource_group}"
        self._client = client

    def site(self, name: str) -> str:
        """Resource id of an app."""
        return f"{self.group}/providers/Microsoft.Web/sites/{name}"

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and body of an answer."""
        params = {"api-version": "2022-04-01"} | options.pop("params", {})
        async with self._client.request(method, path, params=params, **options) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None

    async def get(self, path: str, **params: str) -> Any:
        """The body of a success."""
        status, body = await self.ask("GET", path, params=params)
        assert status == 200, body
        return body


@asynccontextmanager
async def apps(folder: Path, count: int = 3, *, staging: bool = False) -> AsyncIterator[Apps]:
    """So many apps; nothing runs in their slots."""
    issued = certificates.issue(folder)
    trust = ssl.create_default_context(cafile=issued.ca)
    clock = Clock()
    telemetry = Telemetry(0.0, 1.0, 1, clock=clock)

    async def kudu(_: Site, slot: str) -> str:
        return f"localhost:{slot}"

    def front(region: Region) -> FrontEnd:
        return FrontEnd(issued.server, lambda slot, *fact: telemetry.counted(metered(region.app, slot), *fact))

    settings = LabSettings(folder / "lab.json", fast=True, telemetry_delay=0.0, window=900.0, seed=1, apps=count)
    settings = replace(settings, staging=staging)
    world = World(settings, folder, Scenario(), telemetry, front, kudu)
    await world.open_slots(packages.build("v1.2.0"), packages.build("v1.3.0"))
    if count > 1:
        world.global_front = GlobalFront(issued.server, trust, world.log, 900.0)
        for site in world.sites.values():
            host = site.slots["production"].host
            world.global_front.add(Endpoint(site.app, host, site.front.serve_production, site.admit))
    runner = web.AppRunner(app.resource_manager_app(world))
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
    token = tokens.issue(world, "https://management.azure.com", url, time.time())
    try:
        async with aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {token}"}) as client:
            yield Apps(world, clock, client)
    finally:
        await runner.cleanup()
        await world.close()
        await asyncio.gather(*(site.front.close() for site in world.sites.values()))
