"""Who may come in to the lab's App Configuration store: signed with its key, or with a token for it."""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ManagedIdentityCredential
from yarl import URL

from cpr_cockpit.lab import flags
from cpr_cockpit.lab.rest.signatures import AccessKey
from tests.lab.configuration import API, Place, place

PATH = f"/kv/{flags.KEY.replace('/', '%2F')}"


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as made:
        yield made


async def test_nobody_comes_in_without_the_right_token(here: Place) -> None:
    manager = await here.token("https://management.azure.com")
    lab = await here.token(here.manager)
    for token in ("", "wrong", manager, lab, manager[:-2]):
        async with here.plain(token) as plain:
            for method, path in (("GET", "/kv"), ("PUT", "/kv/a"), ("DELETE", f"/locks/{flags.KEY}")):
                async with plain.request(method, path, params=API) as answer:
                    assert answer.status == 401
                    assert "HMAC-SHA256" in answer.headers["WWW-Authenticate"]
                    assert "Bearer" in answer.headers["WWW-Authenticate"]
    for audience in ("https://appconfig.azure.com", here.store):
        async with here.plain(await here.token(audience)) as plain, plain.get("/kv", params=API) as answer:
            assert answer.status == 200


async def test_a_wrong_key_is_refused(here: Place) -> None:
    good = here.world.configuration_key
    for wrong in (AccessKey(good.id, AccessKey.new().secret), AccessKey("other", good.secret)):
        here.world.configuration_key = wrong
        async with here.signed_aio() as client:
            here.world.configuration_key = good
            with pytest.raises(ClientAuthenticationError):
                await client.get_configuration_setting(flags.KEY)


def _signed(key: AccessKey, *, at: str, names: str = "x-ms-date;host;x-ms-content-sha256", host: str) -> dict[str, str]:
    """The headers of a GET of the flag that is signed with `key`, as the service's documentation describes them."""
    values = {"x-ms-date": at, "host": host, "x-ms-content-sha256": base64.b64encode(sha256().digest()).decode()}
    text = f"GET\n{PATH}?api-version=2023-11-01\n" + ";".join(values[name] for name in names.split(";"))
    signature = base64.b64encode(hmac.new(base64.b64decode(key.secret), text.encode(), sha256).digest()).decode()
    authorization = f"HMAC-SHA256 Credential={key.id}&SignedHeaders={names}&Signature={signature}"
    return values | {"Authorization": authorization}


def _date(later: float = 0.0) -> str:
    return formatdate(time.time() + later, usegmt=True)


async def test_an_altered_or_old_request_is_refused(here: Place) -> None:
    key, host = here.world.configuration_key, here.store.removeprefix("https://")
    good = _signed(key, at=_date(), host=host)
    asked: list[tuple[str, dict[str, str], bytes | None, int]] = [
        ("GET", good, None, 200),
        ("GET", _signed(key, at=_date(600.0), host=host), None, 200),
        ("GET", _signed(key, at=_date(-1000.0), host=host), None, 401),
        ("GET", _signed(key, at=_date(1000.0), host=host), None, 401),
        ("GET", _signed(key, at="yesterday", host=host), None, 401),
        ("GET", _signed(key, at=_date(), names="x-ms-date;host", host=host), None, 401),
        ("GET", good | {"x-ms-date": _date(1.0)}, None, 401),
        ("GET", good, b"more", 401),
        ("DELETE", good, None, 401),
    ]
    async with here.plain() as plain:
        for method, headers, body, status in asked:
            url = URL(f"{here.store}{PATH}?api-version=2023-11-01", encoded=True)
            async with plain.request(method, url, headers=headers, data=body) as answer:
                assert answer.status == status, (method, headers, body, answer.headers)
    assert here.world.key_values.find(flags.KEY, None) is not None


async def test_a_process_of_the_app_has_an_identity(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", here.identity)
    monkeypatch.setenv("IDENTITY_HEADER", here.world.identity_header)
    given = await asyncio.to_thread(
        lambda: ManagedIdentityCredential().get_token("https://appconfig.azure.com/.default")
    )
    assert 3500.0 < given.expires_on - time.time() <= 3600.0
    async with here.plain(given.token) as plain, plain.get("/kv", params=API) as answer:
        assert answer.status == 200


async def test_the_identity_is_given_to_the_apps_processes_only(here: Place) -> None:
    good = {"X-IDENTITY-HEADER": here.world.identity_header}
    asked = {"api-version": "2019-08-01", "resource": "https://appconfig.azure.com"}
    async with here.plain() as plain:
        for headers, params, status in (
            (good, asked, 200),
            ({}, asked, 401),
            ({"X-IDENTITY-HEADER": "x"}, asked, 401),
            (good, {"api-version": "2019-08-01"}, 400),
            (good, asked | {"client_id": "somebody"}, 400),
        ):
            async with plain.get(here.identity, params=params, headers=headers) as answer:
                assert (answer.status, "access_token" in await answer.json()) == (status, status == 200)
