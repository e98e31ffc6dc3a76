"""Before START: the gate, the old artifact, the facts, the plan and the card. It reads; it changes nothing outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.pipeline import ZIP
from cpr_cockpit.core.plan import Act, ActKind, Plan, PlanFacts, Step
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PlannedRequest, PortError
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import NEW_ARTIFACT, OLD_ARTIFACT
from cpr_cockpit.core.workers import WorkerRule
from cpr_cockpit.documents.card import write_card
from cpr_cockpit.engine.background import declared_rule
from cpr_cockpit.engine.checks import undeclared
from cpr_cockpit.engine.gate import judge
from cpr_cockpit.engine.measuring import from_documents, from_plan
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.premises import read_premises
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.serving import observe
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.zips import ZipError, examine


class Blocked(Exception):
    """The run cannot begin: what, what was not changed, what next."""


async def read_facts(ports: Ports, slot: str, new_version: str) -> PlanFacts:
    """Who serves what now; Blocked where nobody can plan on it."""
    slots = {one.name: one for one in await ports.web_apps.slots()}
    serving = await observe(ports.web_apps, ports.probe, slot)
    if serving.production is None:
        raise Blocked(
            f"Nobody can tell which version production serves ({serving.words(slot)}). Nothing was changed. "
            "Make its health address answer 200 with its version, then begin again."
        )
    if serving.production == new_version:
        raise Blocked(f"Production serves {new_version} already. Nothing was changed. Choose another version.")
    if serving.in_flight or serving.swap.pending_preview:
        raise Blocked("A swap, or the preview of one, is under way. Nothing was changed. Let it end, then begin again.")
    share = (await ports.web_apps.shares()).get(slot, 0.0)
    if share:
        raise Blocked(
            f"{share:g} % of production's new sessions go to slot {slot} already: they would meet {new_version} as "
            f"soon as it is deployed there. Nothing was changed. Route no traffic to {slot}, then begin again."
        )
    known = slots.get(slot)
    return PlanFacts(
        production_version=serving.production,
        slot_version=serving.slot,
        slot_exists=known is not None,
        slot_host=known.host if known else "",
        production_host=slots[PRODUCTION].host if PRODUCTION in slots else "",
    )


async def keep_old_artifact(ports: Ports, settings: SessionSettings) -> str:
    """Have the old version's zip at hand: the one that lies there (configured), or production's own from Kudu.

    Returns "" or the reason why there is none, which the plan then says.
    """
    path = settings.artifacts / OLD_ARTIFACT
    try:
        if not path.exists():
            await ports.web_apps.content(PRODUCTION, path)
        examine(path)
    except PortError as error:
        return error.what
    except ZipError as error:
        path.unlink(missing_ok=True)
        return str(error)
    return ""


Requests = Callable[[Act], tuple[PlannedRequest, ...]]
"""What an act would send; sends nothing."""


def plan_event(plan: Plan, baseline_s: float, *, artifact: bool, requests: Requests | None = None) -> ev.PlanMade:
    """The plan as the journal keeps it, with the requests of each step where they are known."""
    shares = [step.act for step in plan.forward if step.act.kind is ActKind.WATCH_SHARE]

    def sent(step: Step) -> tuple[str, ...]:
        return tuple(f"{one.method} {one.url}" for one in requests(step.act)) if requests else ()

    def planned(steps: tuple[Step, ...]) -> tuple[ev.PlannedStep, ...]:
        return tuple(
            ev.PlannedStep(key=step.key, title=step.title, undo=step.undo.words, requests=sent(step)) for step in steps
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
        percents=tuple(act.percent for act in shares),
        step_s=shares[0].seconds if shares else 0.0,
        control=plan.control_percent,
        harmless=next((step.act.names for step in plan.forward if step.act.kind is ActKind.PROVE_ALIKE), ()),
        deploy=next((step.act.by for step in plan.forward if step.act.by), ZIP),
        commit=next((step.act.commit for step in plan.forward if step.act.commit), ""),
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
        event.deploy,
        event.commit,
        WorkerRule.from_dict(event.workers),
    )
    return plan_by(course, slot, new, facts, baseline_s=baseline_s, artifact=event.artifact)


async def premises_told(settings: SessionSettings, scaled: Policy, ports: Ports, recorder: Recorder) -> tuple[str, ...]:
    """What holds of the logs, as remarks of the plan; where production's rows come in time, the item stands."""
    if ports.premises is None:
        return ()
    found = await read_premises(ports.premises, ports.clock.now(), scaled, settings.declared_delay_s)
    if found.sound:
        item = "monitoring.performance-monitoring"
        recorder.record(ev.ItemMarked(item=item, mark=Mark.MEASURED, by=PROGRAM, value=found.summary))
    return found.remarks


