from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cpr_cockpit.adapters.azure.credentials import PinnedCredential, service_principal
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.kudu import Kudu
from cpr_cockpit.adapters.azure.logs_batch import SharedBatch
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
from cpr_cockpit.adapters.connections import Connections
from tests.azure.wire import TENANT, Wire, make_certificate
from tests.azure.workspace import Logs


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def wire(certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Wire]:
    server = Wire()
    await server.open(certificate[1])
    yield server
    await server.close()


@pytest.fixture
def environment(wire: Wire) -> AzureEnvironment:
    return AzureEnvironment(
        tenant=TENANT,
        subscription="22222222-2222-2222-2222-222222222222",
        resource_group="rg",
        app="goals",
        workspace_id="33333333-3333-3333-3333-333333333333",
        app_insights_id="/subscriptions/s/resourceGroups/rg/providers/microsoft.insights/components/goals",
        resource_manager=wire.url,
        manager_scope=wire.url + "/.default",
        logs=wire.url,
        loopback_only=True,
    )


@dataclass(frozen=True)
class Azure:
    """The adapters' parts over the wire."""

    environment: AzureEnvironment
    connections: Connections
    transport: SharedTransport
    credential: PinnedCredential
    manager: Manager
    kudu: Kudu
    web_apps: AzureWebApps


@pytest.fixture
async def azure(
    wire: Wire, environment: AzureEnvironment, certificate: tuple[Path, ssl.SSLContext]
) -> AsyncIterator[Azure]:
    connections = Connections(str(certificate[0]), loopback=True)
    transport = SharedTransport(connections)
    secret = {"client_id": "44444444-4444-4444-4444-444444444444", "client_secret": "secret"}
    async with service_principal(environment, transport, authority=wire.url, **secret) as credential:
        manager = Manager(environment, credential, transport)
        kudu = Kudu(environment, credential, connections)
        yield Azure(environment, connections, transport, credential, manager, kudu, AzureWebApps(manager, kudu))
        await manager.close()
    await connections.close()


@pytest.fixture
async def logs(azure: Azure, wire: Wire) -> AsyncIterator[Logs]:
    """The readers of the further tables, and the workspace that answers them."""
    batch = SharedBatch(azure.environment, azure.credential, azure.transport)
    yield Logs(batch, wire)
    await batch.close()


@pytest.fixture
def dead_environment(environment: AzureEnvironment) -> AzureEnvironment:
    """Resource Manager where nobody listens: port 9 of loopback is closed."""
    return replace(environment, resource_manager="https://localhost:9")
