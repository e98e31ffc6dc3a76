"""Any resource as Resource Manager tells it: one reading of its body; a list page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.core.ports import PortError

_NOT_THERE = 404
_PAGES = 50


async def resource(manager: Manager, doing: str, id: str, version: str) -> Mapping[str, Any]:
    """The body of the resource, or list, at ``id`` by its api ``version``. PortError, 404 where there is none."""
    answer = await manager.get(doing, manager.environment.manager_url(id), {"api-version": version})
    try:
        body = answer.json()
    except (ValueError, RecursionError) as error:
        raise unreadable(doing, repr(error)) from error
    if not isinstance(body, Mapping):
        raise unreadable(doing, "no object")
    return body


async def resource_or_none(manager: Manager, doing: str, id: str, version: str) -> Mapping[str, Any] | None:
    """The same; None where there is none. PortError."""
    try:
        return await resource(manager, doing, id, version)
    except PortError as error:
        if error.status == _NOT_THERE:
            return None
        raise


async def listed(
    manager: Manager, doing: str, id: str, version: str, more: Mapping[str, str] | None = None
) -> tuple[Mapping[str, Any], ...]:
    """All objects of the list at ``id``, page by page; ``more``: parameters of the question. PortError."""
    environment = manager.environment
    rows: list[Mapping[str, Any]] = []
    url = environment.manager_url(id)
    params: dict[str, str] | None = {"api-version": version, **(more or {})}
    for _ in range(_PAGES):
        answer = await manager.get(doing, url, params)
        try:
            body = answer.json()
            rows += [one for one in body["value"] if isinstance(one, Mapping)]
            following = body.get("nextLink")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise unreadable(doing, repr(error)) from error
        if not following:
            return tuple(rows)
        if not isinstance(following, str) or not environment.is_manager(following):
            raise unreadable(doing, "the next page is not at Resource Manager")
        url, params = following, None
    raise unreadable(doing, f"more than {_PAGES} pages")


def properties(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Its properties, {} where it has none."""
    told = body.get("properties")
    return told if isinstance(told, Mapping) else {}


def objects(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The objects of a list; () for anything else."""
    return tuple(one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else ()
