"""The global front before several apps, as a Traffic Manager profile: read it, and drain an app there.

Shapes as in the examples of api-version 2022-04-01 of `Microsoft.Network/trafficManagerProfiles`. An endpoint's name is
that of its app. Sessions follow a change at once, so the profile says a time to live of 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.global_front import CHECK_TIMEOUT, HEALTH_PATH
from cpr_cockpit.lab.regions import display_name
from cpr_cockpit.lab.rest import errors, scope
from cpr_cockpit.lab.rest.routing import Call, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.global_front import Endpoint, GlobalFront
    from cpr_cockpit.lab.world import World

PROFILE = "goals-front"
_TYPE = "Microsoft.Network/trafficManagerProfiles"
_ENDPOINT_TYPE = _TYPE + "/azureEndpoints"
_PROFILES = scope.GROUP + f"/providers/{_TYPE}"
_ONE = _PROFILES + "/{profile}"
_ENDPOINT = _ONE + "/azureEndpoints/{endpoint}"
_STATUSES = {"enabled": True, "disabled": False}
_HTTPS = 443


def routes() -> list[Route]:
    """Routes of the profile and its endpoints."""
    return [
        Route("GET", _PROFILES, _list),
        Route("GET", _ONE, _get),
        Route("GET", _ENDPOINT, _get_endpoint),
        Route("PATCH", _ENDPOINT, _patch_endpoint, mutates=True),
    ]


def profile_id(world: World) -> str:
    """Resource id of the profile."""
    return f"{scope.group_id(world)}/providers/{_TYPE}/{PROFILE}"


def endpoint_id(world: World, app: str) -> str:
    """Resource id of the endpoint of an app."""
    return f"{profile_id(world)}/azureEndpoints/{app}"


async def _list(call: Call) -> web.Response:
    scope.check_group(call)
    front = call.world.global_front
    return web.json_response({"value": [] if front is None else [_profile(call.world, front)]})


async def _get(call: Call) -> web.Response:
    return web.json_response(_profile(call.world, _front(call)))


async def _get_endpoint(call: Call) -> web.Response:
    return web.json_response(_resource(call.world, _endpoint(call, _front(call))))


async def _patch_endpoint(call: Call) -> web.Response:
    """Changes `endpointStatus`; what else a client sends along must be what is there."""
    front = _front(call)
    endpoint = _endpoint(call, front)
    properties = (await call.json()).get("properties")
    if not isinstance(properties, dict):
        raise errors.invalid_content("the member 'properties' must be an object")
    present = _properties(call.world, endpoint)
    for name, value in properties.items():
        if name not in ("endpointStatus", "endpointMonitorStatus") and value not in (None, present.get(name)):
            raise errors.invalid_content(f"the lab changes 'endpointStatus' of an endpoint only, found '{name}'")
    asked = properties.get("endpointStatus", endpoint.status)
    enabled = _STATUSES.get(str(asked).lower())
    if enabled is None:
        raise errors.invalid_content(f"'endpointStatus' must be 'Enabled' or 'Disabled', found '{asked}'")
    front.enable(endpoint.name, enabled)
    return web.json_response(_resource(call.world, endpoint))


def _front(call: Call) -> GlobalFront:
    """The front that the path names. Raises ApiError 404."""
    scope.check_group(call)
    asked, front = call.parts["profile"], call.world.global_front
    if front is None or asked.lower() != PROFILE:
        raise errors.unknown_resource(f"{_TYPE}/{asked}", call.parts["group"])
    return front


def _endpoint(call: Call, front: GlobalFront) -> Endpoint:
    asked = call.parts["endpoint"]
    found = next((one for one in front.endpoints.values() if one.name.lower() == asked.lower()), None)
    if found is None:
        raise errors.unknown_resource(f"{_TYPE}/{PROFILE}/azureEndpoints/{asked}", call.parts["group"])
    return found


def _profile(world: World, front: GlobalFront) -> dict[str, Any]:
    monitored = {one.monitor_status for one in front.endpoints.values() if one.enabled}
    return {
        "id": profile_id(world),
        "name": PROFILE,
        "type": _TYPE,
        "location": "global",
        "tags": {},
        "properties": {
            "profileStatus": "Enabled",
            "trafficRoutingMethod": "Weighted",
            "dnsConfig": {"relativeName": PROFILE, "fqdn": front.host, "ttl": 0},
            "monitorConfig": {
                "profileMonitorStatus": _monitored(monitored),
                "protocol": "HTTPS",
                "port": _HTTPS,
                "path": HEALTH_PATH,
                "intervalInSeconds": round(front.every),
                "timeoutInSeconds": round(CHECK_TIMEOUT),
                "toleratedNumberOfFailures": 0,
            },
            "endpoints": [_resource(world, one) for one in front.endpoints.values()],
            "trafficViewEnrollmentStatus": "Disabled",
        },
    }


def _monitored(statuses: set[str]) -> str:
    """One status for the whole profile: the worst of its endpoints' that get sessions."""
    order = {"Degraded": "Degraded", "CheckingEndpoint": "CheckingEndpoints", "Online": "Online"}
    return next((words for status, words in order.items() if status in statuses), "Inactive")


def _resource(world: World, endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint_id(world, endpoint.name),
        "name": endpoint.name,
        "type": _ENDPOINT_TYPE,
        "properties": _properties(world, endpoint),
    }


def _properties(world: World, endpoint: Endpoint) -> dict[str, Any]:
    site = world.sites[endpoint.name]
    return {
        "endpointStatus": endpoint.status,
        "endpointMonitorStatus": endpoint.monitor_status,
        "targetResourceId": scope.site_id(site),
        "target": endpoint.host,
        "weight": 1,
        "priority": list(world.sites).index(endpoint.name) + 1,
        "endpointLocation": display_name(site.location),
    }