class Preparation:
    """Runs what is not in the journal yet."""

    def __init__(self, settings: SessionSettings, scaled: Policy, ports: Ports, recorder: Recorder) -> None:
        self._settings = settings
        self._scaled = scaled
        self._ports = ports
        self._recorder = recorder

    async def run(self) -> None:
        """Gate, artifact, plan, card; Blocked or PortError where the run cannot begin."""
        self._gate()
        if self._recorder.run.plan is None:
            await self._plan()
        if self._recorder.run.card is None:
            self._card()
            self._mark(from_plan(self._recorder.run))

    def _mark(self, marks: Iterable[ev.ItemMarked]) -> None:
        for mark in marks:
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
        settings = self._settings
        try:
            examine(settings.artifacts / NEW_ARTIFACT)
        except ZipError as error:
            raise Blocked(
                f"{error} Nothing was changed. Build the artifact of {settings.new_version} again."
            ) from error
        facts = await read_facts(self._ports, settings.slot, settings.new_version)
        await self._alike(facts)
        await self._background(facts)
        missing = await keep_old_artifact(self._ports, settings)
        if missing:
            words = f"no artifact of {facts.production_version}: {missing}"
            self._recorder.record(ev.Noted(by="cockpit", words=words))
        baseline_s = self._scaled.baseline_s
        course = settings.course_at(self._scaled.scale)
        plan = plan_by(course, settings.slot, settings.new_version, facts, baseline_s=baseline_s, artifact=not missing)
        plan = replace(
            plan, remarks=(*plan.remarks, *await premises_told(settings, self._scaled, self._ports, self._recorder))
        )
        self._recorder.record(plan_event(plan, baseline_s, artifact=not missing, requests=self._requests))

    async def _alike(self, facts: PlanFacts) -> None:
        """Blocked where sessions shall be routed to a slot that is not like production; the plan proves it again."""
        course, slot = self._settings.course, self._settings.slot
        if course.shares_sessions and facts.slot_exists:
            words = undeclared(slot, await self._ports.web_apps.differences(slot), course.declared)
            if words:
                raise Blocked(f"Users who are routed to it would meet other settings: {words} Nothing was changed.")

    async def _background(self, facts: PlanFacts) -> None:
        """Blocked where the slot's workers are not switched off as declared; what is proven is marked."""
        rule, slot = self._settings.course.workers, self._settings.slot
        if rule is not None:
            words, mark = await declared_rule(self._ports, rule, slot, slot_exists=facts.slot_exists)
            if words:
                raise Blocked(f"Background work would be done twice: {words} Nothing was changed.")
            self._mark(mark)

    def _requests(self, act: Act) -> tuple[PlannedRequest, ...]:
        pipeline = self._ports.pipeline.planned(act) if self._ports.pipeline is not None else ()
        workers = self._ports.workers.planned(act) if self._ports.workers is not None else ()
        return pipeline + workers + self._ports.web_apps.planned(act) + self._ports.probe.planned(act)

    def _card(self) -> None:
        event = self._recorder.run.plan
        if event is None:
            raise Blocked("There is no plan to write a rollback card for. Nothing was changed.")
        path, digest = write_card(self._settings.folder, self._settings.environment, plan_of(event))
        self._recorder.record(ev.CardWritten(path=str(path), sha256=digest))
