"""Before START: the gate, the old artifact, the facts, the plan and the card. It reads; it changes nothing outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.choosing import choices
from cpr_cockpit.core.pipeline import ZIP
from cpr_cockpit.core.plan import Act, ActKind, Plan, PlanFacts, Step
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PlannedRequest
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.workers import WorkerRule
from cpr_cockpit.documents.card import write_card
from cpr_cockpit.engine.gate import judge
from cpr_cockpit.engine.measuring import from_documents, from_plan
from cpr_cockpit.engine.planning import Blocked, draft
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings

_WATCHED = frozenset({ActKind.WATCH_SHARE, ActKind.WATCH_FLAG, ActKind.WATCH_APPS})

Requests = Callable[[Act], tuple[PlannedRequest, ...]]
"""What an act would send; sends nothing."""


def plan_event(plan: Plan, baseline_s: float, *, artifact: bool, requests: Requests | None = None) -> ev.PlanMade:
    """The plan as the journal keeps it, with the requests of each step where they are known."""
    watched = [step.act for step in plan.forward if step.act.kind in _WATCHED]

    def sent(step: Step) -> tuple[str, ...]:
        return tuple(f"{one.method} {one.url}" for one in requests(step.act)) if requests else ()

    def planned(steps: tuple[Step, ...]) -> tuple[ev.PlannedStep, ...]:
        return tuple(
            ev.PlannedStep(
                key=step.key,
                title=step.title,
                undo=step.undo.words,
                requests=sent(step),
                flag=bool(step.act.flag),
            )
            for step in steps
        )

    return ev.PlanMade(
        strategy=plan.strategy,
        old_version=plan.old_version,
        new_version=plan.new_version,
        slot=plan.slot,
        artifact=artifact,
        baseline_s=baseline_s,
        slot_exists=plan.facts.slot_exists,
        slot_version=plan.facts.slot_version,
        percents=tuple(act.percent for act in watched if act.percent),
        step_s=watched[0].seconds if watched else 0.0,
        control=plan.control_percent,
        apps=plan.apps,
        at_once=plan.at_once,
        harmless=next((step.act.names for step in plan.forward if step.act.kind is ActKind.PROVE_ALIKE), ()),
        preview=plan.previews,
        deploy=next((step.act.by for step in plan.forward if step.act.by), ZIP),
        flag=next((step.act.flag for step in plan.back if step.act.flag), ""),
        journeys=next((step.act.names for step in plan.forward if step.act.kind is ActKind.JOURNEYS), ()),
        workers=next((step.act.workers.to_dict() for step in plan.forward if step.act.workers), {}),
        forward=planned((*plan.forward, *plan.after)),
        back=planned(plan.back),
        lower=planned(plan.lower),
        remarks=plan.remarks,
    )


def plan_of(event: ev.PlanMade) -> Plan:
    """The plan that an event stands for: the same strategy on the same facts."""
    facts = PlanFacts(event.old_version, event.slot_version, event.slot_exists)
    slot, new, baseline_s = event.slot, event.new_version, event.baseline_s
    course = Course(
        event.strategy,
        event.percents,
        event.step_s,
        event.control,
        event.harmless,
        preview=event.preview,
        deploy=event.deploy,
        flag=event.flag,
        workers=WorkerRule.from_dict(event.workers),
    )
    course = replace(course, apps=event.apps, at_once=event.at_once, journeys=event.journeys)
    return plan_by(course, slot, new, facts, baseline_s=baseline_s, artifact=event.artifact)


def course_of(settings: SessionSettings, run: Run) -> Course:
    """What the run is brought to production by, times at their real length: what was chosen, else configured."""
    return Course.from_dict(run.chosen.course) if run.chosen else settings.course


@dataclass(frozen=True, slots=True)
class Made:
    """A plan that is not recorded yet; ``marks`` and ``missing``: as in `Draft`."""

    plan: ev.PlanMade
    marks: tuple[ev.ItemMarked, ...]
    missing: str


class Preparation:
    """Runs what is not in the journal yet."""

    def __init__(self, settings: SessionSettings, scaled: Policy, ports: Ports, recorder: Recorder) -> None:
        self._settings = settings
        self._scaled = scaled
        self._ports = ports
        self._recorder = recorder

    async def run(self, planned: Callable[[], Awaitable[None]]) -> None:
        """Gate, artifact, plan, card; Blocked or PortError where the run cannot begin.

        ``planned``: what is done once there is a plan, before anybody can begin with it.
        """
        self._gate()
        if self._recorder.run.plan is None:
            await self._plan()
        await planned()
        if self._recorder.run.card is None:
            self.write_card()

    async def anew(self) -> None:
        """Another plan and its card in the place of one that others have made void; Blocked or PortError."""
        await self._plan()
        try:
            self.write_card()
        except OSError as error:
            raise Blocked(
                f"The rollback card cannot be written ({error}): START is not possible. Make room, then try again."
            ) from error

    def _mark(self, marks: Iterable[ev.ItemMarked]) -> None:
        """Record them; what somebody, or a sensor, found failed is not made good by what the plan says."""
        for mark in marks:
            before = self._recorder.run.standings.get(mark.item)
            if before is None or before.mark != Mark.FAILED:
                self._recorder.record(mark)

    def _gate(self) -> None:
        if self._recorder.run.gate is None:
            require = self._settings.policy.require_ready
            self._recorder.record(judge(self._settings.readiness, require_ready=require))
            self._mark(from_documents(self._settings.readiness))
        gate = self._recorder.run.gate
        if gate is not None and gate.blockers:
            raise Blocked(f"The gate says {gate.level}: {'; '.join(gate.blockers)}. Nothing was changed.")

    async def _plan(self) -> None:
        self.record(await self.plan_for(course_of(self._settings, self._recorder.run)))

    def record(self, made: Made, chosen: ev.StrategyChosen | None = None) -> None:
        """Write down a plan, and who chose it, where somebody did."""
        self._mark(made.marks)
        if made.missing:
            words = f"no artifact of {made.plan.old_version}: {made.missing}"
            self._recorder.record(ev.Noted(by=PROGRAM, words=words))
        if chosen is not None:
            self._recorder.record(chosen)
        self._recorder.record(made.plan)

    async def plan_for(self, course: Course) -> Made:
        """The plan of a course on what is read now; Blocked or PortError where none can be made. Records nothing."""
        run, settings = self._recorder.run, self._settings
        made = await draft(self._ports, settings, self._scaled, course, before=run.plan.old_version if run.plan else "")
        baseline_s, artifact = self._scaled.baseline_s, not made.missing
        event = plan_event(made.plan, baseline_s, artifact=artifact, requests=self._ports.planned)
        offered = tuple(
            ev.PlannedChoice(key=one.key, label=one.label, chosen=one.chosen, why_not=one.why_not)
            for one in choices(course, settings.course, made.known)
        )
        return Made(event.model_copy(update={"choices": offered}), made.marks, made.missing)

    def write_card(self) -> None:
        """The card of the plan that there is, and what follows from both. OSError."""
        self._card()
        self._mark(from_plan(self._recorder.run))

    def _card(self) -> None:
        event = self._recorder.run.plan
        if event is None:
            raise Blocked("There is no plan to write a rollback card for. Nothing was changed.")
        settings = self._settings
        path, digest = write_card(settings.folder, settings.environment, plan_of(event), people=settings.contacts)
        self._recorder.record(ev.CardWritten(path=str(path), sha256=digest))
