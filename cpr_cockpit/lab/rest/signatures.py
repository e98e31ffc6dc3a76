"""Requests to App Configuration that are signed with an access key (HMAC-SHA256).

Source: the service's documentation, "HMAC authentication", and its client for Python, which writes the month first in
its dates.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from cpr_cockpit.lab.errors import ApiError

SCHEME = "HMAC-SHA256"
_DATE, _HASH = "x-ms-date", "x-ms-content-sha256"
_SIGNED = {_DATE, "host", _HASH}
_LIFETIME = 15 * 60.0  # seconds that a signature is good for, before and after its date
_FORMS = ("%a, %d %b %Y %H:%M:%S GMT", "%b, %d %Y %H:%M:%S.%f GMT")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One access key of a store; `secret` in base64, as connection strings carry it."""

    id: str
    secret: str

    @classmethod
    def new(cls) -> AccessKey:
        """A fresh key."""
        return cls(secrets.token_urlsafe(6), base64.b64encode(secrets.token_bytes(32)).decode())

    def as_dict(self) -> dict[str, str]:
        """For the ready file."""
        return {"id": self.id, "secret": self.secret}


async def check(key: AccessKey, request: web.Request, now: float) -> None:
    """Raises ApiError 401, its code the reason, unless the request is signed with `key`; `now`: epoch seconds."""
    _, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    # A plus in base64 is no space.
    parts = dict(parse_qsl(text.replace("+", "%2B")))
    if parts.get("Credential") != key.id:
        raise _refused("Invalid Credential")
    signed = parts.get("SignedHeaders", "").lower().split(";")
    if missing := _SIGNED - set(signed):
        raise _refused(f"[{min(missing)}] is not included in the signed headers")
    at = _date(request.headers.get(_DATE, ""))
    if at is None:
        raise _refused("Invalid access token date")
    if abs(now - at) > _LIFETIME:
        raise _refused("The access token has expired")
    digest = base64.b64encode(hashlib.sha256(await request.read()).digest()).decode()
    if request.headers.get(_HASH) != digest:
        raise _refused("Invalid request content hash")
    values = ";".join(request.headers.get(name, "") for name in signed)
    wanted = _signature(key, f"{request.method}\n{request.raw_path}\n{values}")
    if not hmac.compare_digest(parts.get("Signature", "").encode(), wanted):
        raise _refused("Invalid Signature")


def _signature(key: AccessKey, text: str) -> bytes:
    secret = base64.b64decode(key.secret)
    return base64.b64encode(hmac.new(secret, text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest())


def _date(text: str) -> float | None:
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


def _refused(reason: str) -> ApiError:
    return ApiError(401, SCHEME, reason)
