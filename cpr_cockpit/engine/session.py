"""The Session: one deployment as a service. Commands in, events out; every decision is in the journal before its act."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.plan import ActKind, Plan, Step
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.engine.acts import Context
from cpr_cockpit.engine.executor import Executor, Patience
from cpr_cockpit.engine.gate import start_blockers
from cpr_cockpit.engine.host import CommandError
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.preparing import Blocked, Preparation, plan_of
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.script import Decider
from cpr_cockpit.engine.serving import Serving, observe
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.watch import Watch

log = logging.getLogger(__name__)

PRODUCTION_PHASES = frozenset({Phase.DEPLOYING, Phase.WINDOW, Phase.KEEPING})


class Session:
    """Carries a run from its opening to its end, wherever its journal says that it stands."""

    def __init__(self, settings: SessionSettings, ports: Ports, recorder: Recorder, patience: Patience) -> None:
        self.settings = settings
        self.recorder = recorder
        self._ports = ports
        self._patience = patience
        self._scaled = settings.policy.scaled(settings.window_s)
        self._start = asyncio.Event()
        self._stop = asyncio.Event()
        self._back = asyncio.Event()
        self._keep = asyncio.Event()
        self._executor: Executor | None = None
        self._watch: Watch | None = None
        self._commands: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "sign": self._sign,
            "start": self._press_start,
            "keep": self._press_keep,
            "rollback": self._press_rollback,
            "raise": self._raise_trigger,
            "stop": self._press_stop,
            "status": self._status,
        }

    @property
    def run_state(self) -> Run:
        """The Run as of now."""
        return self.recorder.run

    async def command(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Carry out a face's command; CommandError where it is not possible now."""
        handler = self._commands.get(name)
        if handler is None:
            raise CommandError(f"There is no command {name!r}. Nothing was changed.")
        return await handler(arguments)

    async def run(self) -> None:
        """The whole life of the run, from where the journal left it."""
        self._open()
        if self.run_state.ended:
            return
        if self.run_state.phase is Phase.ROLLING_BACK:
            self._begin_back()
        forward = asyncio.create_task(self._forward())
        waits = [asyncio.create_task(event.wait()) for event in (self._back, self._stop)]
        try:
            await asyncio.wait({forward, *waits}, return_when=asyncio.FIRST_COMPLETED)
            if self._back.is_set():
                await self._cancel(forward)
                await self._go_back()
            elif self._stop.is_set() and self.run_state.started_at is None:
                await self._cancel(forward)
                self._end("stopped", None, "stopped before START: nothing was changed")
            else:
                await forward
        finally:
            for task in (forward, *waits):
                task.cancel()
            if self._watch is not None:
                await self._watch.close()

    @staticmethod
    async def _cancel(task: asyncio.Task[None]) -> None:
        task.cancel()
        done = await asyncio.gather(task, return_exceptions=True)
        if isinstance(done[0], Exception):
            log.error("the way forth ended with an error while the rollback began", exc_info=done[0])

    def _open(self) -> None:
        run, settings = self.run_state, self.settings
        if run.opened is None:
            self.recorder.record(settings.opening())
        elif not run.ended:
            during = run.open_step.title if run.open_step else str(run.phase)
            silent = max(0.0, self._ports.clock.now() - run.last_at)
            self.recorder.record(ev.Interrupted(silent_s=round(silent, 3), during=during))

    # The way forth.

    async def _forward(self) -> None:
        try:
            if self.run_state.started_at is None:
                await Preparation(self.settings, self._scaled, self._ports, self.recorder).run()
                await self._until_started()
        except (Blocked, PortError) as error:
            words = error.words() if isinstance(error, PortError) else str(error)
            self._end("failed", None, words)
            return
        plan = self._plan()
        watch = self._begin_watch(plan)
        failed = await self._executor_for(plan).run("forward", plan.forward)
        if failed is not None and self.run_state.t0 is None:
            await self._end_observed("failed", self._failure_words(failed))
            return
        await self._decide(plan, watch, failed)

    async def _until_started(self) -> None:
        script = self.settings.script
        if script is not None:
            self._sign_all(self.settings.actor)
            await self._press_start({"by": self.settings.actor})
        await self._start.wait()

    def _sign_all(self, actor: str) -> None:
        for blocker in start_blockers(self.run_state, self._ports.clock.now()):
            if blocker.item.follows:
                continue
            note = "signed by the script of a drill: nobody looked"
            self.recorder.record(ev.ItemMarked(item=blocker.item.key, mark=Mark.SIGNED, by=actor, note=note))

    def _plan(self) -> Plan:
        event = self.run_state.plan
        if event is None:
            raise Blocked("The journal holds no plan. Nothing was changed. Begin a new run.")
        return plan_of(event)

    def _begin_watch(self, plan: Plan) -> Watch:
        self._watch = Watch(self.settings, self._scaled, plan, self._ports, self.recorder)
        self._watch.begin()
        return self._watch

    def _executor_for(self, plan: Plan) -> Executor:
        context = Context(self._ports, plan, self.settings.artifacts, self._saw)
        checks = {ActKind.BASELINE: self._watch.baseline_check} if self._watch else {}
        self._executor = Executor(self.recorder, context, self._patience, checks)
        return self._executor

    def _saw(self, serving: Serving) -> None:
        """Every sighting of who serves comes here: the first one of the other version is the switch (T0)."""
        run, event = self.run_state, self.run_state.plan
        if event is None:
            return
        back = run.decision is not None and run.decision.word == "rollback"
        version = event.old_version if back else event.new_version
        known = run.switched_back_at if back else run.t0
        if known is not None or (back and run.t0 is None):
            return
        seen = [look.at for look in serving.sightings[:-1] if look.version == version]
        if seen:
            way: ev.Way = "back" if back else "forward"
            self.recorder.record(ev.TrafficSwitched(way=way, version=version, t0=min(seen)))

    @staticmethod
    def _failure_words_of(words: str, title: str) -> str:
        return f"step '{title}' did not succeed: {words}"

    def _failure_words(self, step: Step) -> str:
        row = self.run_state.row(step.key, "forward")
        return self._failure_words_of(row.words if row else "", step.title)

    async def _decide(self, plan: Plan, watch: Watch, failed: Step | None) -> None:
        if failed is not None:
            watch.hold(self._failure_words(failed))
        decider = Decider(self.settings, self._scaled, self._ports.clock, self.recorder, watch)
        if self.run_state.decision is None:
            word, sentence = await decider.first(self._keep)
            if word == "rollback":
                self._roll_back(self.settings.actor, sentence)
                return
            if word == "hold":
                self._decided("hold", self.settings.actor, sentence)
                await self._end_observed("held", sentence)
                return
            if self.run_state.decision is None:
                self._decided("keep", self.settings.actor, sentence)
        if await decider.extended() == "rollback":
            self._roll_back(self.settings.actor, watch.verdict_sentence)
            return
        await self._end_observed("kept", f"{plan.new_version} kept", provisional=not decider.awaited_extension)

    # The way back.

    def _roll_back(self, by: str, sentence: str) -> None:
        self._begin_back()
        self._decided("rollback", by, sentence)

    def _begin_back(self) -> None:
        self.recorder.must_not_fail = True
        self._back.set()

    async def _go_back(self) -> None:
        plan = self._plan()
        executor = self._executor or self._executor_for(plan)
        pending = self.run_state.open_step
        if pending is not None and pending.way == "forward" and pending.mutates:
            await executor.resolve("forward", plan.step(pending.key))
        failed = await executor.run("back", plan.back)
        if failed is None:
            only_swap = "" if len(plan.back) > 2 else f"; slot {plan.slot} still holds {plan.new_version}"
            decision = "partial" if only_swap else "rolled_back"
            await self._end_observed(decision, f"{plan.old_version} serves again{only_swap}")
            return
        row = self.run_state.row(failed.key, "back")
        words = self._failure_words_of(row.words if row else "", failed.title)
        back = self.run_state.finished("swap-back", "back")
        card = self.run_state.card.path if self.run_state.card else "the rollback card"
        await self._end_observed("partial" if back else "failed", f"{words}. Go on by hand with {card}.")

    # Ends.

    async def _end_observed(self, decision: str, reason: str, *, provisional: bool = False) -> None:
        serving: Serving | None = None
        try:
            serving = await observe(self._ports.web_apps, self._ports.probe, self.settings.slot)
            self._saw(serving)
        except PortError as error:
            reason = f"{reason} (who serves could not be read at the end: {error.what})"
        self._end(decision, serving, reason, provisional=provisional)

    def _end(self, decision: str, serving: Serving | None, reason: str, *, provisional: bool = False) -> None:
        plan = self.run_state.plan
        version = serving.production if serving else plan.old_version if plan and decision == "stopped" else None
        self.recorder.record(
            ev.RunEnded.model_validate(
                {
                    "decision": decision,
                    "provisional": provisional,
                    "production_version": version or "unknown",
                    "slot_version": serving.slot if serving else None,
                    "reason": reason,
                }
            )
        )

    def _decided(self, word: str, by: str, sentence: str) -> None:
        verdict = self.run_state.verdict.kind if self.run_state.verdict else "none"
        self.recorder.record(
            ev.Decided.model_validate({"word": word, "by": by, "verdict": verdict, "sentence": sentence})
        )

    # Commands.

    async def _sign(self, arguments: dict[str, Any]) -> dict[str, Any]:
        mark = Mark(str(arguments.get("mark", Mark.SIGNED)))
        self.recorder.record(
            ev.ItemMarked(
                item=str(arguments["item"]), mark=mark, by=str(arguments["by"]), note=str(arguments.get("note", ""))
            )
        )
        return {}

    async def _press_start(self, arguments: dict[str, Any]) -> dict[str, Any]:
        run = self.run_state
        if run.started_at is not None:
            raise CommandError("START was pressed already.")
        if run.phase is not Phase.READY:
            raise CommandError(
                "START is not possible yet: the plan and the rollback card are not ready. Nothing was changed."
            )
        blockers = start_blockers(run, self._ports.clock.now())
        if blockers:
            named = "; ".join(f"{one.item.text} ({one.reason})" for one in blockers[:3])
            raise CommandError(f"{len(blockers)} items block START: {named}. Nothing was changed.")
        self.recorder.record(ev.Started(by=str(arguments.get("by", ""))))
        self._start.set()
        return {}

    async def _press_keep(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.run_state.phase is not Phase.WINDOW:
            raise CommandError("GO is only possible in the critical window. Nothing was changed.")
        if self._watch is None or not self._watch.may_keep():
            sentence = self._watch.verdict_sentence if self._watch else "no verdict yet"
            raise CommandError(f"GO is not possible now: {sentence} Nothing was changed.")
        self._decided("keep", str(arguments.get("by", "")), self._watch.verdict_sentence)
        self._keep.set()
        return {}

    async def _press_rollback(self, arguments: dict[str, Any]) -> dict[str, Any]:
        phase = self.run_state.phase
        if phase is Phase.ROLLING_BACK:
            return {"already": True}
        if phase not in PRODUCTION_PHASES:
            raise CommandError("There is nothing to roll back: production was not touched. Use stop to end the run.")
        self._roll_back(str(arguments.get("by", "")), str(arguments.get("reason", "")) or "on command")
        return {}

    async def _raise_trigger(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self._watch is None:
            raise CommandError("A trigger can be raised from START on. Nothing was changed.")
        by = str(arguments.get("by", ""))
        try:
            self._watch.raise_trigger(str(arguments.get("trigger", "")), by)
        except ValueError as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        return {}

    async def _press_stop(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.run_state.started_at is not None:
            raise CommandError(
                "The run has begun in production: it is not safe to end it. Nothing was changed. "
                "Keep the new version or roll it back."
            )
        self._stop.set()
        return {}

    async def _status(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"phase": str(self.run_state.phase), "seq": self.run_state.seq}
