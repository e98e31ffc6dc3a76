"""Which app and slot a path means, and the ids that lead back to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.models import PRODUCTION
from cpr_cockpit.lab.rest import errors
from cpr_cockpit.lab.rest.routing import Call, Handler, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.models import Slot
    from cpr_cockpit.lab.world import World

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
SITE = GROUP + "/providers/Microsoft.Web/sites/{site}"
SLOT = SITE + "/slots/{slot}"
PLAN = GROUP + "/providers/Microsoft.Web/serverfarms/{plan}"
DATABASE = GROUP + "/providers/Microsoft.Sql/servers/{server}/databases/{database}"
PLAN_NAME, SERVER_NAME, DATABASE_NAME = "lab-plan", "lab-sql", "goals-db"


def both(
    method: str, suffix: str, handler: Handler, *, mutates: bool = False, source: str | None = None
) -> Iterable[Route]:
    """The same route for the app itself and for each of its slots."""
    for base in (SITE, SLOT):
        yield Route(method, base + suffix, handler, mutates=mutates, source=source)


def check_subscription(call: Call) -> None:
    """Raises ApiError 404 unless the path names the lab's subscription."""
    asked = call.parts["subscription"]
    if asked.lower() != call.world.subscription.lower():
        raise errors.unknown_subscription(asked)


def check_group(call: Call) -> None:
    """Raises ApiError 404 unless the path names the lab's subscription and resource group."""
    check_subscription(call)
    asked = call.parts["group"]
    if asked.lower() != call.world.resource_group.lower():
        raise errors.unknown_group(asked)


def check_site(call: Call) -> None:
    """Raises ApiError 404 unless the path names the lab's app."""
    check_group(call)
    asked = call.parts["site"]
    if asked.lower() != call.world.app.lower():
        raise errors.unknown_resource(f"Microsoft.Web/sites/{asked}", call.parts["group"])


def slot_of(call: Call) -> Slot:
    """The slot the path means (the app itself is its production slot). Raises ApiError 404."""
    check_site(call)
    asked = call.parts.get("slot", PRODUCTION)
    found = find_slot(call.world, asked)
    if found is None:
        raise missing_slot(call, asked)
    return found


def find_slot(world: World, name: str) -> Slot | None:
    """The slot with this name in any case, or None."""
    return next((slot for slot in world.slots.values() if slot.name.lower() == name.lower()), None)


def missing_slot(call: Call, name: str) -> ApiError:
    """404 for a slot that does not exist."""
    return errors.unknown_resource(f"Microsoft.Web/sites/{call.world.app}/slots/{name}", call.parts["group"])


def _group_id(world: World) -> str:
    return f"/subscriptions/{world.subscription}/resourceGroups/{world.resource_group}"


def site_id(world: World) -> str:
    """Resource id of the app."""
    return f"{_group_id(world)}/providers/Microsoft.Web/sites/{world.app}"


def plan_id(world: World) -> str:
    """Resource id of the plan on which all slots run."""
    return f"{_group_id(world)}/providers/Microsoft.Web/serverfarms/{PLAN_NAME}"


def database_id(world: World) -> str:
    """Resource id of the database that all slots use."""
    return f"{_group_id(world)}/providers/Microsoft.Sql/servers/{SERVER_NAME}/databases/{DATABASE_NAME}"


def slot_id(world: World, slot: Slot) -> str:
    """Resource id of the slot; the production slot is the app itself."""
    return site_id(world) if slot.name == PRODUCTION else f"{site_id(world)}/slots/{slot.name}"


def slot_type(slot: Slot) -> str:
    """Resource type of the slot."""
    return "Microsoft.Web/sites" if slot.name == PRODUCTION else "Microsoft.Web/sites/slots"


def child(world: World, slot: Slot, kind: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A resource below the slot, for example its `config` named `web`."""
    return {
        "id": f"{slot_id(world, slot)}/{kind}/{name}",
        "name": name,
        "type": f"{slot_type(slot)}/{kind}",
        "location": world.location,
        "properties": properties,
    }
