"""The sensors of a place: what Azure and the hosts tell, and what ``cockpit.toml`` declares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.sensing import Sensor
from cpr_cockpit.wiring.target import Place

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.config import Check, Code


def sensors_of(
    place: Place, connections: Connections, clock: Clock, web_apps: AzureWebApps, manager: Manager, policy: Policy
) -> tuple[Sensor, ...]:
    """Everything that reads checklist items here, beside what the ports themselves tell. Nothing is read yet."""
    from cpr_cockpit.adapters.azure.metrics_plan import LoadLimits
    from cpr_cockpit.adapters.azure.site_sensors import PlanCapacity, SiteSettings
    from cpr_cockpit.adapters.sensors.certificates import Certificates

    home = Path(place.declared.home)
    addresses = [place.production_url, place.slot_url]
    addresses += [url for app in place.apps for url in (app.production_url, app.slot_url)]
    limits = LoadLimits(policy.warning_cpu_percent, policy.warning_memory_percent)
    return (
        PlanCapacity(manager, clock, limits),
        SiteSettings(manager, web_apps, home / place.settings_file if place.settings_file else None),
        Certificates(addresses, clock, connections.tls, place.certificate_days),
        *(_repository(one, place) for one in place.declared.code),
        *(_check(one, place, connections) for one in place.declared.checks),
    )


def _check(one: Check, place: Place, connections: Connections) -> Sensor:
    from cpr_cockpit.adapters.sensors.declared import CommandCheck, Expected, RequestCheck

    if one.command:
        return CommandCheck(one.item, one.name, one.command, Path(place.declared.home), one.timeout_s)
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


def _repository(one: Code, place: Place) -> Sensor:
    from cpr_cockpit.adapters.sensors.repository import Repository, RepositorySettings

    commit = place.declared.commit if one.artifact else ""
    folder = Path(place.declared.home) / one.path
    return Repository(RepositorySettings(folder, one.remote, one.main, one.branch, place.declared.tag, commit))
