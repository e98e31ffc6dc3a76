"""The token endpoint of the lab and what `az cloud register` and the SDK's credentials ask before they use it.

Sources: the OAuth 2.0 client credentials grant of Microsoft identity platform v2.0 with its AADSTS error codes, and the
requests of the az client.
"""

from __future__ import annotations

import hmac
import time
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.rest import errors, tokens
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.wire import utc

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World


class _Refusal(Exception):
    """An error answer of the token endpoint."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(status, error, number, text)
        self.status, self.error, self.number, self.text = status, error, number, text


def routes() -> list[Route]:
    """Routes of the token endpoint, the metadata and the subscriptions."""

    def public(method: str, template: str, handler: Any) -> Route:
        return Route(method, template, handler, access=None, api_version=False)

    return [
        public("POST", "/{tenant}/oauth2/v2.0/token", _token),
        public("GET", "/{tenant}/v2.0/.well-known/openid-configuration", _openid),
        public("GET", "/{tenant}/.well-known/openid-configuration", _openid),
        Route("GET", "/metadata/endpoints", _endpoints, access=None),
        Route("GET", "/subscriptions", _subscriptions),
        Route("GET", "/subscriptions/{subscription}", _subscription),
    ]


async def _token(call: Call) -> web.Response:
    form = {name: str(value) for name, value in (await call.request.post()).items()}
    now = time.time()
    try:
        audience = _granted(call, form)
    except _Refusal as refusal:
        return web.json_response(_refused(refusal, now), status=refusal.status)
    token = tokens.issue(call.world, audience, f"{call.origin}/{call.world.tenant}/", now)
    return web.json_response(
        {
            "token_type": "Bearer",
            "expires_in": tokens.LIFETIME,
            "ext_expires_in": tokens.LIFETIME,
            "access_token": token,
        },
        headers={"Cache-Control": "no-store"},
    )


def _granted(call: Call, form: dict[str, str]) -> str:
    """The audience for which the form earns a token."""
    world, tenant = call.world, call.parts["tenant"]
    if tenant.lower() != world.tenant.lower():
        raise _Refusal(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
    for name in ("grant_type", "client_id", "scope"):
        if not form.get(name):
            raise _Refusal(
                400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
            )
    if form["grant_type"] != "client_credentials":
        raise _Refusal(400, "unsupported_grant_type", 70003, f"The grant type '{form['grant_type']}' is not supported.")
    _check_client(world, form)
    scope = form["scope"].split()[0]
    audience, found, _ = scope.partition("/.default")
    if not found:
        raise _Refusal(
            400,
            "invalid_scope",
            1002012,
            f"The provided value for scope {scope} is not valid: it must end in /.default.",
        )
    return audience


def _check_client(world: World, form: dict[str, str]) -> None:
    if form["client_id"].lower() != world.client_id.lower():
        raise _Refusal(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{form['client_id']}' was not found in the directory '{world.tenant}'.",
        )
    if not hmac.compare_digest(form.get("client_secret", "").encode(), world.client_secret.encode()):
        raise _Refusal(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{world.client_id}'.",
        )


def _refused(refusal: _Refusal, now: float) -> dict[str, Any]:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    return {
        "error": refusal.error,
        "error_description": f"AADSTS{refusal.number}: {refusal.text} Trace ID: {trace} "
        f"Correlation ID: {correlation} Timestamp: {utc(now)}",
        "error_codes": [refusal.number],
        "timestamp": utc(now),
        "trace_id": trace,
        "correlation_id": correlation,
    }


async def _openid(call: Call) -> web.Response:
    authority = f"{call.origin}/{call.world.tenant}"
    return web.json_response(
        {
            "issuer": f"{authority}/v2.0",
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
            "token_endpoint": f"{authority}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{authority}/oauth2/v2.0/logout",
            "jwks_uri": f"{authority}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "lab",
        }
    )


async def _endpoints(call: Call) -> web.Response:
    """One cloud as an object: `az cloud register` fails on a list."""
    here = call.origin
    return web.json_response(
        {
            "name": "lab",
            "portal": here,
            "authentication": {
                "loginEndpoint": here,
                "audiences": [f"{here}/"],
                "tenant": call.world.tenant,
                "identityProvider": "AAD",
            },
            "media": here,
            "graph": here,
            "graphAudience": here,
            "batch": here,
            "resourceManager": here,
            "vmImageAliasDoc": here,
            "activeDirectoryDataLake": here,
            "sqlManagement": here,
            "microsoftGraphResourceId": here,
            "appInsightsResourceId": "https://api.applicationinsights.io",
            "logAnalyticsResourceId": tokens.LOGS_AUDIENCE,
            "gallery": here,
            "appServiceResourceId": tokens.APP_SERVICE_AUDIENCE,
            "suffixes": {
                "acrLoginServer": "azurecr.lab",
                "storage": "core.lab",
                "keyVaultDns": "vault.lab",
                "sqlServerHostname": "database.lab",
            },
        }
    )


def _item(world: World) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{world.subscription}",
        "subscriptionId": world.subscription,
        "tenantId": world.tenant,
        "displayName": "Lab",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


async def _subscriptions(call: Call) -> web.Response:
    return web.json_response({"value": [_item(call.world)], "count": {"type": "Total", "value": 1}})


async def _subscription(call: Call) -> web.Response:
    asked = call.parts["subscription"]
    if asked.lower() != call.world.subscription.lower():
        raise errors.unknown_subscription(asked)
    return web.json_response(_item(call.world))
