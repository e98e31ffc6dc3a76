"""What the judge watches of a feature flag: the dark release, shares of its users, and whether its being off helped."""

from __future__ import annotations

from collections.abc import Callable

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.calm import Calm, Pace
from cpr_cockpit.core.canary import THIN_S
from cpr_cockpit.core.feature_flag import PROVE_OFF, arm
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.plan import Act, ActKind, Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import FeatureFlags, PortError
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.tally import reading
from cpr_cockpit.engine.acts import Reading, State
from cpr_cockpit.engine.baseline import with_usable_yardstick
from cpr_cockpit.engine.flagging import on_again
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.share_watch import ShareWatch

# In the rules of the judge that are about failed requests.
_FAILURES = "error"


def off_since(run: Run) -> float | None:
    """When every instance was proven to have the flag off, on the way back; None: not yet."""
    row = run.row(PROVE_OFF, "back")
    return row.ended_at if row is not None and row.result in ("done", "already") else None


class FlagWatch(ShareWatch):
    """The sources from the moment on that the act is about.

    Where the flag is on for a share of the users, their requests stand beside those of the others: same version, same
    minutes. Where it is off the new version stands beside what was before the switch.
    """

    def __init__(
        self, settings: SessionSettings, scaled: Policy, plan: Plan, act: Act, ports: Ports, recorder: Recorder
    ) -> None:
        self._act = act
        self._arms = (arm(act.version, act.flag, on=False), arm(act.version, act.flag, on=True))
        super().__init__(settings, scaled, plan, act, ports, recorder)

    def _made_judge(self) -> Judge:
        plan, settings, beside = self._plan, self._settings, bool(self._act.percent)
        off, on = self._arms
        return Judge(
            self._scaled,
            on if beside else plan.new_version,
            off if beside else plan.old_version,
            settings.declared_delay_s,
            sources=self._judged,
            share=None if beside else 1.0,
            control=beside,
            beside=f"{plan.new_version} with the flag off" if beside else "the old version",
            signals=settings.signals,
        )

    def _began(self) -> float | None:
        run = self._recorder.run
        if self._act.kind is ActKind.PROVE_CALM:
            return off_since(run)
        if not self._act.percent:
            return run.switched_at
        return run.flag_at if run.flag == self._act.percent else None

    def _heeds(self, record: ev.Record) -> bool:
        """A person's word on what was before the flag went off says nothing of what is after it."""
        began = self._began()
        return self._act.kind is not ActKind.PROVE_CALM or (began is not None and record.at >= began)

    async def _read_logs(self, t0: float) -> Observation:
        if not self._act.percent:
            return await super()._read_logs(t0)
        now = self._ports.clock.now()
        seen = await self._ports.telemetry.requests(
            start=t0,
            end=now + self._scaled.skew_s,
            bin_s=self._scaled.bin_s,
            versions=self._arms,
            blocks=self._blocks.question(t0, now, with_usable_yardstick(self._recorder.run.baseline)),
            flag=self._act.flag,
        )
        self._blocks.told(seen)
        return seen


def pace_before(run: Run, act: Act) -> Pace:
    """How those with the flag on failed when the rollback was decided, and how the others did; nothing: no failures."""
    body = run.decided_on.get(Source.LOGS.value)
    seen = reading(body) if body is not None else None
    rows = {row.version: row for row in seen.whole} if seen is not None else {}
    on = rows.get(arm(act.version, act.flag, on=True)) or (rows.get(act.version) if run.t0 is not None else None)
    off = rows.get(arm(act.version, act.flag, on=False))
    if on is None:
        return Pace(0, 0, 0.0)
    return Pace(on.failures, off.failures if off is not None else 0, on.length)


class ProveCalm:
    """Whether the flag's being off has helped: done when the judge says GO of what came after it.

    A ROLLBACK, or nothing that can be said in the time, is the next rung's. ``hurried``: a person waits no longer.
    ``grace_s``: how long the last data of the time may be on their way. ``flags``: whether it still is off.
    """

    def __init__(
        self,
        act: Act,
        watch: FlagWatch,
        run: Callable[[], Run],
        now: Callable[[], float],
        hurried: Callable[[], bool],
        grace_s: float,
        flags: FeatureFlags | None,
    ) -> None:
        self._flags = flags
        self._run = run
        self._grace_s = grace_s
        self._act = act
        self._watch = watch
        self._now = now
        self._hurried = hurried

    async def look(self) -> Reading:
        """The judge's word, and how long it still watches."""
        began = self._watch.began
        if began is None:
            return Reading(State.REFUSED, "it was not proven that the flag is off")
        lasted, words = self._now() - began, self._watch.verdict_sentence
        if self._watch.kind == "ROLLBACK":
            return Reading(State.REFUSED, f"with the flag {self._act.flag} off: {words}")
        if self._run().triggers:
            raised = ", ".join(one.trigger for one in self._run().triggers)
            return Reading(
                State.REFUSED, f"the flag {self._act.flag} is off; no figure tells whether that ended: {raised}"
            )
        rule = self._run().verdict_before_back
        if rule is not None and self._run().t0 is None and _FAILURES not in rule:
            # A share that was slow, or whose requests did not come, is not to be seen among everybody.
            return Reading(State.REFUSED, f"whether that has ended ({rule}) cannot be told of a share: {words}")
        calm = self._calm(began)
        if calm is Calm.STILL:
            return Reading(State.REFUSED, f"with the flag {self._act.flag} off it fails as before: {words}")
        if self._hurried():
            return Reading(State.REFUSED, f"not awaited, on command, after {lasted:.0f} s: {words}")
        if lasted >= self._act.seconds and self._watch.may_keep() and calm is Calm.GONE:
            try:
                raised = await on_again(self._flags, self._act.flag)
            except PortError as error:
                words = f"whether the flag {self._act.flag} still is off cannot be read ({error.what}); {words}"
            else:
                off = f"calm for {lasted:.0f} s with the flag off: {words}"
                return Reading(State.REFUSED, raised) if raised else Reading(State.DONE, off)
        return self._in_time(lasted, calm, words)

    def _in_time(self, lasted: float, calm: Calm, words: str) -> Reading:
        """What is not known yet, until the time for it is over."""
        # A share that failed seldom takes its time to be seen not to fail.
        if lasted < (THIN_S if calm is Calm.UNKNOWN else self._act.seconds) + self._grace_s:
            return Reading(State.TO_DO, words)
        if calm is not Calm.GONE:
            words = f"whether the failures are gone is {calm.value}; {words}"
        return Reading(State.REFUSED, f"{self._watch.kind} after {lasted:.0f} s with the flag off: {words}")

    def _calm(self, began: float) -> Calm:
        """What the users' failures since then say."""
        run = self._run()
        body = run.readings.get(Source.LOGS.value)
        seen = reading(body) if body is not None else None
        if seen is None or seen.at < began:
            return Calm.UNKNOWN
        row = next((one for one in seen.whole if one.version == self._act.version), None)
        if row is None or seen.measured_at is None:
            return Calm.UNKNOWN
        return pace_before(run, self._act).since(row.failures, seen.measured_at - began)
