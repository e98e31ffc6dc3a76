"""Apps and their slots: list, get, create, instances, restart, and the few routes that real clients touch besides."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.models import PRODUCTION
from cpr_cockpit.lab.rest import errors, scope, slot_bodies
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.wire import bare_utc
from cpr_cockpit.lab.troubles import WRONG_DNS

if TYPE_CHECKING:
    from cpr_cockpit.lab.instance import Instance
    from cpr_cockpit.lab.models import Slot
    from cpr_cockpit.lab.site import Site

_LOOPBACK, _MOVED = "127.0.0.1", "203.0.113.7"
_SLOT_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,57}[A-Za-z0-9])?")


class Sites:
    """Handlers of the apps and their slots; remembers the creations of slots that run or have run."""

    def __init__(self) -> None:
        self._creations: dict[str, asyncio.Task[Slot]] = {}
        self._restarts: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Routes of sites and slots."""
        both = scope.both
        return [
            Route("GET", scope.SUBSCRIPTION + "/providers/Microsoft.Web/sites", _list_of_subscription),
            Route("GET", scope.GROUP + "/providers/Microsoft.Web/sites", _list_of_group),
            Route("GET", scope.SITE + "/slots", _list_slots),
            *both("GET", "", _get),
            Route("PUT", scope.SLOT, self._put_slot, mutates=True),
            Route(
                "GET",
                scope.SUBSCRIPTION + "/providers/Microsoft.Web/locations/{location}/operations/{id}",
                self._creation,
            ),
            *both("POST", "/restart", self._restart, mutates=True),
            *both("GET", "/instances", _instances),
            *both("GET", "/instances/{instance}", _instance),
            *both("POST", "/publishxml", _publish_xml),
        ]

    async def _put_slot(self, call: Call) -> web.Response:
        """Creates a slot as a long-running operation; on a slot that exists nothing is changed (200)."""
        name, site = call.parts["slot"], scope.site_of(call)
        settings, configuration = slot_bodies.asked(await call.json())
        present = scope.find_slot(site, name)
        if present is not None:
            return web.json_response(resource(site, present))
        if not _SLOT_NAME.fullmatch(name):
            raise errors.bad_request(f"The parameter SlotName has an invalid value: '{name}'.")
        _check_idle(site)
        id = str(uuid.uuid4())
        self._creations[id] = asyncio.create_task(
            site.create_slot(name, settings, configuration), name=f"create slot {name}"
        )
        where = (
            f"{call.origin}/subscriptions/{call.world.subscription}/providers/Microsoft.Web/locations/{site.location}"
            f"/operations/{id}?api-version={call.request.query['api-version']}"
        )
        pending = {
            "id": f"{scope.site_id(site)}/slots/{name}",
            "name": f"{site.app}/{name}",
            "type": "Microsoft.Web/sites/slots",
            "location": site.location,
            "properties": {"provisioningState": "InProgress"},
        }
        return web.json_response(pending, status=202, headers={"Azure-AsyncOperation": where, "Retry-After": "1"})

    async def _creation(self, call: Call) -> web.Response:
        scope.check_subscription(call)
        id = call.parts["id"]
        task = self._creations.get(id)
        if task is None:
            raise errors.not_found(f"Cannot find operation with id {id}.")
        answer: dict[str, Any] = {"id": call.request.path, "name": id, "status": "InProgress"}
        if not task.done():
            return web.json_response(answer, headers={"Retry-After": "1"})
        problem = task.exception()
        if problem is None:
            return web.json_response(answer | {"status": "Succeeded"})
        code = problem.code if isinstance(problem, ApiError) else "InternalServerError"
        text = problem.message if isinstance(problem, ApiError) else str(problem)
        return web.json_response(answer | {"status": "Failed", "error": {"code": code, "message": text}})

    async def _restart(self, call: Call) -> web.Response:
        """Answers at once, as App Service does, or with `synchronous=true` when the slot has started again."""
        slot = scope.slot_of(call)
        task = asyncio.create_task(scope.site_of(call).restart(slot.name), name=f"restart {slot.name}")
        self._restarts.add(task)
        task.add_done_callback(self._restarts.discard)
        if call.request.query.get("synchronous", "").lower() == "true":
            await task
        return web.Response(status=200)


def _check_idle(site: Site) -> None:
    running = site.busy()
    if running is not None:
        raise errors.in_progress(site.app, running)


def resource(site: Site, slot: Slot) -> dict[str, Any]:
    """The slot as Resource Manager shows it."""
    production = slot.name == PRODUCTION
    return {
        "id": scope.slot_id(site, slot),
        "name": site.app if production else f"{site.app}/{slot.name}",
        "type": scope.slot_type(slot),
        "kind": "app,linux",
        "location": site.location,
        "tags": dict(site.world.tags),
        "properties": _properties(site, slot),
    }


