"""Who the cockpit is to Azure: a service principal (a lab, a pipeline) or whoever is signed in on this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity.aio import ClientSecretCredential, DefaultAzureCredential

from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import clean, unsent
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.core.ports import PortError

# A token is renewed this long before it ends, so that none runs out on its way.
RENEW_S = 300.0
# Where it cannot be renewed it is used on, up to this long before its end.
LAST_S = 10.0


class PinnedCredential:
    """Tokens of one tenant, kept until they are about to end; a sign-in that fails is a PortError.

    A request that got no token was never sent, so the error is never ambiguous, whatever became of the sign-in. The
    SDK's credential for ``az`` starts a process for every token: hence the memory.
    """

    def __init__(self, inner: AsyncTokenCredential, tenant: str) -> None:
        self._inner = inner
        self._tenant = tenant
        self._tokens: dict[tuple[str, ...], AccessToken] = {}
        self._one_at_a_time = asyncio.Lock()

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        """A token for ``scopes``, always of the pinned tenant; ``claims`` (a challenge) ask anew. PortError."""
        async with self._one_at_a_time:
            known = self._tokens.get(scopes)
            if known is not None and claims is None and known.expires_on - time.time() > RENEW_S:
                return known
            options: dict[str, Any] = {"tenant_id": self._tenant, "enable_cae": enable_cae}
            if claims is not None:
                options["claims"] = claims
            try:
                token = await self._inner.get_token(*scopes, **options)
            except AzureError as error:
                if known is not None and claims is None and known.expires_on - time.time() > LAST_S:
                    # It is good for some minutes yet: that must be enough for a way back.
                    return known
                if isinstance(error, ClientAuthenticationError):
                    raise self._refused(error) from error
                raise unsent(error, "Signing in") from error
            self._tokens[scopes] = token
            return token

    def _refused(self, error: ClientAuthenticationError) -> PortError:
        # What follows the reason are ids for a support case.
        reason = clean(error.message.split("Trace ID:")[0].strip()).rstrip(".")
        return PortError(
            f"Signing in to tenant {self._tenant} was refused: {reason}.",
            next_step=f"Check the client id and its secret, or sign in with: az login --tenant {self._tenant}",
            code="SignIn",
            status=401,
        )

    async def close(self) -> None:
        """Close the credential below."""
        await self._inner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


@asynccontextmanager
async def service_principal(
    environment: AzureEnvironment, transport: SharedTransport, *, authority: str, client_id: str, client_secret: str
) -> AsyncIterator[PinnedCredential]:
    """A client id with its secret. ``authority``: base address of the token endpoint, asked without discovery."""
    inner = ClientSecretCredential(
        environment.tenant,
        client_id,
        client_secret,
        authority=authority,
        disable_instance_discovery=True,
        transport=transport,
        retry_total=1,
    )
    async with PinnedCredential(inner, environment.tenant) as credential:
        yield credential


@asynccontextmanager
async def signed_in(
    environment: AzureEnvironment, transport: SharedTransport, *, authority: str | None = None
) -> AsyncIterator[PinnedCredential]:
    """The chain of azure-identity: environment, workload and managed identity, ``az login`` and its like.

    ``authority``: base address of another cloud's sign-in, asked without discovery (public Azure does not know it);
    None: public Azure's, or what AZURE_AUTHORITY_HOST names.
    """
    other: dict[str, Any] = {}
    if authority is not None:
        other = {"authority": authority, "disable_instance_discovery": True}
    inner = DefaultAzureCredential(additionally_allowed_tenants=[environment.tenant], transport=transport, **other)
    async with PinnedCredential(inner, environment.tenant) as credential:
        yield credential
