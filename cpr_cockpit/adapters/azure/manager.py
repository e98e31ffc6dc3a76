"""Resource Manager: the SDK's client without its retries, reading with patience of our own, changing exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import ContentDecodePolicy, RequestIdPolicy, UserAgentPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from azure.mgmt.web.aio import WebSiteManagementClient

from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import UNREAD, of_answer, of_azure, unreadable
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.adapters.connections import USER_AGENT
from cpr_cockpit.core.ports import PortError

# What azure-mgmt-web 11 speaks; pinned, so that an update of the package changes nothing unseen.
API_VERSION = "2025-05-01"

# Seconds between the tries of a read; after the last one its error stands.
_PAUSES = (0.2, 0.8)
_PASSING = frozenset({None, 429, 500, 502, 503, 504})

Answer = TypeVar("Answer")


class Manager:
    """The management client of one environment.

    Its pipeline has no retry policy (the default one sends a POST again after a 5xx), no redirects (they would carry
    the token elsewhere) and does not register resource providers by itself.
    """

    def __init__(self, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport) -> None:
        self.environment = environment
        self.client = WebSiteManagementClient(
            credential,
            environment.subscription,
            base_url=environment.resource_manager.rstrip("/"),
            credential_scopes=[environment.manager_scope],
            api_version=API_VERSION,
            transport=transport,
            policies=[
                RequestIdPolicy(),
                UserAgentPolicy(user_agent=USER_AGENT, user_agent_overwrite=True),
                ContentDecodePolicy(),
                AsyncARMChallengeAuthenticationPolicy(credential, environment.manager_scope),
            ],
        )

    async def read(self, doing: str, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of a call that changes nothing, tried again after a fault that may pass. PortError."""
        for pause in (*_PAUSES, None):
            try:
                return await call()
            except AzureError as error:
                problem = of_azure(error, doing)
                cause: Exception = error
            except PortError as error:
                problem, cause = error, error
            except UNREAD as error:
                raise unreadable(doing, repr(error)) from error
            if pause is None or problem.status not in _PASSING:
                raise problem from cause
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def get(self, doing: str, url: str, params: dict[str, str] | None = None) -> AsyncHttpResponse:
        """The answer to `once`, tried again as `read` does. PortError."""
        return await self.read(doing, lambda: self.once(doing, url, params))

    async def once(self, doing: str, url: str, params: dict[str, str] | None = None) -> AsyncHttpResponse:
        """The answer to one GET of success, redirects excluded; for the call of a `read`. AzureError, PortError."""
        answer = await self.client.send_request(HttpRequest("GET", url, params=params))
        if answer.status_code >= 300:
            raise of_answer(answer.status_code, answer.text(), doing)
        return answer

    async def change(
        self, doing: str, method: str, path: str, body: dict[str, Any] | None, version: str = API_VERSION
    ) -> AsyncHttpResponse:
        """Send a change, once. PortError; ``ambiguous`` where it may have taken effect."""
        url = self.environment.manager_url(path)
        request = HttpRequest(method, url, params={"api-version": version}, json=body)
        try:
            answer = await self.client.send_request(request)
        except AzureError as error:
            raise of_azure(error, doing, mutating=True) from error
        if answer.status_code >= 300:
            raise of_answer(answer.status_code, answer.text(), doing, mutating=True)
        return answer

    async def close(self) -> None:
        """Close the client; its connections are the session's."""
        await self.client.close()
