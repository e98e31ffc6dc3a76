"""The rollback card's pages of several apps: what is done by hand in each of them, in reverse of what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cpr_cockpit.core.plan import Plan


def of_app(environment: Mapping[str, str], app: str) -> dict[str, str]:
    """The pinned ids and addresses as they are in ``app``: what differs there stands under its own name, with an @."""
    own = {key.partition("@")[0]: value for key, value in environment.items() if key.partition("@")[2] == app}
    shared = {key: value for key, value in environment.items() if "@" not in key}
    # The first app's ids are the shared ones.
    return shared | own | ({"app": app} if own else {})


def alone(plan: Plan) -> Plan:
    """The plan as it is in one app, so that one page tells of that alone."""
    return replace(
        plan,
        back=tuple(step for step in plan.back if not step.act.app),
        lower=tuple(step for step in plan.lower if not step.act.app),
        apps=(),
    )
