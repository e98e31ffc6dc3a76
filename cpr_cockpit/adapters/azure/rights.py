"""What this sign-in may do at the app, by Resource Manager's permissions, and its tokens kept warm.

``GET {app}/providers/Microsoft.Authorization/permissions`` answers, for whoever asks, a page of sets with ``actions``
and ``notActions`` (Azure REST, Permissions - List For Resource, 2022-04-01).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.core.rights import Permission

API_VERSION = "2022-04-01"
_DOING = "Reading the rights"
# An app has a handful of roles; a service that pages on for ever is not followed.
_MOST_PAGES = 20


class AzureRights:
    """The Rights port."""

    def __init__(self, manager: Manager, credential: PinnedCredential) -> None:
        self._manager = manager
        self._credential = credential

    async def granted(self) -> tuple[Permission, ...]:
        """All sets at the app, from all pages. PortError."""
        return await permissions_at(self._manager, self._manager.environment.site_id)

    async def warm(self) -> float | None:
        """A token for Resource Manager and one for Kudu; seconds for which the first to end is good. PortError."""
        environment = self._manager.environment
        tokens = [await self._credential.newest(one) for one in (environment.manager_scope, environment.kudu_scope)]
        return min(token.expires_on for token in tokens) - time.time()


async def permissions_at(manager: Manager, resource: str) -> tuple[Permission, ...]:
    """All sets that are in force at a resource (its id), from all pages. PortError."""
    environment, found = manager.environment, list[Permission]()
    url = environment.manager_url(f"{resource}/providers/Microsoft.Authorization/permissions")
    params: dict[str, str] | None = {"api-version": API_VERSION}
    for _ in range(_MOST_PAGES):
        answer = await manager.get(_DOING, url, params)
        try:
            body = answer.json()
        except (ValueError, RecursionError) as error:
            raise unreadable(_DOING, str(error)) from error
        found += _sets(body)
        following = body.get("nextLink")
        if not following:
            return tuple(found)
        if not isinstance(following, str) or not environment.is_manager(following):
            # Following it would hand our token to another host.
            raise unreadable(_DOING, "the next page is not at Resource Manager")
        url, params = following, None
    raise unreadable(_DOING, f"more than {_MOST_PAGES} pages")


def _sets(body: Any) -> Iterator[Permission]:
    value = body.get("value") if isinstance(body, Mapping) else None
    if not isinstance(value, list):
        raise unreadable(_DOING, "no list of permissions")
    for one in value:
        if not isinstance(one, Mapping):
            raise unreadable(_DOING, "a set of permissions is no object")
        yield Permission(_names(one, "actions"), _names(one, "notActions"))


def _names(one: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = one.get(key) or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise unreadable(_DOING, f"{key} is no list of names")
    return tuple(names)
