"""The watch after GO: the procedure's schedule (first hour, 24 hours, first week), without a face, in bounded memory.

Sources are read at a slower pace, and at the window's while something is wrong. The journal gets no reading by itself:
only what a check of the schedule or a crossed limit stands on, one observation of each source. So a quiet week adds
about 32 checks and 33 events each at most with a dozen further sources. A figure that hovers at its limit is told of at
most twice in a quarter of an hour (`core.afterwards.Level`): 192 times a day at the very worst.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.afterwards import (
    PROBES_S,
    ROLLING_S,
    SLOT_S,
    STAGES,
    Crossing,
    Later,
    Level,
    Warned,
    level,
    stage_at,
)
from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, Asked, Reader
from cpr_cockpit.core.rolling import Rolling
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.verdict import HoldCause, VerdictKind, clock_time
from cpr_cockpit.engine.asking import Asking
from cpr_cockpit.engine.business import FigureWatch
from cpr_cockpit.engine.foreign_looks import ForeignLooks
from cpr_cockpit.engine.foreign_watch import ForeignWatch
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.probing import ProbeRuns
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.restoring import restored_baseline
from cpr_cockpit.engine.scheduled import ScheduledChecks
from cpr_cockpit.engine.serving import Serving
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.spoken import Spoken, person_trigger, verdict_event, verdict_of
from cpr_cockpit.engine.thinned import Thinned
from cpr_cockpit.engine.turns import LEAST_PAUSE_S, Turns, known_of, pause_s

log = logging.getLogger(__name__)

# How often it is judged without news, and looked whether a pause is to be cut short; in the procedure's seconds.
_TICK_S, _FIRST_S = 15.0, 180.0
# So much longer than a tick that this machine must have been away.
_AWAY_S = 30.0


class Afterwards(Spoken):
    """Sources, rolling judge and checks of a run that was kept."""

    def __init__(
        self,
        settings: SessionSettings,
        scaled: Policy,
        plan: Plan,
        ports: Ports,
        recorder: Recorder,
        around: ForeignWatch,
    ) -> None:
        super().__init__(ports.clock)
        self._around = around
        self._scaled = scaled
        self._plan = plan
        self._ports = ports
        self._recorder = recorder
        run = recorder.run
        self._t0 = run.t0 if run.t0 is not None else ports.clock.now()
        before = restored_baseline(run.baseline) if run.baseline is not None else None
        versions, delay_s = (plan.new_version, plan.old_version), settings.declared_delay_s
        self._rolling = Rolling(scaled, *versions, delay_s, before, signals=settings.signals, t0=self._t0)
        self._asking = Asking(ports, scaled, (plan.old_version, plan.new_version))
        self._thinned = Thinned(recorder, ports.clock)
        self._checks = ScheduledChecks(
            scaled,
            plan,
            self._t0,
            ports.clock,
            recorder,
            self._asking,
            self._rolling,
            self._thinned,
            before,
            self._next_poll_s,
            self._scale(_TICK_S),
            self._look_at_clock,
        )
        self._awake_at = self._sure_at = ports.clock.now()
        # All sources are asked anew: one that answers later than another is not silent.
        self._hear_until = self._awake_at + self._scale(_FIRST_S)
        calm_s = ROLLING_S * scaled.scale
        self._level, self._warned = Level(calm_s, (0, "")), Warned(calm_s)
        warm_until = self._t0 + scaled.keep_warm_s
        # What has stood for that long is told at the next tick: it is waited for a little longer.
        told_s = calm_s + 2.0 * self._scale(_TICK_S)
        self._foreign = ForeignLooks(
            plan, ports, self._rolling, warm_until, told_s, self._keeping, self._foreign_told, self._look_around
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._restore()

    def _restore(self) -> None:
        """What was told of already: the last verdict, the limits that are crossed, and what persons raised."""
        run = self._recorder.run
        if run.verdict is not None:
            # What somebody else changed is not held again: what still stands, the first look shows.
            self._level.tell(level(verdict_of(run.verdict, run.verdict_at or 0.0)) or (0, ""))
        for at, told_limit in run.crossings:
            self._warned.tell(Crossing(told_limit.what, told_limit.holds, told_limit.sentence), at)
        if run.crossings:
            # A load must last before it is a warning; until it could be one again, its absence says nothing.
            slowest_s = max(self._scale(stage.poll_s) for stage in STAGES)
            self._sure_at += max(self._warned.calm_s, self._scaled.warning_load_for_s + 2.0 * slowest_s)
        if run.triggers:
            self._raised(run.triggers[-1])

    def _raised(self, event: ev.TriggerRaised) -> None:
        try:
            self._rolling.raise_trigger(person_trigger(event.trigger), event.by)
        except ValueError:
            log.exception("a trigger in the journal cannot be read; a person must look")
            self._rolling.hold(HoldCause.SUSPICIOUS, f"{event.trigger}: raised by {event.by}")

    async def run(self) -> None:
        """Watch and check until the schedule is over."""
        sources: tuple[Callable[[], Awaitable[None]], ...] = (
            partial(self._watch_probes, PRODUCTION, Source.PROBES_PRODUCTION, PROBES_S),
            partial(self._watch_probes, self._plan.slot, Source.PROBES_SLOT, SLOT_S),
            partial(self._every, self._scaled.poll_logs_s, self._read_rolling),
            partial(self._every, self._scaled.poll_platform_s, self._read_platform),
            *(partial(self._watch_further, reader) for reader in self._ports.readers),
            self._watch_changes,
            self._keep_judging,
            FigureWatch(self._ports.figures, self._clock, self._recorder, self._t0, self._scaled.scale).go_on,
        )
        self._tasks = [asyncio.create_task(self._guarded(source)) for source in sources]
        await self._guarded(self._checks.go_on)
        if self._defect:
            # Nobody makes the checks any more: that is for a person to see, not an end of the watch.
            await asyncio.Event().wait()

    async def close(self) -> None:
        """Stop all sources; what is not in the journal yet goes there."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thinned.record()
        self._tasks = []

    # -- what the session asks ---------------------------------------------------------------------------------------

    def raise_trigger(self, trigger: str, by: str) -> None:
        """A person raises one of the procedure's triggers; ValueError names those that there are."""
        known = person_trigger(trigger)
        self._recorder.record(ev.TriggerRaised(trigger=trigger, by=by))
        self._rolling.raise_trigger(known, by)
        self._judge_now()

    @property
    def later(self) -> Later:
        """Stage, next check and judged stretch, for the faces."""
        now, stretch = self._clock.now(), self._rolling.stretch
        following = self._checks.following()
        name = following.stage if following else stage_at(self._t0, self._scaled.scale, now).name
        return Later(name, following.due if following else None, stretch.start, stretch.length, self._rolling.logs)

    @property
    def kept_readings(self) -> int:
        """How many readings are in memory."""
        return self._rolling.kept + self._thinned.kept

    # -- sources -----------------------------------------------------------------------------------------------------

    def _scale(self, seconds: float) -> float:
        return max(self._scaled.poll_floor_s, seconds * self._scaled.scale)

    def _poll_s(self) -> float:
        return self._scale(stage_at(self._t0, self._scaled.scale, self._clock.now()).poll_s)

    def _next_poll_s(self) -> float:
        """The pace up to the next reading, by which the age of the last one is judged: a stage may end before it."""
        later = self._clock.now() + self._poll_s() + LEAST_PAUSE_S
        return self._scale(stage_at(self._t0, self._scaled.scale, later).poll_s)

    def _keeping(self) -> bool:
        """Whether the new version is still kept; on the way back its figures say nothing."""
        return self._recorder.run.phase is Phase.KEEPING

    def _worried(self) -> bool:
        """Whether sources are read at the window's pace: a failed probe, a trigger under way or met, the way back."""
        if not self._keeping():
            return True
        look, verdict = self.looks.get(Source.PROBES_PRODUCTION), self._verdict
        if look is not None and not look.ok:
            return True
        return verdict is not None and (verdict.kind is VerdictKind.ROLLBACK or bool(verdict.pending))

    async def _pause(self, began: float, calm_s: Callable[[], float], soon_s: float) -> None:
        """Until the next reading is due; soon, once something is wrong."""
        await self._clock.sleep(waited := LEAST_PAUSE_S)
        while True:
            poll_s = soon_s if self._worried() else calm_s()
            # What was waited counts too: a clock that was set back must not have it waited for again.
            left = min(poll_s - waited, pause_s(poll_s, began, self._clock.now(), 0.0))
            if left <= 0.0:
                return
            await self._clock.sleep(step := min(left, self._scale(_TICK_S)))
            waited += step

    async def _every(self, soon_s: float, read: Callable[[], Awaitable[None]]) -> None:
        while True:
            began = self._clock.now()
            await read()
            self._judge_now()
            await self._pause(began, self._poll_s, soon_s)

    async def _read_rolling(self) -> None:
        stretch = self._rolling.newest(self._clock.now(), self._t0)
        seen = await self._asking.logs(stretch.start, self._scaled.bin_s)
        self._thinned.take(seen)
        self._rolling.take_logs(seen, stretch, self._next_poll_s())

    async def _read_platform(self) -> None:
        self._take(await self._asking.platform(self._rolling.newest(self._clock.now(), self._t0).start))

    def _take(self, seen: Observation) -> None:
        self._thinned.take(seen)
        self._rolling.take(seen, self._next_poll_s())

    async def _watch_further(self, reader: Reader) -> None:
        plan, policy = self._plan, self._scaled

        def asked() -> Asked:
            now, versions = self._clock.now(), (plan.old_version, plan.new_version)
            stretch = self._rolling.newest(now, self._t0)
            known = known_of(self._recorder.run, reader)
            return Asked(now, self._t0, *versions, stretch.length, policy.scale, stretch.start, known)

        def poll_s() -> float:
            return max(self._poll_s(), reader.poll_s * policy.scale)

        await Turns(reader, self._clock, poll_s, self._take).go_on(asked)

    async def _watch_probes(self, slot: str, source: Source, every_s: float) -> None:
        runs = self._thinned.add(ProbeRuns(source))
        production = source is Source.PROBES_PRODUCTION
        while True:
            began = self._clock.now()
            seen = await self._ports.probe.look(slot)
            self.looks[source] = seen
            second = None if seen.ok or not production else await self._ports.probe.second_host()
            self._rolling.take(runs.add(seen, self._clock.now(), second), self._scale(every_s))
            if runs.full:
                self._thinned.record_runs(runs)
            if production:
                self._checks.count_probe(ok=seen.ok)
                if not seen.ok:
                    self._judge_now()
            await self._pause(began, partial(self._scale, every_s), self._scaled.poll_probes_s)

    async def _look_around(self, serving: Mapping[str, Serving | None]) -> str:
        """What others changed beside who serves what, since the look before; it is told, and then taken for granted."""
        changes = await self._around.look_after_go(serving, self._thinned.take)
        await self._around.name()
        return "; ".join(changes)

    def _foreign_told(self) -> bool:
        return self._level.told[1] == HoldCause.FOREIGN.value

    async def _watch_changes(self) -> None:
        """Nobody else changes who serves what; of the slot only as long as the old version is kept warm in it."""
        while self._keeping():
            began = self._clock.now()
            await self._foreign.look()
            self._judge_now()
            await self._pause(began, self._poll_s, self._scaled.poll_platform_s)

    # -- the judge ---------------------------------------------------------------------------------------------------

    async def _keep_judging(self) -> None:
        while True:
            self._judge_now()
            await self._clock.sleep(self._scale(_TICK_S))
            self._look_at_clock()

    def _look_at_clock(self) -> None:
        """Asked at every tick and before every check, so that a time without a watch is told whoever wakes first."""
        now = self._clock.now()
        away_s, self._awake_at = now - self._awake_at, now
        if away_s > self._scale(_TICK_S) + _AWAY_S:
            away = f"this machine was away for {away_s:.0f} s until {clock_time(now)}"
            self._rolling.hold(HoldCause.SLEPT, f"{away}: nobody watched meanwhile")

    def _judge_now(self) -> None:
        now = self._clock.now()
        verdict = self._rolling.verdict(now)
        if verdict is None or not self._keeping() or (not self._rolling.heard and now < self._hear_until):
            return
        # Shown in any case: a disk that is full must not hide a breach.
        self._verdict = verdict
        found = level(verdict)
        if self._level.news(found, now) and found is not None and self._told(verdict_event(verdict)):
            self._level.tell(found)
        for crossing in self._warned.news(verdict.warnings, now):
            if not crossing.holds and now < self._sure_at:
                continue
            event = ev.LimitCrossed(what=crossing.what, holds=crossing.holds, sentence=crossing.sentence)
            if self._told(event):
                self._warned.tell(crossing, now)

    def _told(self, event: ev.VerdictGiven | ev.LimitCrossed) -> bool:
        """What it stands on first, then the event; whether both are in the journal."""
        return self._thinned.record() and self._thinned.write(event)
