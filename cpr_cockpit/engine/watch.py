"""The watch: asks every source on its own clock from the switch on, feeds the judge, records what it saw and said.

An observation is in the journal before any verdict that uses it. No source can hold another one up: each has a task
of its own, and what it cannot read is an observation too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.plan import Act, Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PortError, Reader
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.synthetic import steps_needed
from cpr_cockpit.core.tally import reading
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind, clock_time
from cpr_cockpit.engine.acts import Check
from cpr_cockpit.engine.baseline import TakeBaseline, with_usable_yardstick
from cpr_cockpit.engine.block_range import BlockRange
from cpr_cockpit.engine.holding import hold_for_others
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.probing import ProbeBatch
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.restoring import note_hold, restore_trigger, restore_verdict, restored_baseline
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.silent_apps import SilentApps
from cpr_cockpit.engine.spoken import Spoken, person_trigger, told_already, verdict_event, verdict_of
from cpr_cockpit.engine.turns import Turns, asked_of_window, known_of, pause_s

log = logging.getLogger(__name__)

JUDGE_TICK_S = 0.5
# A tick of half a second that took this long: the machine was suspended, or its clock was set.
SLEPT_S = 10.0
# One observation event per source and 15 s of the procedure's window.
RECORD_EVERY_S = 15.0


class Watch(Spoken):
    """Sources, judge and baseline of one run.

    A hold of the session itself (this machine was away, `hold`) outlives the session and stays, whatever the figures
    say, until a person decides in the critical window; GO then needs a reason. That is intended: no later data tell
    what happened while nobody watched. What others changed holds until a person has looked at it.
    """

    def __init__(self, settings: SessionSettings, scaled: Policy, plan: Plan, ports: Ports, recorder: Recorder) -> None:
        super().__init__(ports.clock)
        self._settings = settings
        self._scaled = scaled
        self._plan = plan
        self._ports = ports
        self._recorder = recorder
        self._judge = self._made_judge()
        self._walks = 0
        self._blocks = BlockRange(scaled.block_s, settings.declared_delay_s)
        self._batches: list[ProbeBatch] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._made_at = ports.clock.now()
        self._restore()

    def _made_judge(self) -> Judge:
        plan, settings = self._plan, self._settings
        control = plan.control_percent > 0.0
        return Judge(
            self._scaled,
            plan.new_version,
            plan.old_version,
            settings.declared_delay_s,
            share=None if control else 1.0,
            control=control,
            signals=settings.signals,
        )

    def _began(self) -> float | None:
        """Since when there is something to judge (epoch seconds); None: not yet."""
        return self._recorder.run.t0

    def _restore(self) -> None:
        """Give the judge what an earlier session of this run has already seen; verdicts of what it judges itself."""
        run, began = self._recorder.run, self._began()
        if run.baseline is not None:
            before = restored_baseline(run.baseline)
            if before is not None:
                self._judge.baseline(before)
        if began is not None:
            self._judge.t0(began)
        for record in self._recorder.records:
            if isinstance(record.event, ev.TriggerRaised):
                if self._heeds(record):
                    restore_trigger(self._judge, record.event, record.at)
            elif began is not None and record.at >= began:
                # What was seen of a share before this one is of other minutes.
                self._tell_again(record)

    def _heeds(self, record: ev.Record) -> bool:
        """Whether a trigger that a person raised is about what is judged here."""
        return True

    def _tell_again(self, record: ev.Record) -> None:
        if isinstance(record.event, ev.Observed):
            seen = reading(record.event.body)
            if seen is None:
                # To the judge it was never told; a session must not end of it.
                log.error("event %d holds no observation that this program can read", record.seq)
            else:
                self._judge.observe(seen)
        elif isinstance(record.event, ev.VerdictGiven):
            verdict = verdict_of(record.event, record.at)
            restore_verdict(self._judge, verdict, self._recorder.run)
            if verdict.kind is VerdictKind.ROLLBACK:
                # It is not told again, so nobody may wait for the news of it.
                self._verdict = verdict

    def begin(self) -> None:
        """Start every source's own task; each waits for the switch."""
        sources: tuple[Callable[[], Awaitable[None]], ...] = (
            partial(self._watch_probes, PRODUCTION, Source.PROBES_PRODUCTION),
            partial(self._watch_probes, self._plan.slot, Source.PROBES_SLOT),
            partial(self._every, self._scaled.poll_logs_s, Source.LOGS, self._read_logs),
            partial(self._every, self._scaled.poll_platform_s, Source.PLATFORM, self._read_platform),
            *(partial(self._watch_further, reader) for reader in self._ports.readers),
            self._watch_further_apps,
            self._keep_judging,
        )
        self._tasks = [asyncio.create_task(self._guarded(source)) for source in sources]

    async def close(self) -> None:
        """Stop all sources; probes that are not in the journal yet go there."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for batch in self._batches:
            self._record_probes(batch)
        self._tasks = []

    # What the session asks.

    def hold(self, sentence: str) -> None:
        """Something other than the figures asks a person to look, in this session and in those after it."""
        self._judge.hold(HoldCause.SUSPICIOUS, sentence)
        note_hold(self._recorder, sentence)
        self._judge_now()

    def raise_trigger(self, trigger: str, by: str) -> None:
        """A person raises one of the procedure's triggers; ValueError names those that there are."""
        known = person_trigger(trigger)
        self._recorder.record(ev.TriggerRaised(trigger=trigger, by=by))
        self._judge.raise_trigger(known, by)
        self._judge_now()

    def baseline_check(self, act: Act) -> Check:
        """The plan's step that takes the baseline."""
        delay_s = self._settings.declared_delay_s
        return TakeBaseline(self._ports, self._recorder, self._plan, act, delay_s, self._judge, self._scaled)

    # Sources.

    async def _switch(self) -> float:
        while (t0 := self._began()) is None:
            await self._recorder.wait_news()
        self._judge.t0(t0)
        return t0

    async def _every(self, poll_s: float, source: Source, read: Callable[[float], Awaitable[Observation]]) -> None:
        t0 = await self._switch()
        clock = self._ports.clock
        while True:
            began = clock.now()
            try:
                observation = await read(t0)
            except PortError as error:
                observation = Observation(source, clock.now(), error=error.what)
            self._take(observation)
            await clock.sleep(pause_s(poll_s, began, clock.now()))

    async def _watch_further(self, reader: Reader) -> None:
        t0 = await self._switch()
        policy, plan, clock, run = self._scaled, self._plan, self._ports.clock, self._recorder.run
        poll_s = max(policy.poll_floor_s, reader.poll_s * policy.scale)
        turns = Turns(reader, clock, lambda: poll_s, self._take)
        await turns.go_on(lambda: asked_of_window(run, t0, clock.now(), plan, policy, known_of(run, reader)))

    async def _read_logs(self, t0: float) -> Observation:
        now = self._ports.clock.now()
        seen = await self._ports.telemetry.requests(
            start=t0,
            end=now + self._scaled.skew_s,
            bin_s=self._scaled.bin_s,
            versions=(self._plan.old_version, self._plan.new_version),
            blocks=self._blocks.question(t0, now, with_usable_yardstick(self._recorder.run.baseline)),
        )
        self._blocks.told(seen)
        return await self._with_own(seen, t0)

    async def _with_own(self, seen: Observation, t0: float) -> Observation:
        """Where users are few: all rows of the new version, our own requests' too, which tell silence from loss."""
        premises, new = self._ports.premises, self._plan.new_version
        users = sum(row.requests for row in seen.whole if row.version == new)
        if premises is None or users >= steps_needed(self._scaled):
            return seen
        try:
            rows = await premises.arrived(since=t0)
        except PortError:
            return seen
        own = next((row for row in rows if row.version == new), None)
        return seen if own is None else replace(seen, own_newest=own.newest, all_rows=own.rows)

    async def _read_platform(self, t0: float) -> Observation:
        granularity = self._scaled.poll_platform_s
        return await self._ports.metrics.platform(start=t0, end=self._ports.clock.now(), granularity_s=granularity)

    async def _watch_probes(self, slot: str, source: Source) -> None:
        await self._switch()
        clock = self._ports.clock
        batch = ProbeBatch(source, max(1.0, RECORD_EVERY_S * self._scaled.scale), clock.now())
        self._batches.append(batch)
        while True:
            began = clock.now()
            seen = await self._ports.probe.look(slot)
            self.looks[source] = seen
            second = None if seen.ok else await self._ports.probe.second_host()
            self._judge.observe(batch.add(seen, clock.now(), second))
            if batch.due(clock.now()):
                self._record_probes(batch)
            self._judge_now()
            await clock.sleep(pause_s(self._scaled.poll_probes_s, began, clock.now()))

    async def _watch_further_apps(self) -> None:
        """The further ones of several apps must answer, once all are switched."""
        while not self._whole():
            await self._recorder.wait_news()
        looks = SilentApps(self._plan, self._ports)
        while self._whole():
            if silence := await looks.look():
                self.hold(silence)
            await self._ports.clock.sleep(self._scaled.poll_platform_s)

    def _whole(self) -> bool:
        """Whether all that is judged here is under way."""
        return self._recorder.run.phase in (Phase.WINDOW, Phase.KEEPING)

    # The judge.

    def _take(self, observation: Observation) -> None:
        if self._record(observation):
            self._judge.observe(observation)
            self._judge_now()

    def _record(self, observation: Observation) -> bool:
        try:
            self._recorder.record(ev.Observed(source=observation.source.value, body=observation.to_dict()))
        except JournalError:
            # No verdict may stand on what is not on disk: to the judge this source has fallen silent.
            log.exception("an observation of %s could not be recorded", observation.source.value)
            return False
        return True

    def _record_probes(self, batch: ProbeBatch) -> bool:
        now = self._ports.clock.now()
        whole = batch.whole(now)
        if whole is not None and not self._record(whole):
            return False
        batch.recorded(now)
        return True

    async def _keep_judging(self) -> None:
        await self._switch()
        clock = self._ports.clock
        last = clock.now()
        while True:
            self._judge_now()
            await clock.sleep(JUDGE_TICK_S)
            now = clock.now()
            if now - last > SLEPT_S:
                words = (
                    f"this machine was away for {now - last:.0f} s until {clock_time(now)}: nobody watched meanwhile"
                )
                self._judge.hold(HoldCause.SLEPT, words)
            last = now

    def _judge_now(self) -> None:
        if self._began() is None:
            return
        if self._plan.apps and self._recorder.run.phase is Phase.ROLLING_BACK:
            # App after app leaves the new version: fewer requests of it are the way back, and no sign of anything.
            return
        hold_for_others(self._judge, self._recorder.run, self._scaled, self._clock.now(), self._made_at)
        self._tell_window()
        verdict = self._judge.verdict(self._ports.clock.now())
        # The journal's last word, not this session's: what one before it has told is told.
        if not told_already(self._recorder.run.verdict, verdict) and not self._record_verdict(verdict):
            return
        self._verdict = verdict

    def _tell_window(self) -> None:
        """Journeys of production that were walked since the last look, and whether the window was extended."""
        run = self._recorder.run
        if run.extended is not None:
            self._judge.extend(run.extended.until)
        walks = run.journeys.walks
        for walk in walks[self._walks :]:
            self._judge.walked(walk)
        self._walks = len(walks)

    def _record_verdict(self, verdict: Verdict) -> bool:
        """What the verdict stands on first, then the verdict."""
        if not all(self._record_probes(batch) for batch in self._batches):
            return False
        try:
            self._recorder.record(verdict_event(verdict))
        except JournalError:
            log.exception("verdict %s could not be recorded", verdict.kind.value)
            return False
        return True
