"""Nobody else: from the plan to the end of the watch, what others could change is held against what this run did.

Each look is a reading in the journal, a change by others an event, and the verdict's HOLD *foreign* follows from that
event until a person has looked (`Run.voided`). A part that cannot be read says nothing; its age shows. Nothing on the
way back waits for any of this.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import foreign as fo
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.surroundings import Surroundings
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


Tell = Callable[[Observation], None]


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

    async def look(self, *, stands: bool = True, tell: Tell | None = None) -> tuple[fo.Change, ...]:
        """Look once, and write down what others changed since the last look; those changes.

        ``stands``: until a person has looked. Else, after GO, it is told and taken for granted from then on, and who
        serves what is looked at by others. ``tell``: who is told of the reading itself; None: the journal.
        """
        async with self._looking:
            run = self._recorder.run
            if run.plan is None or run.phase not in _LOOKED_IN:
                return ()
            plan, began = plan_of(run.plan), self._ports.clock.now()
            seen, serving = await self._read(plan.slot, began, tell or self._tell, serving_too=stands)
            if self._recorder.run.phase not in _LOOKED_IN:
                return ()
            self._newest = Look(plan, run, began, seen, serving, SETTLE_S * self._scaled.scale)
            return self._taken_in(self._newest, stands=stands)

    async def name(self) -> None:
        """Ask the activity log who it was, where that is not known yet and it is time."""
        await self._naming.go_on()

    def looked_at(self, by: str, words: str) -> None:
        """A person has looked: what the newest look saw is what is taken for granted from here on."""
        self._recorder.record(ev.ForeignLookedAt(by=by, words=words))
        if self._newest is not None:
            self._write_taken(self._newest.looked_at(self._ports.clock.now()))

    # -- reading -----------------------------------------------------------------------------------------------------

    async def _read(
        self, slot: str, began: float, tell: Tell, *, serving_too: bool
    ) -> tuple[Surroundings, Serving | None]:
        """Both readings, told with what could not be read; who serves what is None where that could not be read."""
        reader, troubles = self._ports.surroundings, []

        async def around() -> Surroundings:
            return await reader.read(began) if reader is not None else Surroundings(began)

        async def serving() -> Serving | None:
            try:
                return await observe(self._ports.web_apps, self._ports.probe, slot) if serving_too else None
            except PortError as error:
                troubles.append(error.what)
                return None

        seen, serves = await asyncio.gather(around(), serving())
        words = "; ".join(dict.fromkeys((*troubles, *seen.troubles))) or None
        nothing = serves is None and seen.empty and words is not None
        tell(
            Observation(
                Source.SURROUNDINGS,
                self._ports.clock.now(),
                measured_at=None if nothing else began,
                error=words if nothing else None,
                partial=None if nothing else words,
            )
        )
        return seen, serves

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

    def _taken_in(self, look: Look, *, stands: bool) -> tuple[fo.Change, ...]:
        """Write down the changes that are not told yet, and what is taken for granted from now on; those changes."""
        known = {(one.event.topic, one.event.value) for one in self._recorder.run.others.standing}
        told = tuple(
            one
            for one in look.changes()
            if (one.topic, one.value) not in known and self._write(_event(one, look, stands=stands))
        )
        granted = look.granted | (frozenset() if stands else frozenset(one.part for one in told))
        self._write_taken(look.taken_again(look.own_parts, granted))
        return told

    def _write_taken(self, taken: ev.SurroundingsTaken) -> None:
        if taken != self._recorder.run.others.taken:
            self._write(taken)


def _event(change: fo.Change, look: Look, *, stands: bool) -> ev.ForeignChanged:
    return ev.ForeignChanged(
        part=change.part.value,
        topic=change.topic,
        value=change.value,
        words=change.words,
        since=look.before.taken.get(change.part, look.began),
        stands=stands,
    )
