"""Nobody else: from the plan to the end of the watch, what others could change is held against what this run did.

Each look is a reading in the journal, a change by others an event, and the verdict's HOLD *foreign* follows from that
event until a person has looked (`Run.voided`). A part that cannot be read says nothing; its age shows. Nothing on the
way back waits for any of this. Of several apps only the first is looked at here (`Look`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import foreign as fo
from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.surroundings import Part, Surroundings
from cpr_cockpit.engine.foreign_look import Look
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.naming import Naming
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.preparing import plan_of
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.serving import Serving, observe

log = logging.getLogger(__name__)

# Seconds of the procedure's window: between two looks, and in which what a swap moved may still move.
POLL_S, SETTLE_S = 15.0, 30.0
_LOOKED_IN = frozenset({Phase.PREPARING, Phase.READY, Phase.DEPLOYING, Phase.WINDOW, Phase.KEEPING})


class ForeignWatch:
    """Looks at the surroundings of one run."""

    def __init__(self, scaled: Policy, ports: Ports, recorder: Recorder) -> None:
        self._scaled = scaled
        self._ports = ports
        self._recorder = recorder
        self._naming = Naming(scaled, ports, recorder)
        self._newest: Look | None = None
        self._looking = asyncio.Lock()

    @property
    def poll_s(self) -> float:
        """Seconds between two looks."""
        return max(self._scaled.poll_floor_s, POLL_S * self._scaled.scale)

    async def go_on(self) -> None:
        """Look again and again until it is cancelled; a defect of this program is told, and looked past."""
        while True:
            await self._ports.clock.sleep(self.poll_s)
            try:
                await self.look()
                await self.name()
            except Exception as error:
                log.exception("a look at what others change ended by a defect")
                defect = f"a defect of this program ({type(error).__name__})"
                self._tell(Observation(Source.SURROUNDINGS, self._ports.clock.now(), error=defect))

    async def look(self) -> None:
        """Look once, and write down what others changed; it stands until a person has looked."""
        async with self._looking:
            began, plan = self._ports.clock.now(), self._plan()
            if plan is None:
                return
            seen, serving = await asyncio.gather(self._around(began), self._serving(plan.slot))
            self._tell(_told(seen, serving, self._ports.clock.now()))
            self._taken_in(plan, seen, serving if isinstance(serving, Serving) else None, stands=True)

    async def look_after_go(
        self, serving: Serving | None, tell: Callable[[Observation], None]
    ) -> tuple[fo.Change, ...]:
        """The same, beside who serves what, which is looked at by others; a change is told and taken for granted.

        ``tell``: who is told of the reading. The changes.
        """
        async with self._looking:
            began, plan = self._ports.clock.now(), self._plan()
            if plan is None:
                return ()
            seen = await self._around(began)
            tell(_told(seen, serving or "", self._ports.clock.now()))
            return self._taken_in(plan, seen, serving, stands=False)

    async def name(self) -> None:
        """Ask the activity log who it was, where that is not known yet and it is time."""
        await self._naming.go_on()

    def looked_at(self, by: str, words: str) -> None:
        """A person has looked: what the newest look saw is what is taken for granted from here on."""
        self._recorder.record(ev.ForeignLookedAt(by=by, words=words))
        if self._newest is not None:
            self._write_taken(self._newest.looked_at(self._ports.clock.now()))

    # -- reading -----------------------------------------------------------------------------------------------------

    def _plan(self) -> Plan | None:
        """The plan that is looked after; None: there is none yet, or the run is on its way back or over."""
        run = self._recorder.run
        return plan_of(run.plan) if run.plan is not None and run.phase in _LOOKED_IN else None

    async def _around(self, began: float) -> Surroundings:
        reader = self._ports.surroundings
        return await reader.read(began) if reader is not None else Surroundings(began)

    async def _serving(self, slot: str) -> Serving | str:
        """Who serves what, or why that could not be read."""
        try:
            return await observe(self._ports.web_apps, self._ports.probe, slot)
        except PortError as error:
            return error.what

    def _tell(self, seen: Observation) -> None:
        self._write(ev.Observed(source=seen.source.value, body=seen.to_dict()))

    def _write(self, event: ev.AnyEvent) -> bool:
        """Whether the journal took it; what it did not take is found again at the next look."""
        try:
            self._recorder.record(event)
        except JournalError:
            log.exception("%s could not be recorded", event.type)
            return False
        return True

    # -- what came of it ---------------------------------------------------------------------------------------------

    def _taken_in(
        self, plan: Plan, seen: Surroundings, serving: Serving | None, *, stands: bool
    ) -> tuple[fo.Change, ...]:
        """Write down the changes that are not told yet, and what is taken for granted from now on; those changes."""
        run = self._recorder.run
        if self._plan() is None:
            return ()
        look = Look(plan, run, seen, serving, SETTLE_S * self._scaled.scale)
        known = {(one.event.topic, one.event.value) for one in run.others.standing}
        found = look.changes() if stands else look.changes_around()
        told = tuple(
            one
            for one in found
            if (one.topic, one.value) not in known and self._write(_event(one, look, stands=stands))
        )
        granted = look.granted
        if not stands:
            granted |= {one.part for one in told} | ({Part.SWAPS} if look.another_swap else set())
        self._newest = look
        self._write_taken(look.taken_again(look.own_parts, granted))
        return told

    def _write_taken(self, taken: ev.SurroundingsTaken) -> None:
        if taken != self._recorder.run.others.taken:
            self._write(taken)


def _told(seen: Surroundings, serving: Serving | str, at: float) -> Observation:
    """The reading as an observation; a text is why nobody could tell who serves what, "" : that is others' to tell."""
    troubles = (serving, *seen.troubles) if isinstance(serving, str) and serving else seen.troubles
    words = "; ".join(dict.fromkeys(troubles))
    nothing = bool(words) and seen.empty and isinstance(serving, str)
    return Observation(
        Source.SURROUNDINGS,
        at,
        measured_at=None if nothing else seen.at,
        error=words if nothing else None,
        partial=words if words and not nothing else None,
    )


def _event(change: fo.Change, look: Look, *, stands: bool) -> ev.ForeignChanged:
    return ev.ForeignChanged(
        part=change.part.value,
        topic=change.topic,
        value=change.value,
        words=change.words,
        since=look.before.taken.get(change.part, look.seen.at),
        stands=stands,
    )
