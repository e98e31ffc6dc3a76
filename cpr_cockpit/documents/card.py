"""The rollback card: what a person with nothing but a shell and ``az`` does when the cockpit is gone."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from cpr_cockpit.core import by_hand
from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.plan import ActKind, Plan
from cpr_cockpit.documents.card_apps import alone
from cpr_cockpit.documents.card_first import before_the_slots
from cpr_cockpit.documents.card_rungs import background, contacts, ladder, portal
from cpr_cockpit.documents.papers.figures import path_of_health
from cpr_cockpit.documents.papers.text import code, heading, inert
from cpr_cockpit.documents.whole import write_whole

CARD = "rollback-card.md"
CARD_DATA = "rollback-card.json"
_ROUTING = "x-ms-routing-name"  # of a request: the slot that it is for, whatever the routing rules say
_BY_HAND = (
    "**ROLLBACK BY HAND.** The cockpit only looked on at this deployment: no key of it rolls back. Where your pipeline",
    "has a rollback of its own, use that. Otherwise, and only where the slot below holds the old version, go on here.",
    "",
)


def write_card(
    folder: Path,
    environment: dict[str, str],
    plan: Plan,
    *,
    observed: bool = False,
    people: Sequence[Contact] = (),
) -> tuple[Path, str]:
    """Write the card and its data (for a session whose journal is damaged); the card's path and SHA-256. OSError.

    ``observed``: this run changes nothing itself, so the card is the only way back that it has. ``people``: whom to
    call.
    """
    path = folder / CARD
    card = render_card(folder, environment, plan, observed=observed, people=people).encode()
    digest = hashlib.sha256(card).hexdigest()
    write_whole(path, card)
    baseline = next(step.act.seconds for step in plan.forward if step.act.kind is ActKind.BASELINE)
    data = {
        "strategy": plan.strategy,
        "old_version": plan.old_version,
        "new_version": plan.new_version,
        "slot": plan.slot,
        "artifact": _has_artifact(plan),
        "control": plan.control_percent,
        "preview": plan.previews,
        "baseline_s": baseline,
        "path": str(path),
        "sha256": digest,
    }
    write_whole(folder / CARD_DATA, (json.dumps(data, indent=2) + "\n").encode())
    return path, digest


def _has_artifact(plan: Plan) -> bool:
    return any(step.act.kind is ActKind.DEPLOY for step in plan.back)


def render_card(
    folder: Path,
    environment: dict[str, str],
    plan: Plan,
    *,
    observed: bool = False,
    people: Sequence[Contact] = (),
) -> str:
    """The card's text: ids, exact commands, expected versions, what not to do.

    Versions are the application's own words, so they stand in code spans; ids and paths in commands are quoted.
    """
    lines = [
        *heading(1, f"Rollback card: {plan.new_version} back to {plan.old_version}"),
        *(_BY_HAND if observed else ()),
    ]
    if not plan.apps:
        return "\n".join([*lines, *_page(folder, environment, plan, people)])
    names = ", ".join(code(app) for app in reversed(plan.apps))
    lines += [
        f"{len(plan.apps)} apps. In this order: {names}. Do 1 and 2 in each of them first, then 3 and 4 in each.",
        "An app that refuses keeps no other: go on with the next, and come back to it.",
        "",
    ]
    for app in reversed(plan.apps):
        lines += heading(1, f"App {app}")
        lines += _page(folder, by_hand.of_app(environment, app), alone(plan, app), people)
    return "\n".join(lines)


def _page(folder: Path, environment: dict[str, str], plan: Plan, people: Sequence[Contact]) -> list[str]:
    """What is done by hand in one app."""
    look = _looks(environment)
    return [
        *_about(environment, plan),
        *contacts(people),
        *ladder(plan),
        *_look(look, environment, plan),
        *before_the_slots(environment, plan),
        *_by_what_serves(plan),
        *_swap(environment, plan),
        *_ladder(folder, environment, plan),
        *_replace(folder, environment, plan),
        *_prove(look, plan),
        *background(environment, plan),
        *_never(plan),
        *portal(environment, plan),
    ]


def _looks(environment: dict[str, str]) -> list[str]:
    """The commands that ask production and the slot: production itself, also while sessions are routed to the slot."""
    path = path_of_health(environment)
    itself = f"{path}{'&' if '?' in path else '?'}{_ROUTING}=self"
    asked = (environment.get("production_url", "") + itself, environment.get("slot_url", "") + path)
    return [f"    curl -fsS {shlex.quote(url)}" for url in asked]


def _about(environment: dict[str, str], plan: Plan) -> list[str]:
    rows = (
        ("Tenant", "tenant"),
        ("Subscription", "subscription"),
        ("Resource group", "resource_group"),
        ("App", "app"),
        ("Production", "production_url"),
        ("Slot", "slot_url"),
        *((("App Configuration", "app_configuration"),) if plan.flag_back else ()),
    )
    new, old, slot = code(plan.new_version), code(plan.old_version), code(plan.slot)
    return [
        "For a person with a shell and `az`, when the cockpit cannot be used. Read each step to its end first.",
        "",
        "## What it is about",
        "",
        *(f"- {title}: {code(environment[key])}" for title, key in rows if environment.get(key)),
        f"- New version: {new}; old version: {old}; the old version waits in slot {slot} after the swap.",
        "",
    ]


def _look(look: list[str], environment: dict[str, str], plan: Plan) -> list[str]:
    refused = (
        f"- The routing sends all new sessions to {code(plan.slot)} (100): a swap back was refused before, and users",
        "  meet the old version there. Leave that so, do not swap, and go on in 2 where the swap is refused.",
    )
    return [
        "## 1. Look before you press",
        "",
        *look,
        f"    {by_hand.look(environment)}",
        f"    {by_hand.routing(environment)}",
        "",
        "- A swap is under way (`running` names one, the versions change between looks, or `az` answers that another",
        "  operation is in progress): wait and look again.",
        *(refused if plan.lower else ()),
        "",
    ]


def _by_what_serves(plan: Plan) -> list[str]:
    new, old, slot = code(plan.new_version), code(plan.old_version), code(plan.slot)
    otherwise = (
        f"deploy the kept {old} to production, the last but one command of 2"
        if plan.lower and _has_artifact(plan)
        else f"deploy a build of {old} to production, and call for help"
    )
    return [
        "Then, by what production and the slot answered:",
        "",
        f"- Slot {old}, and production {new} or nothing: go on with 2.",
        f"- Production {old} already: do NOT swap (a second swap brings {new} back). Go on with 3.",
        f"- Anything else, also after a second look: do NOT swap, for {slot} does not hold {old}. Instead {otherwise}.",
        "",
    ]


def _swap(environment: dict[str, str], plan: Plan) -> list[str]:
    return [
        "## 2. Swap back, once",
        "",
        f"    {by_hand.swap_back(environment, plan.slot)}",
        "",
        "If the command ends with an error or without an answer: do not repeat it; go back to 1.",
        f"Expected then: production {code(plan.old_version)}, slot {code(plan.new_version)}.",
        "",
    ]


def _ladder(folder: Path, environment: dict[str, str], plan: Plan) -> list[str]:
    """The rungs below the swap, for when it is refused."""
    if not plan.lower:
        return []
    old = code(plan.old_version)
    lines = [
        f"If the swap is refused for good, and slot {code(plan.slot)} serves {old}: send all new sessions there.",
        "",
        f"    {by_hand.route_old(environment, plan.slot)}",
        "",
    ]
    if not _has_artifact(plan):
        return lines
    artifact = next(step.act.artifact for step in plan.back if step.act.kind is ActKind.DEPLOY)
    return [
        *lines,
        f"Then deploy the kept {old} to production itself. Look again (1); only once production answers {old}, end the",
        "routing, and go on with 3:",
        "",
        f"    {by_hand.deploy_old(environment, str(folder / 'artifacts' / artifact))}",
        f"    {by_hand.unroute(environment)}",
        "",
    ]


def _replace(folder: Path, environment: dict[str, str], plan: Plan) -> list[str]:
    title = [f"## 3. Put {inert(plan.old_version)} into slot {inert(plan.slot)}", ""]
    if not _has_artifact(plan):
        none = f"No artifact of {code(plan.old_version)} could be had: rollback is by swap only."
        until = f"meet {code(plan.new_version)} until another version is deployed there."
        return [*title, f"{none} Users with a routing cookie of slot {code(plan.slot)} {until}", ""]
    artifact = next(step.act.artifact for step in plan.back if step.act.kind is ActKind.DEPLOY)
    old = code(plan.old_version)
    return [
        *title,
        f"Only once production answers {old}, and not where the slot answers it too. No routing cookie meets",
        f"{code(plan.new_version)} any more then:",
        "",
        f"    {by_hand.deploy_old(environment, str(folder / 'artifacts' / artifact), plan.slot)}",
        "",
    ]


def _prove(look: list[str], plan: Plan) -> list[str]:
    old = code(plan.old_version)
    versions = f"{old} from both" if _has_artifact(plan) else f"{old} from the first"
    expected = f"Expected: {versions}, several times over fresh connections."
    return ["## 4. Prove it", "", *look, "", expected, ""]


def _never(plan: Plan) -> list[str]:
    return [
        "## What not to do",
        "",
        "- Do not swap twice. A repeated swap undoes the rollback.",
        f"- Do not stop slot {code(plan.slot)}: users who hold its routing cookie get errors.",
        "- Do not deploy to production directly while a swap is under way.",
        "",
    ]
