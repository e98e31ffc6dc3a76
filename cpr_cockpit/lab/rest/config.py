"""Configuration of a slot over Resource Manager: settings, sticky names, site configuration, deployments, policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab import connection_strings
from cpr_cockpit.lab.rest import errors, kudu, scope
from cpr_cockpit.lab.rest.routing import Call, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.models import Slot
    from cpr_cockpit.lab.site import Site

_STICKY_MEMBERS = ("connectionStringNames", "appSettingNames", "azureStorageConfigNames")


def routes() -> list[Route]:
    """Routes of the configuration."""
    both = scope.both
    return [
        *both("POST", "/config/appsettings/list", _settings),
        *both("PUT", "/config/appsettings", _put_settings, mutates=True),
        *both("POST", "/config/connectionstrings/list", _connection_strings),
        *both("PUT", "/config/connectionstrings", _put_connection_strings, mutates=True),
        Route("GET", scope.SITE + "/config/slotConfigNames", _sticky),
        Route("PUT", scope.SITE + "/config/slotConfigNames", _put_sticky, mutates=True),
        *both("GET", "/config/web", _web),
        *both("PATCH", "/config/web", _patch_web, mutates=True),
        *both("GET", "/config/logs", _logs),
        *both("PUT", "/config/logs", _put_logs, mutates=True),
        *both("GET", "/config/authsettingsV2", _authentication),
        *both("GET", "/basicPublishingCredentialsPolicies", _policies),
        *both("GET", "/basicPublishingCredentialsPolicies/{policy}", _policy),
        *both("GET", "/deployments", _deployments),
        *both("GET", "/deployments/{deployment}", _deployment),
    ]


def _config(call: Call, slot: Slot, name: str, properties: dict[str, Any]) -> web.Response:
    return web.json_response(scope.child(scope.site_of(call), slot, "config", name, properties))


def _check_idle(site: Site, slot: str) -> None:
    running = site.busy()
    if running is not None and slot in (running.source, running.target):
        raise errors.in_progress(site.app, running)
    if site.preview_of(slot) is not None:
        raise errors.prepared_for_swap()


async def _properties(call: Call) -> dict[str, Any]:
    properties = (await call.json()).get("properties")
    if not isinstance(properties, dict):
        raise errors.invalid_content("the member 'properties' must be an object")
    return properties


async def _settings(call: Call) -> web.Response:
    slot = scope.slot_of(call)
    return _config(call, slot, "appsettings", connection_strings.plain(slot.settings))


async def _put_settings(call: Call) -> web.Response:
    """Replaces the whole set, as App Service does."""
    site, slot = scope.site_of(call), scope.slot_of(call)
    asked = await _properties(call)
    wrong = [name for name, value in asked.items() if not isinstance(value, str)]
    if wrong:
        raise errors.invalid_content(f"the value of the setting '{wrong[0]}' must be a string")
    _check_idle(site, slot.name)
    await site.set_settings(slot.name, asked | connection_strings.strings(slot.settings))
    return _config(call, slot, "appsettings", connection_strings.plain(slot.settings))


async def _connection_strings(call: Call) -> web.Response:
    slot = scope.slot_of(call)
    return _config(call, slot, "connectionstrings", dict(connection_strings.shown(slot.settings)))


async def _put_connection_strings(call: Call) -> web.Response:
    """Replaces the whole set, as App Service does."""
    site, slot = scope.site_of(call), scope.slot_of(call)
    variables: dict[str, str] = {}
    for name, pair in (await _properties(call)).items():
        value, kind = (pair.get("value"), pair.get("type")) if isinstance(pair, dict) else (None, None)
        if not (isinstance(value, str) and isinstance(kind, str)):
            raise errors.invalid_content(f"the connection string '{name}' must have a value and a type")
        try:
            variables[connection_strings.variable(name, kind)] = value
        except ValueError as problem:
            raise errors.invalid_content(str(problem)) from problem
    _check_idle(site, slot.name)
    await site.set_settings(slot.name, connection_strings.plain(slot.settings) | variables)
    return await _connection_strings(call)


def _sticky_resource(call: Call, slot: Slot) -> web.Response:
    sticky = scope.site_of(call).sticky
    return _config(call, slot, "slotConfigNames", {name: sticky.get(name, []) for name in _STICKY_MEMBERS})


async def _sticky(call: Call) -> web.Response:
    return _sticky_resource(call, scope.slot_of(call))


async def _put_sticky(call: Call) -> web.Response:
    """Members that are absent or null stay as they are."""
    site, slot = scope.site_of(call), scope.slot_of(call)
    asked = await _properties(call)
    names: dict[str, list[str]] = {}
    for member in _STICKY_MEMBERS:
        value = asked.get(member)
        if value is None:
            value = site.sticky.get(member, [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise errors.invalid_content(f"the member '{member}' must be a list of strings")
        names[member] = value
    for name in site.slots:
        _check_idle(site, name)
    site.set_sticky(names)
    return _sticky_resource(call, slot)


async def _web(call: Call) -> web.Response:
    slot = scope.slot_of(call)
    return _config(call, slot, "web", slot.config_web)


async def _patch_web(call: Call) -> web.Response:
    """Members that are given replace what was there; lists are replaced whole."""
    site, slot = scope.site_of(call), scope.slot_of(call)
    asked = await _properties(call)
    _check_idle(site, slot.name)
    try:
        site.set_configuration(slot.name, asked)
    except (TypeError, ValueError) as problem:
        raise errors.bad_request(str(problem)) from problem
    return _config(call, slot, "web", slot.config_web)


async def _put_logs(call: Call) -> web.Response:
    """Members that are given replace what was there; `az` asks for logs of production after a failed deployment."""
    slot = scope.slot_of(call)
    asked = await _properties(call)
    slot.logs |= {name: value for name, value in asked.items() if value is not None}
    return await _logs(call)


async def _logs(call: Call) -> web.Response:
    slot, off = scope.slot_of(call), {"level": "Off"}
    properties = {
        "applicationLogs": {"fileSystem": off, "azureBlobStorage": off},
        "httpLogs": {"fileSystem": {"enabled": False}},
        "failedRequestsTracing": {"enabled": False},
        "detailedErrorMessages": {"enabled": False},
    }
    return _config(call, slot, "logs", properties | slot.logs)


async def _authentication(call: Call) -> web.Response:
    """The settings of an app whose authentication was never turned on."""
    properties = {
        "platform": {"enabled": False, "runtimeVersion": "~1"},
        "globalValidation": {"requireAuthentication": False, "unauthenticatedClientAction": "AllowAnonymous"},
        "identityProviders": {},
        "login": {
            "routes": {},
            "tokenStore": {"enabled": False, "tokenRefreshExtensionHours": 72.0},
            "preserveUrlFragmentsForLogins": False,
            "cookieExpiration": {"convention": "FixedTime", "timeToExpiration": "08:00:00"},
            "nonce": {"validateNonce": True, "nonceExpirationInterval": "00:05:00"},
        },
        "httpSettings": {
            "requireHttps": True,
            "routes": {"apiPrefix": "/.auth"},
            "forwardProxy": {"convention": "NoProxy"},
        },
    }
    return _config(call, scope.slot_of(call), "authsettingsV2", properties)


def _policy_resource(call: Call, name: str) -> dict[str, Any]:
    slot = scope.slot_of(call)
    return scope.child(scope.site_of(call), slot, "basicPublishingCredentialsPolicies", name, {"allow": False})


async def _policies(call: Call) -> web.Response:
    return web.json_response({"value": [_policy_resource(call, name) for name in ("ftp", "scm")], "nextLink": None})


async def _policy(call: Call) -> web.Response:
    name = call.parts["policy"].lower()
    if name not in ("ftp", "scm"):
        raise errors.not_found(f"Cannot find a publishing credentials policy named {name}.")
    return web.json_response(_policy_resource(call, name))


async def _deployments(call: Call) -> web.Response:
    slot = scope.slot_of(call)
    newest_first = [_deployment_resource(call, slot, found.id) for found in reversed(slot.deployments)]
    return web.json_response({"value": newest_first, "nextLink": None})


async def _deployment(call: Call) -> web.Response:
    return web.json_response(_deployment_resource(call, scope.slot_of(call), call.parts["deployment"]))


def _deployment_resource(call: Call, slot: Slot, id: str) -> dict[str, Any]:
    found = kudu.find(slot, id)
    if found is None:
        raise errors.not_found(f"Cannot find a deployment with id {id}.")
    return scope.child(scope.site_of(call), slot, "deployments", found.id, kudu.describe(slot, found))
