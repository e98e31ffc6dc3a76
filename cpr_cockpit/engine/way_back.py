"""The way back, and the ends of a run: what must work however far the way forth has come, and whatever is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.ladder import ROUTE_OLD
from cpr_cockpit.core.plan import Act, ActKind, Plan, Step
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.acts import Check, Context
from cpr_cockpit.engine.background import kept_unproven
from cpr_cockpit.engine.executor import Executor
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.preparing import plan_of
from cpr_cockpit.engine.pursuit import Patience
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.serving import Serving, answering, observe
from cpr_cockpit.engine.settings import SessionSettings

if TYPE_CHECKING:
    from cpr_cockpit.engine.afterwards import Afterwards
    from cpr_cockpit.engine.share_watch import ShareWatch
    from cpr_cockpit.engine.watch import Watch


class WayBack:
    """A run as far as rolling it back and ending it needs: nothing of gate, lists or judge stands here."""

    def __init__(self, settings: SessionSettings, ports: Ports, recorder: Recorder, patience: Patience) -> None:
        self.settings = settings
        self.recorder = recorder
        self._watch: Watch | Afterwards | None = None
        self._share_watch: ShareWatch | None = None
        self._ports = ports
        self._patience = patience
        self.scaled = settings.policy.scaled(settings.window_s)
        self._start = asyncio.Event()
        self._stop = asyncio.Event()
        self._back = asyncio.Event()
        self._keep = asyncio.Event()
        self._lower = asyncio.Event()
        self._commanded = False
        self._executor: Executor | None = None

    @property
    def clock(self) -> Clock:
        """The run's clock."""
        return self._ports.clock

    @property
    def run_state(self) -> Run:
        """The Run as of now."""
        return self.recorder.run

    @property
    def watch(self) -> Watch | Afterwards | None:
        """The watch that speaks now: a share's while one is judged; None before START."""
        return self._share_watch or self._watch

    async def _end_share(self) -> None:
        """What is judged from here on is production."""
        watch, self._share_watch = self._share_watch, None
        if watch is not None:
            await watch.close()

    async def _close_watches(self) -> None:
        await self._end_share()
        if self._watch is not None:
            await self._watch.close()

    # Looks at who serves, and who carries the steps out.

    def _saw(self, serving: Serving, switched: bool) -> None:
        """Every look at who serves comes here: the first sighting of the other version is the switch (T0)."""
        run, event = self.run_state, self.run_state.plan
        if event is None:
            return
        back = run.decision is not None and run.decision.word == "rollback"
        version = event.old_version if back else event.new_version
        known = run.switched_back_at if back else run.t0
        if known is not None or (back and run.t0 is None):
            return
        seen = [look.at for look in serving.sightings[:-1] if look.version == version or switched]
        if seen:
            way: ev.Way = "back" if back else "forward"
            self.recorder.record(ev.TrafficSwitched(way=way, version=version, t0=min(seen)))

    def _routed(self, percent: float, version: str) -> None:
        """Every look at the routing comes here: a share that changed is when users began, or ceased, to be sent."""
        plan = self.run_state.plan
        if plan is not None and percent != self.run_state.share:
            event = ev.ShareRouted(slot=plan.slot, version=version, percent=percent)
            self.recorder.record(event)

    def _failure_words(self, step: Step, way: ev.Way) -> str:
        row = self.run_state.row(step.key, way)
        return f"step '{step.title}' did not succeed: {row.words if row else ''}"

    def _executor_for(self, plan: Plan) -> Executor:
        lost = self.run_state.continued is not None
        opened = self.run_state.opened
        sha256 = opened.artifact_sha256 if opened else ""
        name = self.settings.run
        context = Context(self._ports, plan, self.settings.artifacts, self._saw, self._routed, lost, sha256, name)
        self._executor = Executor(self.recorder, context, self._patience, self._checks())
        return self._executor

    def _checks(self) -> dict[ActKind, Callable[[Act], Check]]:
        """Checks that the way forth brings to the executor; the way back needs none."""
        return {}

    # The way back.

    def roll_back(self, by: str, sentence: str) -> None:
        """ROLLBACK: from here on nothing may stand in the way, a journal that refuses included."""
        self._begin_back()
        self._decided("rollback", by, sentence)

    def _begin_back(self) -> None:
        self.recorder.must_not_fail = True
        self._back.set()

    async def _go_back(self) -> None:
        event = self.run_state.plan
        if event is None:
            decision, words = "stopped", "no plan was made and no card written: production was never touched"
            if self.run_state.continued is not None:
                decision = "failed"
                words = "neither journal nor card tells which version to go back to: nothing was sent. Go back by hand"
            await self._end_observed(decision, words, way="back")
            return
        plan = plan_of(event)
        executor = self._executor or self._executor_for(plan)
        pending = self.run_state.open_step
        if pending is not None and pending.way == "forward" and pending.mutates:
            await executor.resolve("forward", plan.step(pending.key))
        failed = await executor.run("back", plan.back)
        by = ""
        if failed is not None and failed.act.kind is ActKind.SWAP and await self._may_go_down(plan, failed):
            failed, by = await self._down(executor, plan), ", by another way than the swap, which was refused"
        unproven = ""
        if failed is not None and failed.act.kind is ActKind.PROVE_WORKERS:
            # Users are back; whoever works in the background is told of, and holds nobody up.
            unproven, failed = f"; {self._failure_words(failed, 'back')}", None
        if failed is None:
            left = "" if event.artifact else await self._left_behind(plan, routed=bool(by))
            left += unproven
            decision = "partial" if left else "rolled_back"
            again = "serves again" if self.run_state.t0 is not None else "serves everybody: production never switched"
            await self._end_observed(decision, f"{plan.old_version} {again}{by}{left}", way="back")
            return
        words = self._failure_words(failed, "back")
        back = self.run_state.finished("swap-back", "back")
        card = self.run_state.card.path if self.run_state.card else "the rollback card"
        await self._end_observed("partial" if back else "failed", f"{words} Go on by hand with {card}.", way="back")

    async def _may_go_down(self, plan: Plan, failed: Step) -> bool:
        """The rungs below are offered once it is seen that no swap is under way; a person takes them, a script does."""
        if not plan.lower:
            return False
        try:
            serving = await observe(self._ports.web_apps, self._ports.probe, plan.slot)
        except PortError:
            return False
        if serving.in_flight:
            return False
        if not self.run_state.offered:
            self.recorder.record(ev.RungOffered(step=failed.key, why=self._failure_words(failed, "back")))
        if self.settings.script is None and not self._commanded:
            await self._lower.wait()
        return True

    async def _down(self, executor: Executor, plan: Plan) -> Step | None:
        """The rungs in order; that traffic cannot be routed keeps nobody from redeploying. The one that failed last."""
        failed = None
        for step in plan.lower:
            if not self.run_state.finished(step.key, "back") and not await executor.run_step("back", step):
                failed = step
                if step.key != ROUTE_OLD:
                    return step
            elif step.key != ROUTE_OLD:
                failed = None
        return failed

    def go_down(self) -> bool:
        """ROLLBACK again, once the swap back was refused: take the next rung. Whether there was one to take."""
        offered = bool(self.run_state.offered)
        if offered:
            self._lower.set()
        return offered

    async def _left_behind(self, plan: Plan, *, routed: bool) -> str:
        """Without an artifact of the old version: what is left of the new one, in words; "" where nothing is.

        ``routed``: all new sessions were sent to the slot instead of a swap.
        """
        if routed:
            return f" to new sessions only: production still holds {plan.new_version} for whoever has its cookie"
        seen = await self._ports.probe.look(plan.slot)
        if seen.version not in (None, plan.new_version):
            return ""
        return f"; slot {plan.slot} still holds {seen.version or 'what does not answer with a version'}"

    # Ends.

    async def _end_observed(
        self, decision: str, reason: str, *, provisional: bool = False, way: ev.Way = "forward"
    ) -> None:
        # Their last readings belong before the end: nothing follows it in the journal.
        await self._close_watches()
        slot = self.settings.slot
        try:
            serving = await observe(self._ports.web_apps, self._ports.probe, slot)
            self._saw(serving, False)
        except PortError as error:
            serving = await answering(self._ports.probe, slot)
            reason = f"{reason} (whether a swap is under way could not be read at the end: {error.what})"
        if way == "forward" and self._back.is_set():
            # ROLLBACK came while we looked: nothing has ended.
            return
        self._end(decision, serving, reason, provisional=provisional)

    def _end(self, decision: str, serving: Serving | None, reason: str, *, provisional: bool = False) -> None:
        plan, version = self.run_state.plan, serving.production if serving else None
        if decision == "kept" and plan is not None and plan.workers:
            reason += kept_unproven(self.run_state)
        if serving is None and plan is not None and self.run_state.started_at is None:
            version = plan.old_version
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
