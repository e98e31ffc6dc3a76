"""After a damaged journal: which steps of the way forth are seen to lie behind us, by who serves what."""

from __future__ import annotations

import contextlib

from cpr_cockpit.core.plan import Plan, Step, key_at, key_of
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.rolling_strategy import SWITCHED
from cpr_cockpit.engine.acts import Saw
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.serving import Serving, observe


async def lies_behind(plan: Plan, ports: Ports, saw: Saw, poll_s: float) -> tuple[tuple[Step, ...], str]:
    """The steps up to the last app that is seen to serve the new version, and what was seen; (): none serves it.

    Of an app that does not serve it, what switches it is not among them.
    """
    found = {app: await _at_rest(plan, app, ports, saw, poll_s) for app in plan.places}
    there = {app: one for app, one in found.items() if one is not None and one.production == plan.new_version}
    if not there:
        return (), ""
    keys = [step.key for step in plan.forward]
    way = plan.forward[: max(keys.index(key_at("swap", app)) for app in there) + 1]
    behind = tuple(step for step in way if step.act.app in there or key_of(step.key) not in SWITCHED)
    return behind, next(iter(there.values())).words(plan.slot)


async def _at_rest(plan: Plan, app: str, ports: Ports, saw: Saw, poll_s: float) -> Serving | None:
    """Who serves what once no swap is under way; None where that does not come in a swap's time."""
    there, deadline = ports.at(app), ports.clock.now() + plan.step("swap").timeout_s
    while ports.clock.now() < deadline:
        with contextlib.suppress(PortError):
            serving = await observe(there.web_apps, there.probe, plan.slot)
            saw(serving, False, app=app)
            if not serving.in_flight:
                return serving
        await ports.clock.sleep(poll_s)
    return None
