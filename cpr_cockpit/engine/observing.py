"""A run that only looks on: gate, checklists, window, judge and report beside a deployment that others carry out.

It changes nothing: its ports refuse every change (`looking_only`), its plan has no step that makes one, and ROLLBACK is
a decision that persons carry out by the card. START begins to wait for the switch; what would block a deployment is
shown and blocks nothing. T0 is the first sighting of the new version.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.observing import ReturnFinder, Switch
from cpr_cockpit.core.plan import Plan, PlanFacts
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.strategy import OLD_ARTIFACT, blue_green, observed
from cpr_cockpit.core.verdict import clock_time
from cpr_cockpit.documents.card import write_card
from cpr_cockpit.engine.baseline import baseline_words
from cpr_cockpit.engine.everywhere import Served
from cpr_cockpit.engine.executor import Executor
from cpr_cockpit.engine.gate import judge
from cpr_cockpit.engine.looking_only import looking_only
from cpr_cockpit.engine.lookout import Lookout
from cpr_cockpit.engine.measuring import from_documents, from_plan
from cpr_cockpit.engine.planning import Blocked, premises_told
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.preparing import plan_event
from cpr_cockpit.engine.pursuit import Patience
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.serving import Serving, answering
from cpr_cockpit.engine.session import Session
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.watch import Watch

# Who pressed START where the switch came before anybody did.
THE_SWITCH = "the switch itself, before START was pressed"


def session_of(settings: SessionSettings, ports: Ports, recorder: Recorder, patience: Patience) -> Session:
    """The session of a run: one that deploys, or one that only looks on."""
    kind = ObservingSession if settings.observe else Session
    return kind(settings, ports, recorder, patience)


class ObservingSession(Session):
    """Carries a run that changes nothing to its end."""

    def __init__(self, settings: SessionSettings, ports: Ports, recorder: Recorder, patience: Patience) -> None:
        super().__init__(settings, looking_only(ports), recorder, patience)
        self._lookout = Lookout(settings, self.scaled, self._ports, recorder, self._settled_on)

    def blockers(self) -> list[str]:
        """Nothing: what stands open is shown, and the deployment is others' to begin."""
        return []

    def start(self, by: str, reason: str = "") -> None:
        """START: wait for the switch."""
        super().start(by, reason)
        self._begin_step("await-switch", "forward")

    # -- up to the switch --------------------------------------------------------------------------------------------

    async def _ready(self) -> None:
        if self.run_state.card is None:
            await _prepare(self.settings, self.scaled, self._ports, self.recorder)
        if self.settings.script is not None and self.run_state.started_at is None:
            self.start(self.settings.actor)
        if self.run_state.t0 is None:
            await self._until_switched()
        if not self.run_state.finished("await-switch", "forward"):
            self._end_step("await-switch", "forward", "production was switched")
        await self._take_baseline()

    async def _until_switched(self) -> None:
        plan = self._plan()
        patience_s = plan.step("await-switch").timeout_s
        try:
            async with asyncio.timeout(patience_s):
                found = await self._lookout.switch(plan.old_version, plan.new_version)
        except TimeoutError:
            words = f"production was not switched within {patience_s / 3600:.0f} h: this run waits no longer"
            self.recorder.record(ev.Noted(by="cockpit", words=words))
            self.stop()
            await asyncio.Event().wait()
            return
        if self.run_state.started_at is None:
            self.start(THE_SWITCH)
        if self._plan().new_version != found.version:
            self._plan_anew(self._plan().old_version, found.version)
        self.recorder.record(ev.TrafficSwitched(way="forward", version=found.version, t0=found.t0))
        self._end_step("await-switch", "forward", found.words)

    def _settled_on(self, old: str) -> None:
        """Production serves a third version: it is what the new one will be compared with, and gone back to."""
        words = f"production settled on {old}, which this run does not wait for; it counts as the old version now"
        self.recorder.record(ev.Noted(by="cockpit", words=words))
        self._plan_anew(old, self._plan().new_version)

    def _plan_anew(self, old: str, new: str) -> None:
        before, event = self._plan(), self.run_state.plan
        facts = replace(before.facts, production_version=old)
        told = tuple(one for one in event.remarks if one not in before.remarks) if event else ()
        _record_plan(self.settings, self.scaled, self.recorder, new, facts, told)

    async def _take_baseline(self) -> None:
        run = self.run_state
        if run.t0 is None or run.finished("baseline", "forward"):
            return
        self._begin_step("baseline", "forward")
        if run.baseline is None:
            self.recorder.record(await self._lookout.baseline(self._plan().old_version, run.t0))
        words = baseline_words(self.run_state.baseline) if self.run_state.baseline else ""
        self._end_step("baseline", "forward", words)

    def _begin_step(self, key: str, way: ev.Way) -> None:
        row = self.run_state.row(key, way)
        if row is None:
            title = self.run_state.title(key, way)
            self.recorder.record(ev.StepIntent(way=way, step=key, attempt=1, title=title, mutates=False))

    def _end_step(self, key: str, way: ev.Way, words: str) -> None:
        row = self.run_state.row(key, way)
        seconds = max(0.0, self.clock.now() - row.began_at) if row is not None else 0.0
        self.recorder.record(
            ev.StepOutcome(way=way, step=key, attempt=1, result="done", words=words, seconds=round(seconds, 3))
        )

    # -- from the switch on ------------------------------------------------------------------------------------------

    async def _forward(self) -> None:
        forth = asyncio.create_task(super()._forward())
        returned = asyncio.create_task(self._returned())
        try:
            await asyncio.wait({forth, returned}, return_when=asyncio.FIRST_COMPLETED)
            if forth.done():
                await forth
                return
            await self._cancel(forth)
            await self._end_returned(await returned, "forward")
        finally:
            for task in (forth, returned):
                task.cancel()
            await asyncio.gather(forth, returned, return_exceptions=True)

    async def _returned(self) -> Switch:
        """Production's way back to the old version, made by others; recorded once, whoever asks again."""
        if (back_at := self.run_state.switched_back_at) is not None:
            return Switch(self._plan().old_version, back_at, "its way back was recorded before")
        while self.run_state.t0 is None or self.watch is None:
            await self.recorder.wait_news()
        plan, stranger = self._plan(), ""
        last: Sighting | None = None
        proven = self.run_state.finished("prove-production", "forward")
        finder = ReturnFinder(plan.old_version, plan.new_version, settled=proven)
        while True:
            look = self._newest_look()
            if look is not None and look is not last:
                last = look
                found = finder.see(look)
                if found is not None:
                    self.recorder.record(ev.TrafficSwitched(way="back", version=found.version, t0=found.t0))
                    return found
                if finder.stranger not in ("", stranger):
                    stranger = finder.stranger
                    self._tell_stranger(stranger)
            await self.clock.sleep(self.scaled.poll_probes_s / 2)

    def _newest_look(self) -> Sighting | None:
        return self.watch.looks.get(Source.PROBES_PRODUCTION) if self.watch is not None else None

    def _tell_stranger(self, version: str) -> None:
        """After GO the watch tells of it by itself."""
        if isinstance(self.watch, Watch):
            self.watch.hold(f"production serves {version}, which is neither the old version nor the new one")

    def _end(self, decision: str, seen: Served | None, reason: str, *, provisional: bool = False) -> None:
        """Others went back: finished only where the other slot holds no bad version (law 4)."""
        if decision == "rolled_back" and seen is not None and seen.slot != seen.production:
            slot = self.settings.slot
            held = f"slot {slot} serves {seen.slot}" if seen.slot else f"what slot {slot} serves was not read"
            decision, reason = "partial", f"{reason}; {held}: whoever deploys has to put the old version into it"
        super()._end(decision, seen, reason, provisional=provisional)

    async def _end_returned(self, found: Switch, way: ev.Way) -> None:
        since = clock_time(found.t0)
        words = f"{found.version} serves production again since {since}: rolled back by others, not by this program"
        await self._end_observed("rolled_back", words, way=way)

    def _saw(self, serving: Serving, switched: bool, *, app: str = "") -> None:
        """A single look proves nothing here: the finders take many."""

    async def _skip_what_is_done(self, plan: Plan, executor: Executor) -> None:
        """There is nothing that could be done twice."""

    # -- ends --------------------------------------------------------------------------------------------------------

    async def _go_back(self) -> None:
        """ROLLBACK is decided: say what to do by hand, and wait until production has gone back."""
        if self.run_state.plan is None or self.run_state.t0 is None:
            words = "production was not seen to switch: there is nothing to go back from, and nothing was changed"
            await self._end_observed("stopped", words, way="back")
            return
        self._leave_looks()
        plan, card = self._plan(), self.run_state.card
        by_hand = f"ROLLBACK BY HAND to {plan.old_version}: {card.path if card else 'the pipeline has to go back'}"
        if self.run_state.row("await-old", "back") is None:
            self.recorder.record(ev.Noted(by="cockpit", words=f"this program changes nothing. {by_hand}"))
            self._begin_step("await-old", "back")
        if self.settings.script is not None:
            await self._end_observed("advised", by_hand, way="back")
            return
        if self.watch is None:
            self._begin_watch(plan)
        returned = asyncio.create_task(self._returned())
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({returned, stop}, return_when=asyncio.FIRST_COMPLETED)
            if returned.done():
                found = await returned
                self._end_step("await-old", "back", found.words)
                await self._end_returned(found, "back")
            else:
                await self._end_observed("advised", by_hand, way="back")
        finally:
            for task in (returned, stop):
                task.cancel()
            await asyncio.gather(returned, stop, return_exceptions=True)

    async def _stopped(self) -> None:
        run = self.run_state
        if run.started_at is None:
            self._end("stopped", None, "stopped before START: nothing was changed")
        elif run.t0 is None:
            await self._end_observed("stopped", "stopped before a switch was seen: this program changed nothing")
        elif run.decision is None:
            await self._end_observed("held", "the run was ended on command before anybody had decided")
        else:
            await super()._stopped()


