"""The plan of a course on what is read now: for a run's journal, and for whoever only wants to see it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.choosing import ChoiceFacts, refused
from cpr_cockpit.core.commits import same_commit, wrong_commit
from cpr_cockpit.core.plan import Plan, PlanFacts
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PortError
from cpr_cockpit.core.sensing import State
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import NEW_ARTIFACT, OLD_ARTIFACT, ROLLING
from cpr_cockpit.engine.background import declared_rule
from cpr_cockpit.engine.checks import undeclared
from cpr_cockpit.engine.flag_premises import flag_facts
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.premises import read_premises
from cpr_cockpit.engine.previewing import pending_words
from cpr_cockpit.engine.serving import observe
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.users_by_hour import users_by_hour
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


def third_version(settings: SessionSettings, facts: PlanFacts) -> tuple[str, ...]:
    """A remark where the slot holds what is neither of the two versions: somebody may still need it."""
    held = facts.slot_version
    if held in (None, facts.production_version, settings.new_version):
        return ()
    return (f"slot {settings.slot} holds {held}, which is neither version: it is replaced, ask whoever put it there",)


async def choice_facts(ports: Ports, slot: str, course: Course, *, slot_exists: bool) -> ChoiceFacts:
    """What decides which strategies can be taken. That it cannot be read keeps nobody from those that need none."""
    flag = await flag_facts(ports.flags, course)
    try:
        signing_in = await ports.web_apps.signing_in(slot if slot_exists else PRODUCTION)
        found = await ports.web_apps.differences(slot) if slot_exists else ()
    except PortError as error:
        return ChoiceFacts(unread=error.words(), flag=flag)
    return ChoiceFacts(undeclared(slot, found, course.declared), signing_in, flag=flag)


async def premises_told(settings: SessionSettings, scaled: Policy, ports: Ports) -> tuple[str, ...]:
    """What holds of the logs, as remarks of the plan."""
    if ports.premises is None:
        return ()
    found = await read_premises(ports.premises, ports.clock.now(), scaled, settings.declared_delay_s)
    few = [one.words for one in await users_by_hour(ports, scaled) if one.state is State.NOTE]
    return (*found.remarks, *few)


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan with all its remarks, and what was read for it.

    ``known``: what decides which strategies can be taken. ``missing``: why there is no artifact of the old version, ""
    where there is one. ``marks``: the checklist items that a machine has read meanwhile.
    """

    plan: Plan
    known: ChoiceFacts
    missing: str
    marks: tuple[ev.ItemMarked, ...]


async def draft(ports: Ports, settings: SessionSettings, scaled: Policy, course: Course, *, before: str = "") -> Draft:
    """The plan of a course on what is read now; Blocked or PortError where none can be made.

    Changes nothing outside; it fetches the old version's artifact, in the place of that of ``before`` where a plan
    before this one was made from another version.
    """
    await check_artifact(settings)
    facts, others = await read_all_facts(ports, settings, course)
    known = await choice_facts(ports, settings.slot, course, slot_exists=facts.slot_exists)
    if why := refused(course, known):
        raise Blocked(why)
    wrong, marks = await declared_rule(ports, course, settings.slot, slot_exists=facts.slot_exists)
    if wrong:
        raise Blocked(wrong)
    if before and before != facts.production_version:
        (settings.artifacts / OLD_ARTIFACT).unlink(missing_ok=True)
    missing = await keep_old_artifact(ports, settings)
    at_scale, baseline_s, artifact = course.at_scale(scaled.scale), scaled.baseline_s, not missing
    plan = plan_by(at_scale, settings.slot, settings.new_version, facts, baseline_s=baseline_s, artifact=artifact)
    told = await premises_told(settings, scaled, ports)
    flag = (known.flag.words,) if course.flag and known.flag.words else ()
    plan = replace(plan, remarks=(*plan.remarks, *third_version(settings, facts), *others, *flag, *told))
    return Draft(plan, known, missing, marks)
