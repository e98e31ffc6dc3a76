"""The baseline: production's users before the switch, as the plan's step takes it."""

from __future__ import annotations

import logging

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.blocks import BlockQuestion
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.plan import Act, Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.signals import Baseline, Bin, Observation
from cpr_cockpit.core.yardstick import Yardstick, history_thresholds, yardstick
from cpr_cockpit.engine.acts import Reading, State
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

_HISTORY_BLOCKS = 240


def baseline_of(event: ev.BaselineTaken) -> Baseline:
    """The baseline of its event, without a yardstick that cannot be used. ValueError for figures that are none."""
    told = _yardstick_of(event)
    if told is None and event.yardstick is not None:
        log.error("the yardstick of the baseline in the journal cannot be read; the early tests go without it")
    return Baseline(event.requests, event.failures, event.p50, event.p95, event.p99, event.start, event.end, told)


def with_usable_yardstick(event: ev.BaselineTaken | None) -> ev.BaselineTaken | None:
    """The event, without a yardstick that this program cannot use."""
    if event is None or _yardstick_of(event) is not None:
        return event
    return event.model_copy(update={"yardstick": None})


def _yardstick_of(event: ev.BaselineTaken) -> Yardstick | None:
    try:
        return None if event.yardstick is None else Yardstick.from_dict(event.yardstick)
    except ValueError:
        return None


class UsersBefore:
    """Asks the logs for production's users in ``seconds`` before a moment, all of them served by ``version``.

    ``trouble``: why the last answer has no history for the early tests; "" where it has one, or there were too few
    requests for it.
    """

    def __init__(self, ports: Ports, version: str, seconds: float, policy: Policy) -> None:
        self._ports = ports
        self._version = version
        self._seconds = seconds
        self._policy = policy
        self.trouble = ""

    async def until(self, end: float) -> ev.BaselineTaken:
        """The baseline that ends at ``end`` (epoch seconds); without any request where none came.

        PortError where the logs did not answer, or not in full: figures of an incomplete answer are not believed.
        """
        start = end - self._seconds
        whole = self._whole(await self._asked(start, end, None))
        self.trouble = ""
        stick = await self._history(end) if whole is not None else None
        return ev.BaselineTaken(
            start=start,
            end=end,
            requests=whole.requests if whole else 0,
            failures=whole.failures if whole else 0,
            p50=whole.p50 if whole else None,
            p95=whole.p95 if whole else None,
            p99=whole.p99 if whole else None,
            yardstick=stick.to_dict() if stick else None,
        )

    async def _history(self, end: float) -> Yardstick | None:
        """An hour before the switch (in short windows as many blocks) for the early tests; None where it did not come.

        Two questions: the quantiles first, then the blocks that are counted above them.
        """
        try:
            return await self._history_told(end)
        except PortError as error:
            self.trouble = error.what
            return None

    async def _history_told(self, end: float) -> Yardstick | None:
        length = self._policy.block_s
        start = end - _HISTORY_BLOCKS * length
        whole = self._whole(await self._asked(start, end, None))
        if whole is None or whole.p50 is None or whole.p95 is None or whole.p99 is None:
            return None
        quantiles = (whole.p50, whole.p95, whole.p99)
        question = BlockQuestion(start, end, length, history_thresholds(quantiles))
        blocks = (await self._asked(start, end, question)).blocks
        if not blocks:
            raise PortError("The logs told no blocks of the time before the switch.")
        return yardstick(sorted(blocks, key=lambda block: block.start), quantiles, self._policy.scale)

    def _whole(self, seen: Observation) -> Bin | None:
        return next((row for row in seen.whole if row.version == self._version), None)

    async def _asked(self, start: float, end: float, blocks: BlockQuestion | None) -> Observation:
        seen = await self._ports.telemetry.requests(
            start=start, end=end, bin_s=end - start, versions=(self._version,), blocks=blocks
        )
        missing = seen.error or seen.partial
        if missing is not None:
            raise PortError(f"The logs' answer is incomplete: {missing}.")
        return seen


def baseline_words(event: ev.BaselineTaken) -> str:
    """For a person."""
    p95 = "unknown" if event.p95 is None else f"{event.p95:.0f} ms"
    history = "" if event.yardstick is not None else "; the early tests have no history"
    return f"{event.failures} of {event.requests} requests failed, p95 {p95}{history}"


class TakeBaseline:
    """Production's users before the switch: errors and percentiles of the old version."""

    def __init__(
        self,
        ports: Ports,
        recorder: Recorder,
        plan: Plan,
        act: Act,
        declared_delay_s: float,
        judge: Judge,
        policy: Policy,
    ) -> None:
        self._ports = ports
        self._recorder = recorder
        self._users = UsersBefore(ports, plan.old_version, act.seconds, policy)
        self._seconds = act.seconds
        self._delay_s = declared_delay_s
        self._judge = judge
        self._began = ports.clock.now()

    async def look(self) -> Reading:
        """Done when the whole length has been observed; with few requests once more of it, then with what there is.

        So it is where the history for the early tests does not come: asked again for a while, then told.
        """
        now = self._ports.clock.now()
        end = now - self._delay_s
        missing = self._recorder.run.opened_at - (end - self._seconds)
        if missing > 0:
            return Reading(State.TO_DO, f"{self._seconds - missing:.0f} of {self._seconds:.0f} s observed")
        event = await self._users.until(end)
        waited_s, trouble = now - self._began - self._delay_s, self._users.trouble
        if not event.requests and waited_s < self._seconds:
            return Reading(State.TO_DO, "no request of the old version has been seen yet")
        if trouble and waited_s < 2.0 * self._seconds:
            return Reading(State.TO_DO, f"the history for the early tests has not come yet: {trouble}")
        self._recorder.record(event)
        self._judge.baseline(baseline_of(event))
        words = baseline_words(event)
        return Reading(State.DONE, f"{words}: {trouble}" if trouble else words)
