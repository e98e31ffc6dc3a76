"""Swapping slots as a long-running operation, with the faults of the script."""

from __future__ import annotations

import time
import uuid

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest import errors, scope, sites
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.wire import american_utc


def routes() -> list[Route]:
    """Routes of `slotsswap` and of the results of operations."""
    return [
        *scope.both("POST", "/slotsswap", _swap, mutates=True),
        *scope.both("GET", "/operationresults/{id}", _result),
    ]


async def _swap(call: Call) -> web.Response:
    site, source = scope.site_of(call), scope.slot_of(call).name
    target = await target_of(call, source)
    fault = site.faults.take()
    if fault == "cut-before":
        return _cut(call)
    if fault == "conflict":
        created = american_utc(time.time() - 5)
        raise errors.operation_in_progress(str(uuid.uuid4()), "SwapSiteSlots", created, site.app, source)
    operation = site.begin_swap(source, target)
    if fault == "cut-middle":
        return _cut(call)
    if fault == "cut-after":
        await operation.switched.wait()
        return _cut(call)
    if fault == "after-effect-500":
        await operation.ended.wait()
        raise ApiError(500, "InternalServerError", "An error has occurred.", wrapped=False)
    if fault == "poll-vanishes":
        site.faults.vanish(operation.id)
    headers = {} if fault == "no-headers" else _poll_headers(call, operation.id)
    return web.Response(status=202, headers=headers)


async def target_of(call: Call, source: str) -> str:
    """The name of the slot to swap with, as the app spells it. Raises ApiError."""
    asked = (await call.json()).get("targetSlot")
    if not isinstance(asked, str) or not asked:
        raise errors.bad_request("The parameter targetSlot is missing.")
    site = scope.site_of(call)
    target = scope.find_slot(site, asked)
    if target is None:
        raise scope.missing_slot(call, asked)
    if target.name == source:
        raise errors.bad_request(f"Cannot swap slots for site '{site.app}' because the slots are the same slot.")
    return target.name


def _cut(call: Call) -> web.Response:
    """Closes the connection; the response returned is never written."""
    if call.request.transport is not None:
        call.request.transport.abort()
    return web.Response(status=500)


def _poll_headers(call: Call, id: str) -> dict[str, str]:
    slot = scope.slot_of(call)
    version = call.request.query["api-version"]
    where = f"{call.origin}{scope.slot_id(scope.site_of(call), slot)}/operationresults/{id}?api-version={version}"
    return {"Location": where, "Retry-After": "1" if call.world.settings.fast else "5"}


async def _result(call: Call) -> web.Response:
    site, slot = scope.site_of(call), scope.slot_of(call)
    id = call.parts["id"]
    operation = site.operation(id)
    if operation is None or site.faults.vanished(id):
        raise errors.not_found(f"Cannot find operation result with id {id}.")
    if operation.status == "InProgress":
        return web.Response(status=202, headers=_poll_headers(call, id))
    if operation.status == "Failed":
        raise operation.error or ApiError(500, "InternalServerError", "An error has occurred.", wrapped=False)
    return web.json_response(sites.resource(site, slot))
