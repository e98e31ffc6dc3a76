"""Annotations of the lab's Application Insights component (Azure REST, Annotations, 2015-05-01): written and read."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from aiohttp import web

from cpr_cockpit.lab.rest import errors, scope
from cpr_cockpit.lab.rest.routing import Call, Route

_COMPONENT = scope.GROUP + "/providers/microsoft.insights/components/{component}"
_MEMBERS = ("Id", "AnnotationName", "EventTime", "Category", "Properties")


class Annotations:
    """What was written, by id."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        """Write one, read one, read all."""
        return [
            Route("PUT", _COMPONENT + "/Annotations", self._write, mutates=True),
            Route("GET", _COMPONENT + "/Annotations/{id}", self._one),
            Route("GET", _COMPONENT + "/Annotations", self._all),
        ]

    async def _write(self, call: Call) -> web.Response:
        _check(call)
        body = await call.json()
        wrong = next((name for name in _MEMBERS if not isinstance(body.get(name), str)), None)
        if wrong is not None:
            raise errors.bad_request(f"The annotation's {wrong} is missing or no text.")
        try:
            uuid.UUID(body["Id"])
            datetime.fromisoformat(body["EventTime"])
            json.loads(body["Properties"])
        except ValueError as error:
            raise errors.bad_request(f"The annotation cannot be read: {error}.") from error
        self._known[body["Id"].lower()] = {name: body[name] for name in _MEMBERS}
        call.world.log.add("annotation.written", id=body["Id"], name=body["AnnotationName"])
        return web.json_response([self._known[body["Id"].lower()]])

    async def _one(self, call: Call) -> web.Response:
        _check(call)
        found = self._known.get(call.parts["id"].lower())
        if found is None:
            raise errors.unknown_resource(f"microsoft.insights/components/annotations/{call.parts['id']}", "")
        return web.json_response([found])

    async def _all(self, call: Call) -> web.Response:
        _check(call)
        return web.json_response({"value": list(self._known.values())})


def _check(call: Call) -> None:
    """Raises ApiError 404 unless the path names the lab's component."""
    scope.check_group(call)
    name = call.world.app_insights_id.rsplit("/", 1)[-1]
    if call.parts["component"].lower() != name.lower():
        raise errors.unknown_resource(f"microsoft.insights/components/{call.parts['component']}", call.parts["group"])
