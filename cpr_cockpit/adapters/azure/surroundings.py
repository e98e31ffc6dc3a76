"""What others could change around the app, as Resource Manager tells it; settings leave this room as keyed hashes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from cpr_cockpit.adapters.azure import activity_log, app_plan
from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
from cpr_cockpit.core.ports import PRODUCTION, PortError
from cpr_cockpit.core.surroundings import Activity, Deployment, PlanScale, Surroundings

# Members of config/web that are compared by themselves (routing, the plan's workers), or that a deployment writes.
_APART = frozenset({"experiments", "numberOfWorkers", "scmType"})
# Deployments of a slot that are looked at: the newest ones.
_NEWEST = 30
_NOT_THERE = 404

Answer = TypeVar("Answer")


class AzureSurroundings:
    """The SurroundingsReader port. ``key``: this run's own, so that nobody can guess a value from its hash."""

    def __init__(self, manager: Manager, web_apps: AzureWebApps, slot: str, key: bytes) -> None:
        self._manager = manager
        self._web_apps = web_apps
        self._slots = (PRODUCTION, slot)
        self._key = key
        self._key_name = hashlib.sha256(b"name of " + key).hexdigest()[:12]
        self._plan_id = manager.environment.plan_id

    async def read(self, at: float) -> Surroundings:
        """One reading, in which nothing is asked for twice; what cannot be read is told in ``troubles``.

        A slot that does not exist is none of them.
        """
        troubles: list[str] = []
        (plan, names), webs, settings, listed = await asyncio.gather(
            asyncio.gather(_or_told(troubles, self._plan), _or_told(troubles, self._sticky)),
            asyncio.gather(*(self._of_slot(troubles, slot, self._web(slot)) for slot in self._slots)),
            asyncio.gather(*(self._of_slot(troubles, slot, self._settings(slot)) for slot in self._slots)),
            asyncio.gather(*(self._of_slot(troubles, slot, self._deployments(slot)) for slot in self._slots)),
        )
        own = webs[0]
        shares = await _or_told(troubles, lambda: self._web_apps.shares_in(own)) if own is not None else None
        hashes = {what: hash for told in (names, *settings) for what, hash in (told or {}).items()}
        for slot, members in zip(self._slots, webs, strict=True):
            if members is not None:
                kept = {member: value for member, value in members.items() if member not in _APART}
                hashes[f"configuration of {_named(slot)}"] = self._hash(kept)
        deployments = {slot: told for slot, told in zip(self._slots, listed, strict=True) if told is not None}
        words = tuple(dict.fromkeys(troubles))
        return Surroundings(at, deployments, shares, hashes, plan, self._key_name, troubles=words)

    async def activities(self, since: float) -> tuple[Activity, ...]:
        """What the activity log tells of the app's group, and of the plan's where that is another one. PortError."""
        environment = self._manager.environment
        groups = {environment.resource_group, activity_log.group_of(self._plan_id) or environment.resource_group}
        told = await asyncio.gather(*(activity_log.read(self._manager, group, since) for group in sorted(groups)))
        return tuple(sorted((one for part in told for one in part), key=lambda one: one.at))

    @staticmethod
    def _of_slot(troubles: list[str], slot: str, read: Callable[[], Awaitable[Answer]]) -> Awaitable[Answer | None]:
        """The answer; a slot may not exist, production has to."""
        return _or_told(troubles, read, may_lack=slot != PRODUCTION)

    # -- parts -------------------------------------------------------------------------------------------------------

    async def _plan(self) -> PlanScale:
        self._plan_id = self._plan_id or await app_plan.find_plan(self._manager)
        return await app_plan.scale_of(self._manager, self._plan_id)

    async def _sticky(self) -> dict[str, str]:
        web_apps, place = self._manager.client.web_apps, self._place()

        async def once() -> dict[str, str]:
            names = (await web_apps.list_slot_configuration_names(*place)).as_dict().get("properties") or {}
            return {"slot config names": self._hash({name: sorted(told or ()) for name, told in names.items()})}

        return await self._manager.read("Reading the slot config names", once)

    def _web(self, slot: str) -> Callable[[], Awaitable[Mapping[str, Any]]]:
        web_apps, place = self._manager.client.web_apps, self._place()

        async def once() -> Mapping[str, Any]:
            own = slot == PRODUCTION
            read = web_apps.get_configuration(*place) if own else web_apps.get_configuration_slot(*place, slot)
            return (await read).as_dict().get("properties") or {}

        return lambda: self._manager.read(f"Reading the configuration of {_named(slot)}", once)

    def _settings(self, slot: str) -> Callable[[], Awaitable[dict[str, str]]]:
        web_apps, place, name = self._manager.client.web_apps, self._place(), _named(slot)

        async def once() -> dict[str, str]:
            if slot == PRODUCTION:
                settings = (await web_apps.list_application_settings(*place)).properties
                strings = await web_apps.list_connection_strings(*place)
            else:
                settings = (await web_apps.list_application_settings_slot(*place, slot)).properties
                strings = await web_apps.list_connection_strings_slot(*place, slot)
            return {
                f"app settings of {name}": self._hash(dict(settings or {})),
                f"connection strings of {name}": self._hash(strings.as_dict().get("properties") or {}),
            }

        return lambda: self._manager.read(f"Reading the settings of {name}", once)

    def _deployments(self, slot: str) -> Callable[[], Awaitable[tuple[Deployment, ...]]]:
        web_apps, place = self._manager.client.web_apps, self._place()

        async def once() -> tuple[Deployment, ...]:
            own = slot == PRODUCTION
            pages = web_apps.list_deployments(*place) if own else web_apps.list_deployments_slot(*place, slot)
            found: list[Deployment] = []
            async for one in pages:
                found.append(_deployment(slot, one.as_dict()))
                if len(found) == _NEWEST:
                    break
            return tuple(one for one in found if one.id)

        return lambda: self._manager.read(f"Reading the deployments to {slot}", once)

    def _place(self) -> tuple[str, str]:
        return self._manager.environment.resource_group, self._manager.environment.app

    def _hash(self, value: Mapping[str, Any]) -> str:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def _named(slot: str) -> str:
    return slot if slot == PRODUCTION else f"slot {slot}"


async def _or_told(
    troubles: list[str], read: Callable[[], Awaitable[Answer]], *, may_lack: bool = False
) -> Answer | None:
    try:
        return await read()
    except PortError as error:
        if error.status != _NOT_THERE or not may_lack:
            troubles.append(error.what)
        return None


def _deployment(slot: str, body: Mapping[str, Any]) -> Deployment:
    """A deployment of the list; one that Kudu calls temporary gets its own id later, and has none until then."""
    told: Mapping[str, Any] = body.get("properties") or {}
    id = "" if told.get("is_temp") else str(told.get("id") or body.get("name") or "")
    at = str(told.get("received_time") or told.get("start_time") or "")
    return Deployment(clean(id).rsplit("/", 1)[-1], slot, clean(str(told.get("deployer") or "")), clean(at))
