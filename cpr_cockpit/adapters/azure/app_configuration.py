"""The SDK's client of an App Configuration store, made in one way for the lease and for what else lies there."""

from __future__ import annotations

from azure.appconfiguration.aio import AzureAppConfigurationClient

from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.adapters.connections import USER_AGENT

ADVISED = {
    401: "Sign in again, then check the tenant.",
    403: "Ask for the role App Configuration Data Owner on the store, and check from where the store may be reached.",
    404: "Check the store's address in cockpit.toml.",
}
"""What a refusal by the store asks for, by its status."""


def store_client(
    environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport
) -> AzureAppConfigurationClient:
    """The client of the environment's store. It sends nothing twice, and follows no redirect with its token."""
    return AzureAppConfigurationClient(
        environment.app_configuration,
        credential,
        transport=transport,
        retry_total=0,
        permit_redirects=False,
        user_agent=USER_AGENT,
        user_agent_overwrite=True,
    )
