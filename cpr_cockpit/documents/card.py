"""The rollback card: what a person with nothing but a shell and ``az`` does when the cockpit is gone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from cpr_cockpit.core.plan import ActKind, Plan

CARD = "rollback-card.md"
CARD_DATA = "rollback-card.json"


def write_card(folder: Path, environment: dict[str, str], plan: Plan, header: str = "") -> tuple[Path, str]:
    """Write the card and its data (for a session whose journal is damaged); the card's path and SHA-256."""
    path = folder / CARD
    text = render_card(folder, environment, plan, header)
    digest = hashlib.sha256(text.encode()).hexdigest()
    _write(path, text)
    baseline = next(step.act.seconds for step in plan.forward if step.act.kind is ActKind.BASELINE)
    data = {
        "old_version": plan.old_version,
        "new_version": plan.new_version,
        "slot": plan.slot,
        "artifact": _has_artifact(plan),
        "baseline_s": baseline,
        "path": str(path),
        "sha256": digest,
    }
    _write(folder / CARD_DATA, json.dumps(data, indent=2) + "\n")
    return path, digest


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, "utf-8")
    partial.chmod(0o600)
    partial.replace(path)


def _has_artifact(plan: Plan) -> bool:
    return any(step.act.kind is ActKind.DEPLOY for step in plan.back)


def _identity(environment: dict[str, str]) -> list[str]:
    rows = (
        ("Tenant", "tenant"),
        ("Subscription", "subscription"),
        ("Resource group", "resource_group"),
        ("App", "app"),
        ("Production", "production_url"),
        ("Slot", "slot_url"),
    )
    return [f"- {title}: `{environment[key]}`" for title, key in rows if environment.get(key)]


def render_card(folder: Path, environment: dict[str, str], plan: Plan, header: str = "") -> str:
    """The card's text: ids, exact commands, expected versions, what not to do."""
    old, new, slot = plan.old_version, plan.new_version, plan.slot
    pinned = (
        f'--subscription "{environment.get("subscription", "")}" '
        f'--resource-group "{environment.get("resource_group", "")}" --name "{environment.get("app", "")}"'
    )
    health = environment.get("health_path", "/api/health")
    look = f"curl -fsS {environment.get('production_url', '')}{health}"
    look_slot = f"curl -fsS {environment.get('slot_url', '')}{health}"
    lines = [
        f"# Rollback card: {new} back to {old}",
        "",
        *([header, ""] if header else []),
        "For a person with a shell and `az`, when the cockpit cannot be used. Read each step to its end first.",
        "",
        "## What it is about",
        "",
        *_identity(environment),
        f"- New version: `{new}`; old version: `{old}`; the old version waits in slot `{slot}` after the swap.",
        "",
        "## 1. Look before you press",
        "",
        f"    {look}",
        f"    {look_slot}",
        f'    az webapp show {pinned} --query "slotSwapStatus"',
        "",
        f"- Production `{new}` and slot `{old}`: go on with 2.",
        f"- Production `{old}` already: do NOT swap (a second swap brings `{new}` back). Go on with 3.",
        "- A swap is under way (the versions change between looks, or `az` answers Conflict): wait and look again.",
        "",
        "## 2. Swap back, once",
        "",
        f"    az webapp deployment slot swap {pinned} --slot {slot} --target-slot production",
        "",
        "If the command ends with an error or without an answer: do not repeat it; go back to 1.",
        f"Expected then: production `{old}`, slot `{new}`.",
        "",
        f"## 3. Put {old} into slot {slot}",
        "",
        *_replace_lines(folder, pinned, plan),
        "",
        "## 4. Prove it",
        "",
        f"    {look}",
        f"    {look_slot}",
        "",
        f"Expected: `{old}` from both, several times over fresh connections.",
        "",
        "## What not to do",
        "",
        "- Do not swap twice. A repeated swap undoes the rollback.",
        f"- Do not stop slot `{slot}`: users who hold its routing cookie get errors.",
        "- Do not deploy to production directly while a swap is under way.",
        "",
        "## With nothing but a browser",
        "",
        "The portal's Cloud Shell runs the same commands. Or open the resource, Deployment slots, Swap: the slot as",
        f"source, production as target, once. The resource: {_resource_id(environment)}",
        "",
    ]
    return "\n".join(lines)


def _resource_id(environment: dict[str, str]) -> str:
    subscription, group, app = (environment.get(key, "") for key in ("subscription", "resource_group", "app"))
    return f"`/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}`"


def _replace_lines(folder: Path, pinned: str, plan: Plan) -> list[str]:
    if not _has_artifact(plan):
        return [
            (
                f"No artifact of `{plan.old_version}` could be had: rollback is by swap only. Users with a routing "
                f"cookie of slot `{plan.slot}` meet `{plan.new_version}` until another version is deployed there."
            )
        ]
    artifact = next(step.act.artifact for step in plan.back if step.act.kind is ActKind.DEPLOY)
    source = folder / "artifacts" / artifact
    return [
        f'    az webapp deploy {pinned} --slot {plan.slot} --type zip --src-path "{source}"',
        "",
        f"So that no routing cookie meets `{plan.new_version}` any more.",
    ]
