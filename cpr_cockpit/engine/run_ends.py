"""What a run stands on, whichever way it goes: who looks on beside it, what each look tells, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.feature_flag import EVERYBODY
from cpr_cockpit.core.freeze import Frozen
from cpr_cockpit.core.plan import Act, ActKind, Plan, Step
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.verdict import Verdict
from cpr_cockpit.engine.acts import Check, Context
from cpr_cockpit.engine.annotating import Annotating
from cpr_cockpit.engine.back_checking import BackChecking
from cpr_cockpit.engine.background import kept_unproven
from cpr_cockpit.engine.everywhere import Served, served
from cpr_cockpit.engine.executor import Executor
from cpr_cockpit.engine.freezing import Freezes
from cpr_cockpit.engine.nobody_else import NobodyElse
from cpr_cockpit.engine.notifying import Notifying
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.preparing import plan_of
from cpr_cockpit.engine.pursuit import Patience
from cpr_cockpit.engine.reach import Reach, ReachedWebApps, ReachTold, ended
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.second_person import SecondPerson
from cpr_cockpit.engine.serving import Serving
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.switches import told_by
from cpr_cockpit.engine.tag_guard import TagGuard

if TYPE_CHECKING:
    from cpr_cockpit.engine.afterwards import Afterwards
    from cpr_cockpit.engine.share_watch import ShareWatch
    from cpr_cockpit.engine.watch import Watch


class RunEnds:
    """A run as far as looking on and ending it needs."""

    def __init__(self, settings: SessionSettings, ports: Ports, recorder: Recorder, patience: Patience) -> None:
        self.settings = settings
        self.recorder = recorder
        self._watch: Watch | Afterwards | None = None
        self._share_watch: ShareWatch | None = None
        self.reach = Reach(ports.clock)
        self._ports = replace(ports, web_apps=ReachedWebApps(ports.web_apps, self.reach))
        self._patience = patience
        self.scaled = settings.policy.scaled(settings.window_s)
        self.back_checks = BackChecking(self.scaled, self._ports, recorder)
        self._lookers: list[asyncio.Task[None]] = []
        self._others = NobodyElse(settings, self.scaled, self._ports, recorder)
        self.people = SecondPerson(settings.safeguards, recorder, ports.clock)
        self.freezes = Freezes(settings.safeguards.freezes)
        self._tags = TagGuard(settings.safeguards.tag, self._ports, recorder)
        self.notifying = Notifying(ports, self.scaled, recorder, self._spoken)
        self._start = asyncio.Event()
        self._stop = asyncio.Event()
        self._back = asyncio.Event()
        self._keep = asyncio.Event()
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
        """The watch that speaks now: that of a step which is judged by itself, else production's; None before START."""
        return self._step_watch or self._watch

    @property
    def _step_watch(self) -> ShareWatch | None:
        """Before T0 that of a share or of some apps; on the way back that of the calm after the flag went off."""
        run = self.run_state
        calm = run.by_flag and run.phase is Phase.ROLLING_BACK
        return self._share_watch if run.t0 is None or calm else None

    def _spoken(self) -> Verdict | None:
        """The judge's word as of now."""
        return self.watch.verdict if self.watch is not None else None

    @property
    def back_check(self) -> tuple[float, ev.RollbackChecked] | None:
        """The newest rollback check and when it was made."""
        return self.back_checks.newest

    @property
    def answered_at(self) -> float | None:
        """When Resource Manager last gave a good answer."""
        return self.reach.answered_at

    @property
    def frozen(self) -> Frozen | None:
        """The freeze that holds before START; afterwards nobody asks."""
        return self.freezes.at(self.clock.now()) if self.run_state.started_at is None else None

    async def _end_share(self) -> None:
        """What is judged from here on is production."""
        watch, self._share_watch = self._share_watch, None
        if watch is not None:
            await watch.close()

    async def _close_watches(self) -> None:
        await self._end_share()
        if self._watch is not None:
            await self._watch.close()

    def _begin_looking(self) -> None:
        """What only looks on, beside the way forth and the way back: nothing waits for it."""
        marks = Annotating(self._ports.annotations, self.clock, self.recorder)
        told = ReachTold(self.reach, self.clock, self.recorder, self.scaled.scale)
        self._lookers = [asyncio.create_task(one.go_on()) for one in (told, self.back_checks, self.notifying, marks)]

    async def _end_looking(self) -> None:
        lookers, self._lookers = self._lookers, []
        await ended(*lookers)

    def _be_quiet(self) -> None:
        """The end is the journal's last word: what goes on beside the run ends before it is written."""
        for looker in self._lookers:
            looker.cancel()
        self._others.be_quiet()

    # Looks at who serves, and who carries the steps out.

    def _saw(self, serving: Serving, switched: bool, *, app: str = "") -> None:
        """Every look at who serves comes here: the first sighting of the other version is the switch (T0)."""
        for event in told_by(self.run_state, serving, switched=switched, app=app):
            self.recorder.record(event)

    def _routed(self, percent: float, version: str, *, app: str = "") -> None:
        """Every look at the routing comes here: a share that changed is when users began, or ceased, to be sent."""
        plan = self.run_state.plan
        if plan is None:
            return
        name = app or next(iter(plan.apps), "")
        if percent != self.run_state.shares.get(name, 0.0):
            self.recorder.record(ev.ShareRouted(slot=plan.slot, version=version, percent=percent, app=name))

    def _begun(self, key: str) -> bool:
        """Whether a change was intended, and so may have been sent; one that was refused before that was not."""
        return any(row.key == key and row.mutates for row in self.run_state.steps)

    def _flagged(self, percent: float) -> None:
        """Every look at the flag comes here. On for everybody: that is the switch (T0) of a release shown by a flag."""
        run = self.run_state
        if run.plan is None or not run.plan.flag:
            return
        # What follows is asked again where a session died between the two.
        if percent != run.flag:
            self.recorder.record(ev.FlagSeen(flag=run.plan.flag, percent=percent))
        raised = run.by_flag and percent >= EVERYBODY and run.t0 is None and run.decision is None
        if raised and run.switched_at is not None:
            self.recorder.record(
                ev.TrafficSwitched(way="forward", version=run.plan.new_version, t0=self._ports.clock.now())
            )

    def _failure_words(self, step: Step, way: ev.Way) -> str:
        row = self.run_state.row(step.key, way)
        return f"step '{step.title}' did not succeed: {row.words if row else ''}"

    def _executor_for(self, plan: Plan) -> Executor:
        lost = self.run_state.continued is not None
        opened = self.run_state.opened
        context = Context(
            self._ports,
            plan,
            self.settings.artifacts,
            self._saw,
            self._routed,
            self._begun,
            lost,
            artifact_sha256=opened.artifact_sha256 if opened else "",
            commit=opened.commit if opened else "",
            run=self.settings.run,
            flagged=self._flagged,
            switched=lambda: self.run_state.switched_at is not None,
            attended=self.settings.script is None,
            guard=self._tags.look if self.settings.safeguards.tag else None,
        )
        self._executor = Executor(self.recorder, context, self._patience, self._checks())
        return self._executor

    def _checks(self) -> dict[ActKind, Callable[[Act], Check]]:
        """Checks that the way forth brings to the executor; the way back needs none."""
        return {}

    # Ends.

    async def _end_observed(
        self, decision: str, reason: str, *, provisional: bool = False, way: ev.Way = "forward"
    ) -> None:
        if way == "back":
            # There is no other way from here: it is others' to take while we look.
            self._others.release()
        # Their last readings belong before the end: nothing follows it in the journal.
        await self._close_watches()
        event = self.run_state.plan
        seen = await served(self._ports, self.settings.slot, plan_of(event) if event is not None else None, self._saw)
        reason = f"{reason} ({seen.unread})" if seen.unread else reason
        if decision == "kept" and event is not None:
            reason += await kept_unproven(self._ports, plan_of(event), self._patience.poll_s)
        if way == "forward" and not self._back.is_set():
            await self._others.left(unless=self._back)
        if way == "forward" and self._back.is_set():
            # ROLLBACK came while we looked: nothing has ended.
            return
        self._end(decision, seen, reason, provisional=provisional)

    def _end(self, decision: str, seen: Served | None, reason: str, *, provisional: bool = False) -> None:
        plan, version = self.run_state.plan, seen.production if seen else None
        if seen is None and plan is not None and self.run_state.started_at is None:
            version = plan.old_version
        self._be_quiet()
        self.recorder.record(
            ev.RunEnded.model_validate(
                {
                    "decision": decision,
                    "provisional": provisional,
                    "production_version": version or "unknown",
                    "slot_version": seen.slot if seen else None,
                    "reason": reason,
                }
            )
        )

    def _decided(self, word: str, by: str, sentence: str) -> None:
        verdict = self.run_state.verdict.kind if self.run_state.verdict else "none"
        self.recorder.record(
            ev.Decided.model_validate({"word": word, "by": by, "verdict": verdict, "sentence": sentence})
        )
