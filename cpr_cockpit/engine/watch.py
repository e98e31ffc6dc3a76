"""The watch: asks every source on its own clock from the switch on, feeds the judge, records what it saw and said.

An observation is in the journal before any verdict that uses it. No source can hold another one up: each has a task
of its own, and what it cannot read is an observation too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.plan import Act, Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PortError, Sighting
from cpr_cockpit.core.signals import Baseline, Bin, Observation, ProbeCount, Source
from cpr_cockpit.core.verdict import HoldCause, PersonTrigger, Verdict, VerdictKind
from cpr_cockpit.engine.acts import Check, Reading, State
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings

log = logging.getLogger(__name__)

JUDGE_TICK_S = 0.5
# Between two readings of one source, however long the last one took.
LEAST_PAUSE_S = 0.05
# One observation event per source and 15 s of the procedure's window.
RECORD_EVERY_S = 15.0


class Watch:
    """Sources, judge and baseline of one run."""

    def __init__(self, settings: SessionSettings, scaled: Policy, plan: Plan, ports: Ports, recorder: Recorder) -> None:
        self._settings = settings
        self._scaled = scaled
        self._plan = plan
        self._ports = ports
        self._recorder = recorder
        self._judge = Judge(scaled, plan.new_version, plan.old_version, settings.declared_delay_s)
        self._verdict: Verdict | None = None
        self._defect = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._restore()

    def _restore(self) -> None:
        """Give the judge what an earlier session of this run has already seen."""
        run = self._recorder.run
        if run.baseline is not None:
            self._judge.baseline(_baseline_of(run.baseline))
        if run.t0 is not None:
            self._judge.t0(run.t0)
        for record in self._recorder.records:
            if isinstance(record.event, ev.Observed):
                self._judge.observe(Observation.from_dict(record.event.body))
            elif isinstance(record.event, ev.TriggerRaised):
                self._judge.raise_trigger(PersonTrigger(record.event.trigger), record.event.by)

    def begin(self) -> None:
        """Start every source's own task; each waits for the switch."""
        sources = (
            self._watch_probes(PRODUCTION, Source.PROBES_PRODUCTION),
            self._watch_probes(self._plan.slot, Source.PROBES_SLOT),
            self._every(self._scaled.poll_logs_s, Source.LOGS, self._read_logs),
            self._every(self._scaled.poll_platform_s, Source.PLATFORM, self._read_platform),
            self._keep_judging(),
        )
        self._tasks = [asyncio.create_task(self._guarded(source)) for source in sources]

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """A defect of this program in one part must not leave an old verdict standing: from then on it is HOLD."""
        try:
            await work
        except Exception as error:
            log.exception("a part of the watch ended by a defect")
            self._defect = f"a part of the watch ended by a defect of this program ({type(error).__name__})"

    async def close(self) -> None:
        """Stop all sources."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    # What the session asks.

    @property
    def kind(self) -> str:
        """WAIT, GO, HOLD or ROLLBACK, as of the last look."""
        if self._verdict is not None and self._verdict.kind is VerdictKind.ROLLBACK:
            return VerdictKind.ROLLBACK.value
        if self._defect:
            return VerdictKind.HOLD.value
        return self._verdict.kind.value if self._verdict else VerdictKind.WAIT.value

    @property
    def verdict_sentence(self) -> str:
        """The verdict's sentence."""
        return self._defect or (self._verdict.sentence if self._verdict else "No verdict yet.")

    def may_keep(self) -> bool:
        """Whether the verdict is GO."""
        return self.kind == VerdictKind.GO.value

    def hold(self, sentence: str) -> None:
        """Something other than the figures asks a person to look."""
        self._judge.hold(HoldCause.SUSPICIOUS, sentence)
        self._judge_now()

    def raise_trigger(self, trigger: str, by: str) -> None:
        """A person raises one of the procedure's triggers; ValueError names those that there are."""
        known = {one.value: one for one in PersonTrigger}
        if trigger not in known:
            raise ValueError(f"There is no trigger {trigger!r}; there are: {', '.join(known)}.")
        self._recorder.record(ev.TriggerRaised(trigger=trigger, by=by))
        self._judge.raise_trigger(known[trigger], by)
        self._judge_now()

    def baseline_check(self, act: Act) -> Check:
        """The plan's step that takes the baseline."""
        return TakeBaseline(self._ports, self._recorder, self._plan, act, self._settings.declared_delay_s, self._judge)

    # Sources.

    async def _switch(self) -> float:
        while (t0 := self._recorder.run.t0) is None:
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
            await clock.sleep(max(LEAST_PAUSE_S, poll_s - (clock.now() - began)))

    async def _read_logs(self, t0: float) -> Observation:
        return await self._ports.telemetry.requests(
            start=t0,
            end=self._ports.clock.now() + self._scaled.skew_s,
            bin_s=self._scaled.bin_s,
            versions=(self._plan.old_version, self._plan.new_version),
        )

    async def _read_platform(self, t0: float) -> Observation:
        granularity = self._scaled.poll_platform_s
        return await self._ports.metrics.platform(start=t0, end=self._ports.clock.now(), granularity_s=granularity)

    async def _watch_probes(self, slot: str, source: Source) -> None:
        await self._switch()
        clock = self._ports.clock
        every = max(1.0, RECORD_EVERY_S * self._scaled.scale)
        pending: list[Sighting] = []
        since = clock.now()
        while True:
            began = clock.now()
            seen = await self._ports.probe.look(slot)
            pending.append(seen)
            if clock.now() - since >= every or not seen.ok:
                second = await self._ports.probe.second_host() if not seen.ok else None
                self._take(_probe_observation(source, pending, clock.now(), second))
                pending, since = [], clock.now()
            await clock.sleep(max(LEAST_PAUSE_S, self._scaled.poll_probes_s - (clock.now() - began)))

    # The judge.

    def _take(self, observation: Observation) -> None:
        try:
            self._recorder.record(ev.Observed(source=observation.source.value, body=observation.to_dict()))
        except JournalError:
            # No verdict may stand on what is not on disk: to the judge this source has fallen silent.
            log.exception("an observation of %s could not be recorded", observation.source.value)
            return
        self._judge.observe(observation)
        self._judge_now()

    async def _keep_judging(self) -> None:
        await self._switch()
        while True:
            self._judge_now()
            await self._ports.clock.sleep(JUDGE_TICK_S)

    def _judge_now(self) -> None:
        if self._recorder.run.t0 is None:
            return
        verdict = self._judge.verdict(self._ports.clock.now())
        changed = self._verdict is None or verdict.key != self._verdict.key
        if changed:
            try:
                self._recorder.record(_verdict_event(verdict))
            except JournalError:
                log.exception("verdict %s could not be recorded", verdict.kind.value)
                return
        self._verdict = verdict


