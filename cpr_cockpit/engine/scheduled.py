"""The checks of the schedule after GO: each made at its moment, once, and until the journal has taken it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cpr_cockpit.core.afterwards import LONGEST_S, ScheduledCheck, next_check
from cpr_cockpit.core.check_words import check_event, check_figures
from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.rolling import Rolling, Stretch
from cpr_cockpit.core.signals import Baseline, Observation
from cpr_cockpit.core.verdict import HoldCause
from cpr_cockpit.engine.asking import Asking
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.thinned import Thinned

# So long at most is waited in one go: a machine that was suspended notices late.
_LONGEST_WAIT_S = 60.0
# Times are epoch seconds as floats, lengths are multiplied by the scale and back: an hour is no day by rounding.
_ROUNDING_S = 1.0


@dataclass(slots=True)
class ScheduledChecks:
    """Makes the checks that are left, one after another.

    ``policy``: scaled. ``t0``: epoch seconds from which the schedule counts. ``before``: figures of the baseline, None
    where none was taken. ``poll_s``: seconds up to the next reading. ``again_s``: until the journal is tried again that
    refused a check. ``awake``: told before each check, so that whoever reads it is told of a time that nobody watched.
    """

    policy: Policy
    plan: Plan
    t0: float
    clock: Clock
    recorder: Recorder
    asking: Asking
    rolling: Rolling
    thinned: Thinned
    before: Baseline | None
    poll_s: Callable[[], float]
    again_s: float
    awake: Callable[[], None]
    _good: int = 0
    _probes: int = 0

    def count_probe(self, *, ok: bool) -> None:
        """One of our own probes of production, told by the next check."""
        self._good, self._probes = self._good + int(ok), self._probes + 1

    def following(self) -> ScheduledCheck | None:
        """The check to be made next; None where the schedule is over."""
        run = self.recorder.run
        since = max(run.decided_at or 0.0, run.checks[-1][1].due if run.checks else 0.0)
        return next_check(self.t0, self.policy.scale, since, self.clock.now())

    async def go_on(self) -> None:
        """Return when the last check is in the journal.

        Which check is due is asked after every pause: a machine that was away, or a journal that refused for hours,
        leaves several behind, of which only the newest can still be made. After a check that was refused the sources
        are not asked in vain again: first the journal must take what waits.
        """
        refused = False
        while (following := self.following()) is not None:
            left = following.due - self.clock.now()
            if left > 0.0:
                await self.clock.sleep(min(left, _LONGEST_WAIT_S))
                continue
            refused = (refused and not self.thinned.record()) or not await self._check(following)
            if refused:
                await self.clock.sleep(self.again_s)

    async def _check(self, check: ScheduledCheck) -> bool:
        """Make one check: the stretch since the last one, the judge's word on it (of a day: on its last hour)."""
        self.awake()
        length_s = (check.due - check.since) / self.policy.scale
        stretch = self.rolling.newest(self.clock.now(), self.t0, min(LONGEST_S, length_s))
        platform = await self.asking.platform(stretch.start)
        self.thinned.take(platform)
        self.rolling.take(platform, self.poll_s())
        logs = whole = await self.asking.logs(stretch.start, self.policy.bin_s)
        self.thinned.take(logs)
        if length_s > LONGEST_S + _ROUNDING_S:
            day = Stretch(check.since, check.due - check.since)
            whole = replace(await self.asking.logs(day.start, day.length), name="day")
            self.thinned.take(whole)
        return self._tell(check, stretch, logs, whole)

    def _tell(self, check: ScheduledCheck, stretch: Stretch, logs: Observation, whole: Observation) -> bool:
        """Write the check, and before it what it stands on; whether the journal took both."""
        now = self.clock.now()
        verdict = self.rolling.verdict_on(stretch, logs, self.poll_s(), now)
        # Figures of an incomplete answer are not believed.
        rows = whole.whole if whole.partial is None else ()
        row = next((one for one in rows if one.version == self.plan.new_version), None)
        figures = check_figures(row, self.before, self.policy)
        event = check_event(
            check,
            figures,
            verdict,
            probes=(self._good, self._probes),
            late_s=now - check.due,
            error=whole.error or "",
            partial=whole.partial or "",
        )
        if not self.thinned.record() or not self.thinned.write(event):
            return False
        self._good = self._probes = 0
        # Whoever reads the check has been told that nobody watched.
        self.rolling.release(HoldCause.SLEPT)
        return True
