"""The client of the App Configuration store, which the process may read by its managed identity."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from .targeting import FLAG

_KEY = f".appconfig.featureflag/{FLAG}"
_AUDIENCE = "https://appconfig.azure.com"
_TIMEOUT = 5.0  # seconds of one request
_MARGIN = 300.0  # seconds before its end from which a token is not used any more


class Unreadable(Exception):
    """The store did not answer, or not as it should."""


@dataclass(frozen=True, slots=True)
class Access:
    """`store`: its address; `identity` and `secret`: where and with which header the platform gives out tokens."""

    store: str
    identity: str
    secret: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the flag's value in the store."""

    etag: str
    value: str


class Configuration:
    """Reads the flag. Made in a running loop."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._token, self._until = "", 0.0
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def read(self, known: Version | None) -> Version | None:
        """The flag's version now, `known` if it is still that one; None where there is no flag. Raises Unreadable."""
        try:
            return await self._read(known)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"{type(error).__name__} {error}".rstrip()) from error

    async def _read(self, known: Version | None) -> Version | None:
        headers = {"Authorization": f"Bearer {await self._bearer()}"}
        if known is not None:
            headers["If-None-Match"] = f'"{known.etag}"'
        url = URL(f"{self._access.store}/kv/{quote(_KEY, safe='')}?api-version=2023-11-01", encoded=True)
        async with self._session.get(url, headers=headers) as answer:
            if answer.status == 404:
                return None
            if answer.status == 304:
                return known
            if answer.status != 200:
                raise Unreadable(f"the store answers {answer.status}")
            body: dict[str, Any] = await answer.json(content_type=None)
            return Version(str(body["etag"]), str(body["value"]))

    async def _bearer(self) -> str:
        if time.time() < self._until - _MARGIN:
            return self._token
        asked = {"api-version": "2019-08-01", "resource": _AUDIENCE}
        headers = {"X-IDENTITY-HEADER": self._access.secret}
        async with self._session.get(self._access.identity, params=asked, headers=headers) as answer:
            if answer.status != 200:
                raise Unreadable(f"the identity endpoint answers {answer.status}")
            body: dict[str, Any] = await answer.json(content_type=None)
        self._token, self._until = str(body["access_token"]), float(body["expires_on"])
        return self._token
