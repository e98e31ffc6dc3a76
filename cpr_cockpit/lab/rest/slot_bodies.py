"""What the body of a request that creates a slot asks for: App Service gives a new slot that and nothing of the app's.

`az webapp deployment slot create` without its `--configuration-source` asks for nothing: such a slot has no settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cpr_cockpit.lab import connection_strings
from cpr_cockpit.lab.rest import errors

_SETTINGS, _STRINGS = "appSettings", "connectionStrings"


def asked(body: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The settings, connection strings among them, and the members of `config/web`. Raises ApiError 400."""
    site = _object(body.get("properties"), "properties")
    configuration = _object(site.get("siteConfig"), "siteConfig")
    settings = {name: value for name, value, _ in _named(configuration, _SETTINGS, "value")}
    for name, value, kind in _named(configuration, _STRINGS, "connectionString"):
        try:
            settings[connection_strings.variable(name, kind)] = value
        except ValueError as problem:
            raise errors.invalid_content(str(problem)) from problem
    members = {
        name: value for name, value in configuration.items() if name not in (_SETTINGS, _STRINGS) and value is not None
    }
    return settings, members


def _named(configuration: Mapping[str, Any], member: str, value: str) -> Iterator[tuple[str, str, str]]:
    """Name, value and type (empty where there is none) of each item of the list `member`."""
    items = configuration.get(member) or []
    if not isinstance(items, list):
        raise errors.invalid_content(f"the member '{member}' must be a list")
    for item in items:
        pair = _object(item, member)
        name, text, kind = pair.get("name"), pair.get(value), pair.get("type") or ""
        if not (isinstance(name, str) and name and isinstance(text, str) and isinstance(kind, str)):
            raise errors.invalid_content(f"an item of '{member}' lacks its name or its {value}")
        yield name, text, kind


def _object(value: Any, member: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.invalid_content(f"the member '{member}' must hold objects")
    return value
