"""The first rung of the way back where a feature flag is at hand: set it off, and see whether that is enough."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum

from cpr_cockpit.core.feature_flag import FLAG_OFF
from cpr_cockpit.core.plan import ActKind, Plan, Step
from cpr_cockpit.core.strategy import FEATURE_FLAG
from cpr_cockpit.engine.executor import Executor
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)


class Off(StrEnum):
    """What came of it: the flag's being off is all that was needed; the slots come next; there is no flag."""

    ENOUGH = "enough"
    GO_ON = "go on"


class FlagBack:
    """Runs the steps of the way back that are about the flag. Nothing that becomes of them keeps the slots up (law 5).

    ``offer(step)`` offers the next rung after a step that did not do, and returns once it is taken. ``quiet()`` ends
    the watch of what was before the flag went off: what comes after it is judged by itself.
    """

    def __init__(
        self,
        plan: Plan,
        recorder: Recorder,
        executor: Executor,
        offer: Callable[[Step], Awaitable[None]],
        quiet: Callable[[], Awaitable[None]],
    ) -> None:
        self._plan = plan
        self._recorder = recorder
        self._executor = executor
        self._offer = offer
        self._quiet = quiet

    @property
    def off(self) -> bool:
        """Whether the flag was seen to be off, by the way back."""
        return self._recorder.run.finished(FLAG_OFF, "back")

    async def first(self) -> Off:
        """Before anything is done to the slots."""
        steps = self._plan.flag_back
        if not steps:
            return Off.GO_ON
        failed = await self._run(steps[0])
        run = self._recorder.run
        begun = any(run.row(step.key, "back") for step in self._plan.slots_back)
        # Where the journal has lost what was sent, nobody knows how far the flag had been raised: then all is undone.
        alone = self._plan.strategy == FEATURE_FLAG and run.flag_at is not None and run.continued is None
        if not alone or begun:
            return Off.GO_ON
        for step in steps[1:]:
            if step.act.kind is ActKind.PROVE_CALM:
                await self._quiet()
            failed = failed or await self._run(step)
        if failed is None:
            return Off.ENOUGH
        await self._offer(failed)
        return Off.GO_ON

    async def last(self) -> str:
        """After the slots: what is left of the flag, in words; it is tried once more where it is not off yet."""
        steps = self._plan.flag_back
        if not steps or self.off or await self._run(steps[0]) is None:
            return ""
        return f"; flag {steps[0].act.flag} is not off: set it off before {self._plan.new_version} is deployed again"

    async def _run(self, step: Step) -> Step | None:
        """The step, where it did not succeed."""
        if self._recorder.run.finished(step.key, "back"):
            return None
        try:
            return None if await self._executor.run_step("back", step) else step
        except Exception:
            # Whatever it is: the slots can be brought back without it.
            log.exception("step %s of the way back ended with an error", step.key)
            return step
