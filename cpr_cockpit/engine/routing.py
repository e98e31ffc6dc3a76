"""The act that routes a share of production's new sessions to the slot, or none."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import Accepted, OperationState
from cpr_cockpit.engine.acts import Context, Reading, State
from cpr_cockpit.engine.serving import observe


@dataclass(frozen=True, slots=True)
class Route:
    """So many new sessions go to the slot; sent only while the slot serves what they are meant to meet."""

    context: Context
    act: Act

    async def observe(self, *, sent: bool) -> Reading:
        """The rules decide; that nobody is routed needs no word of the application (law 5)."""
        act, ports = self.act, self.context.ports
        share = (await ports.web_apps.shares()).get(act.slot, 0.0)
        words = f"{share:g} % of new sessions go to slot {act.slot}"
        if share == act.percent:
            self.context.routed(share, act.version)
            return Reading(State.DONE, words, {"share": f"{share:g}"})
        if not act.percent:
            return Reading(State.TO_DO, words, {"share": f"{share:g}"})
        serving = await observe(ports.web_apps, ports.probe, act.slot)
        self.context.saw(serving, False)
        words, facts = f"{words}; {serving.words(act.slot)}", {"share": f"{share:g}"} | serving.facts()
        if serving.in_flight:
            return Reading(State.IN_FLIGHT, words, facts)
        if serving.slot != act.version or (act.other and serving.production != act.other):
            planned = f"planned on slot {act.slot} serving {act.version}"
            planned += f" and production {act.other}" if act.other else ""
            return Reading(State.REFUSED, f"{planned}, but {words}", facts)
        return Reading(State.TO_DO, words, facts)

    async def send(self) -> Accepted:
        """One PATCH."""
        return await self.context.ports.web_apps.route(self.act.slot, self.act.percent)

    async def follow(self, operation: str) -> OperationState:
        """There is no operation: what was answered is in force."""
        return OperationState("unknown")
