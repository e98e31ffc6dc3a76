"""The sensors of a place: what Azure and the hosts tell, and what ``cockpit.toml`` declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cpr_cockpit.core.code import CodeHost
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.sensing import Sensor
from cpr_cockpit.wiring.code import code_sensors
from cpr_cockpit.wiring.target import Place

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.query_proof import QueryProof
    from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.config import Check


@dataclass(frozen=True, slots=True)
class Site:
    """One app of a place, with what reads it."""

    manager: Manager
    web_apps: AzureWebApps
    production_url: str
    slot_url: str


def sensors_of(
    place: Place,
    connections: Connections,
    clock: Clock,
    sites: Sequence[Site],
    policy: Policy,
    logs: QueryProof,
    code: tuple[CodeHost, ...],
) -> tuple[Sensor, ...]:
    """Everything that reads checklist items here, beside what the ports themselves tell. Nothing is read yet.

    On a lab what is declared for an address or a repository is left out (`left_out`): it has repositories of its own.
    """
    from cpr_cockpit.adapters.sensors.certificates import Certificates, Host
    from cpr_cockpit.wiring.around_sensors import around_sensors
    from cpr_cockpit.wiring.step_sensors import step_sensors

    hosts = [Host(one.production_url) for one in sites]
    hosts += [Host(one.slot_url, partial(missing, one.web_apps, place.slot)) for one in sites]
    others = (place.around.ui_origin, *place.around.staging_urls)
    hosts += [Host(one) for one in others if one.startswith("https:")]
    checks = [one for one in place.declared.checks if one.command or not place.on_lab]
    return (
        *(sensor for one in sites for sensor in _of_site(one, place, clock, policy, several=len(sites) > 1)),
        Certificates(hosts, clock, connections.tls, place.certificate_days),
        *around_sensors(place, connections, clock, sites, logs, policy),
        *step_sensors(place, connections, clock, policy),
        *code_sensors(place, code),
        *(_check(one, place, connections) for one in checks),
    )


def left_out(place: Place) -> tuple[str, ...]:
    """Names of what is declared and not read here: a lab's run asks nothing beyond this machine."""
    if not place.on_lab:
        return ()
    return (*(one.name for one in place.declared.checks if one.url), *(one.path for one in place.declared.code))


def _of_site(site: Site, place: Place, clock: Clock, policy: Policy, *, several: bool) -> tuple[Sensor, ...]:
    from cpr_cockpit.adapters.azure.metrics_plan import LoadLimits
    from cpr_cockpit.adapters.azure.site_sensors import PlanCapacity, SiteSettings
    from cpr_cockpit.adapters.sensors.of_app import OfApp

    limits = LoadLimits(policy.warning_cpu_percent, policy.warning_memory_percent)
    documented = Path(place.declared.home) / place.settings_file if place.settings_file else None
    found: tuple[Sensor, ...] = (
        PlanCapacity(site.manager, clock, limits),
        SiteSettings(site.manager, site.web_apps, place.slot, documented, place.harmless),
    )
    return tuple(OfApp(site.manager.environment.app, one) for one in found) if several else found


async def missing(web_apps: AzureWebApps, slot: str) -> str:
    """Why the slot cannot answer yet; "" where it is there. PortError."""
    there = any(one.name == slot for one in await web_apps.slots())
    return "" if there else f"slot {slot} does not exist yet: the plan creates it"


def _check(one: Check, place: Place, connections: Connections) -> Sensor:
    from cpr_cockpit.adapters.sensors.declared import CommandCheck, Expected, RequestCheck

    if one.command:
        secrets = [value for value in (*place.secrets.values(), place.user_token, place.pipeline_token) if value]
        return CommandCheck(one.item, one.name, one.command, Path(place.declared.home), one.timeout_s, secrets)
    secret = None
    if one.header is not None and one.header_env is not None:
        secret = (one.header, one.header_env, place.secrets.get(one.header_env, ""))
    expected = Expected(
        url=one.url or "",
        method=one.method,
        headers=one.headers,
        status=one.status,
        contains=one.contains,
        answers=one.answers,
        within_ms=one.within_ms,
        secret=secret,
    )
    return RequestCheck(one.item, one.name, expected, connections, one.timeout_s)
