"""Sensors of the app itself: room on its plan, what stands behind its front end, its settings and their secrets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

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
    """Whether the load of the plan leaves room: the newest points and the mean of those before, against the limits."""

    items = (CAPACITY,)
    timeout_s = _TIMEOUT_S

    def __init__(self, manager: Manager, clock: Clock, limits: LoadLimits) -> None:
        self._reader = PlanReader(manager, clock, limits)
        self._clock = clock

    async def read(self) -> tuple[Reading, ...]:
        """Failed from a limit on; unknown where the plan told neither CPU nor memory. PortError."""
        now = self._clock.now()
        seen = await self._reader.read(Asked(now, now - _LATELY_S, "", "", 900.0, 1.0))
        told = {one.name: one for one in seen.readings}
        words, high = [], False
        for name in ("CPU", "memory"):
            load = told[name]
            values = [value for value in (load.value, load.before) if value is not None]
            if not values or load.limit is None:
                return (Reading(CAPACITY, State.UNKNOWN, f"the plan told no figure of its {name}"),)
            high = high or max(values) >= load.limit
            words.append(f"{name} {max(values):.0f} % of the plan, limit {load.limit:.0f} %")
        return (Reading(CAPACITY, State.FAILED if high else State.OK, "; ".join(words)),)


class SiteSettings:
    """Health check path, instances, names of settings and the state of their vault references; no value is told.

    ``documented``: a file with the names that the release's documentation has, one a line, such as an .env.example.
    """

    timeout_s = _TIMEOUT_S

    def __init__(self, manager: Manager, web_apps: AzureWebApps, documented: Path | None) -> None:
        self.items = (BEHIND_FRONT, SECRETS, *((DOCUMENTED,) if documented is not None else ()))
        self._manager = manager
        self._web_apps = web_apps
        self._documented = documented

    async def read(self) -> tuple[Reading, ...]:
        """PortError, OSError. The secrets are left out where nothing tells which settings hold them."""
        documented = await asyncio.to_thread(_names_in, self._documented) if self._documented is not None else None
        settings = await self._settings()
        found = [await self._front(), *await self._secrets(settings, documented or ())]
        if documented is not None:
            found.append(_alike(documented, settings))
        return tuple(found)

    @property
    def _place(self) -> tuple[str, str]:
        return self._manager.environment.resource_group, self._manager.environment.app

    async def _settings(self) -> dict[str, str]:
        apps = self._manager.client.web_apps
        told = await self._manager.read(
            "Reading the settings of production", lambda: apps.list_application_settings(*self._place)
        )
        return dict(told.properties or {})

    async def _front(self) -> Reading:
        apps, doing = self._manager.client.web_apps, "Reading the configuration of production"
        web = (await self._manager.read(doing, lambda: apps.get_configuration(*self._place))).as_dict()
        path = (web.get("properties") or {}).get("healthCheckPath")
        running = len(await self._web_apps.instances(PRODUCTION))
        words = f"health check {path or 'none'}, {running} instances"
        if not path:
            return Reading(BEHIND_FRONT, State.FAILED, f"{words}: no instance that fails is taken out")
        return Reading(BEHIND_FRONT, State.OK if running else State.FAILED, words)

    async def _secrets(self, settings: dict[str, str], documented: Sequence[str]) -> tuple[Reading, ...]:
        wanted = sorted(name for name, value in settings.items() if value.strip().lower().startswith(_REFERENCE))
        missing = [name for name in documented if name.lower() not in {one.lower() for one in settings}]
        if missing:
            return (Reading(SECRETS, State.FAILED, f"not set: {_names(missing)}"),)
        if not wanted:
            # Without the documented names nobody can tell which settings hold secrets: that is for a person then.
            set_all = Reading(SECRETS, State.OK, f"{len(documented)} documented settings are set, none is a reference")
            return (set_all,) if documented else ()
        states = await self._manager.read("Reading the vault references of production", self._references)
        told = {name: states.get(name.lower(), "not told") for name in wanted}
        broken = [f"{name} ({state})" for name, state in told.items() if state != _RESOLVED]
        if broken:
            return (Reading(SECRETS, State.FAILED, f"vault references that do not resolve: {_names(broken)}"),)
        return (Reading(SECRETS, State.OK, f"{len(wanted)} vault references, all resolved"),)

    async def _references(self) -> dict[str, str]:
        told = self._manager.client.web_apps.get_app_settings_key_vault_references(*self._place)
        found = [one.as_dict() async for one in told]
        return {str(one.get("name")).lower(): str((one.get("properties") or {}).get("status")) for one in found}


def _alike(documented: Sequence[str], settings: dict[str, str]) -> Reading:
    known = {name.lower() for name in documented}
    unknown = [name for name in settings if name.lower() not in known and not name.lower().startswith(_PLATFORM)]
    there = {name.lower() for name in settings}
    missing = [name for name in documented if name.lower() not in there]
    words = [f"not documented: {_names(unknown)}"] if unknown else []
    words += [f"not set: {_names(missing)}"] if missing else []
    if words:
        return Reading(DOCUMENTED, State.FAILED, "; ".join(words))
    return Reading(DOCUMENTED, State.OK, f"{len(documented)} names, documented and set")


def _names_in(path: Path) -> tuple[str, ...]:
    with path.open("rb") as file:
        lines = file.read(_LARGEST).decode("utf-8-sig", "replace").splitlines()
    return tuple(found[1] for line in lines if (found := _NAME.fullmatch(line)))


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(sorted(names)[:_MOST]) + more
