"""The states of Key Vault references of an app or slot, as App Service tells them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cpr_cockpit.lab import connection_strings
from cpr_cockpit.lab.rest import scope
from cpr_cockpit.lab.rest.routing import Call, Route


def routes() -> list[Route]:
    """Routes of the references in app settings."""
    return list(scope.both("GET", "/config/configreferences/appsettings", _list))


async def _list(call: Call) -> web.Response:
    slot, found = scope.slot_of(call), list[dict[str, Any]]()
    for name, value in connection_strings.plain(slot.settings).items():
        told = call.world.vault.state(value)
        if told is not None:
            vault, secret, status = told
            properties: dict[str, Any] = {
                "reference": value,
                "status": status,
                "vaultName": vault,
                "secretName": secret,
            }
            properties |= {"identityType": {"type": "SystemAssigned"}, "source": "KeyVault"}
            found.append(
                scope.child(scope.site_of(call), slot, "config/configreferences/appsettings", name, properties)
            )
    return web.json_response({"value": found, "nextLink": None})
