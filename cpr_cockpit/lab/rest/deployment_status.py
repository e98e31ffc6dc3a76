"""`deploymentStatus`: how far a deployment is, the start of its instances included.

Kudu's own status ends when the files are laid down; this one when the site runs them, or does not. Statuses as of
`DeploymentBuildStatus` of the SDK; `az webapp deploy` follows it for production (Linux).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.deploying import FAILED
from cpr_cockpit.lab.rest import errors, kudu, scope
from cpr_cockpit.lab.rest.routing import Call, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.models import Deployment, Slot

_RUNNING = ("BuildRequestReceived", "BuildInProgress", "RuntimeStarting")


def routes() -> list[Route]:
    """Routes of the statuses of deployments."""
    return [
        *scope.both("GET", "/deploymentStatus", _list),
        *scope.both("GET", "/deploymentStatus/{deployment}", _get),
    ]


async def _list(call: Call) -> web.Response:
    slot = scope.slot_of(call)
    newest_first = [_resource(call, slot, found) for found in reversed(slot.deployments)]
    return web.json_response({"value": newest_first, "nextLink": None})


async def _get(call: Call) -> web.Response:
    """202 with the place to ask again while it is under way."""
    slot, id = scope.slot_of(call), call.parts["deployment"]
    found = kudu.find(slot, id)
    if found is None:
        raise errors.not_found(f"Cannot find a deployment with id {id}.")
    body = _resource(call, slot, found)
    if _status(found) not in _RUNNING:
        return web.json_response(body)
    return web.json_response(body, status=202, headers={"Location": str(call.request.url), "Retry-After": "1"})


def _resource(call: Call, slot: Slot, deployment: Deployment) -> dict[str, Any]:
    status = _status(deployment)
    failed = status in ("BuildFailed", "RuntimeFailed")
    properties = {
        "deploymentId": deployment.id,
        "status": status,
        "numberOfInstancesInProgress": int(status == "RuntimeStarting"),
        "numberOfInstancesSuccessful": int(status == "RuntimeSuccessful"),
        "numberOfInstancesFailed": int(status == "RuntimeFailed"),
        "failedInstancesLogs": [f"https://{slot.scm_host}/api/logstream"] if status == "RuntimeFailed" else [],
        "errors": [{"extendedCode": None, "message": _reason(deployment)}] if failed else [],
    }
    return scope.child(scope.site_of(call), slot, "deploymentStatus", deployment.id, properties)


def _status(deployment: Deployment) -> str:
    if not deployment.complete:
        return "BuildInProgress" if deployment.status else "BuildRequestReceived"
    if deployment.status == FAILED:
        return "BuildFailed"
    if deployment.site_started is None:
        return "RuntimeStarting"
    return "RuntimeSuccessful" if deployment.site_started else "RuntimeFailed"


def _reason(deployment: Deployment) -> str:
    return deployment.message if deployment.status == FAILED else "The site did not start with the package deployed."
