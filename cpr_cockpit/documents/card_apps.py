"""The rollback card's pages of several apps: what is done by hand in each of them, in reverse of what was done."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.plan import Plan


def alone(plan: Plan, app: str) -> Plan:
    """The plan as it is in the app of that name, so that one page tells of that alone."""
    place = next(one for one in plan.places if plan.name(one) == app)
    return replace(
        plan,
        back=tuple(step for step in plan.back if step.act.app == place),
        lower=tuple(step for step in plan.lower if step.act.app == place),
        apps=(),
    )
