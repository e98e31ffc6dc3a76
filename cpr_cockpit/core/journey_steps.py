"""The step of a plan that walks the declared journeys on the slot, before users can come to it."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.plan import Act, ActKind, Plan, Step, key_at
from cpr_cockpit.core.strategy import CLEANED

KEY, PREVIEWED = "journeys", "journeys-previewed"
# A suite in a browser may take minutes; each journey has a time of its own.
_LONGEST_S = 3600.0


def with_journeys(plan: Plan, names: tuple[str, ...]) -> Plan:
    """``plan`` with the journeys of ``names`` after the smoke tests of every app; under a preview after the later ones.

    There the slot runs with production's settings, as users will meet it.
    """
    last = {step.act.app: step.key for step in plan.forward if step.act.kind is ActKind.SMOKE}
    forward: list[Step] = []
    for step in plan.forward:
        forward.append(step)
        if last.get(step.act.app) == step.key and step.act.kind is ActKind.SMOKE:
            forward.append(_walk(plan, step, names))
    return replace(plan, forward=tuple(forward))


def _walk(plan: Plan, smoke: Step, names: tuple[str, ...]) -> Step:
    app = smoke.act.app
    act = Act(ActKind.JOURNEYS, plan.slot, version=plan.new_version, names=names, app=app)
    where = f"{plan.name(app)}: " if plan.apps else ""
    key = PREVIEWED if plan.previews else KEY
    count = f"{len(names)} journeys" if len(names) > 1 else f"Journey {names[0]}"
    return Step(key_at(key, app), f"{where}{count} on slot {plan.slot}", act, CLEANED, _LONGEST_S)
