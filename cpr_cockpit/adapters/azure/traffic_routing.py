"""Traffic routing of production: the ramp-up rules of its ``config/web``, read and replaced.

Facts: ``properties.experiments.rampUpRules`` of the production site; PATCH replaces the whole list and leaves every
other member alone (Azure REST, Web Apps, Update Configuration). A rule's host is the slot's default host name, which
is not always made of the app's and the slot's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.core.ports import PortError

READING = "Reading production's traffic routing"


async def rules(manager: Manager) -> list[dict[str, Any]]:
    """The rules as they are told, members that this program does not know included. PortError."""
    place = (manager.environment.resource_group, manager.environment.app)

    async def told() -> list[dict[str, Any]]:
        configuration = (await manager.client.web_apps.get_configuration(*place)).as_dict()
        return rules_of(configuration.get("properties") or {})

    return await manager.read(READING, told)


def rules_of(members: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules in the members of production's configuration."""
    return [dict(rule) for rule in (members.get("experiments") or {}).get("rampUpRules") or ()]


def known(told: list[dict[str, Any]], hosts: Mapping[str, str]) -> bool:
    """Whether the slot of every rule can be told by these hosts."""
    return all(str(rule.get("actionHostName") or "").lower() in hosts for rule in told)


def shares_of(told: list[dict[str, Any]], hosts: Mapping[str, str]) -> dict[str, float]:
    """Percentage by slot; ``hosts``: the slot of each host. A rule of an unknown host stands under its own name."""
    shares: dict[str, float] = {}
    for rule in told:
        percent = float(rule.get("reroutePercentage") or 0.0)
        if percent:
            name = _slot(rule, hosts)
            shares[name] = shares.get(name, 0.0) + percent
    return shares


def _slot(rule: Mapping[str, Any], hosts: Mapping[str, str]) -> str:
    host = str(rule.get("actionHostName") or "").lower()
    return hosts.get(host) or str(rule.get("name") or host)


async def route(manager: Manager, slot: str, percent: float, hosts: Mapping[str, str]) -> None:
    """Give ``slot`` that share, once; the rules of other slots are sent back as they were told. PortError."""
    kept = [rule for rule in await rules(manager) if _slot(rule, hosts).lower() != slot.lower()]
    host = next((host for host, name in hosts.items() if name == slot), None)
    if percent and host is None:
        raise PortError(f"Slot {slot} has no host that traffic could go to.", next_step="Check that the slot exists.")
    own = [{"actionHostName": host, "reroutePercentage": percent, "name": slot}] if percent else []
    body = {"properties": {"experiments": {"rampUpRules": [*kept, *own]}}}
    doing = f"Routing {percent:g} % of new sessions to slot {slot}"
    await manager.change(doing, "PATCH", f"{manager.environment.site_id}/config/web", body)
