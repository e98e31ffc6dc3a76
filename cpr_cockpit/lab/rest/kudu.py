"""Kudu, the deployment engine beside each slot: zip deploy, publish, deployments, the content as a zip, the live log.

Routes, statuses and headers as of Kudu's documentation and the requests of `az webapp deploy`.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab import connection_strings
from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest import log_stream, scope
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.scope import Place
from cpr_cockpit.lab.rest.wire import utc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cpr_cockpit.lab.models import Deployment, Slot

    SlotHandler = Callable[[Place, Call], Awaitable[web.StreamResponse]]


def routes(place: Place) -> list[Route]:
    """Routes of the Kudu of one slot."""

    def route(method: str, template: str, handler: SlotHandler, *, mutates: bool = False) -> Route:
        return Route(method, template, partial(handler, place), access="kudu", api_version=False, mutates=mutates)

    return [
        route("POST", "/api/zipdeploy", _zip_deploy, mutates=True),
        route("PUT", "/api/zipdeploy", _zip_deploy, mutates=True),
        route("POST", "/api/publish", _publish, mutates=True),
        route("GET", "/api/deployments", _list),
        route("GET", "/api/deployments/latest", _latest),
        route("GET", "/api/deployments/{id}", _get),
        route("GET", "/api/zip/site/wwwroot", _content),
        route("GET", "/api/settings", _settings),
        route("GET", "/api/logstream", log_stream.stream),
        route("GET", "/logstream", log_stream.stream),
    ]


def error_body(error: ApiError) -> dict[str, str]:
    """The body of an error answer of Kudu."""
    return {"Message": error.message}


def find(slot: Slot, id: str) -> Deployment | None:
    """The deployment with this id (any case), or the newest for `latest`, or None."""
    if id.lower() == "latest":
        return slot.deployments[-1] if slot.deployments else None
    return next((found for found in slot.deployments if found.id.lower() == id.lower()), None)


def describe(slot: Slot, deployment: Deployment) -> dict[str, Any]:
    """The deployment as Kudu writes it."""
    url = f"https://{slot.scm_host}/api/deployments/{deployment.id}"
    ended = None if deployment.ended is None else utc(deployment.ended)
    return {
        "id": deployment.id,
        "status": deployment.status,
        "status_text": deployment.status_text,
        "author_email": "N/A",
        "author": "N/A",
        "deployer": deployment.deployer,
        "message": deployment.message,
        "progress": "" if deployment.complete else deployment.status_text,
        "received_time": utc(deployment.received),
        "start_time": utc(deployment.started),
        "end_time": ended,
        "last_success_end_time": ended if deployment.status == 4 else None,
        "complete": deployment.complete,
        "active": deployment.active,
        "is_temp": False,
        "is_readonly": True,
        "url": url,
        "log_url": f"{url}/log",
        "site_name": slot.name,
        "provisioningState": None,
    }


def _slot(place: Place) -> Slot:
    found = scope.find_slot(place.site, place.slot)
    if found is None:
        raise ApiError(404, "NotFound", f"The slot '{place.slot}' does not exist.")
    return found


def _is_true(call: Call, *names: str) -> bool:
    values = {name.lower(): value.lower() for name, value in call.request.query.items()}
    return any(values.get(name.lower()) == "true" for name in names)


async def _zip_deploy(place: Place, call: Call) -> web.Response:
    return await _deploy(place, call, "ZipDeploy")


async def _publish(place: Place, call: Call) -> web.Response:
    kind = call.request.query.get("type", "")
    if kind.lower() != "zip":
        raise ApiError(400, "BadRequest", f"Artifact type '{kind}' not supported: the lab deploys type 'zip' only.")
    return await _deploy(place, call, "OneDeploy")


async def _deploy(place: Place, call: Call, deployer: str) -> web.Response:
    slot = _slot(place)
    package = await call.request.read()
    deployment = place.site.begin_deploy(slot.name, package, deployer)
    headers = {"SCM-DEPLOYMENT-ID": deployment.id}
    if _is_true(call, "isAsync", "async"):
        headers["Location"] = f"{call.origin}/api/deployments/latest?deployer={deployer}"
        return web.Response(status=202, headers=headers)
    await deployment.finished.wait()
    if deployment.status == 4:
        return web.json_response(describe(slot, deployment), headers=headers)
    return web.json_response({"Message": f"Deployment failed. {deployment.message}"}, status=400, headers=headers)


def _shown(slot: Slot, deployment: Deployment) -> web.Response:
    return web.json_response(describe(slot, deployment), status=200 if deployment.complete else 202)


async def _list(place: Place, call: Call) -> web.Response:
    slot = _slot(place)
    return web.json_response([describe(slot, found) for found in reversed(slot.deployments)])


async def _latest(place: Place, call: Call) -> web.Response:
    return _one(place, call, "latest")


async def _get(place: Place, call: Call) -> web.Response:
    return _one(place, call, call.parts["id"])


def _one(place: Place, call: Call, id: str) -> web.Response:
    slot = _slot(place)
    deployment = find(slot, id)
    if deployment is None:
        raise ApiError(404, "NotFound", f"Deployment '{id}' not found.")
    return _shown(slot, deployment)


async def _content(place: Place, call: Call) -> web.Response:
    """The files now served, packed anew as Kudu does: the bytes differ from those of the package that was deployed."""
    packed = await asyncio.to_thread(_pack_anew, _slot(place).package)
    headers = {"Content-Disposition": "attachment; filename=wwwroot.zip"}
    return web.Response(body=packed, content_type="application/zip", headers=headers)


def _pack_anew(package: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        if package:
            with zipfile.ZipFile(io.BytesIO(package)) as served:
                for entry in served.infolist():
                    if not entry.is_dir():
                        packed.writestr(zipfile.ZipInfo(entry.filename, entry.date_time), served.read(entry))
    return target.getvalue()


async def _settings(place: Place, call: Call) -> web.Response:
    slot = _slot(place)
    platform = {"WEBSITE_SITE_NAME": place.site.app, "deployment_branch": "master"}
    return web.json_response(platform | connection_strings.plain(slot.settings))
