"""The executor runs a plan step by step: observe, intent, act, observe, outcome; and resumes by observation.

A change is sent only after an observation says that it is still to do, and never again before the state has been read
anew and has been calm for a while: a lost answer, a killed session and a vanished operation all end in the same loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.plan import FLAGGING, Act, ActKind, Step
from cpr_cockpit.core.ports import Accepted, PortError
from cpr_cockpit.core.run import Phase
from cpr_cockpit.engine.acts import Check, Context, Reading, State
from cpr_cockpit.engine.changes import change_for
from cpr_cockpit.engine.checks import check_for
from cpr_cockpit.engine.first_change import FirstChange
from cpr_cockpit.engine.pursuit import (
    ANSWER_S,
    FLAG_REST_S,
    Patience,
    Pursuit,
    Turn,
    by_others,
    not_now,
    why_left,
)
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settling import Settling

NO_OTHERS = Turn()


class Executor:
    """Runs steps; every fact goes to the recorder first."""

    def __init__(
        self,
        recorder: Recorder,
        context: Context,
        patience: Patience,
        extra_checks: Mapping[ActKind, Callable[[Act], Check]],
    ) -> None:
        self._recorder = recorder
        self._context = context
        self._patience = patience
        self._extra = extra_checks
        self._clock = context.ports.clock
        self._settling = Settling(recorder, context, patience)
        self._sending: asyncio.Future[Accepted] | None = None
        self._late: set[asyncio.Future[Accepted]] = set()
        self._first = FirstChange(context.guard, recorder, context.ports.clock, patience.poll_s)

    async def run(self, way: ev.Way, steps: tuple[Step, ...]) -> Step | None:
        """Run the steps that are not finished yet, in order; returns the step that failed, or None."""
        for step in steps:
            if self._recorder.run.finished(step.key, way):
                continue
            if self._overtaken(way) or not await self.run_step(way, step):
                return step
        return None

    def _overtaken(self, way: ev.Way) -> bool:
        """Whether ROLLBACK came before a forward step: nothing may be begun any more."""
        return way == "forward" and self._recorder.run.phase is Phase.ROLLING_BACK

    def _voided(self, way: ev.Way) -> str:
        """What others have changed and nobody has looked at: before that no change of the way forth is sent."""
        return self._recorder.run.voided if way == "forward" else ""

    async def _until_looked_at(self, pursuit: Pursuit) -> None:
        """A person may take hours: what was read before must be read anew, and has its whole time again."""
        while self._voided(pursuit.way) and not self._overtaken(pursuit.way):
            await self._recorder.wait_news()
        pursuit.deadline = self._clock.now() + pursuit.step.timeout_s

    def pass_over(self, way: ev.Way, steps: tuple[Step, ...], words: str) -> None:
        """Record steps that lie behind what is seen as done already, without doing them."""
        for step in steps:
            if not self._recorder.run.finished(step.key, way):
                now = self._clock.now()
                self._recorder.record(self._outcome_of(way, step, 0, "already", Reading(State.DONE, words), now))

    async def run_step(self, way: ev.Way, step: Step, turn: Turn = NO_OTHERS) -> bool:
        """Run one step; whether it was done or was so already. ``turn``: when it makes way for others that wait."""
        if step.act.mutates:
            pursuit = self._pursuit(way, step)
            pursuit.turn = turn
            return await self._change(pursuit)
        return await self._check(way, step, turn)

    async def resolve(self, way: ev.Way, step: Step, within_s: float | None = None) -> None:
        """Bring a change that was interrupted to rest without sending it again, and record what came of it.

        ``within_s``: it is given up then, though it may be under way yet; None: in the step's own time.

        Before a rollback: a swap or a deployment that is on the wire but not to be seen yet must land before anyone may
        say who serves what; one that landed later would undo what the rollback has proven.
        """
        within_s = FLAG_REST_S if step.act.kind in FLAGGING else within_s
        until = None if within_s is None else self._clock.now() + within_s
        await self._sent(way, step, ANSWER_S if within_s is None else within_s)
        pursuit = self._pursuit(way, step)
        pursuit.last = True
        if until is not None:
            pursuit.deadline = min(pursuit.deadline, until)
        reading = await self._settling.settle(pursuit)
        if reading.state is State.DONE:
            self._outcome(pursuit, "done", reading)
        else:
            words = f"{why_left(reading)}: {reading.words}"
            self._outcome(pursuit, "stopped", Reading(reading.state, words, reading.facts))

    async def _sent(self, way: ev.Way, step: Step, within_s: float) -> None:
        """Wait for the answer of a request that was left to itself, and keep the operation that it names."""
        sending, self._sending = self._sending, None
        if sending is None:
            return
        await asyncio.wait({sending}, timeout=within_s)
        row = self._recorder.run.row(step.key, way)
        if not sending.done() or sending.cancelled() or sending.exception() is not None:
            return
        if row is not None and not row.operation:
            accepted = sending.result()
            self._recorder.record(
                ev.StepAccepted(way=way, step=step.key, attempt=row.attempts, operation=accepted.operation)
            )

    def _pursuit(self, way: ev.Way, step: Step) -> Pursuit:
        row = self._recorder.run.row(step.key, way)
        is_open = row is not None and row.result is None
        # What was given up may be under way yet: it is not sent again before it is seen to have had no effect. A flag's
        # write is conditional: it needs no such care.
        given_up = step.act.kind not in FLAGGING and self._recorder.run.perhaps_taken(row)
        sent = is_open or given_up
        return Pursuit(
            way=way,
            step=step,
            change=change_for(self._context.at(step.act.app), step.act),
            attempt=row.attempts if row is not None and is_open else 0,
            sent=sent,
            arrived=sent,
            accepted=row is not None and sent and row.accepted,
            operation=row.operation if row is not None and sent else "",
            deadline=self._clock.now() + step.timeout_s,
        )

    async def _change(self, pursuit: Pursuit) -> bool:
        began = pursuit.attempt
        while True:
            reading = await self._settling.settle(pursuit)
            if reading.state is State.DONE and self._outside(pursuit):
                return self._outcome(pursuit, "already", by_others(reading))
            if reading.state is State.DONE:
                return self._outcome(pursuit, "done" if pursuit.sent else "already", reading)
            if reading.state is State.REFUSED:
                return self._outcome(pursuit, "failed" if pursuit.sent else "stopped", reading)
            if self._given_up(pursuit, began) or reading.state is State.IN_FLIGHT:
                return self._outcome(pursuit, "failed", pursuit.why_failed(reading, self._patience))
            hindered = await self._hindered(pursuit)
            if hindered:
                return self._outcome(pursuit, "stopped", Reading(reading.state, f"not sent: {hindered}"))
            if hindered is not None:
                continue
            await self._send(pursuit, reading)
            if pursuit.put_off:
                began += 1

    async def _hindered(self, pursuit: Pursuit) -> str | None:
        """Why the change is not sent any more; None: it is sent; "": time has passed, so the state is read anew."""
        if self._overtaken(pursuit.way):
            return "ROLLBACK came first"
        if void := self._voided(pursuit.way):
            if self._context.attended:
                await self._until_looked_at(pursuit)
                return ""
            return void
        return await self._first.why_not(pursuit) if self._first.is_due(pursuit) else None

    def _outside(self, pursuit: Pursuit) -> bool:
        """Whether somebody else swapped back: production had switched, and no request of ours can have done it."""
        run, act = self._recorder.run, pursuit.step.act
        if pursuit.way != "back" or act.kind is not ActKind.SWAP or pursuit.arrived or self._context.lost:
            return False
        return run.was_switched(act.app) and not run.brought_back(act.app)

    def _given_up(self, pursuit: Pursuit, began: int) -> bool:
        """Refused for good, sent often enough, or out of time; "not now" costs time only.

        On the way back a refusal is not taken at its word: the change is sent as often as any other.
        """
        if self._refused_too_long(pursuit):
            return True
        # What was laid down and does not start will not start by being laid down again.
        if pursuit.way == "forward" and (pursuit.refused_for_good or pursuit.laid_down):
            return True
        return pursuit.attempt - began >= self._patience.attempts or self._clock.now() >= pursuit.deadline

    def _refused_too_long(self, pursuit: Pursuit) -> bool:
        """A swap back that is put off by the platform's own word, while there is another way back."""
        refusal = pursuit.refusal
        refused = bool(pursuit.put_off) and refusal is not None and not_now(refusal)
        if not refused:
            pursuit.refused_at = None
            return False
        now = self._clock.now()
        pursuit.refused_at = now if pursuit.refused_at is None else pursuit.refused_at
        return self._settling.other_way(pursuit) and now - pursuit.refused_at >= self._patience.refused_s

    async def _send(self, pursuit: Pursuit, reading: Reading) -> None:
        pursuit.attempt += 1
        step = pursuit.step
        self._recorder.record(
            ev.StepIntent(
                way=pursuit.way,
                step=step.key,
                attempt=pursuit.attempt,
                title=step.title,
                mutates=True,
                facts=reading.facts,
            )
        )
        pursuit.sent, pursuit.accepted, pursuit.laid_down = True, False, False
        pursuit.operation, pursuit.refusal = "", None
        sending = asyncio.ensure_future(pursuit.change.send())
        self._sending = sending
        try:
            accepted = await self._answer(pursuit, sending)
        except PortError as error:
            self._sending = None
            pursuit.refusal, pursuit.arrived = error, pursuit.arrived or error.ambiguous
            pursuit.put_off = pursuit.put_off + 1 if pursuit.put_off_by(error) else 0
            words = error.words() if not error.ambiguous else f"{error.what} What came of it is being observed."
            self._recorder.record(
                ev.StepDoubtful(
                    way=pursuit.way, step=step.key, attempt=pursuit.attempt, words=words, arrived=error.ambiguous
                )
            )
            return
        self._sending = None
        pursuit.operation, pursuit.put_off = accepted.operation, 0
        pursuit.arrived = pursuit.accepted = True
        self._recorder.record(
            ev.StepAccepted(way=pursuit.way, step=step.key, attempt=pursuit.attempt, operation=accepted.operation)
        )

    async def _answer(self, pursuit: Pursuit, sending: asyncio.Future[Accepted]) -> Accepted:
        """The answer. A rollback, or the end of a flag's time, may cut this wait: the request itself is never torn off.

        A flag's write is conditional, so that one which arrives after all undoes nothing that was done since.
        """
        timeout_s = pursuit.remaining_s(self._clock.now()) if pursuit.step.act.kind in FLAGGING else None
        await asyncio.wait({sending}, timeout=timeout_s)
        if not sending.done():
            self._late.add(sending)
            sending.add_done_callback(self._came_late)
            raise PortError(f"No answer came in {timeout_s or 0.0:.0f} s.", ambiguous=True)
        return sending.result()

    def _came_late(self, sending: asyncio.Future[Accepted]) -> None:
        """Nobody waits for the answer any more: what is observed has decided."""
        self._late.discard(sending)
        if not sending.cancelled():
            sending.exception()

    async def _check(self, way: ev.Way, step: Step, turn: Turn) -> bool:
        make = self._extra.get(step.act.kind)
        check = make(step.act) if make else check_for(self._context.at(step.act.app), step.act)
        row = self._recorder.run.row(step.key, way)
        attempt = (row.attempts if row else 0) + 1
        self._recorder.record(ev.StepIntent(way=way, step=step.key, attempt=attempt, title=step.title, mutates=False))
        began = self._clock.now()
        while True:
            reading = await self._look(way, check)
            late = self._clock.now() - began >= step.timeout_s or turn.called()
            if reading.state in (State.DONE, State.REFUSED) or late:
                break
            await self._clock.sleep(self._patience.poll_s)
        result = "done" if reading.state is State.DONE else "failed"
        self._recorder.record(self._outcome_of(way, step, attempt, result, reading, began))
        return reading.state is State.DONE

    async def _look(self, way: ev.Way, check: Check) -> Reading:
        try:
            return await check.look()
        except PortError as error:
            return Reading(State.REFUSED if self._settling.may_not(way, error) else State.TO_DO, error.words())

    def _outcome(self, pursuit: Pursuit, result: str, reading: Reading) -> bool:
        row = self._recorder.run.row(pursuit.step.key, pursuit.way)
        began = row.began_at if row is not None and row.result is None else self._clock.now()
        self._recorder.record(self._outcome_of(pursuit.way, pursuit.step, pursuit.attempt, result, reading, began))
        return result in ("done", "already")

    def _outcome_of(
        self, way: ev.Way, step: Step, attempt: int, result: str, reading: Reading, began: float
    ) -> ev.StepOutcome:
        return ev.StepOutcome.model_validate(
            {
                "way": way,
                "step": step.key,
                "attempt": attempt,
                "result": result,
                "words": reading.words,
                "seconds": round(max(0.0, self._clock.now() - began), 3),
                "facts": reading.facts,
            }
        )
