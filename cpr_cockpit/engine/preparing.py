"""Before START: the gate, the old artifact, the facts, the plan and the card. It reads; it changes nothing outside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.choosing import ChoiceFacts, choices, refused
from cpr_cockpit.core.commits import same_commit, wrong_commit
from cpr_cockpit.core.pipeline import ZIP
from cpr_cockpit.core.plan import Act, ActKind, Plan, PlanFacts, Step
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PlannedRequest, PortError
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import NEW_ARTIFACT, OLD_ARTIFACT, ROLLING
from cpr_cockpit.core.workers import WorkerRule
from cpr_cockpit.documents.card import write_card
from cpr_cockpit.engine.background import declared_rule
from cpr_cockpit.engine.checks import undeclared
from cpr_cockpit.engine.flag_premises import flag_facts
from cpr_cockpit.engine.gate import judge
from cpr_cockpit.engine.measuring import from_documents, from_plan
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.premises import read_premises
from cpr_cockpit.engine.previewing import pending_words
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.serving import observe
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.zips import ZipError, check_whole, commit_of


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
    now = serving.words(slot)
    if serving.in_flight:
        raise Blocked(f"A swap is under way: {now}. Nothing was changed. Let it end, then begin again.")
    if pending := pending_words(serving.swap):
        raise Blocked(f"{pending}. Nothing was changed: {now}. Begin again when it is gone.")
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


async def read_all_facts(ports: Ports, settings: SessionSettings, course: Course) -> tuple[PlanFacts, tuple[str, ...]]:
    """The same of every app of the course: the first one's facts, and remarks on the others; Blocked."""
    slot, new = settings.slot, settings.new_version
    first = await read_facts(ports, slot, new)
    remarks = []
    for app in course.apps[1:] if course.strategy == ROLLING and not course.grey else ():
        try:
            facts = await read_facts(ports.at(app), slot, new)
        except Blocked as error:
            raise Blocked(f"{app}: {error}") from error
        if facts.production_version != first.production_version:
            raise Blocked(
                f"{app} serves {facts.production_version} and {course.apps[0]} {first.production_version}: nobody "
                "could tell which version to go back to. Nothing was changed. Bring all apps to one version first."
            )
        held = f"serves {facts.slot_version or 'no version'}" if facts.slot_exists else "does not exist yet"
        remarks.append(f"{app}: production serves {facts.production_version}, slot {slot} {held}")
    return first, tuple(remarks)


async def check_artifact(settings: SessionSettings) -> None:
    """Blocked where the new version's zip is missing, is none, or tells that it was built from another commit."""
    path, again = settings.artifacts / NEW_ARTIFACT, f"Build the artifact of {settings.new_version} again."
    try:
        await asyncio.to_thread(check_whole, path)
    except ZipError as error:
        raise Blocked(f"{error} Nothing was changed. {again}") from error
    told = await asyncio.to_thread(commit_of, path) if settings.commit else None
    if told is not None and not same_commit(told, settings.commit):
        wrong = wrong_commit(f"The artifact {path.name}", told, settings.commit)
        raise Blocked(f"{wrong} Nothing was changed. {again}")


async def keep_old_artifact(ports: Ports, settings: SessionSettings) -> str:
    """Have the old version's zip at hand: the one that lies there (configured), or production's own from Kudu.

    Returns "" or the reason why there is none, which the plan then says.
    """
    path = settings.artifacts / OLD_ARTIFACT
    try:
        if not path.exists():
            await ports.web_apps.content(PRODUCTION, path)
        await asyncio.to_thread(check_whole, path)
    except PortError as error:
        return error.what
    except ZipError as error:
        path.unlink(missing_ok=True)
        return str(error)
    return ""


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
    course = replace(course, apps=event.apps, at_once=event.at_once)
    return plan_by(course, slot, new, facts, baseline_s=baseline_s, artifact=event.artifact)


def third_version(settings: SessionSettings, facts: PlanFacts) -> tuple[str, ...]:
    """A remark where the slot holds what is neither of the two versions: somebody may still need it."""
    held = facts.slot_version
    if held in (None, facts.production_version, settings.new_version):
        return ()
    return (f"slot {settings.slot} holds {held}, which is neither version: it is replaced, ask whoever put it there",)


def course_of(settings: SessionSettings, run: Run) -> Course:
    """What the run is brought to production by, times at their real length: what was chosen, else configured."""
    return Course.from_dict(run.chosen.course) if run.chosen else settings.course


async def choice_facts(ports: Ports, slot: str, course: Course, *, slot_exists: bool) -> ChoiceFacts:
    """What decides which strategies can be taken. That it cannot be read keeps nobody from those that need none."""
    flag = await flag_facts(ports.flags, course)
    try:
        signing_in = await ports.web_apps.signing_in(slot if slot_exists else PRODUCTION)
        found = await ports.web_apps.differences(slot) if slot_exists else ()
    except PortError as error:
        return ChoiceFacts(unread=error.words(), flag=flag)
    return ChoiceFacts(undeclared(slot, found, course.declared), signing_in, flag=flag)


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
        self._recorder.record(await self.plan_for(course_of(self._settings, self._recorder.run)))

    async def plan_for(self, course: Course) -> ev.PlanMade:
        """The plan of a course on what is read now; Blocked or PortError where none can be made."""
        settings = self._settings
        await check_artifact(settings)
        facts, others = await read_all_facts(self._ports, settings, course)
        known = await choice_facts(self._ports, settings.slot, course, slot_exists=facts.slot_exists)
        if why := refused(course, known):
            raise Blocked(why)
        wrong, marks = await declared_rule(self._ports, course, settings.slot, slot_exists=facts.slot_exists)
        if wrong:
            raise Blocked(wrong)
        self._mark(marks)
        before = self._recorder.run.plan
        if before is not None and before.old_version != facts.production_version:
            # What was kept for a plan before this one is of another version.
            (settings.artifacts / OLD_ARTIFACT).unlink(missing_ok=True)
        missing = await keep_old_artifact(self._ports, settings)
        if missing:
            words = f"no artifact of {facts.production_version}: {missing}"
            self._recorder.record(ev.Noted(by="cockpit", words=words))
        baseline_s = self._scaled.baseline_s
        at_scale = course.at_scale(self._scaled.scale)
        plan = plan_by(
            at_scale, settings.slot, settings.new_version, facts, baseline_s=baseline_s, artifact=not missing
        )
        told = await premises_told(settings, self._scaled, self._ports, self._recorder)
        flag = (known.flag.words,) if course.flag and known.flag.words else ()
        plan = replace(plan, remarks=(*plan.remarks, *third_version(settings, facts), *others, *flag, *told))
        made = plan_event(plan, baseline_s, artifact=not missing, requests=self._requests)
        offered = tuple(
            ev.PlannedChoice(key=one.key, label=one.label, chosen=one.chosen, why_not=one.why_not)
            for one in choices(course, settings.course, known)
        )
        return made.model_copy(update={"choices": offered})

    def _requests(self, act: Act) -> tuple[PlannedRequest, ...]:
        there = self._ports.at(act.app)
        planners = (there.pipeline, there.web_apps, there.probe, there.flags, there.workers)
        return tuple(one for planner in planners if planner is not None for one in planner.planned(act))

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
