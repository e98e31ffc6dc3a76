"""Background work behind the port: WebJobs and the setting by Resource Manager, hosted services by the instances.

A swap brings the WebJobs' content to the other slot; whether they run there is decided by the settings of that slot,
and schedules stay where they are (Azure documentation, deployment slots).
"""

from __future__ import annotations

import asyncio
from typing import Any

from cpr_cockpit.adapters.azure.manager import API_VERSION, Manager
from cpr_cockpit.adapters.hosted_services import HostedServices
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PRODUCTION, PlannedRequest, PortError
from cpr_cockpit.core.worker_proof import CONTINUOUS, TRIGGERED
from cpr_cockpit.core.workers import SettingTold, Worker, WorkersTold

# A continuous WebJob in any other state takes work, or may at any moment.
_AT_REST = ("Stopped", "Disabled")
_RUNNING = "Running"
_WORDS = 120
_NOT_FOUND = 404


class AzureWorkers:
    """The Workers port; ``hosted`` None: no address is configured by which an instance tells."""

    def __init__(self, manager: Manager, hosted: HostedServices | None) -> None:
        self._manager = manager
        self._hosted = hosted
        self._place = (manager.environment.resource_group, manager.environment.app)

    @property
    def tells(self) -> bool:
        """Whether instances are asked."""
        return self._hosted is not None

    async def look(self, slot: str) -> WorkersTold:
        """One answer of an instance."""
        return WorkersTold(0.0, error="nobody is asked") if self._hosted is None else await self._hosted.look(slot)

    async def web_jobs(self, slot: str) -> tuple[Worker, ...]:
        """Continuous WebJobs, then triggered ones, each in the order of their names."""
        web_apps, doing = self._manager.client.web_apps, f"Reading the WebJobs of {slot}"

        async def continuous() -> list[Worker]:
            pages = (
                web_apps.list_continuous_web_jobs(*self._place)
                if slot == PRODUCTION
                else web_apps.list_continuous_web_jobs_slot(*self._place, slot)
            )
            return [_continuous(job) async for job in pages]

        async def triggered() -> list[Worker]:
            pages = (
                web_apps.list_triggered_web_jobs(*self._place)
                if slot == PRODUCTION
                else web_apps.list_triggered_web_jobs_slot(*self._place, slot)
            )
            return [_triggered(job) async for job in pages]

        try:
            found = await asyncio.gather(self._manager.read(doing, continuous), self._manager.read(doing, triggered))
        except PortError as error:
            # A site whose platform knows no WebJobs has none; that the site exists is read elsewhere.
            if error.status == _NOT_FOUND:
                return ()
            raise
        return tuple(job for jobs in found for job in sorted(jobs, key=lambda one: one.name))

    async def setting(self, name: str, slot: str) -> SettingTold:
        """The setting in production and in ``slot``, and whether it is listed as sticky; no other value is kept."""
        web_apps, doing = self._manager.client.web_apps, f"Reading app setting {name}"

        async def sticky() -> bool:
            names = (await web_apps.list_slot_configuration_names(*self._place)).properties
            # App Service compares these names in any case; the application may not.
            return name.lower() in {one.lower() for one in (names.app_setting_names if names else None) or ()}

        async def value(where: str) -> str | None:
            told = (
                await web_apps.list_application_settings(*self._place)
                if where == PRODUCTION
                else await web_apps.list_application_settings_slot(*self._place, where)
            )
            return (told.properties or {}).get(name)

        stays, production, other = await asyncio.gather(
            self._manager.read(doing, sticky),
            self._manager.read(doing, lambda: value(PRODUCTION)),
            self._manager.read(doing, lambda: value(slot)),
        )
        return SettingTold(stays, production, other)

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send; sends nothing."""
        site, slot = self._manager.environment.site_id, self._manager.environment.slot_id(act.slot)
        setting = (
            self._request("GET", f"{site}/config/slotConfigNames"),
            self._request("POST", f"{site}/config/appsettings/list"),
            self._request("POST", f"{slot}/config/appsettings/list"),
        )
        kinds = ("continuouswebjobs", "triggeredwebjobs")
        jobs = tuple(self._request("GET", f"{where}/{kind}") for where in (site, slot) for kind in kinds)
        hosted = self._hosted.planned(act) if self._hosted is not None else ()
        requests: dict[ActKind, tuple[PlannedRequest, ...]] = {
            ActKind.PROVE_SETTING: setting,
            ActKind.PROVE_WORKERS_OFF: (*setting, *jobs, *hosted),
            ActKind.PROVE_WORKERS: (*setting, *jobs, *hosted),
        }
        return requests.get(act.kind, ())

    def _request(self, method: str, path: str) -> PlannedRequest:
        return PlannedRequest(method, f"{self._manager.environment.manager_url(path)}?api-version={API_VERSION}")


def _continuous(job: Any) -> Worker:
    state = _plain(job.properties.status if job.properties else None)
    return Worker(_name(job), CONTINUOUS, state not in _AT_REST, state or "in a state that is not told")


def _triggered(job: Any) -> Worker:
    """It runs now where its latest run does; its schedule is told, for it stays with the slot."""
    properties = job.properties
    latest = _plain(properties.latest_run.status if properties and properties.latest_run else None)
    schedule = _plain(((properties.settings if properties else None) or {}).get("schedule"))
    words = [f"at {schedule}" if schedule else "on demand"] + ([f"last {latest}"] if latest else [])
    return Worker(_name(job), TRIGGERED, latest == _RUNNING, ", ".join(words))


def _name(job: Any) -> str:
    """The job's own: Resource Manager puts the names of app and slot before it. ValueError where there is none."""
    name = _plain(job.name).rpartition("/")[2]
    if not name:
        raise ValueError("a WebJob has no name")
    return name


def _plain(value: Any) -> str:
    text = str(getattr(value, "value", value) or "")
    return clean(text)[:_WORDS]
