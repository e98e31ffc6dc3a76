"""The Session: one deployment as a service. Every decision is in the journal before what follows from it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.armed import armed_words, kept_words
from cpr_cockpit.core.check_words import extended_check
from cpr_cockpit.core.notice_events import AlarmAcknowledged, AlarmDelayed
from cpr_cockpit.core.plan import Act, ActKind, Plan, Step
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.safeguards import GO
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.verdict import PersonTrigger
from cpr_cockpit.engine.acts import Check
from cpr_cockpit.engine.afterwards import Afterwards
from cpr_cockpit.engine.before_go import BeforeGo
from cpr_cockpit.engine.behind import lies_behind
from cpr_cockpit.engine.everywhere import Served
from cpr_cockpit.engine.executor import Executor
from cpr_cockpit.engine.journey_watch import JourneyWatch
from cpr_cockpit.engine.journeying import JourneysOnSlot
from cpr_cockpit.engine.judged_steps import JudgedSteps
from cpr_cockpit.engine.late_sensing import LateSensing
from cpr_cockpit.engine.pinned import PinnedCount
from cpr_cockpit.engine.planning import Blocked
from cpr_cockpit.engine.premises import ProveTelemetry, must_arrive
from cpr_cockpit.engine.preparing import plan_of
from cpr_cockpit.engine.script import Decider
from cpr_cockpit.engine.serving import answering
from cpr_cockpit.engine.share_watch import ShareWatch
from cpr_cockpit.engine.summed_metrics import over_all
from cpr_cockpit.engine.unattended import Unattended
from cpr_cockpit.engine.until_start import UntilStart
from cpr_cockpit.engine.validating import Validating
from cpr_cockpit.engine.watch import Watch

log = logging.getLogger(__name__)


class Session(UntilStart):
    """Carries a run from its opening to its end, wherever its journal says that it stands."""

    async def run(self, rollback_by: str | None = None) -> None:
        """The whole life of the run, from where the journal left it; with ``rollback_by`` straight to the rollback."""
        if rollback_by is not None:
            # Whoever gives the command has no face to be asked at: it goes down the whole ladder.
            self.recorder.must_not_fail = self._commanded = True
        self._open()
        if self.run_state.ended:
            return
        if self.run_state.phase is Phase.ROLLING_BACK:
            self._begin_back()
        elif rollback_by is not None:
            self.roll_back(rollback_by, "on command")
        if self.run_state.continued is not None:
            # What was sent is lost with the journal: whatever of it is on the wire must have arrived before we look.
            await self.clock.sleep(self._patience.calm_s)
        self._begin_looking()
        try:
            await self._live()
        finally:
            await self._end_looking()
            await self._close_watches()
            await self._others.close(over=self.run_state.ended is not None)

    def _begin_looking(self) -> None:
        """Who was routed to the slot is counted beside all else, and a few checks are read once more before GO."""
        super()._begin_looking()
        before_go = BeforeGo(self._sensors(), self.clock, self.recorder, self.scaled.window_s)
        self._lookers.append(asyncio.create_task(before_go.go_on()))
        users, scale = self._ports.user_count, self.scaled.scale
        if users is not None:
            count = PinnedCount(users, self.clock, self.recorder, scale=scale, delay_s=self.settings.declared_delay_s)
            self._lookers.append(asyncio.create_task(count.run()))
        unattended = Unattended(self.scaled, self.clock, lambda: self.run_state, self.roll_back, self._alarm_delayed)
        self._lookers.append(asyncio.create_task(unattended.go_on()))
        validating = Validating(self.recorder, self.clock, self.scaled)
        self._lookers.append(asyncio.create_task(validating.go_on()))
        late = LateSensing(self._ports.sensors, self.clock, self.recorder, self.scaled)
        self._lookers.append(asyncio.create_task(late.go_on()))
        if self._ports.journeys is not None:
            watch = JourneyWatch(self._ports, self._places, self.recorder, self.scaled)
            self._lookers.append(asyncio.create_task(watch.go_on(self._broken)))

    def _places(self) -> tuple[str, ...]:
        """Where the journeys of production are walked: in every app of several."""
        return ("", *(self.run_state.plan.apps[1:] if self.run_state.plan else ()))

    def _broken(self, journey: str, sentence: str) -> None:
        """A critical journey fails in production: ROLLBACK where policy says so, else a person must look."""
        watch = self._watch
        if self.scaled.rollback_on_journey and watch is not None:
            self.note(PROGRAM, sentence)
            watch.raise_trigger(PersonTrigger.CRITICAL_FUNCTIONALITY.value, f"journey {journey}")
        elif isinstance(watch, Watch):
            watch.hold(f"{PersonTrigger.CRITICAL_FUNCTIONALITY.value}: {sentence}")
        else:
            self.note(PROGRAM, sentence)

    async def _live(self) -> None:
        if self._back.is_set():
            self._watch_again()
            await self._go_back()
            return
        forward = asyncio.create_task(self._forward())
        waits = [asyncio.create_task(event.wait()) for event in (self._back, self._stop)]
        try:
            await asyncio.wait({forward, *waits}, return_when=asyncio.FIRST_COMPLETED)
            if not self._back.is_set():
                await self._to_the_end(forward)
            if self._back.is_set():
                # It may have come while the end was looked at: then nothing has ended.
                await self._cancel(forward)
                await self._go_back()
        finally:
            for task in (forward, *waits):
                task.cancel()

    async def _to_the_end(self, forward: asyncio.Task[None]) -> None:
        if self._stop.is_set():
            await self._cancel(forward)
            await self._stopped()
        else:
            await forward

    def _watch_again(self) -> None:
        """After a death on the way back: who rolls back still watches the figures. Nothing waits for them."""
        event = self.run_state.plan
        if event is not None and self.run_state.t0 is not None:
            self._begin_watch(plan_of(event))

    @staticmethod
    async def _cancel(task: asyncio.Task[None]) -> None:
        task.cancel()
        done = await asyncio.gather(task, return_exceptions=True)
        if isinstance(done[0], Exception):
            log.error("the way forth ended with an error while it was left", exc_info=done[0])

    def _open(self) -> None:
        run, settings = self.run_state, self.settings
        if run.opened is None:
            self.recorder.record(settings.opening())
        elif not run.ended:
            during = run.open_step.title if run.open_step else str(run.phase)
            silent = max(0.0, self._ports.clock.now() - run.last_at)
            self.recorder.record(ev.Interrupted(silent_s=round(silent, 3), during=during))

    # What faces ask for; `Desk` says when it is possible.

    def sign(self, mark: ev.ItemMarked) -> None:
        """A checklist item was marked by a person."""
        self.recorder.record(mark)

    def keep(self, by: str, reason: str = "") -> None:
        """GO: the new version is kept; ``reason``: why against the data."""
        sentence = self.watch.verdict_sentence if self.watch else ""
        self._decided("keep", by, f"against the data, because: {reason}. {sentence}" if reason else sentence)
        self._keep.set()

    def note(self, by: str, words: str) -> None:
        """A person's remark, which changes nothing."""
        self.recorder.record(ev.Noted(by=by, words=words))

    def acknowledge_alarm(self, by: str, words: str) -> None:
        """A person has seen what is paged: nobody is called for it any more, and nothing is done by itself."""
        self.recorder.record(AlarmAcknowledged(by=by, words=words))

    def _alarm_delayed(self, away_s: float) -> None:
        """Nobody could be called meanwhile: the time to answer counts anew."""
        self.recorder.record(AlarmDelayed(away_s=round(away_s, 1)))

    def stop(self) -> None:
        """End the run where that is safe: before START, or after GO without awaiting the rest of the schedule."""
        self._stop.set()

    # The way forth.

    async def _forward(self) -> None:
        try:
            await self._ready()
        except (Blocked, PortError) as error:
            words = error.words() if isinstance(error, PortError) else str(error)
            # Whatever it is, a person wants to know what serves; the application is asked, which needs no right.
            seen = await answering(self._ports.probe, self.settings.slot)
            self._end("failed", Served(seen.production, seen.slot), words)
            return
        plan = self._plan()
        if self._kept_long_ago():
            await self._watch_on(plan)
            return
        watch = self._begin_watch(plan)
        decider = Decider(self.settings, self.scaled, self._ports.clock, self.recorder, lambda: self._watching(watch))
        executor = self._executor_for(plan)
        if self.run_state.continued is not None:
            await self._skip_what_is_done(plan, executor)
        through = asyncio.create_task(executor.run("forward", plan.forward))
        urgent = asyncio.create_task(decider.urgent())
        try:
            await asyncio.wait({through, urgent}, return_when=asyncio.FIRST_COMPLETED)
            if not through.done():
                self.roll_back(self.settings.actor, self._watching(watch).verdict_sentence)
                return
            failed = await through
            if self.run_state.t0 is not None:
                await self._end_share()
            await self._decide(plan, watch, decider, failed)
        finally:
            # A cancelled executor leaves its last request to itself: `resolve` sees to it before the way back.
            through.cancel()
            urgent.cancel()
            await asyncio.gather(through, urgent, return_exceptions=True)

    async def _ready(self) -> None:
        await super()._ready()
        if not self._kept_long_ago():
            self._others.begin()
        if self.run_state.decision is None:
            await self._others.look_now()

    def _plan(self) -> Plan:
        event = self.run_state.plan
        if event is None:
            raise Blocked("The journal holds no plan. Nothing was changed. Begin a new run.")
        return plan_of(event)

    def _begin_watch(self, plan: Plan) -> Watch:
        watch = self._watch = Watch(self.settings, self.scaled, plan, over_all(self._ports, plan), self.recorder)
        watch.begin()
        return watch

    def _checks(self) -> dict[ActKind, Callable[[Act], Check]]:
        steps = JudgedSteps(
            self.settings,
            self.scaled,
            self._plan,
            self._ports,
            self.recorder,
            self._speaks,
            self._end_share,
            self._lower.is_set,
        )
        checks: dict[ActKind, Callable[[Act], Check]] = {
            ActKind.PROVE_TELEMETRY: self._telemetry_check,
            ActKind.JOURNEYS: self._journeys_check,
        }
        checks |= steps.back()
        if isinstance(self._watch, Watch):
            checks |= {ActKind.BASELINE: self._watch.baseline_check} | steps.forth()
        return checks

    def _watching(self, whole: Watch) -> Watch:
        """The watch that speaks now: that of a share or of some apps before T0, else the critical window's."""
        return self._step_watch or whole

    def _speaks(self, watch: ShareWatch) -> ShareWatch | None:
        """From now on it is ``watch`` that judges; the one that did before."""
        before, self._share_watch = self._share_watch, watch
        return before

    def _telemetry_check(self, act: Act) -> Check:
        settings, must = self.settings, must_arrive(self.settings)
        return ProveTelemetry(self._ports, self.recorder, self.scaled, act, settings.declared_delay_s, must=must)

    def _journeys_check(self, act: Act) -> Check:
        return JourneysOnSlot(self._ports.at(act.app).journeys, act, self.recorder, self.clock)

    async def _skip_what_is_done(self, plan: Plan, executor: Executor) -> None:
        """After a damaged journal: where production is seen to serve the new version, the way there lies behind us."""
        behind, seen = await lies_behind(plan, self._ports, self._saw, self._patience.poll_s)
        executor.pass_over("forward", behind, seen)

    async def _decide(self, plan: Plan, watch: Watch, decider: Decider, failed: Step | None) -> None:
        if self._back.is_set():
            return
        if failed is not None and not self.run_state.exposed and not self._perhaps_exposed(failed):
            left = await self._without_preview(plan)
            await self._end_observed("failed", self._failure_words(failed, "forward") + left)
            return
        if failed is not None:
            self._hold(watch, self._failure_words(failed, "forward"))
        if self.run_state.decision is None:
            await self._decide_first(watch, decider)
        decision = self.run_state.decision
        if self._back.is_set() or decision is None:
            return
        if decision.word == "hold":
            await self._end_observed("held", decision.sentence)
            return
        await self._after(plan)
        if await decider.extended() == "rollback" and not self._back.is_set():
            self.roll_back(self.settings.actor, watch.verdict_sentence)
            return
        if decider.awaited_extension:
            self.recorder.record(extended_check(self.run_state, self.scaled, watch.verdict))
        if self.settings.script is None:
            await watch.close()
            await self._watch_on(plan)
            return
        words = self._kept_words(plan)
        await self._end_observed("kept", words, provisional=not decider.awaited_extension)

    def _kept_words(self, plan: Plan) -> str:
        """That it was kept, and on what where that was not users."""
        words = f"{plan.new_version} {kept_words(self.run_state) or 'kept'}"
        armed = armed_words(self.run_state, self.scaled)
        return f"{words}; {armed}" if armed else words

    async def _after(self, plan: Plan) -> None:
        """What follows GO; where it does not succeed the version is kept all the same, and a person is told."""
        failed = await self._executor.run("forward", plan.after) if self._executor is not None else None
        if failed is not None and not self._back.is_set():
            self.note("cockpit", f"{self._failure_words(failed, 'forward')} Do it by hand.")

    def _perhaps_exposed(self, failed: Step) -> bool:
        """Whether a request that leads users to the new version was sent, and nobody has seen what came of it."""
        row = self.run_state.row(failed.key, "forward")
        leads = failed.act.kind is ActKind.SWAP or (failed.act.kind is ActKind.ROUTE and failed.act.percent > 0.0)
        return leads and row is not None and row.mutates and (not row.facts or bool(row.facts.get("in_flight")))

    def _hold(self, watch: Watch, words: str) -> None:
        """A step failed with users on the new version: a person must look; a script ends where no window will come."""
        self._watching(watch).hold(words)
        if self.run_state.t0 is None and self.settings.script is not None:
            self._decided("hold", self.settings.actor, words)

    def _kept_long_ago(self) -> bool:
        """After a restart: kept, and the extended validation behind us, so that only the schedule is left."""
        run = self.run_state
        kept = run.decision is not None and run.decision.word == "keep"
        return kept and self.settings.script is None and self._extended() and bool(run.checks)

    def _extended(self) -> bool:
        """Whether the extended validation has ended."""
        t0 = self.run_state.t0
        return t0 is not None and self.clock.now() >= t0 + self.scaled.extended_s

    async def _watch_on(self, plan: Plan) -> None:
        """After GO, without a face, to the end of the first week."""
        await self._others.hand_over()
        ports, around = over_all(self._ports, plan), self._others.foreign
        watch = self._watch = Afterwards(self.settings, self.scaled, plan, ports, self.recorder, around)
        await watch.run()
        await self._end_observed("kept", f"{plan.new_version} kept and watched through the first week")

    async def _decide_first(self, watch: Watch, decider: Decider) -> None:
        """The decision of the critical window; what a person decided meanwhile stands."""
        word, sentence = await decider.first(self._keep)
        if self._back.is_set() or self.run_state.decision is not None:
            return
        if word == "rollback":
            self.roll_back(self.settings.actor, sentence)
        else:
            if word == "keep":
                self.people.by_script(GO, f"GO for {self.settings.new_version}", self.settings.actor)
            self._decided(word, self.settings.actor, sentence)

    async def _stopped(self) -> None:
        run = self.run_state
        if run.started_at is None:
            merged = run.code.words()
            words = f"production was not changed; merged: {merged}" if merged else "nothing was changed"
            self._end("stopped", None, f"stopped before START: {words}")
            return
        if run.decision is not None and run.decision.word == "hold":
            await self._end_observed("held", run.decision.sentence)
            return
        version = run.plan.new_version if run.plan else "the new version"
        words = f"{version} kept; the watch was ended on command"
        await self._end_observed("kept", words, provisional=not self._extended())
