"""Until when the roles of the lab's one client last: one that was activated for eight hours when the lab began.

Source: Azure REST, Role Assignment Schedule Instances and Role Eligibility Schedule Instances, List For Scope
(2020-10-01).
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cpr_cockpit.lab.rest import scope
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.wire import utc

_PROVIDER = scope.SITE + "/providers/Microsoft.Authorization"
_OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
_HOURS = 8


def routes() -> list[Route]:
    """Both lists, at the app."""
    return [
        Route("GET", _PROVIDER + "/roleAssignmentScheduleInstances", _active),
        Route("GET", _PROVIDER + "/roleEligibilityScheduleInstances", _eligible),
    ]


async def _active(call: Call) -> web.Response:
    began = call.world.rights.began
    timed = {"assignmentType": "Activated", "startDateTime": utc(began), "endDateTime": utc(began + _HOURS * 3600.0)}
    return web.json_response({"value": [_instance(call, timed)]})


async def _eligible(call: Call) -> web.Response:
    return web.json_response({"value": [_instance(call, {"endDateTime": None})]})


def _instance(call: Call, timed: dict[str, Any]) -> dict[str, Any]:
    scope.site_of(call)
    subscription = f"/subscriptions/{call.world.subscription}"
    role = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{_OWNER}"
    expanded = {"roleDefinition": {"id": role, "displayName": "Owner", "type": "BuiltInRole"}}
    shared = {
        "principalId": call.world.client_id,
        "roleDefinitionId": role,
        "scope": subscription,
        "status": "Provisioned",
    }
    return {"properties": shared | timed | {"memberType": "Direct", "expandedProperties": expanded}}
