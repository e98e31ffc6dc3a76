"""The activity log of the lab: who called which operation of Resource Manager, told some minutes late as on Azure.

Source: Azure REST, Monitor, Activity Logs, List (2015-04-01). Azure tells an entry 3 to 20 minutes after the fact; here
it is 3 minutes of the real observation window, shorter when the lab's window is.
"""

from __future__ import annotations

import re
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.rest import errors, scope
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.wire import utc
from cpr_cockpit.lab.rights import action_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cpr_cockpit.lab.world import World

LATE, _WINDOW = 180.0, 900.0  # seconds at full length of the window
_CLAUSE = re.compile(r"\s*(\w+)\s+(eq|ge|le)\s+'([^']*)'\s*", re.IGNORECASE)
_PROVIDER = re.compile(r"/providers/[^/]+/.", re.IGNORECASE)
_SOMEBODY = "somebody.else@goals-lab.example"


def routes() -> list[Route]:
    """The route of the log."""
    return [
        Route("GET", scope.SUBSCRIPTION + "/providers/Microsoft.Insights/eventtypes/management/values", _list),
    ]


def delay(window: float) -> float:
    """Seconds from a call to its entry, by the lab's observation window in seconds."""
    return LATE * min(1.0, window / _WINDOW)


async def _list(call: Call) -> web.Response:
    scope.check_subscription(call)
    wanted = _filter(call.request.query.get("$filter", ""))
    late = delay(call.world.settings.window)
    told = [entry for entry in _entries(call.world) if entry["at"] + late <= time.time() and _fits(entry, wanted)]
    return web.json_response({"value": [_described(call.world, entry) for entry in reversed(told)]})


def _filter(text: str) -> list[tuple[str, str, str]]:
    """The clauses. Raises ApiError 400 for what the log does not understand, and without a beginning."""
    clauses = []
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE):
        found = _CLAUSE.fullmatch(part)
        if found is None:
            raise errors.bad_request(f"The filter '{text}' is not valid.")
        clauses.append((found[1].lower(), found[2].lower(), found[3]))
    if not any((name, operator) == ("eventtimestamp", "ge") for name, operator, _ in clauses):
        raise errors.bad_request("The filter must name a start: eventTimestamp ge '...'.")
    known = {"eventtimestamp": ("ge", "le"), "resourcegroupname": ("eq",), "resourceuri": ("eq",)}
    for name, operator, value in clauses:
        if operator not in known.get(name, ()) or (name == "eventtimestamp" and _seconds(value) is None):
            raise errors.bad_request(f"The filter '{text}' is not valid: {name} {operator} '{value}'.")
    return clauses


def _seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _fits(entry: Mapping[str, Any], wanted: list[tuple[str, str, str]]) -> bool:
    for name, operator, value in wanted:
        if name == "eventtimestamp":
            at = _seconds(value) or 0.0
            if entry["at"] < at if operator == "ge" else entry["at"] > at:
                return False
        elif name == "resourcegroupname":
            if f"/resourcegroups/{value.lower()}/" not in entry["resource"].lower() + "/":
                return False
        elif entry["resource"].lower() != value.lower():
            return False
    return True


def _entries(world: World) -> Iterator[dict[str, Any]]:
    """What changed something by Resource Manager, oldest first; what goes to Kudu is in no activity log."""
    for entry in world.log.entries:
        path = str(entry.get("path", ""))
        if entry["kind"] == "request" and entry["status"] < 300 and _PROVIDER.search(path):
            yield {"at": entry["at"], "caller": entry["caller"], **operation(entry["method"], path)}
        elif entry["kind"] == "swap.accepted" and entry.get("by"):
            site = world.sites[entry.get("app", world.first.app)]
            path = f"{scope.slot_id(site, site.slots[entry['source']])}/slotsswap"
            yield {"at": entry["at"], "caller": _SOMEBODY, **operation("POST", path)}


def operation(method: str, path: str) -> dict[str, str]:
    """The operation's name and the resource, as Resource Manager makes both of a path: types and names by turns."""
    kind, _, verb = (action_of(method, path) or "").rpartition("/")
    if method == "POST":
        # The log writes it so, where permissions have it in small letters.
        return {"operation": f"{kind}/Action", "resource": path.rpartition("/")[0]}
    return {"operation": f"{kind}/{verb}", "resource": path.rstrip("/")}


def _described(world: World, entry: Mapping[str, Any]) -> dict[str, Any]:
    def named(value: str) -> dict[str, str]:
        return {"value": value, "localizedValue": value}

    id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{entry['resource']} {entry['at']}"))
    return {
        "caller": entry["caller"],
        "channels": "Operation",
        "category": named("Administrative"),
        "correlationId": id,
        "eventDataId": id,
        "eventName": named("EndRequest"),
        "eventTimestamp": utc(entry["at"]),
        "level": "Informational",
        "operationName": named(entry["operation"]),
        "resourceGroupName": world.resource_group,
        "resourceId": entry["resource"],
        "resourceProviderName": named("Microsoft.Web"),
        "status": named("Succeeded"),
        "submissionTimestamp": utc(entry["at"] + delay(world.settings.window)),
        "subscriptionId": world.subscription,
        "tenantId": world.tenant,
    }
