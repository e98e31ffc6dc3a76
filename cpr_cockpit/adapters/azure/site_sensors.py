"""Sensors of the app itself: room on its plan, what stands behind its front end, its settings and their secrets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cpr_cockpit.adapters.azure import slot_settings
from cpr_cockpit.adapters.azure.manager import API_VERSION, Manager
from cpr_cockpit.adapters.azure.metrics_plan import LoadLimits, PlanReader
from cpr_cockpit.adapters.azure.resources import properties, resource
from cpr_cockpit.adapters.azure.slot_settings import Told
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
# Names that the platform itself sets, or asks for where telemetry is switched on, which no team documents.
_PLATFORM = (
    *("website_", "websites_", "scm_", "azure_", "docker_", "functions_", "diagnostics_", "enable_oryx_build"),
    *("appinsights_", "applicationinsights", "xdt_", "snapshotdebugger_", "instrumentationengine_", "msdeploy_"),
)


def _protects(configuration: Mapping[str, Any]) -> bool:
    """Whether the app's stack is .NET on Linux, whose sessions, sign-ins and forms hang on data-protection keys."""
    return str(configuration.get("linuxFxVersion") or "").upper().startswith("DOTNET")


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


class SiteSettings:
    """Health check path, instances, names of settings and the state of their vault references; no value is told.

    Settings are those of production and of ``slot``, where it is there: a swap carries all of the slot's into
    production that are not sticky. ``documented``: a file with the names that the release's documentation has, one a
    line, such as an .env.example. ``harmless``: differences that are declared so, by name.
    """

    items = (BEHIND_FRONT, SECRETS, DOCUMENTED)
    timeout_s = _TIMEOUT_S

    def __init__(
        self,
        manager: Manager,
        web_apps: AzureWebApps,
        slot: str,
        documented: Path | None,
        harmless: Collection[str] = (),
    ) -> None:
        self._harmless = harmless
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
        secrets, front, identity = await asyncio.gather(
            self._secrets(told, documented or ()), self._front(told), self._identities(slots)
        )
        return (front, *secrets, *self._alike(documented, told, sticky, identity))

    def _alike(
        self, documented: Sequence[str] | None, told: Sequence[Told], sticky: Collection[str], identity: str
    ) -> tuple[Reading, ...]:
        """What is wrong with the names and between the slots; it holds only where the names are documented."""
        wrong = _undocumented(documented, told, sticky) if documented is not None else []
        different = slot_settings.sticky_differences(told, sticky, self._harmless)
        if different:
            wrong.append(f"sticky, and another value in the slot than in production: {_names(different)}")
        if identity and "identity" not in {one.casefold() for one in self._harmless}:
            wrong.append(identity)
        if wrong:
            return (Reading(DOCUMENTED, State.FAILED, "; ".join(wrong)),)
        if documented is None:
            return ()
        slots = " and ".join(one.slot for one in told)
        words = f"{len(documented)} names, documented and set in {slots}"
        if carried := slot_settings.carried(told, sticky, self._harmless):
            return (Reading(DOCUMENTED, State.NOTE, f"{words}; a swap changes in production: {_names(carried)}"),)
        return (Reading(DOCUMENTED, State.OK, words),)

    async def _identities(self, slots: Sequence[str]) -> str:
        """In what the slot's identity differs; "" where nothing is told to differ. A system's own always does."""
        doing, place = "Reading the identities", self._manager.environment
        sites = await asyncio.gather(
            *(resource(self._manager, doing, place.slot_id(slot), API_VERSION) for slot in slots)
        )
        told = [one.get("identity") or {} for one in sites]
        names = [sorted(id.casefold() for id in one.get("userAssignedIdentities") or {}) for one in told]
        kinds = [str(one.get("type") or "None") for one in told]
        if len(told) < 2 or (names[0], kinds[0]) == (names[1], kinds[1]):
            return ""
        return f"the identity is {kinds[0]} in {slots[0]} and {kinds[1]} in {slots[1]}, or has other members"

    def _where(self, slot: str) -> tuple[str, ...]:
        environment = self._manager.environment
        return (environment.resource_group, environment.app, *(() if slot == PRODUCTION else (slot,)))

    async def _told(self, slot: str) -> Told:
        apps, where = self._manager.client.web_apps, self._where(slot)
        of_slot = slot != PRODUCTION
        list_settings = apps.list_application_settings_slot if of_slot else apps.list_application_settings
        list_strings = apps.list_connection_strings_slot if of_slot else apps.list_connection_strings
        settings, strings = await asyncio.gather(
            self._manager.read(f"Reading the settings of {slot}", lambda: list_settings(*where)),
            self._manager.read(f"Reading the connection strings of {slot}", lambda: list_strings(*where)),
        )
        # Resource Manager writes null for a value that it does not tell.
        return Told(
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

    async def _front(self, told: Sequence[Told]) -> Reading:
        apps, doing = self._manager.client.web_apps, "Reading the configuration of production"
        where = self._where(PRODUCTION)
        web = (await self._manager.read(doing, lambda: apps.get_configuration(*where))).as_dict()
        path = (web.get("properties") or {}).get("healthCheckPath")
        site = properties(await resource(self._manager, doing, self._manager.environment.site_id, API_VERSION))
        running = len(await self._web_apps.instances(PRODUCTION))
        words = f"health check {path or 'none'}, {running} instance{'' if running == 1 else 's'}"
        if not path:
            return Reading(BEHIND_FRONT, State.FAILED, f"{words}: no instance that fails is taken out")
        if running and site.get("clientAffinityEnabled") is True:
            note = "affinity is on: sessions or data-protection keys that a slot keeps for itself end with the swap"
            return Reading(BEHIND_FRONT, State.NOTE, f"{words}; {note}")
        keys = slot_settings.key_ring(told) if _protects(web.get("properties") or {}) else ""
        if running and keys:
            return Reading(BEHIND_FRONT, State.NOTE, f"{words}; {keys}")
        return Reading(BEHIND_FRONT, State.OK if running else State.FAILED, words)

    async def _secrets(self, told: Sequence[Told], documented: Sequence[str]) -> tuple[Reading, ...]:
        wrong = []
        if empty := slot_settings.empty(documented, told):
            wrong.append(f"empty: {_names(empty)}")
        if templates := slot_settings.placeholders(documented, told):
            wrong.append(f"still a placeholder: {_names(templates)}")
        if wrong:
            return (Reading(SECRETS, State.FAILED, "; ".join(wrong)),)
        states = [state for one in told for state in await self._states(one)]
        if not states:
            # Which settings hold secrets, and whether they are right, is for a person then.
            return ()
        broken = [f"{name} ({state})" for name, state in states if state != _RESOLVED]
        if broken:
            return (Reading(SECRETS, State.FAILED, f"vault references that do not resolve: {_names(broken)}"),)
        slots = " and ".join(one.slot for one in told)
        return (Reading(SECRETS, State.OK, f"{len(states)} vault references of {slots}, all resolved"),)

    async def _states(self, told: Told) -> list[tuple[str, str]]:
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


def _undocumented(documented: Sequence[str], told: Sequence[Told], sticky: Collection[str]) -> list[str]:
    known = {name.lower() for name in documented}
    unknown: dict[str, str] = {}
    for one in told:
        for name in one.settings:
            if name.lower() not in known and not name.lower().startswith(_PLATFORM):
                unknown.setdefault(name, f"{name} in {one.slot}")
    missing = slot_settings.missing(documented, told, sticky)
    words = [f"not documented: {_names(list(unknown.values()))}"] if unknown else []
    return [*words, *([f"not set: {_names(missing)}"] if missing else [])]


def _names_in(path: Path) -> tuple[str, ...]:
    with path.open("rb") as file:
        lines = file.read(_LARGEST).decode("utf-8-sig", "replace").splitlines()
    return tuple(found[1] for line in lines if (found := _NAME.fullmatch(line)))


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(sorted(names)[:_MOST]) + more
