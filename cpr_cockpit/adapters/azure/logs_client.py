"""The SDK's client of the logs, without its retries: whoever asks decides when to ask again."""

from __future__ import annotations

from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    ContentDecodePolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.monitor.query.aio import LogsQueryClient

from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.adapters.connections import USER_AGENT


def logs_client(
    environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport
) -> LogsQueryClient:
    """A client of the environment's logs; its connections are the session's."""
    scope = environment.logs_audience.rstrip("/") + "/.default"
    return LogsQueryClient(
        credential,
        endpoint=environment.logs,
        audience=environment.logs_audience,
        transport=transport,
        policies=[
            RequestIdPolicy(),
            UserAgentPolicy(user_agent=USER_AGENT, user_agent_overwrite=True),
            ContentDecodePolicy(),
            AsyncBearerTokenCredentialPolicy(credential, scope),
        ],
    )
