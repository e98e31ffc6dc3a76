"""The way back: what must work however far the way forth has come, and whatever is missing."""

from __future__ import annotations

import asyncio

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.ladder import ROUTE_OLD
from cpr_cockpit.core.plan import ActKind, Plan, Step, key_of
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.preview import PREVIEW, RESET
from cpr_cockpit.engine.apps_back import LANDING_S, AppsBack
from cpr_cockpit.engine.back_figures import BackFigures
from cpr_cockpit.engine.background import BY_HAND
from cpr_cockpit.engine.executor import Executor
from cpr_cockpit.engine.flag_back import FlagBack, Off
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.preparing import plan_of
from cpr_cockpit.engine.pursuit import Patience
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.run_ends import RunEnds
from cpr_cockpit.engine.serving import observe
from cpr_cockpit.engine.settings import SessionSettings

# From this many seconds on it is said how long the end of a run that is rolled back waits for its users' figures.
_LONG_S = 60.0
_REFUSED = ", by another way than the swap, which was refused"


class WayBack(RunEnds):
    """A run as far as rolling it back and ending it needs: nothing of gate, lists or judge stands here."""

    def __init__(self, settings: SessionSettings, ports: Ports, recorder: Recorder, patience: Patience) -> None:
        super().__init__(settings, ports, recorder, patience)
        self._lower = asyncio.Event()
        self._commanded = False

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
            await self._end_without_plan()
            return
        plan = plan_of(event)
        executor = self._executor or self._executor_for(plan)
        await self._come_to_rest(plan, executor)
        if plan.apps:
            await self._all_back(plan, executor)
            return
        if plan.previews and self.run_state.finished("swap", "forward"):
            executor.pass_over("back", (plan.step(RESET),), "the swap has completed it")
        flag = FlagBack(plan, self.recorder, executor, self._offered, self._close_watches)
        if await flag.first() is Off.ENOUGH:
            helped = ", and that helped" if self.run_state.verdict_before_back else ""
            words = f"flag {event.flag} is off on every instance{helped}: {plan.new_version} stays dark"
            await self._end_observed("rolled_back", words, way="back")
            return
        # Who died on a lower rung goes on there: users who are routed to the slot would meet what a swap brings.
        routed = any(self.run_state.row(step.key, "back") is not None for step in plan.lower)
        lost = () if routed else await self._slots_back(plan, executor)
        if lost and lost[0].act.kind is ActKind.SWAP and await self._may_go_down(plan, lost[0]):
            routed = True
        if routed:
            failed = await self._down(executor, plan)
            lost = () if failed is None else (failed,)
        await self._end_back(plan, flag, lost, routed=routed)

    async def _come_to_rest(self, plan: Plan, executor: Executor) -> None:
        """What was begun on the way forth is over, one way or the other, before anything is undone."""
        pending = self.run_state.open_step
        if pending is not None and pending.way == "forward" and pending.mutates:
            # While an app's swap hangs, the users of others meet the new version; before the first swap nobody does.
            hurry = bool(plan.apps) and key_of(pending.key) == "swap"
            await executor.resolve("forward", plan.step(pending.key), LANDING_S if hurry else None)
        self._leave_looks()

    def _leave_looks(self) -> None:
        """What only looks on the way forth, and was not over when ROLLBACK came, never will be."""
        for row in self.run_state.steps:
            if row.way == "forward" and row.result is None and not row.mutates:
                took = round(max(0.0, self.clock.now() - row.began_at), 3)
                self.recorder.record(
                    ev.StepOutcome(
                        way="forward",
                        step=row.key,
                        attempt=row.attempts,
                        result="left",
                        words="ROLLBACK came first",
                        seconds=took,
                    )
                )

    async def _end_back(self, plan: Plan, flag: FlagBack, lost: tuple[Step, ...], *, routed: bool) -> None:
        """The end of the way back of one app: ``lost`` are its steps that did not succeed; ``routed``: by the rungs."""
        # Users are back where the proof of the workers alone failed.
        unproven = [step for step in lost if step.act.kind is ActKind.PROVE_WORKERS]
        failed = [step for step in lost if step not in unproven]
        if failed:
            words = " ".join(self._failure_words(step, "back") for step in lost)
            words += await flag.last()
            # Production is back by either; what is left then is the slot.
            back = any(self.run_state.finished(key, "back") for key in ("swap-back", "redeploy-old"))
            card = self.run_state.card.path if self.run_state.card else "the rollback card"
            await self._end_observed("partial" if back else "failed", f"{words} Go on by hand with {card}.", way="back")
            return
        kept = self.run_state.plan is not None and self.run_state.plan.artifact
        left = "" if kept else await self._left_behind(plan, self._ports, routed=routed)
        left += "".join(f"; {self._failure_words(step, 'back')}. {BY_HAND}" for step in unproven) + await flag.last()
        await self._look_at_users()
        by = _REFUSED if routed else ", swapped back outside this run" if self._by_others() else ""
        never = self.run_state.switched_at is None
        again = "serves everybody: production never switched" if never else "serves again"
        words = f"{plan.old_version} {again}{by}{left}"
        await self._end_observed("partial" if left else "rolled_back", words, way="back")

    @staticmethod
    async def _slots_back(plan: Plan, executor: Executor) -> tuple[Step, ...]:
        """The steps that did not succeed, the worst first.

        What is undone before the swap keeps nobody from the swap (law 5), and is tried once more after it.
        """
        steps = plan.slots_back
        swap = next((at for at, step in enumerate(steps) if step.act.kind is ActKind.SWAP), -1)
        before, after = steps[: max(swap, 0)], steps[swap + 1 :]
        undone = [step for step in before if await executor.run("back", (step,))]
        if swap >= 0 and await executor.run("back", (steps[swap],)):
            return (steps[swap], *undone)
        undone = [step for step in undone if await executor.run("back", (step,))]
        failed = await executor.run("back", after)
        return (*((failed,) if failed is not None else ()), *undone)

    async def _without_preview(self, plan: Plan) -> str:
        """After a failure before the switch: no preview of ours is left behind. What is left of one in words, or ""."""
        perhaps = self._begun(PREVIEW) or self.run_state.continued is not None
        if self._executor is None or not plan.previews or not perhaps:
            return ""
        failed = await self._executor.run("back", (plan.step(RESET),))
        return "" if failed is None else f" {self._failure_words(failed, 'back')}"

    async def _look_at_users(self) -> None:
        """The way back is done and proven: the run's end alone waits for the users' figures, and `stop` ends that."""
        figures = BackFigures(self.scaled, self.settings.declared_delay_s, self._ports, self.recorder)
        if figures.longest_s >= _LONG_S:
            words = f"the way back is proven; users are looked at for at most {figures.longest_s:.0f} s before the end"
            self.recorder.record(ev.Noted(by="cockpit", words=f"{words}, or until: cpr-cockpit stop"))
        self._stop.clear()
        await figures.settle(self._stop)

    def _by_others(self) -> bool:
        """Whether the swap back was seen to be somebody else's."""
        row = self.run_state.row("swap-back", "back")
        return row is not None and row.facts.get("outside") == "yes"

    async def _end_without_plan(self) -> None:
        """Nobody knows what to go back to."""
        decision, words = "stopped", "no plan was made and no card written: production was never touched"
        if self.run_state.continued is not None:
            decision = "failed"
            words = "neither journal nor card tells which version to go back to: nothing was sent. Go back by hand"
        await self._end_observed(decision, words, way="back")

    async def _may_go_down(self, plan: Plan, failed: Step) -> bool:
        """The rungs below are offered once it is seen that no swap is under way; a person takes them, a script does."""
        if not plan.lower or not await self._at_rest(failed):
            return False
        self._forget_presses(failed)
        await self._offered(failed)
        return True

    async def _at_rest(self, failed: Step) -> bool:
        """Whether no swap is seen to be under way where one failed."""
        ports, act = self._ports.at(failed.act.app), failed.act
        try:
            serving = await observe(ports.web_apps, ports.probe, act.slot)
        except PortError:
            return False
        return not serving.in_flight

    def _forget_presses(self, failed: Step) -> None:
        """Before a rung below ``failed`` is offered for the first time: who pressed, be it twice, pressed another."""
        if failed.key not in self.run_state.refused:
            self._lower.clear()

    async def _app_offered(self, failed: Step) -> bool:
        """Offer the rungs of one of several apps, if no swap is under way there; nobody waits for it yet."""
        if not await self._at_rest(failed):
            return False
        self._forget_presses(failed)
        if failed.key not in self.run_state.refused:
            self.recorder.record(ev.RungOffered(step=failed.key, why=self._failure_words(failed, "back")))
        return True

    async def _offered(self, failed: Step) -> None:
        """Offer the rung below ``failed``; return once it is taken, by a person, a script or the command."""
        if self.run_state.offered_at != failed.key:
            self.recorder.record(ev.RungOffered(step=failed.key, why=self._failure_words(failed, "back")))
        await self._taken()

    async def _taken(self) -> None:
        """A person takes the next rung, a script and a command do at once."""
        if self._asks:
            await self._lower.wait()
        self._lower.clear()

    @property
    def _asks(self) -> bool:
        return self.settings.script is None and not self._commanded

    async def _all_back(self, plan: Plan, executor: Executor) -> None:
        """The way back of several apps, and its end: an app that is left is named."""
        back = AppsBack(
            plan,
            executor,
            run=lambda: self.run_state,
            now=self.clock.now,
            unread_s=self._patience.refused_s,
            offer=self._app_offered,
            taken=self._taken,
            asks=self._asks,
        )
        await back.go()
        for app in (app for app in plan.places if app not in back.left):
            if self.run_state.plan is not None and not self.run_state.plan.artifact:
                words = await self._left_behind(plan, self._ports.at(app))
                back.left |= {app: words.removeprefix("; ")} if words else {}
        served = [plan.name(app) for app in plan.places if app not in back.bad]
        words = f"{plan.old_version} serves in " + ("all apps" if len(served) == len(plan.apps) else ", ".join(served))
        if not back.left:
            await self._look_at_users()
            await self._end_observed("rolled_back", words, way="back")
            return
        card = self.run_state.card.path if self.run_state.card else "the rollback card"
        left = "; ".join(f"{plan.name(app)}: {what}" for app, what in back.left.items())
        reason = f"{words if served else 'No app was rolled back'}. Left: {left} Go on by hand with {card}."
        await self._end_observed("partial" if served else "failed", reason, way="back")

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
        """ROLLBACK again, once a rung did not do: take the next one. Whether there was one to take.

        While a flag is set off, proven and judged, it is a person's word that nobody waits to see whether that helps.
        """
        offered = self.run_state.rung_waits or self.run_state.waits_for_flag
        if offered:
            self._lower.set()
        return offered

    @staticmethod
    async def _left_behind(plan: Plan, ports: Ports, *, routed: bool = False) -> str:
        """Without an artifact of the old version: what is left of the new one, in words; "" where nothing is.

        ``routed``: all new sessions were sent to the slot instead of a swap.
        """
        if routed:
            return f" to new sessions only: production still holds {plan.new_version} for whoever has its cookie"
        seen = await ports.probe.look(plan.slot)
        if seen.version not in (None, plan.new_version):
            return ""
        return f"; slot {plan.slot} still holds {seen.version or 'what does not answer with a version'}"
