"""A lab's App Configuration store, token endpoint and managed identity on loopback, without the product."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from azure.appconfiguration import AzureAppConfigurationClient
from azure.appconfiguration.aio import AzureAppConfigurationClient as AsyncClient
from azure.core.pipeline.transport import AsyncioRequestsTransport
from azure.identity.aio import ClientSecretCredential

from cpr_cockpit.lab import certificates
from cpr_cockpit.lab.models import LabSettings
from cpr_cockpit.lab.proxy import FrontEnd
from cpr_cockpit.lab.rest import app, app_configuration, managed_identity
from cpr_cockpit.lab.scenario import Scenario
from cpr_cockpit.lab.site import Site
from cpr_cockpit.lab.telemetry import Telemetry
from cpr_cockpit.lab.world import MakeFront, World

API = {"api-version": "2023-11-01"}


@dataclass(frozen=True, slots=True)
class Place:
    """`world`: whose store it is; addresses of the store, of Resource Manager and of the identity; the authority."""

    world: World
    store: str
    manager: str
    identity: str
    ca: Path

    @property
    def connection_string(self) -> str:
        key = self.world.configuration_key
        return f"Endpoint={self.store};Id={key.id};Secret={key.secret}"

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)

    def credential(self) -> ClientSecretCredential:
        """A credential of azure-identity for the lab's service principal."""
        return ClientSecretCredential(
            self.world.tenant,
            self.world.client_id,
            self.world.client_secret,
            authority=self.manager,
            disable_instance_discovery=True,
            connection_verify=str(self.ca),
        )

    def signed(self) -> AzureAppConfigurationClient:
        """The SDK's client with the access key; it blocks."""
        return AzureAppConfigurationClient.from_connection_string(
            self.connection_string, connection_verify=str(self.ca)
        )

    @asynccontextmanager
    async def signed_aio(self, **options: Any) -> AsyncIterator[AsyncClient]:
        """The SDK's asynchronous client with the access key."""
        made = AsyncClient.from_connection_string(self.connection_string, connection_verify=str(self.ca), **options)
        async with made as client:
            yield client

    @asynccontextmanager
    async def bearer(self, **options: Any) -> AsyncIterator[AsyncClient]:
        """The SDK's asynchronous client with a token, over the requests library in threads."""
        transport = AsyncioRequestsTransport(connection_verify=str(self.ca))
        async with (
            self.credential() as credential,
            AsyncClient(self.store, credential, transport=transport, **options) as client,
        ):
            yield client

    @asynccontextmanager
    async def plain(self, token: str = "") -> AsyncIterator[aiohttp.ClientSession]:
        """A plain client of the store, with a bearer token where one is given."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connector = aiohttp.TCPConnector(ssl=self.trust())
        async with aiohttp.ClientSession(self.store, connector=connector, headers=headers) as client:
            yield client

    async def token(self, audience: str) -> str:
        """A token of the lab's token endpoint for `audience`."""
        async with self.credential() as credential:
            return (await credential.get_token(f"{audience}/.default")).token


@asynccontextmanager
async def place(folder: Path, *, window: float = 900.0) -> AsyncIterator[Place]:
    """All of it, for the length of a `with`."""
    issued = certificates.issue(folder)
    settings = LabSettings(folder / "lab.json", fast=True, telemetry_delay=0.0, window=window, seed=1)
    telemetry = Telemetry(0.0, 60.0, 1)
    world = World(settings, folder, Scenario(), telemetry, _front(issued.server), _no_kudu)
    runners: list[web.AppRunner] = []

    async def open_port(application: web.Application, tls: ssl.SSLContext | None) -> int:
        runner = web.AppRunner(application, shutdown_timeout=1.0)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        port: int = runner.addresses[0][1]
        return port

    try:
        manager = f"https://localhost:{await open_port(app.resource_manager_app(world), issued.server)}"
        store = f"https://localhost:{await open_port(app_configuration.application(world), issued.server)}"
        port = await open_port(managed_identity.application(world, f"{manager}/{world.tenant}/"), None)
        yield Place(world, store, manager, f"http://127.0.0.1:{port}{managed_identity.PATH}", issued.ca)
    finally:
        for runner in runners:
            await runner.cleanup()
        await world.close()


def _front(tls: ssl.SSLContext) -> MakeFront:
    return lambda _: FrontEnd(tls, lambda *_: None)


async def _no_kudu(_: Site, slot: str) -> str:
    raise AssertionError(f"nobody asks for the Kudu of {slot}")
