"""In what a slot differs from production: settings, connection strings, identity, CORS, network, sign-in.

Sessions that are routed to a slot meet its own of all these, whatever version it serves (Kudu wiki, "Understanding site
swaps"). Values are compared here and never leave: only names are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from cpr_cockpit.adapters.azure.manager import Manager

# Members of a site's configuration that decide who may call it, and what it may reach.
_CONFIGURATION = {
    "cors": "CORS",
    "ipSecurityRestrictions": "access restrictions",
    "ipSecurityRestrictionsDefaultAction": "access restrictions",
    "vnetName": "network",
    "vnetRouteAllEnabled": "network",
    "publicNetworkAccess": "network",
    "keyVaultReferenceIdentity": "Key Vault identity",
    "minTlsVersion": "TLS version",
}
_SITE = {
    "virtualNetworkSubnetId": "network",
    "publicNetworkAccess": "network",
    "clientCertEnabled": "client certificates",
}
# A system-assigned identity is another one in every slot: what it may do cannot be compared by its name.
_IDENTITY = ("type", "userAssignedIdentities")


async def differences(manager: Manager, slot: str) -> tuple[str, ...]:
    """What differs, by name and in order: ``app setting NAME``, ``connection string NAME``, ``identity``. PortError."""
    doing = f"Comparing slot {slot} with production"
    production, other = await asyncio.gather(
        manager.read(doing, lambda: _told(manager, None)), manager.read(doing, lambda: _told(manager, slot))
    )
    return tuple(sorted(set(_differing(production, other))))


async def _told(manager: Manager, slot: str | None) -> dict[str, Mapping[str, Any]]:
    web_apps, place = manager.client.web_apps, (manager.environment.resource_group, manager.environment.app)
    if slot is None:
        site = (await web_apps.get(*place)).as_dict()
        settings = (await web_apps.list_application_settings(*place)).properties or {}
        strings = (await web_apps.list_connection_strings(*place)).as_dict().get("properties") or {}
        web = (await web_apps.get_configuration(*place)).as_dict().get("properties") or {}
        sign_in = (await web_apps.get_auth_settings_v2_without_secrets(*place)).as_dict().get("properties") or {}
    else:
        own = (*place, slot)
        site = (await web_apps.get_slot(*own)).as_dict()
        settings = (await web_apps.list_application_settings_slot(*own)).properties or {}
        strings = (await web_apps.list_connection_strings_slot(*own)).as_dict().get("properties") or {}
        web = (await web_apps.get_configuration_slot(*own)).as_dict().get("properties") or {}
        sign_in = (await web_apps.get_auth_settings_v2_without_secrets_slot(*own)).as_dict().get("properties") or {}
    return {
        "app setting": dict(settings),
        "connection string": dict(strings),
        "web": web,
        "site": site.get("properties") or {},
        "identity": site.get("identity") or {},
        "sign-in": sign_in,
    }


def _differing(production: dict[str, Mapping[str, Any]], slot: dict[str, Mapping[str, Any]]) -> Iterator[str]:
    for kind in ("app setting", "connection string"):
        names = {*production[kind], *slot[kind]}
        yield from (f"{kind} {name}" for name in names if production[kind].get(name) != slot[kind].get(name))
    for kind, members in (("web", _CONFIGURATION), ("site", _SITE)):
        yield from (word for name, word in members.items() if production[kind].get(name) != slot[kind].get(name))
    identities = [{name: told["identity"].get(name) for name in _IDENTITY} for told in (production, slot)]
    if identities[0] != identities[1] or "SystemAssigned" in str(identities[0]["type"]):
        yield "identity"
    if production["sign-in"] != slot["sign-in"]:
        yield "sign-in"
