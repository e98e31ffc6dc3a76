"""Which app and slot a path means, and the ids that lead back to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.models import PRODUCTION
from cpr_cockpit.lab.rest import errors
from cpr_cockpit.lab.rest.routing import Call, Handler, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.models import Slot
    from cpr_cockpit.lab.site import Site
    from cpr_cockpit.lab.world import World

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
SITE = GROUP + "/providers/Microsoft.Web/sites/{site}"
SLOT = SITE + "/slots/{slot}"
PLAN = GROUP + "/providers/Microsoft.Web/serverfarms/{plan}"
DATABASE = GROUP + "/providers/Microsoft.Sql/servers/{server}/databases/{database}"
SERVER_NAME, DATABASE_NAME = "lab-sql", "goals-db"


@dataclass(frozen=True, slots=True)
class Place:
    """A slot of an app by its name."""

    site: Site
    slot: str


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


def site_of(call: Call) -> Site:
    """The app that the path names. Raises ApiError 404."""
    check_group(call)
    asked = call.parts["site"]
    found = next((site for site in call.world.every.values() if site.app.lower() == asked.lower()), None)
    if found is None:
        raise errors.unknown_resource(f"Microsoft.Web/sites/{asked}", call.parts["group"])
    return found


def slot_of(call: Call) -> Slot:
    """The slot the path means (the app itself is its production slot). Raises ApiError 404."""
    site, asked = site_of(call), call.parts.get("slot", PRODUCTION)
    found = find_slot(site, asked)
    if found is None:
        raise missing_slot(call, asked)
    return found


def find_slot(site: Site, name: str) -> Slot | None:
    """The slot with this name in any case, or None."""
    return next((slot for slot in site.slots.values() if slot.name.lower() == name.lower()), None)


def missing_slot(call: Call, name: str) -> ApiError:
    """404 for a slot that does not exist."""
    return errors.unknown_resource(f"Microsoft.Web/sites/{site_of(call).app}/slots/{name}", call.parts["group"])


def group_id(world: World) -> str:
    """Resource id of the group in which everything is."""
    return f"/subscriptions/{world.subscription}/resourceGroups/{world.resource_group}"


def site_id(site: Site) -> str:
    """Resource id of the app."""
    return f"{group_id(site.world)}/providers/Microsoft.Web/sites/{site.app}"


def plan_id(site: Site) -> str:
    """Resource id of the plan on which all slots of the app run."""
    return f"{group_id(site.world)}/providers/Microsoft.Web/serverfarms/{site.plan}"


def database_id(world: World) -> str:
    """Resource id of the database that all slots of all apps use."""
    return f"{group_id(world)}/providers/Microsoft.Sql/servers/{SERVER_NAME}/databases/{DATABASE_NAME}"


def slot_id(site: Site, slot: Slot) -> str:
    """Resource id of the slot; the production slot is the app itself."""
    return site_id(site) if slot.name == PRODUCTION else f"{site_id(site)}/slots/{slot.name}"


def slot_type(slot: Slot) -> str:
    """Resource type of the slot."""
    return "Microsoft.Web/sites" if slot.name == PRODUCTION else "Microsoft.Web/sites/slots"


def child(site: Site, slot: Slot, kind: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A resource below the slot, for example its `config` named `web`."""
    return {
        "id": f"{slot_id(site, slot)}/{kind}/{name}",
        "name": name,
        "type": f"{slot_type(slot)}/{kind}",
        "location": site.location,
        "properties": properties,
    }
