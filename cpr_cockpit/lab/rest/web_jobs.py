"""WebJobs over Resource Manager: those that the slot's package carries, in the shapes of api-version 2025-05-01."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab import background
from cpr_cockpit.lab.models import PRODUCTION
from cpr_cockpit.lab.rest import errors, scope
from cpr_cockpit.lab.rest.routing import Call, Handler, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.background import WebJob
    from cpr_cockpit.lab.models import Slot

_ALL = "webjobs"
_KINDS = {"continuouswebjobs": background.CONTINUOUS, "triggeredwebjobs": background.TRIGGERED}


def routes() -> list[Route]:
    """Lists and single WebJobs, of the app itself and of each slot."""
    both = scope.both
    listed = [route for name in (_ALL, *_KINDS) for route in both("GET", f"/{name}", _lists(name))]
    return listed + [route for name in (_ALL, *_KINDS) for route in both("GET", f"/{name}/{{job}}", _single(name))]


def _jobs(slot: Slot, name: str) -> list[WebJob]:
    found = background.web_jobs(slot.package)
    return [job for job in found if name == _ALL or job.kind == _KINDS[name]]


def _lists(name: str) -> Handler:
    async def answer(call: Call) -> web.Response:
        slot = scope.slot_of(call)
        value = [_resource(call, slot, name, job) for job in _jobs(slot, name)]
        return web.json_response({"value": value, "nextLink": None})

    return answer


def _single(name: str) -> Handler:
    async def answer(call: Call) -> web.Response:
        slot, asked = scope.slot_of(call), call.parts["job"]
        found = next((job for job in _jobs(slot, name) if job.name.lower() == asked.lower()), None)
        if found is None:
            raise errors.not_found(f"Cannot find a WebJob named {asked}.")
        return web.json_response(_resource(call, slot, name, found))

    return answer


def _resource(call: Call, slot: Slot, name: str, job: WebJob) -> dict[str, Any]:
    """Its name follows that of the site, as Resource Manager writes it."""
    site = scope.site_of(call)
    continuous = job.kind == background.CONTINUOUS
    properties: dict[str, Any] = {
        "run_command": job.command,
        "url": f"https://{slot.scm_host}/api/{job.kind}webjobs/{job.name}",
        "web_job_type": "Continuous" if continuous else "Triggered",
        "error": None,
        "using_sdk": False,
        "settings": {},
    }
    if name != _ALL and continuous:
        stopped = slot.settings.get(background.STOPPED) == "1" or not slot.instances_ready
        properties["status"] = "Stopped" if stopped else "Running"
    elif name != _ALL:
        properties["latest_run"] = None
    whose = site.app if slot.name == PRODUCTION else f"{site.app}/{slot.name}"
    return scope.child(site, slot, name, job.name, properties) | {"name": f"{whose}/{job.name}"}
