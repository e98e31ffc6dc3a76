"""The sensors of what is around the app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from cpr_cockpit.config import USER_TOKEN
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock, Sighting
from cpr_cockpit.core.sensing import Sensor
from cpr_cockpit.wiring.target import Place

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.query_proof import QueryProof
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.wiring.sensors import Site

_TOKEN_TIMEOUT_S = 10.0
_MOST_SESSIONS = 80.0


def around_sensors(
    place: Place, connections: Connections, clock: Clock, sites: Sequence[Site], logs: QueryProof, policy: Policy
) -> Iterator[Sensor]:
    """Those for which the place names something. Nothing is read yet."""
    from cpr_cockpit.adapters.sensors.dns import Names

    yield _staging(place, connections, clock, sites)
    for site in sites:
        yield Names(site.production_url, partial(_inbound, site.manager, place.around.front_addresses))
    yield from _of_azure(place, clock, sites[0].manager, logs)
    yield from _of_api(place, connections)
    if place.sentry is not None:
        yield _sentry(place, connections)


def _of_azure(place: Place, clock: Clock, manager: Manager, logs: QueryProof) -> Iterator[Sensor]:
    from cpr_cockpit.adapters.azure import backups, database_room
    from cpr_cockpit.adapters.azure.alert_rules import AlertRules
    from cpr_cockpit.adapters.azure.collecting import Dashboard, ErrorTracking

    around, database = place.around, place.azure.database_id
    if around.alert_rules:
        yield AlertRules(manager, clock, around.alert_rules, logs)
    if place.azure.app_insights_id:
        yield ErrorTracking(manager, logs)
    if around.dashboard_id:
        yield Dashboard(manager, around.dashboard_id)
    if backups.known(database):
        yield backups.Backups(manager, clock, database, around.backup_s)
    if database_room.known(database):
        yield database_room.DatabaseRoom(manager, clock, database, _MOST_SESSIONS)


def _of_api(place: Place, connections: Connections) -> Iterator[Sensor]:
    from cpr_cockpit.adapters.own_requests import marks
    from cpr_cockpit.adapters.sensors.cors import Cors
    from cpr_cockpit.adapters.sensors.declared import Expected, RequestCheck

    around = place.around
    if around.ui_origin:
        yield Cors(place.production_url + place.health_path, around.ui_origin, connections)
    if around.signed_in_path and place.user_token:
        secret = ("Authorization", USER_TOKEN, f"Bearer {place.user_token}")
        asked = Expected(place.production_url + around.signed_in_path, headers=marks(), secret=secret)
        yield RequestCheck("configuration.api-keys", "the user's token", asked, connections, _TOKEN_TIMEOUT_S)


def _staging(place: Place, connections: Connections, clock: Clock, sites: Sequence[Site]) -> Sensor:
    from cpr_cockpit.adapters.http_probe import HttpProbe
    from cpr_cockpit.adapters.sensors.staging import Missing, Staging
    from cpr_cockpit.wiring.probing import probing_hosts
    from cpr_cockpit.wiring.sensors import missing

    several = len(sites) > 1
    hosts: dict[str, str] = {url: url for url in place.around.staging_urls}
    places: dict[str, Missing | None] = dict.fromkeys(hosts)
    for site in sites:
        name = f"slot {place.slot}{f' of {site.manager.environment.app}' if several else ''}"
        hosts[name] = site.slot_url
        places[name] = partial(missing, site.web_apps, place.slot)
    look: Callable[[str], Awaitable[Sighting]] = HttpProbe(probing_hosts(place, hosts), connections, clock).look
    return Staging(look, places)


async def _inbound(manager: Manager, declared: Sequence[str]) -> tuple[str, ...]:
    """The addresses at which requests come in: the declared ones of a front, else the app's own. PortError."""
    from cpr_cockpit.adapters.azure.manager import API_VERSION
    from cpr_cockpit.adapters.azure.resources import properties, resource

    if declared:
        return tuple(declared)
    doing = "Reading the inbound addresses of the app"
    told = properties(await resource(manager, doing, manager.environment.site_id, API_VERSION))
    names = ("inboundIpAddress", "possibleInboundIpAddresses", "inboundIpv6Address", "possibleInboundIpv6Addresses")
    return tuple(one.strip() for name in names for one in str(told.get(name) or "").split(",") if one.strip())


def _sentry(place: Place, connections: Connections) -> Sensor:
    from cpr_cockpit.adapters.sensors.sentry import Sentry, SentryPlace

    table = place.sentry
    if table is None:
        raise ValueError("no table [sentry]")
    release, token = table.release or place.declared.tag, place.secrets.get(table.token_env, "")
    where = SentryPlace(table.address, table.organization, table.project, release, table.token_env, token)
    return Sentry(where, connections)
