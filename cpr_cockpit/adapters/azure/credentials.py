"""Who the cockpit is to Azure: a service principal (a lab, a pipeline) or whoever is signed in on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import math
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
# Seconds before a renewal that failed is tried again.
AGAIN_S = 30.0


class PinnedCredential:
    """Tokens of one tenant, kept until they are about to end; a sign-in that fails is a PortError.

    A request that got no token was never sent, so the error is never ambiguous, whatever became of the sign-in. The
    SDK's credential for ``az`` starts a process for every token: hence the memory. Whoever has a token that is good
    waits for no sign-in: it is renewed beside, and one that fails is not tried again for ``again_s`` seconds.
    """

    def __init__(self, inner: AsyncTokenCredential, tenant: str, *, again_s: float = AGAIN_S) -> None:
        self._inner = inner
        self._tenant = tenant
        self._again_s = again_s
        self._tokens: dict[tuple[str, ...], AccessToken] = {}
        self._renewals: dict[tuple[str, ...], asyncio.Task[AccessToken]] = {}
        self._failed_at: dict[tuple[str, ...], float] = {}
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
        if claims is not None:
            return await self._signed_in(scopes, {"enable_cae": enable_cae, "claims": claims})
        known = self._tokens.get(scopes)
        left = 0.0 if known is None else known.expires_on - time.time()
        if known is None or left <= LAST_S:
            # Nobody's renewal ends with who waits for it.
            return await asyncio.shield(self._renewal(scopes, enable_cae=enable_cae))
        if left <= RENEW_S and time.monotonic() - self._failed_at.get(scopes, -math.inf) >= self._again_s:
            self._renewal(scopes, enable_cae=enable_cae)
        return known

    async def newest(self, *scopes: str) -> AccessToken:
        """As `get_token`, after the renewal that is on its way, where there is one. PortError."""
        token = await self.get_token(*scopes)
        renewal = self._renewals.get(scopes)
        if renewal is None:
            return token
        with contextlib.suppress(PortError):
            return await asyncio.shield(renewal)
        return token

    def _renewal(self, scopes: tuple[str, ...], *, enable_cae: bool) -> asyncio.Task[AccessToken]:
        """The one that is on its way, else a new one."""
        renewal = self._renewals.get(scopes)
        if renewal is None:
            renewal = asyncio.create_task(self._signed_in(scopes, {"enable_cae": enable_cae}))
            self._renewals[scopes] = renewal
            renewal.add_done_callback(lambda done: self._ended(scopes, done))
        return renewal

    def _ended(self, scopes: tuple[str, ...], renewal: asyncio.Task[AccessToken]) -> None:
        del self._renewals[scopes]
        # Asked for its error also where nobody waits any more: asyncio would tell of it on the screen.
        if not renewal.cancelled() and renewal.exception() is not None:
            self._failed_at[scopes] = time.monotonic()

    async def _signed_in(self, scopes: tuple[str, ...], options: dict[str, Any]) -> AccessToken:
        async with self._one_at_a_time:
            try:
                token = await self._inner.get_token(*scopes, tenant_id=self._tenant, **options)
            except ClientAuthenticationError as error:
                raise self._refused(error) from error
            except AzureError as error:
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
        """End what is being renewed, and close the credential below."""
        renewals = tuple(self._renewals.values())
        for renewal in renewals:
            renewal.cancel()
        await asyncio.gather(*renewals, return_exceptions=True)
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