# -- before START ------------------------------------------------------------------------------------------------------


async def _prepare(settings: SessionSettings, scaled: Policy, ports: Ports, recorder: Recorder) -> None:
    """Gate, facts, plan and card. The gate's blockers are told and block nothing. Blocked, PortError."""
    if recorder.run.gate is None:
        recorder.record(judge(settings.readiness, require_ready=settings.policy.require_ready))
        for mark in from_documents(settings.readiness):
            recorder.record(mark)
    serving = await answering(ports.probe, settings.slot)
    old = serving.production
    if old is None:
        raise Blocked(
            f"Nobody can tell which version production serves ({serving.words(settings.slot)}). Nothing was changed. "
            "Begin again when its health address answers with one version."
        )
    if old == settings.new_version:
        raise Blocked(f"Production serves {old} already: the switch has been. Nothing was changed.")
    facts = PlanFacts(old, serving.slot, slot_exists=serving.slot is not None)
    told = await premises_told(settings, scaled, ports)
    _record_plan(settings, scaled, recorder, settings.new_version, facts, told)
    for mark in from_plan(recorder.run):
        recorder.record(mark)


def _record_plan(
    settings: SessionSettings, scaled: Policy, recorder: Recorder, new: str, facts: PlanFacts, told: tuple[str, ...]
) -> None:
    """The plan, and the card for whoever rolls back by hand. ``told``: remarks beside the plan's own."""
    slot, baseline_s = settings.slot, scaled.baseline_s
    artifact = (settings.artifacts / OLD_ARTIFACT).exists()
    plan = observed(slot, new, facts, baseline_s=baseline_s, artifact=artifact)
    recorder.record(plan_event(replace(plan, remarks=(*plan.remarks, *told)), baseline_s, artifact=artifact))
    by_hand = blue_green(slot, new or "the new version", facts, baseline_s=baseline_s, artifact=artifact)
    environment, people = settings.environment, settings.contacts
    path, digest = write_card(settings.folder, environment, by_hand, observed=True, people=people)
    recorder.record(ev.CardWritten(path=str(path), sha256=digest))
