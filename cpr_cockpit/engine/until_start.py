"""A run until START: preparing it, signing, choosing how it is brought to production, pressing START."""

from __future__ import annotations

import asyncio

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.sensing import BEFORE_START, Sensor
from cpr_cockpit.engine.choosing import Choosing
from cpr_cockpit.engine.gate import start_blockers
from cpr_cockpit.engine.lease_keeper import LeaseRefused
from cpr_cockpit.engine.merging import Merging
from cpr_cockpit.engine.own_sensors import own_sensors
from cpr_cockpit.engine.planning import Blocked
from cpr_cockpit.engine.preparing import Preparation, course_of
from cpr_cockpit.engine.reach import ended
from cpr_cockpit.engine.sensing import Sensing
from cpr_cockpit.engine.way_back import WayBack


class UntilStart(WayBack):
    """What may be done to a run before production begins; from START on nothing of this changes it any more."""

    _sensing: Sensing | None = None
    _merging: Merging | None = None

    def blockers(self) -> list[str]:
        """What stands between the run and START, in words."""
        found = [f"{one.item.text} ({one.reason})" for one in start_blockers(self.run_state, self._ports.clock.now())]
        return ["the merge is under way", *found] if self.run_state.code.running else found

    def start(self, by: str) -> None:
        """START: production begins."""
        self.recorder.record(ev.Started(by=by))
        self._start.set()

    async def look_again(self) -> None:
        """Before START: what may have changed since it was read is read once more, within seconds."""
        if self._sensing is not None:
            await self._sensing.again(BEFORE_START)

    async def take_lease(self, by: str, take_over: str = "") -> None:
        """Before START: take the environment's lease, where it has one. LeaseRefused: another run holds it."""
        if self._others.lease is not None:
            await self._others.lease.take(by, take_over=take_over)

    def give_lease_back(self, why: str) -> None:
        """Begin to give back the lease that was taken for a START which begins nothing."""
        self._others.give_back(why)

    async def looked_at(self, by: str, words: str) -> None:
        """A person has looked at what others changed. Before START the plan is made anew; Blocked, PortError."""

        async def anew() -> None:
            await self._preparation().anew()
            self._others.foreign.looked_at(by, words)

        if self.run_state.started_at is None:
            await self._others.replanning.anew(anew)
        else:
            self._others.foreign.looked_at(by, words)

    async def choose(self, key: str, by: str) -> str:
        """Choose, until START, how the run is brought to production: told in words, "" where that takes longer.

        Blocked, as `Choosing`; what is chosen last is what stands in the end.
        """
        choosing = Choosing(self.settings, self._preparation(), self.recorder)
        return await self._others.replanning.another(lambda: choosing.choose(key, by)) or ""

    @property
    def merging(self) -> Merging:
        """Step 4, beside the run until START."""
        if self._merging is None:
            ports = self._ports
            self._merging = Merging(ports.code, self.settings, ports.clock, self.recorder, self._patience)
        return self._merging

    def _preparation(self) -> Preparation:
        return Preparation(self.settings, self.scaled, self._ports, self.recorder)

    async def _ready(self) -> None:
        """Everything up to START; Blocked or PortError where the run cannot begin."""
        if self.run_state.started_at is None:
            sensing = self._sensing = Sensing(self._sensors(), self._ports.clock, self.recorder)
            if self.settings.script is not None:
                await sensing.once()  # what a script signs is what no machine could read
            reading = asyncio.create_task(sensing.go_on())
            merging = asyncio.create_task(self.merging.go_on())
            try:
                await self._others.opened()
                await self._preparation().run(self._others.look_now)
                self._others.begin()
                await self._until_started()
            finally:
                self._sensing = None
                await ended(reading, merging)

    def _sensors(self) -> tuple[Sensor, ...]:
        settings = self.settings
        return own_sensors(
            self._ports,
            lambda: course_of(settings, self.run_state),
            settings.contacts,
            self.scaled,
            settings.declared_delay_s,
        )

    async def _until_started(self) -> None:
        script, run = self.settings.script, self.run_state
        if script is not None and run.started_at is None:
            if script.merge:
                await self.merging.by_script(self.settings.actor)
            self._sign_all(self.settings.actor)
            left = self.blockers()
            if left:
                raise Blocked(f"{len(left)} items block START: {'; '.join(left[:3])}. Nothing was changed.")
            try:
                await self.take_lease(self.settings.actor)
            except LeaseRefused as error:
                raise Blocked(str(error)) from error
            self.start(self.settings.actor)
        await self._start.wait()

    def _sign_all(self, actor: str) -> None:
        for blocker in start_blockers(self.run_state, self._ports.clock.now()):
            if blocker.item.follows:
                continue
            note = "signed by the script of a drill: nobody looked"
            self.recorder.record(ev.ItemMarked(item=blocker.item.key, mark=Mark.SIGNED, by=actor, note=note))
