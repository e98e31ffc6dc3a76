"""Access tokens of the lab: JSON Web Tokens signed with a key of this lab alone, so that no made-up one is accepted."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest.wire import utc

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World

LIFETIME = 3600  # seconds
LOGS_AUDIENCE = "https://api.loganalytics.io"
APP_SERVICE_AUDIENCE = "https://appservice.azure.com"
CONFIGURATION_AUDIENCE = "https://appconfig.azure.com"
_MANAGER = frozenset({"https://management.azure.com", "https://management.core.windows.net"})
ACCEPTED = {
    "manager": _MANAGER,
    "kudu": _MANAGER | {APP_SERVICE_AUDIENCE},
    "logs": frozenset({LOGS_AUDIENCE, "https://api.loganalytics.azure.com"}),
    "configuration": frozenset({CONFIGURATION_AUDIENCE}),
}
_LOOPBACK = ("localhost", "127.0.0.1")


def issue(world: World, audience: str, issuer: str, now: float) -> str:
    """A token for `audience`, valid from `now` (epoch seconds) for `LIFETIME`."""
    claims = {
        "aud": audience,
        "iss": issuer,
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + LIFETIME,
        "tid": world.tenant,
        "appid": world.client_id,
        "oid": world.client_id,
        "sub": world.client_id,
        "idtyp": "app",
        "ver": "1.0",
    }
    text = _encode({"typ": "JWT", "alg": "HS256"}) + "." + _encode(claims)
    return text + "." + _sign(world, text)


def check(world: World, request: web.Request, access: str) -> None:
    """Raises ApiError 401 unless the request carries a valid token of this lab for `access`, a key of `ACCEPTED`."""
    header = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ApiError(
            401,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing or has an invalid format.",
        )
    claims = _claims(world, token.strip())
    now = time.time()
    if claims["exp"] <= now:
        raise ApiError(
            401,
            "ExpiredAuthenticationToken",
            f"The access token expiry UTC time '{utc(claims['exp'])}' is earlier than current UTC time '{utc(now)}'.",
        )
    audience = str(claims["aud"])
    if not _accepts(access, audience, f"{request.scheme}://{request.host}"):
        raise ApiError(
            401,
            "InvalidAuthenticationTokenAudience",
            f"The access token has been obtained for wrong audience or resource '{audience}'. "
            f"It should exactly match one of the allowed audiences '{', '.join(sorted(ACCEPTED[access]))}'.",
        )


def _accepts(access: str, audience: str, here: str) -> bool:
    """The lab's own address stands for Resource Manager, as `az cloud register` and the SDK's clients derive it.

    A store accepts its own address, `here`, as well.
    """
    if audience.rstrip("/") in ACCEPTED[access]:
        return True
    if access == "configuration":
        return audience.rstrip("/") == here
    return access != "logs" and urlsplit(audience).hostname in _LOOPBACK


def _claims(world: World, token: str) -> dict[str, Any]:
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode("utf-8", "surrogateescape"), _sign(world, text).encode()):
        raise ApiError(401, "InvalidAuthenticationToken", "The access token is invalid.")
    try:
        body = text.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, binascii.Error, ValueError) as error:
        raise ApiError(401, "InvalidAuthenticationToken", "The access token is malformed.") from error
    return claims


def _encode(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _sign(world: World, text: str) -> str:
    return _base64(
        hmac.new(world.client_secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
    )


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
