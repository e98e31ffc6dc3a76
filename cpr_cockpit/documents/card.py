"""The rollback card: what a person with nothing but a shell and ``az`` does when the cockpit is gone."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path

from cpr_cockpit.core.plan import ActKind, Plan
from cpr_cockpit.core.workers import STICKY_OFF
from cpr_cockpit.documents.papers.figures import path_of_health
from cpr_cockpit.documents.papers.text import heading, inert
from cpr_cockpit.documents.parts import printable
from cpr_cockpit.documents.whole import write_whole

CARD = "rollback-card.md"
CARD_DATA = "rollback-card.json"
_BY_HAND = (
    "**ROLLBACK BY HAND.** The cockpit only looked on at this deployment: no key of it rolls back. Where your pipeline",
    "has a rollback of its own, use that. Otherwise, and only where the slot below holds the old version, go on here.",
    "",
)


def write_card(folder: Path, environment: dict[str, str], plan: Plan, *, observed: bool = False) -> tuple[Path, str]:
    """Write the card and its data (for a session whose journal is damaged); the card's path and SHA-256. OSError.

    ``observed``: this run changes nothing itself, so the card is the only way back that it has.
    """
    path = folder / CARD
    card = render_card(folder, environment, plan, observed=observed).encode()
    digest = hashlib.sha256(card).hexdigest()
    write_whole(path, card)
    baseline = next(step.act.seconds for step in plan.forward if step.act.kind is ActKind.BASELINE)
    data = {
        "strategy": plan.strategy,
        "old_version": plan.old_version,
        "new_version": plan.new_version,
        "slot": plan.slot,
        "artifact": _has_artifact(plan),
        "baseline_s": baseline,
        "path": str(path),
        "sha256": digest,
    }
    write_whole(folder / CARD_DATA, (json.dumps(data, indent=2) + "\n").encode())
    return path, digest


def _has_artifact(plan: Plan) -> bool:
    return any(step.act.kind is ActKind.DEPLOY for step in plan.back)


def render_card(folder: Path, environment: dict[str, str], plan: Plan, *, observed: bool = False) -> str:
    """The card's text: ids, exact commands, expected versions, what not to do.

    Versions are the application's own words, so they stand in code spans; ids and paths in commands are quoted.
    """
    pinned = _pinned(environment)
    look = [
        f"    curl -fsS {shlex.quote(environment.get(url, '') + path_of_health(environment))}"
        for url in ("production_url", "slot_url")
    ]
    return "\n".join(
        [
            *heading(1, f"Rollback card: {plan.new_version} back to {plan.old_version}"),
            *(_BY_HAND if observed else ()),
            *_about(environment, plan),
            *_look(look, pinned, plan),
            *_unroute(pinned, plan),
            *_swap(pinned, plan),
            *_ladder(folder, pinned, plan),
            *_replace(folder, pinned, plan),
            *_prove(look, plan),
            *_background(pinned, plan),
            *_never(environment, plan),
        ]
    )


def _code(text: str) -> str:
    """A code span, which no text can leave."""
    return f"`{printable(text).replace('`', chr(39))}`"


def _pinned(environment: dict[str, str]) -> str:
    options = (("subscription", "subscription"), ("resource-group", "resource_group"), ("name", "app"))
    return " ".join(f"--{option} {shlex.quote(environment.get(key, ''))}" for option, key in options)


def _about(environment: dict[str, str], plan: Plan) -> list[str]:
    rows = (
        ("Tenant", "tenant"),
        ("Subscription", "subscription"),
        ("Resource group", "resource_group"),
        ("App", "app"),
        ("Production", "production_url"),
        ("Slot", "slot_url"),
    )
    new, old, slot = _code(plan.new_version), _code(plan.old_version), _code(plan.slot)
    return [
        "For a person with a shell and `az`, when the cockpit cannot be used. Read each step to its end first.",
        "",
        "## What it is about",
        "",
        *(f"- {title}: {_code(environment[key])}" for title, key in rows if environment.get(key)),
        f"- New version: {new}; old version: {old}; the old version waits in slot {slot} after the swap.",
        "",
    ]


def _look(look: list[str], pinned: str, plan: Plan) -> list[str]:
    new, old = _code(plan.new_version), _code(plan.old_version)
    return [
        "## 1. Look before you press",
        "",
        *look,
        f"    az webapp show {pinned} --query slotSwapStatus",
        "",
        f"- Production {new} and slot {old}: go on with 2.",
        f"- Production {old} already: do NOT swap (a second swap brings {new} back). Go on with 3.",
        "- A swap is under way (the versions change between looks, or `az` answers Conflict): wait and look again.",
        "",
    ]


def _unroute(pinned: str, plan: Plan) -> list[str]:
    """Where the plan routes sessions to the slot: none must be routed there when the versions change places."""
    if not any(step.act.kind is ActKind.ROUTE for step in plan.back):
        return []
    return [
        "Sessions may be routed to the slot. End that first, whatever serves where:",
        "",
        f"    az webapp traffic-routing clear {pinned}",
        "",
    ]


def _ladder(folder: Path, pinned: str, plan: Plan) -> list[str]:
    """The rungs below the swap, for when it is refused."""
    if not plan.lower:
        return []
    slot, old = shlex.quote(plan.slot), _code(plan.old_version)
    lines = [
        f"If the swap is refused for good, and slot {_code(plan.slot)} serves {old}: send all new sessions there.",
        "",
        f"    az webapp traffic-routing set {pinned} --distribution {slot}=100",
        "",
    ]
    if not _has_artifact(plan):
        return lines
    artifact = next(step.act.artifact for step in plan.back if step.act.kind is ActKind.DEPLOY)
    source = shlex.quote(str(folder / "artifacts" / artifact))
    return [
        *lines,
        f"Then deploy the kept {old} to production itself, look again (1), and end the routing:",
        "",
        f"    az webapp deploy {pinned} --type zip --src-path {source}",
        f"    az webapp traffic-routing clear {pinned}",
        "",
    ]


def _swap(pinned: str, plan: Plan) -> list[str]:
    return [
        "## 2. Swap back, once",
        "",
        f"    az webapp deployment slot swap {pinned} --slot {shlex.quote(plan.slot)} --target-slot production",
        "",
        "If the command ends with an error or without an answer: do not repeat it; go back to 1.",
        f"Expected then: production {_code(plan.old_version)}, slot {_code(plan.new_version)}.",
        "",
    ]


def _replace(folder: Path, pinned: str, plan: Plan) -> list[str]:
    title = [f"## 3. Put {inert(plan.old_version)} into slot {inert(plan.slot)}", ""]
    if not _has_artifact(plan):
        none = f"No artifact of {_code(plan.old_version)} could be had: rollback is by swap only."
        until = f"meet {_code(plan.new_version)} until another version is deployed there."
        return [*title, f"{none} Users with a routing cookie of slot {_code(plan.slot)} {until}", ""]
    artifact = next(step.act.artifact for step in plan.back if step.act.kind is ActKind.DEPLOY)
    source = shlex.quote(str(folder / "artifacts" / artifact))
    return [
        *title,
        f"    az webapp deploy {pinned} --slot {shlex.quote(plan.slot)} --type zip --src-path {source}",
        "",
        f"So that no routing cookie meets {_code(plan.new_version)} any more.",
        "",
    ]


def _prove(look: list[str], plan: Plan) -> list[str]:
    expected = f"Expected: {_code(plan.old_version)} from both, several times over fresh connections."
    return ["## 4. Prove it", "", *look, "", expected, ""]


def _background(pinned: str, plan: Plan) -> list[str]:
    """Where the plan proves background work: how a person sees that nobody does it twice."""
    rule = next((step.act.workers for step in plan.back if step.act.workers is not None), None)
    if rule is None or rule.rule != STICKY_OFF:
        return []
    slot, query = shlex.quote(plan.slot), shlex.quote(f"[?name=='{rule.setting}']")
    name, off = _code(rule.setting), _code(rule.off)
    return [
        f"Background work: {name} is {off} in slot {_code(plan.slot)}, with slotSetting true:",
        "",
        f"    az webapp config appsettings list {pinned} --slot {slot} --query {query}",
        "",
    ]


def _never(environment: dict[str, str], plan: Plan) -> list[str]:
    subscription, group, app = (environment.get(key, "") for key in ("subscription", "resource_group", "app"))
    resource = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}"
    return [
        "## What not to do",
        "",
        "- Do not swap twice. A repeated swap undoes the rollback.",
        f"- Do not stop slot {_code(plan.slot)}: users who hold its routing cookie get errors.",
        "- Do not deploy to production directly while a swap is under way.",
        "",
        "## With nothing but a browser",
        "",
        "The portal's Cloud Shell runs the same commands. Or open the resource, Deployment slots, Swap: the slot as",
        f"source, production as target, once. The resource: {_code(resource)}",
        "",
    ]
