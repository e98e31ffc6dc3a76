"""Connection strings, which reach a process as environment variables that are named after their type.

They are kept among a slot's settings under these names: so they travel in a swap, stay and reach the process as
settings do (Azure documentation, "Configure an App Service app", "Configure connection strings"). A setting that is
named like one of these variables is therefore taken for a connection string.
"""

from __future__ import annotations

from collections.abc import Mapping

_PREFIXES = {
    "SQLServer": "SQLCONNSTR_",
    "SQLAzure": "SQLAZURECONNSTR_",
    "MySql": "MYSQLCONNSTR_",
    "PostgreSQL": "POSTGRESQLCONNSTR_",
    "Custom": "CUSTOMCONNSTR_",
    "ApiHub": "APIHUBCONNSTR_",
    "DocDb": "DOCDBCONNSTR_",
    "EventHub": "EVENTHUBCONNSTR_",
    "NotificationHub": "NOTIFICATIONHUBCONNSTR_",
    "RedisCache": "REDISCACHECONNSTR_",
    "ServiceBus": "SERVICEBUSCONNSTR_",
}


def variable(name: str, kind: str) -> str:
    """The environment variable of the connection string `name` of this type. ValueError: no such type."""
    found = next((prefix for known, prefix in _PREFIXES.items() if known.lower() == kind.lower()), None)
    if found is None:
        raise ValueError(f"the connection string '{name}' has the type '{kind}'; allowed are {', '.join(_PREFIXES)}")
    return found + name


def variables(name: str) -> set[str]:
    """The environment variables that a connection string of this name may have, whatever its type."""
    return {prefix + name for prefix in _PREFIXES.values()}


def named(variable: str) -> tuple[str, str] | None:
    """Name and type of the connection string behind an environment variable; None where it is a plain setting."""
    for kind, prefix in _PREFIXES.items():
        if variable.startswith(prefix):
            return variable.removeprefix(prefix), kind
    return None


def plain(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings that are no connection strings."""
    return {name: value for name, value in settings.items() if named(name) is None}


def strings(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings that are connection strings, by environment variable."""
    return {name: value for name, value in settings.items() if named(name) is not None}


def shown(settings: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The connection strings as Resource Manager shows them."""
    found = ((named(name), value) for name, value in settings.items())
    return {pair[0]: {"value": value, "type": pair[1]} for pair, value in found if pair is not None}
