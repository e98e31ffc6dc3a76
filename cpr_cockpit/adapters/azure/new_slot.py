"""What a new slot is created with: production's plan, stack and settings.

A slot made without them would have no application settings at all, as ``az webapp deployment slot create`` without its
``--configuration-source`` makes it. Names that are sticky in production stay there: they are its own environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from azure.mgmt.web.models import Site

from cpr_cockpit.adapters.azure.manager import Manager

# Members of a site's configuration that make the same code run the same way. Routing rules, access restrictions and
# publishing are not among them: they belong to the slot they are set on.
_CONFIGURATION = (
    "linuxFxVersion",
    "windowsFxVersion",
    "netFrameworkVersion",
    "nodeVersion",
    "pythonVersion",
    "phpVersion",
    "javaVersion",
    "javaContainer",
    "javaContainerVersion",
    "appCommandLine",
    "defaultDocuments",
    "use32BitWorkerProcess",
    "webSocketsEnabled",
    "alwaysOn",
    "http20Enabled",
    "minTlsVersion",
    "ftpsState",
    "healthCheckPath",
    "managedPipelineMode",
    "numberOfWorkers",
)


async def like_production(manager: Manager, doing: str, own: Mapping[str, str]) -> dict[str, Any]:
    """The body of the request that creates a slot; reads production's configuration first. PortError.

    ``own``: settings that the slot shall have with values of its own, such as the one that switches its workers off.
    """
    web_apps, place = manager.client.web_apps, (manager.environment.resource_group, manager.environment.app)

    async def body() -> dict[str, Any]:
        site = await web_apps.get(*place)
        configuration = (await web_apps.get_configuration(*place)).as_dict().get("properties") or {}
        sticky = (await web_apps.list_slot_configuration_names(*place)).properties
        settings = (await web_apps.list_application_settings(*place)).properties or {}
        strings = (await web_apps.list_connection_strings(*place)).as_dict().get("properties") or {}
        copied = {name: configuration[name] for name in _CONFIGURATION if configuration.get(name) is not None}
        own_settings = (sticky.app_setting_names if sticky else None) or ()
        own_strings = (sticky.connection_string_names if sticky else None) or ()
        given = [*_without(settings, (*own_settings, *own)), *own.items()]
        copied["appSettings"] = [{"name": name, "value": value} for name, value in given]
        copied["connectionStrings"] = [
            {"name": name, "connectionString": pair["value"], "type": pair["type"]}
            for name, pair in _without(strings, own_strings)
        ]
        return _envelope(site, copied)

    return await manager.read(doing, body)


def _without(values: dict[str, Any], left_out: Iterable[str]) -> list[tuple[str, Any]]:
    """The members whose names are not among ``left_out``, which App Service compares in any case."""
    own = {name.lower() for name in left_out}
    return [(name, value) for name, value in values.items() if name.lower() not in own]


def _envelope(site: Site, configuration: dict[str, Any]) -> dict[str, Any]:
    known = site.as_dict()
    properties = known.get("properties") or {}
    kept = {name: properties[name] for name in ("serverFarmId", "httpsOnly", "reserved") if name in properties}
    body: dict[str, Any] = {"location": known.get("location"), "properties": {**kept, "siteConfig": configuration}}
    if known.get("kind"):
        body["kind"] = known["kind"]
    return body
