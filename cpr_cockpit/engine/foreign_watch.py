"""Nobody else: from the plan to the end of the watch, what others could change is held against what this run did.

Each look is a reading in the journal, a change by others an event, and the verdict's HOLD *foreign* follows from that
event until a person has looked (`Run.voided`). A part that cannot be read says nothing; its age shows. Nothing on the
way back waits for any of this. Of several apps each is looked at, and the release's feature flag beside the first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import foreign as fo
from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.surroundings import Part, Surroundings
from cpr_cockpit.engine.flagging import flag_raised
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read in one app (as in `Act`); ``serving``: who serves what there, or why that could not be read.

    "" : it is others' to read and to tell.
    """

    app: str
    around: Surroundings
    serving: Serving | str

    @property
    def troubles(self) -> tuple[str, ...]:
        """What could not be read, in words."""
        told = (self.serving,) if isinstance(self.serving, str) and self.serving else ()
        return (*told, *self.around.troubles)

    @property
    def empty(self) -> bool:
        """Whether nothing at all could be read."""
        return isinstance(self.serving, str) and self.around.empty


class ForeignWatch:
    """Looks at the surroundings of one run."""

    def __init__(self, scaled: Policy, ports: Ports, recorder: Recorder) -> None:
        self._scaled = scaled
        self._ports = ports
        self._recorder = recorder
        self._naming = Naming(scaled, ports, recorder)
        self._newest: tuple[Look, ...] = ()
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
            seen = await asyncio.gather(*(self._seen(plan, app, began) for app in plan.places))
            self._tell(_told(plan, seen, began, self._ports.clock.now()))
            self._taken_in(plan, seen, stands=True)

    async def look_after_go(
        self, serving: Mapping[str, Serving | None], tell: Callable[[Observation], None]
    ) -> tuple[str, ...]:
        """The same, beside who serves what, which is looked at by others; a change is told and taken for granted.

        ``serving``: what they saw, by app. ``tell``: who is told of the reading. The changes, in words.
        """
        async with self._looking:
            began, plan = self._ports.clock.now(), self._plan()
            if plan is None:
                return ()
            around = await asyncio.gather(*(self._around(plan, app, began) for app in plan.places))
            looked = zip(plan.places, around, strict=True)
            seen = [_Seen(app, one, serving.get(app) or "") for app, one in looked]
            tell(_told(plan, seen, began, self._ports.clock.now()))
            return self._taken_in(plan, seen, stands=False)

    async def name(self) -> None:
        """Ask the activity log who it was, where that is not known yet and it is time."""
        await self._naming.go_on()

    def looked_at(self, by: str, words: str) -> None:
        """A person has looked: what the newest looks saw is what is taken for granted from here on."""
        self._recorder.record(ev.ForeignLookedAt(by=by, words=words))
        for look in self._newest:
            self._write_taken(look.looked_at(self._ports.clock.now()))

    # -- reading -----------------------------------------------------------------------------------------------------

    def _plan(self) -> Plan | None:
        """The plan that is looked after; None: there is none yet, or the run is on its way back or over."""
        run = self._recorder.run
        return plan_of(run.plan) if run.plan is not None and run.phase in _LOOKED_IN else None

    async def _seen(self, plan: Plan, app: str, began: float) -> _Seen:
        around, serving = await asyncio.gather(self._around(plan, app, began), self._serving(app, plan.slot))
        return _Seen(app, around, serving)

    async def _around(self, plan: Plan, app: str, began: float) -> Surroundings:
        reader = self._ports.at(app).surroundings
        if app:
            return await reader.read(began) if reader is not None else Surroundings(began)
        read = reader.read(began) if reader is not None else _nothing(began)
        seen, flag = await asyncio.gather(read, self._flag(flag_raised(plan)))
        if isinstance(flag, str):
            return replace(seen, troubles=(*seen.troubles, flag))
        return replace(seen, flag=flag)

    async def _flag(self, name: str) -> float | str | None:
        """The percentage of the users who have the flag on, or why that could not be read; None: there is no flag."""
        if not name or self._ports.flags is None:
            return None
        try:
            return (await self._ports.flags.read(name)).share
        except PortError as error:
            return error.what

    async def _serving(self, app: str, slot: str) -> Serving | str:
        """Who serves what, or why that could not be read."""
        there = self._ports.at(app)
        try:
            return await observe(there.web_apps, there.probe, slot)
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

    def _taken_in(self, plan: Plan, seen: Sequence[_Seen], *, stands: bool) -> tuple[str, ...]:
        """Write down the changes that are not told yet, and what is taken for granted from now on; them, in words."""
        if self._plan() is None:
            return ()
        run, settle_s = self._recorder.run, SETTLE_S * self._scaled.scale
        looks = []
        for one in seen:
            serving = one.serving if isinstance(one.serving, Serving) else None
            looks.append(Look(plan, run, one.around, serving, settle_s, one.app))
        self._newest = tuple(looks)
        return tuple(words for look in looks for words in self._changed(look, stands=stands))

    def _changed(self, look: Look, *, stands: bool) -> tuple[str, ...]:
        """The same, of one app."""
        known = {(one.event.app, one.event.topic, one.event.value) for one in self._recorder.run.others.standing}
        told = []
        for change in look.changes() if stands else look.changes_around():
            event = _event(change, look, stands=stands)
            if (event.app, event.topic, event.value) not in known and self._write(event):
                told.append((change, event))
        granted = look.granted
        if not stands:
            granted |= {change.part for change, _ in told} | ({Part.SWAPS} if look.another_swap else set())
        self._write_taken(look.taken_again(look.own_parts, granted))
        return tuple(event.words for _, event in told)

    def _write_taken(self, taken: ev.SurroundingsTaken) -> None:
        if taken != self._recorder.run.others.taken.get(taken.app):
            self._write(taken)


async def _nothing(began: float) -> Surroundings:
    return Surroundings(began)


def _told(plan: Plan, seen: Sequence[_Seen], began: float, at: float) -> Observation:
    """The reading as an observation."""
    told = (f"{plan.name(one.app)}: {words}" if plan.apps else words for one in seen for words in one.troubles)
    words = "; ".join(dict.fromkeys(told))
    nothing = bool(words) and all(one.empty for one in seen)
    return Observation(
        Source.SURROUNDINGS,
        at,
        measured_at=None if nothing else began,
        error=words if nothing else None,
        partial=words if words and not nothing else None,
    )


def _event(change: fo.Change, look: Look, *, stands: bool) -> ev.ForeignChanged:
    name = look.plan.name(look.app)
    return ev.ForeignChanged(
        part=change.part.value,
        topic=change.topic,
        value=change.value,
        words=f"{name}: {change.words}" if name else change.words,
        since=look.before.taken.get(change.part, look.seen.at),
        stands=stands,
        app=name,
    )