def _properties(site: Site, slot: Slot) -> dict[str, Any]:
    inbound = _MOVED if site.world.troubles.has(WRONG_DNS) else _LOOPBACK
    return {
        "name": site.app if slot.name == PRODUCTION else f"{site.app}({slot.name})",
        "state": slot.state,
        "hostNames": [slot.host],
        "repositorySiteName": site.app,
        "usageState": "Normal",
        "enabled": True,
        "enabledHostNames": [slot.host, slot.scm_host],
        "availabilityState": "Normal",
        "hostNameSslStates": [
            {"name": slot.host, "sslState": "Disabled", "hostType": "Standard"},
            {"name": slot.scm_host, "sslState": "Disabled", "hostType": "Repository"},
        ],
        "serverFarmId": scope.plan_id(site),
        "sku": "PremiumV3",
        "reserved": True,
        "isXenon": False,
        "hyperV": False,
        "lastModifiedTimeUtc": bare_utc(slot.last_modified),
        "siteConfig": slot.config_web,
        "resourceGroup": site.world.resource_group,
        "defaultHostName": slot.host,
        "httpsOnly": True,
        "clientAffinityEnabled": False,
        "inboundIpAddress": inbound,
        "possibleInboundIpAddresses": inbound,
        "targetSwapSlot": None if slot.prepared is None else slot.prepared.target,
        "slotSwapStatus": _swap_status(site, slot),
        "inProgressOperationId": _operation_id(site, slot),
    }


def _swap_status(site: Site, slot: Slot) -> dict[str, str] | None:
    if site.last_swap is None or slot.name not in site.last_swap[1:]:
        return None
    at, source, target = site.last_swap
    return {"timestampUtc": bare_utc(at), "sourceSlotName": source, "destinationSlotName": target}


def _operation_id(site: Site, slot: Slot) -> str | None:
    running = site.busy()
    return running.id if running is not None and slot.name in (running.source, running.target) else None


async def _list_of_subscription(call: Call) -> web.Response:
    scope.check_subscription(call)
    return _list((site, site.slots[PRODUCTION]) for site in call.world.every.values())


async def _list_of_group(call: Call) -> web.Response:
    scope.check_group(call)
    with_slots = call.request.query.get("includeSlots", "").lower() == "true"
    return _list(
        (site, slot)
        for site in call.world.every.values()
        for slot in site.slots.values()
        if with_slots or slot.name == PRODUCTION
    )


async def _list_slots(call: Call) -> web.Response:
    site = scope.site_of(call)
    return _list((site, slot) for slot in site.slots.values() if slot.name != PRODUCTION)


def _list(found: Iterable[tuple[Site, Slot]]) -> web.Response:
    return web.json_response({"value": [resource(site, slot) for site, slot in found], "nextLink": None})


async def _get(call: Call) -> web.Response:
    return web.json_response(resource(scope.site_of(call), scope.slot_of(call)))


def _instance_resource(site: Site, slot: Slot, instance: Instance) -> dict[str, Any]:
    properties = {
        "state": "READY" if instance.alive else "UNKNOWN",
        "statusUrl": f"https://{slot.scm_host}/api/deployments/latest",
        "healthCheckUrl": None,
    }
    return scope.child(site, slot, "instances", instance.id, properties)


async def _instances(call: Call) -> web.Response:
    site, slot = scope.site_of(call), scope.slot_of(call)
    present = [_instance_resource(site, slot, instance) for instance in slot.instances]
    return web.json_response({"value": present, "nextLink": None})


async def _instance(call: Call) -> web.Response:
    slot, asked = scope.slot_of(call), call.parts["instance"]
    found = next((instance for instance in slot.instances if instance.id.lower() == asked.lower()), None)
    if found is None:
        raise errors.not_found(f"Cannot find instance with id {asked}.")
    return web.json_response(_instance_resource(scope.site_of(call), slot, found))


async def _publish_xml(call: Call) -> web.Response:
    """One profile without a password: basic authentication is off in the lab."""
    slot = scope.slot_of(call)
    name = f"{scope.site_of(call).app} - Zip Deploy"
    profile = (
        f'<publishProfile profileName={quoteattr(name)} publishMethod="ZipDeploy" '
        f"publishUrl={quoteattr(slot.scm_host)} destinationAppUrl={quoteattr('https://' + slot.host)} "
        'userName="REDACTED" userPWD="REDACTED"/>'
    )
    return web.Response(text=f"<publishData>{profile}</publishData>", content_type="application/xml")
