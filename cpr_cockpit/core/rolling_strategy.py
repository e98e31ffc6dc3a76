"""Rolling: several apps one after another, each by its own swap, a gate between them, the way back in reverse.

What is done in one app is what blue-green does there; the step's key and title then say in which. The apps share one
release: the same new artifact, and the old version's of the first app for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cpr_cockpit.core.canary import LONGEST_S
from cpr_cockpit.core.ladder import with_ladder
from cpr_cockpit.core.plan import Act, ActKind, Plan, PlanFacts, Step, Undo, key_at
from cpr_cockpit.core.strategy import NOTHING, ROLLING, blue_green

PREPARED = ("ensure-slot", "deploy", "prove-slot", "warm-up", "smoke")
"""What is done in every app before the first is switched."""
SWITCHED = ("swap", "prove-production", "keep-warm")
"""What is done in one app while the others wait."""
# A swap back that hangs keeps that of the next app waiting.
_BACK_S = 300.0


def rolling(
    slot: str,
    new: str,
    facts: PlanFacts,
    *,
    baseline_s: float,
    artifact: bool,
    apps: tuple[str, ...],
    at_once: int,
    step_s: float,
) -> Plan:
    """All apps are prepared, then at most ``at_once`` of ``apps`` are switched between two gates of ``step_s`` seconds.

    ValueError where these are not several apps that can be switched in turn (`why_not`).
    """
    if wrong := why_not(apps, at_once):
        raise ValueError(wrong)
    one = with_ladder(blue_green(slot, new, facts, baseline_s=baseline_s, artifact=artifact), artifact=artifact)
    plan = replace(one, strategy=ROLLING, apps=apps, at_once=at_once)
    reverse = plan.places[::-1]
    return replace(
        plan,
        forward=(*_prepared(plan), *_in_turn(plan, step_s)),
        back=tuple(_at(plan, _in_time(step), app) for step in one.back for app in reverse),
        lower=tuple(_at(plan, step, app) for app in reverse for step in one.lower),
        remarks=(*one.remarks, *_remarks(plan)),
    )


def why_not(apps: tuple[str, ...], at_once: int) -> str:
    """Why these apps cannot be switched in turn, and what would do; "" where they can."""
    if len(apps) < 2:
        return "rolling needs several apps, and there is one: name the others in [[environments.NAME.apps]]"
    if len(set(apps)) < len(apps):
        return f"rolling needs apps of different names, found {', '.join(apps)}"
    if not 0 < at_once < len(apps):
        return f"rolling switches fewer apps at once than the {len(apps)} that there are, at least one, found {at_once}"
    return ""


def _in_time(step: Step) -> Step:
    return replace(step, timeout_s=_BACK_S) if step.act.kind is ActKind.SWAP else step


def _prepared(plan: Plan) -> Iterator[Step]:
    """Every app's slot holds the new version, proven, before users meet it in the first of them."""
    for app in plan.places:
        for key in PREPARED:
            yield _at(plan, plan.step(key), app)
            if key == "ensure-slot" and not app:
                yield plan.step("keep-old")
    yield plan.step("prove-telemetry")
    yield plan.step("baseline")


def _in_turn(plan: Plan, step_s: float) -> Iterator[Step]:
    turns = [plan.places[at : at + plan.at_once] for at in range(0, len(plan.places), plan.at_once)]
    done: tuple[str, ...] = ()
    for number, turn in enumerate(turns, 1):
        for app in turn:
            yield from (_at(plan, plan.step(key), app) for key in SWITCHED)
        done = (*done, *(plan.name(app) for app in turn))
        if number < len(turns):
            yield _gate(plan, number, done, step_s)


def _gate(plan: Plan, number: int, done: tuple[str, ...], step_s: float) -> Step:
    old, new, left = plan.old_version, plan.new_version, len(plan.apps) - len(done)
    others = "the other app" if left == 1 else f"the {left} others"
    return Step(
        f"gate-{number}",
        f"Judge {new} in {_listed(done)} beside {old} in {others} for {step_s:.0f} s",
        Act(ActKind.WATCH_APPS, plan.slot, version=new, other=old, seconds=step_s, names=done),
        NOTHING,
        LONGEST_S,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _at(plan: Plan, step: Step, app: str) -> Step:
    """The step as it is done in ``app``."""
    name = plan.name(app)
    undo = Undo(f"{name}: {step.undo.words}", tuple(replace(act, app=app) for act in step.undo.acts))
    return replace(
        step,
        key=key_at(step.key, app),
        title=f"{name}: {step.title}",
        act=replace(step.act, app=app),
        undo=undo if undo.acts else step.undo,
    )


def _remarks(plan: Plan) -> tuple[str, ...]:
    apps, old, new = plan.apps, plan.old_version, plan.new_version
    gate = "the gate" if plan.at_once == 1 else f"a gate, {plan.at_once} apps at most"
    words = [
        f"{len(apps)} apps in this order: {_listed(apps)}; the next only when {gate} said GO",
        f"until the last is switched, who meets {new} and who {old} is decided by what routes users to the apps",
        f"the way back is in reverse: {_listed(reversed(apps))}; an app that refuses does not keep the others",
    ]
    return tuple(words)
