"""Sensors of the app itself: room on its plan, what stands behind its front end, its settings and their secrets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.metrics_plan import LoadLimits, PlanReader
from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
from cpr_cockpit.core.ports import PRODUCTION, Asked, Clock
from cpr_cockpit.core.sensing import Reading, State

CAPACITY = "infrastructure.production-capacity"
BEHIND_FRONT = "infrastructure.load-balancers"
DOCUMENTED = "configuration.environment-variables"
SECRETS = "configuration.secrets"
_TIMEOUT_S = 30.0
_LATELY_S = 300.0
_REFERENCE = "@microsoft.keyvault("
_RESOLVED = "Resolved"
_MOST = 6
_LARGEST = 1_000_000
_NAME = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.:-]*)\s*(?:=.*)?")
# Names that the platform itself sets, which no team documents.
_PLATFORM = ("website_", "scm_", "azure_", "docker_", "functions_", "diagnostics_")


class PlanCapacity:
    """Whether the load of the plan stays under the limits: its newest points, and the mean of those before them."""

    items = (CAPACITY,)
    timeout_s = _TIMEOUT_S

    def __init__(self, manager: Manager, clock: Clock, limits: LoadLimits) -> None:
        self._reader = PlanReader(manager, clock, limits)
        self._clock = clock

    async def read(self) -> tuple[Reading, ...]:
        """Failed from a limit on; unknown where the plan told no new figure of CPU or memory. PortError."""
        now = self._clock.now()
        seen = await self._reader.read(Asked(now, now - _LATELY_S, "", "", 900.0, 1.0))
        told = {one.name: one for one in seen.readings}
        words, high = [], False
        for name in ("CPU", "memory"):
            load = told[name]
            if load.value is None or load.limit is None:
                return (Reading(CAPACITY, State.UNKNOWN, f"the plan told no new figure of its {name}"),)
            most = max(load.value, load.before or 0.0)
            high = high or most >= load.limit
            words.append(f"{name} {most:.0f} % of the plan, limit {load.limit:.0f} %")
        return (Reading(CAPACITY, State.FAILED if high else State.OK, "; ".join(words)),)


@dataclass(frozen=True, slots=True)
class _Told:
    """What one slot is told: its settings and its connection strings, by name. Values never leave this module."""

    slot: str
    settings: Mapping[str, str]
    strings: Mapping[str, str]

    def has(self, name: str) -> bool:
        """Whether a setting of that name holds something."""
        return any(one.lower() == name.lower() and value.strip() for one, value in self.settings.items())


class SiteSettings:
    """Health check path, instances, names of settings and the state of their vault references; no value is told.

    Settings are those of production and of ``slot``, where it is there: a swap carries all of the slot's into
    production that are not sticky. ``documented``: a file with the names that the release's documentation has, one a
    line, such as an .env.example.
    """

    timeout_s = _TIMEOUT_S

    def __init__(self, manager: Manager, web_apps: AzureWebApps, slot: str, documented: Path | None) -> None:
        self.items = (BEHIND_FRONT, SECRETS, *((DOCUMENTED,) if documented is not None else ()))
        self._manager = manager
        self._web_apps = web_apps
        self._slot = slot
        self._documented = documented

    async def read(self) -> tuple[Reading, ...]:
        """PortError, OSError. The secrets are left out where nothing tells which settings hold them."""
        documented = await asyncio.to_thread(_names_in, self._documented) if self._documented is not None else None
        there = {one.name for one in await self._web_apps.slots()}
        slots = [PRODUCTION, *((self._slot,) if self._slot in there else ())]
        told, sticky = await asyncio.gather(asyncio.gather(*(self._told(slot) for slot in slots)), self._sticky())
        missing = _missing(documented or (), told, sticky)
        found = [await self._front(), *await self._secrets(told, missing)]
        if documented is not None:
            found.append(_alike(documented, told, missing))
        return tuple(found)

    def _where(self, slot: str) -> tuple[str, ...]:
        environment = self._manager.environment
        return (environment.resource_group, environment.app, *(() if slot == PRODUCTION else (slot,)))

    async def _told(self, slot: str) -> _Told:
        apps, where = self._manager.client.web_apps, self._where(slot)
        of_slot = slot != PRODUCTION
        list_settings = apps.list_application_settings_slot if of_slot else apps.list_application_settings
        list_strings = apps.list_connection_strings_slot if of_slot else apps.list_connection_strings
        settings, strings = await asyncio.gather(
            self._manager.read(f"Reading the settings of {slot}", lambda: list_settings(*where)),
            self._manager.read(f"Reading the connection strings of {slot}", lambda: list_strings(*where)),
        )
        # Resource Manager writes null for a value that it does not tell.
        return _Told(
            slot,
            {name: value or "" for name, value in (settings.properties or {}).items()},
            {name: (pair.value if pair else "") or "" for name, pair in (strings.properties or {}).items()},
        )

    async def _sticky(self) -> frozenset[str]:
        apps = self._manager.client.web_apps
        told = await self._manager.read(
            "Reading the sticky names", lambda: apps.list_slot_configuration_names(*self._where(PRODUCTION))
        )
        names = (told.properties.app_setting_names if told.properties else None) or ()
        return frozenset(name.lower() for name in names)

    async def _front(self) -> Reading:
        apps, doing = self._manager.client.web_apps, "Reading the configuration of production"
        where = self._where(PRODUCTION)
        web = (await self._manager.read(doing, lambda: apps.get_configuration(*where))).as_dict()
        path = (web.get("properties") or {}).get("healthCheckPath")
        running = len(await self._web_apps.instances(PRODUCTION))
        words = f"health check {path or 'none'}, {running} instances"
        if not path:
            return Reading(BEHIND_FRONT, State.FAILED, f"{words}: no instance that fails is taken out")
        return Reading(BEHIND_FRONT, State.OK if running else State.FAILED, words)

    async def _secrets(self, told: Sequence[_Told], missing: Sequence[str]) -> tuple[Reading, ...]:
        if missing:
            return (Reading(SECRETS, State.FAILED, f"not set: {_names(missing)}"),)
        states = [state for one in told for state in await self._states(one)]
        if not states:
            # Which settings hold secrets, and whether they are right, is for a person then.
            return ()
        broken = [f"{name} ({state})" for name, state in states if state != _RESOLVED]
        if broken:
            return (Reading(SECRETS, State.FAILED, f"vault references that do not resolve: {_names(broken)}"),)
        slots = " and ".join(one.slot for one in told)
        return (Reading(SECRETS, State.OK, f"{len(states)} vault references of {slots}, all resolved"),)

    async def _states(self, told: _Told) -> list[tuple[str, str]]:
        """Every vault reference of one slot with the state that App Service tells of it."""
        apps, of_slot = self._manager.client.web_apps, told.slot != PRODUCTION
        kinds: tuple[tuple[Mapping[str, str], Callable[..., AsyncIterable[Any]]], ...] = (
            (
                told.settings,
                apps.get_app_settings_key_vault_references_slot
                if of_slot
                else apps.get_app_settings_key_vault_references,
            ),
            (
                told.strings,
                apps.get_site_connection_string_key_vault_references_slot
                if of_slot
                else apps.get_site_connection_string_key_vault_references,
            ),
        )
        found: list[tuple[str, str]] = []
        for values, references in kinds:
            wanted = sorted(name for name, value in values.items() if value.strip().lower().startswith(_REFERENCE))
            if wanted:
                doing, where = f"Reading the vault references of {told.slot}", self._where(told.slot)
                listed = await self._manager.read(doing, partial(_listed, references, where))
                found += [(f"{name} in {told.slot}", listed.get(name.lower(), "not told")) for name in wanted]
        return found


async def _listed(references: Callable[..., AsyncIterable[Any]], where: Sequence[str]) -> dict[str, str]:
    found = [one.as_dict() async for one in references(*where)]
    return {str(one.get("name")).lower(): str((one.get("properties") or {}).get("status")) for one in found}


def _missing(documented: Sequence[str], told: Sequence[_Told], sticky: Collection[str]) -> list[str]:
    """Documented names that hold nothing, with the slot in which; a sticky one need only be set where it belongs."""
    found = []
    for name in documented:
        without = [one.slot for one in told if not one.has(name)]
        if len(without) == len(told):
            found.append(name)
        elif name.lower() not in sticky:
            found += [f"{name} in {slot}" for slot in without]
    return found


def _alike(documented: Sequence[str], told: Sequence[_Told], missing: Sequence[str]) -> Reading:
    known = {name.lower() for name in documented}
    unknown: dict[str, str] = {}
    for one in told:
        for name in one.settings:
            if name.lower() not in known and not name.lower().startswith(_PLATFORM):
                unknown.setdefault(name, f"{name} in {one.slot}")
    words = [f"not documented: {_names(list(unknown.values()))}"] if unknown else []
    words += [f"not set: {_names(missing)}"] if missing else []
    if words:
        return Reading(DOCUMENTED, State.FAILED, "; ".join(words))
    slots = " and ".join(one.slot for one in told)
    return Reading(DOCUMENTED, State.OK, f"{len(documented)} names, documented and set in {slots}")


def _names_in(path: Path) -> tuple[str, ...]:
    with path.open("rb") as file:
        lines = file.read(_LARGEST).decode("utf-8-sig", "replace").splitlines()
    return tuple(found[1] for line in lines if (found := _NAME.fullmatch(line)))


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(sorted(names)[:_MOST]) + more
