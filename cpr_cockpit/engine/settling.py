"""Looking at a change until it is done or at rest: what is seen decides, the operation's own word helps."""

from __future__ import annotations

import asyncio

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.pipeline import PIPELINE
from cpr_cockpit.core.plan import ActKind
from cpr_cockpit.core.ports import OperationState, PortError
from cpr_cockpit.engine.acts import Context, Reading, State
from cpr_cockpit.engine.pursuit import MADE_WAY, MAY_NOT, Patience, Pursuit, calm_needed
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.rights import rights_ended


class Settling:
    """Looks, and sends nothing."""

    def __init__(self, recorder: Recorder, context: Context, patience: Patience) -> None:
        self._recorder = recorder
        self._context = context
        self._patience = patience
        self._clock = context.ports.clock

    async def settle(self, pursuit: Pursuit) -> Reading:
        """Observe until the change is done or at rest: to do (or refused), and calm for a while if it was sent."""
        calm_since: float | None = None
        while True:
            reading = await self._observe(pursuit)
            now = self._clock.now()
            if reading is not None:
                settled = reading.state is State.DONE and not await self._under_way(pursuit)
                if settled or pursuit.left or now >= pursuit.deadline:
                    return reading
                called = pursuit.turn.called
                if reading.state is State.TO_DO and not pursuit.sent and not called():
                    return reading
                under_way = reading.state is State.IN_FLIGHT or await self._may_run(pursuit)
                # One that is put off with "not now" again and again is calm, and makes way no less.
                if called() or (under_way and pursuit.turn.over(now, unsent=False)):
                    return self._left(pursuit, reading.words, reading.facts)
                if under_way:
                    calm_since = None
                else:
                    calm_since = now if calm_since is None else calm_since
                    other_way = self.other_way(pursuit)
                    if now - calm_since >= calm_needed(pursuit, self._patience, calm_since, other_way=other_way):
                        return reading
            await self._clock.sleep(self._patience.poll_s)

    def _left(self, pursuit: Pursuit, words: str, facts: dict[str, str]) -> Reading:
        """Others come first. It may be under way, whatever was read."""
        pursuit.left = True
        return Reading(State.IN_FLIGHT, words, facts | {MADE_WAY: "yes"})

    async def _observe(self, pursuit: Pursuit) -> Reading | None:
        remaining_s = pursuit.remaining_s(self._clock.now())
        # Where the journal has lost what was sent, a request that was refused tells nothing of what is seen.
        sent = pursuit.arrived if self._context.lost else pursuit.sent
        try:
            async with asyncio.timeout(remaining_s):
                return await pursuit.change.observe(sent=sent)
        except TimeoutError:
            return Reading(State.REFUSED, f"The state cannot be read: no answer in {remaining_s:.0f} s.")
        except PortError as error:
            now, unread = self._clock.now(), f"The state cannot be read: {error.what}"
            over = pursuit.turn.over(now, unsent=not pursuit.sent)
            if over and pursuit.sent:
                return self._left(pursuit, unread, {})
            if over or now >= pursuit.deadline:
                pursuit.left = over
                return Reading(State.REFUSED, unread)
            if not pursuit.sent and self.may_not(pursuit.way, error):
                return Reading(State.REFUSED, error.words())
            if error.status in MAY_NOT and not pursuit.told:
                pursuit.told = True
                there = self._context.at(pursuit.step.act.app)
                self._recorder.record(await rights_ended(there, pursuit.way, pursuit.step, error))
            return None

    def may_not(self, way: ev.Way, error: PortError) -> bool:
        """Whether we are not allowed to look, while production is untouched: only a person can mend that."""
        return way == "forward" and error.status in MAY_NOT and not self._recorder.run.exposed

    async def _under_way(self, pursuit: Pursuit) -> bool:
        """Whether a deployment still runs into a slot that served its version before: that restarts it once more."""
        return pursuit.step.act.kind is ActKind.DEPLOY and await self._operation_runs(pursuit)

    async def _may_run(self, pursuit: Pursuit) -> bool:
        """Whether it runs, or may: a pipeline that took the request and is not found waits for its name, or its turn.

        A rollback does not wait for one that is not found.
        """
        unfound = pursuit.accepted and not pursuit.last and pursuit.step.act.by == PIPELINE
        return await self._operation_runs(pursuit, unfound=unfound)

    async def _operation_runs(self, pursuit: Pursuit, *, unfound: bool = False) -> bool:
        """Whether the operation's own word is that it runs; a failure is kept as the refusal.

        ``unfound``: what is said of one that cannot be found.
        """
        if not pursuit.sent or (not pursuit.operation and pursuit.step.act.kind is not ActKind.DEPLOY):
            return False
        try:
            state: OperationState = await pursuit.change.follow(pursuit.operation)
        except PortError:
            # The operation cannot be read just now; what is observed decides. A pipeline is at work until it is seen
            # that it is not: a second one could deploy into the slot at any time later.
            return pursuit.step.act.by == PIPELINE
        if state.state == "failed" and pursuit.operation:
            words = state.words or "The operation failed."
            pursuit.refusal = PortError(words, unchanged="", next_step=state.next_step, status=400, again=state.again)
        # Success of an operation that is not known to be ours says nothing of what is to be served.
        pursuit.laid_down = state.state == "succeeded" and (bool(pursuit.operation) or pursuit.last)
        return state.state == "running" or (unfound and state.state == "unknown")

    def other_way(self, pursuit: Pursuit) -> bool:
        """Whether there are rungs below it."""
        return pursuit.way == "back" and pursuit.step.act.kind is ActKind.SWAP and bool(self._context.plan.lower)