def _verdict_event(verdict: Verdict) -> ev.VerdictGiven:
    return ev.VerdictGiven(
        kind=verdict.kind.value,
        cause=verdict.cause.value if verdict.cause else None,
        rule=verdict.rule,
        sentence=verdict.sentence,
        figures=tuple(figure.to_dict() for figure in verdict.figures),
    )


def _probe_observation(source: Source, sightings: list[Sighting], now: float, second_host: bool | None) -> Observation:
    counts = tuple(
        ProbeCount(
            at=seen.at,
            ok=int(seen.ok),
            failed=int(not seen.ok),
            versions=(seen.version,) if seen.version is not None else (),
        )
        for seen in sightings
    )
    lag = max((seen.ms for seen in sightings), default=0.0) / 1000.0
    newest = max((seen.at for seen in sightings), default=None)
    return Observation(source, now, measured_at=newest, probes=counts, lag_p95=lag, second_host=second_host)


def _baseline_of(event: ev.BaselineTaken) -> Baseline:
    return Baseline(event.requests, event.failures, event.p50, event.p95, event.p99, event.start, event.end)


class TakeBaseline:
    """Production's users before the switch: errors and percentiles of the old version."""

    def __init__(
        self, ports: Ports, recorder: Recorder, plan: Plan, act: Act, declared_delay_s: float, judge: Judge
    ) -> None:
        self._ports = ports
        self._recorder = recorder
        self._plan = plan
        self._seconds = act.seconds
        self._delay_s = declared_delay_s
        self._judge = judge
        self._began = ports.clock.now()

    async def look(self) -> Reading:
        """Done when the whole length has been observed; with few requests once more of it, then with what there is."""
        now = self._ports.clock.now()
        end = now - self._delay_s
        start = end - self._seconds
        missing = self._recorder.run.opened_at - start
        if missing > 0:
            return Reading(State.TO_DO, f"{self._seconds - missing:.0f} of {self._seconds:.0f} s observed")
        observation = await self._ports.telemetry.requests(
            start=start, end=end, bin_s=self._seconds, versions=(self._plan.old_version,)
        )
        whole = next((row for row in observation.whole if row.version == self._plan.old_version), None)
        if whole is None and now - self._began < self._seconds + self._delay_s:
            return Reading(State.TO_DO, "no request of the old version has been seen yet")
        return self._taken(whole, start, end)

    def _taken(self, whole: Bin | None, start: float, end: float) -> Reading:
        event = ev.BaselineTaken(
            start=start,
            end=end,
            requests=whole.requests if whole else 0,
            failures=whole.failures if whole else 0,
            p50=whole.p50 if whole else None,
            p95=whole.p95 if whole else None,
            p99=whole.p99 if whole else None,
        )
        self._recorder.record(event)
        self._judge.baseline(_baseline_of(event))
        p95 = "unknown" if event.p95 is None else f"{event.p95:.0f} ms"
        return Reading(State.DONE, f"{event.failures} of {event.requests} requests failed, p95 {p95}")
