from __future__ import annotations

import asyncio
import time
import urllib.parse
from typing import Any, Self

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, ClientAuthenticationError

from cpr_cockpit.adapters.azure.credentials import PinnedCredential, signed_in
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.wire import TENANT, TOKEN_PATH, Answer, Wire


class Issuer:
    """An issuer of tokens that live for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked: list[dict[str, Any]] = []
        self.refusal: AzureError | None = None
        self.takes_s = 0.0

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        self.asked.append({"scopes": scopes, "claims": claims, "tenant": tenant_id})
        await asyncio.sleep(self.takes_s)
        if self.refusal is not None:
            raise self.refusal
        return AccessToken(f"token {len(self.asked)}", int(time.time() + self.seconds))

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_a_token_is_asked_for_once_and_always_of_the_pinned_tenant() -> None:
    issuer = Issuer(3600)
    credential = PinnedCredential(issuer, TENANT)
    tokens = await asyncio.gather(*(credential.get_token("a/.default", tenant_id="another") for _ in range(5)))
    assert {token.token for token in tokens} == {"token 1"}
    assert (await credential.get_token("b/.default")).token == "token 2"
    assert [one["tenant"] for one in issuer.asked] == [TENANT, TENANT]


async def test_a_token_that_is_about_to_end_is_renewed_beside() -> None:
    credential = PinnedCredential(Issuer(200), TENANT)
    assert (await credential.get_token("a")).token == "token 1"
    assert (await credential.get_token("a")).token == "token 1"
    assert (await credential.newest("a")).token == "token 2"
    await credential.close()


async def test_a_token_that_ends_at_once_is_waited_for_and_asked_for_once() -> None:
    credential = PinnedCredential(Issuer(5), TENANT)
    assert (await credential.get_token("a")).token == "token 1"
    tokens = await asyncio.gather(*(credential.get_token("a") for _ in range(5)))
    assert {token.token for token in tokens} == {"token 2"}


async def test_whoever_has_a_token_does_not_wait_for_a_sign_in_that_fails() -> None:
    issuer = Issuer(200)
    credential = PinnedCredential(issuer, TENANT)
    await credential.get_token("a")
    issuer.refusal, issuer.takes_s = ClientAuthenticationError("no"), 0.05
    began = time.monotonic()
    assert {(await credential.get_token("a")).token for _ in range(20)} == {"token 1"}
    assert time.monotonic() - began < issuer.takes_s
    # The renewal fails beside, and is not tried again at once.
    assert (await credential.newest("a")).token == "token 1"
    assert [(await credential.newest("a")).token for _ in range(3)] == ["token 1"] * 3
    assert len(issuer.asked) == 2


async def test_a_renewal_that_failed_is_tried_again_after_a_pause() -> None:
    issuer = Issuer(200)
    credential = PinnedCredential(issuer, TENANT, again_s=0.0)
    await credential.get_token("a")
    issuer.refusal = ClientAuthenticationError("no")
    assert (await credential.newest("a")).token == "token 1"
    issuer.refusal = None
    assert (await credential.newest("a")).token == "token 3"


async def test_without_a_token_a_refusal_is_told_to_all_who_wait_and_the_next_asks_anew() -> None:
    issuer = Issuer(3600)
    issuer.refusal = ClientAuthenticationError("no")
    credential = PinnedCredential(issuer, TENANT)
    told = await asyncio.gather(*(credential.get_token("a") for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in told] == [PortError] * 3
    assert len(issuer.asked) == 1
    issuer.refusal = None
    assert (await credential.get_token("a")).token == "token 2"


async def test_a_challenge_asks_for_a_new_token() -> None:
    issuer = Issuer(3600)
    credential = PinnedCredential(issuer, TENANT)
    await credential.get_token("a")
    assert (await credential.get_token("a", claims="c")).token == "token 2"
    assert [one["claims"] for one in issuer.asked] == [None, "c"]
    assert (await credential.get_token("a")).token == "token 2"


async def test_a_service_principal_asks_the_given_authority(azure: Azure, wire: Wire) -> None:
    assert (await azure.credential.get_token("https://x/.default")).token == "a-token"
    [form] = [urllib.parse.parse_qs(body) for body in wire.tokens_asked]
    assert form["grant_type"] == ["client_credentials"]
    assert form["scope"] == ["https://x/.default"]
    assert form["client_secret"] == ["secret"]


async def test_whoever_is_signed_in_is_asked_for_a_token_of_the_tenant(
    azure: Azure, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", wire.url)
    monkeypatch.setenv("AZURE_TENANT_ID", "99999999-9999-9999-9999-999999999999")
    monkeypatch.setenv("AZURE_CLIENT_ID", "44444444-4444-4444-4444-444444444444")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "secret")
    async with signed_in(azure.environment, azure.transport) as credential:
        assert (await credential.get_token("https://x/.default")).token == "a-token"
    assert [one.path for one in wire.asked] == [TOKEN_PATH]


async def test_an_authority_that_cannot_be_reached_is_told(azure: Azure, wire: Wire) -> None:
    wire.on("POST", TOKEN_PATH, Answer(cut=True))
    with pytest.raises(PortError) as caught:
        await azure.credential.get_token("https://x/.default")
    assert not caught.value.ambiguous
    assert caught.value.status is None
    assert caught.value.what.startswith("Signing in was not possible")
