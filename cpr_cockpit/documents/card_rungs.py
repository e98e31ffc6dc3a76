"""What the rollback card tells beside its commands: the ladder at a glance, the portal, and whom to call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from cpr_cockpit.core import by_hand
from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.plan import PRODUCTION, ActKind, Plan, Step
from cpr_cockpit.core.rights import need_of
from cpr_cockpit.core.workers import STICKY_OFF
from cpr_cockpit.documents.papers.text import heading, inert
from cpr_cockpit.documents.parts import printable

# What App Service's own documentation and its users report; this run's own times stand on the panel.
_TAKES = {
    ActKind.SWAP: "as long as the swap forth: usually 30 to 60 s, in rare cases 20 min",
    ActKind.ROUTE: "seconds for new sessions; who holds a routing cookie keeps its slot for up to 1 h",
    ActKind.DEPLOY: "as long as a deployment and a restart: usually 1 to 3 min",
    ActKind.PROVE_SERVING: "a minute",
}


def ladder(plan: Plan) -> list[str]:
    """Every rung in its order: what it needs, how long it takes, where it stands on the card."""
    rungs = [*_rungs(plan.back, "2 and 3"), *_rungs(plan.lower, "2, where the swap is refused")]
    lines = ["## The ladder", "", "The first rung that works is enough. Each needs what stands beside it.", ""]
    for number, (step, where) in enumerate(rungs, start=1):
        lines.append(f"{number}. **{inert(step.title)}** (below: {where})")
        lines.append(f"   - needs: {_needs(step, plan)}")
        lines.append(f"   - takes: {_TAKES.get(step.act.kind, 'not known')}")
    return [*lines, f"{len(rungs) + 1}. **The portal**, with nothing but a browser: at the end of this card", ""]


def _rungs(steps: Sequence[Step], where: str) -> list[tuple[Step, str]]:
    return [(step, where) for step in steps if step.act.mutates]


def _needs(step: Step, plan: Plan) -> str:
    """The precondition of a rung, and the right that it takes."""
    act, old, new, slot = step.act, *(_code(one) for one in (plan.old_version, plan.new_version, plan.slot))
    if act.kind is ActKind.SWAP:
        words = f"slot {slot} answers {old}, production does not, and no swap or preview is under way"
    elif act.kind is ActKind.ROUTE:
        words = f"slot {slot} answers {old}" if act.percent else "nothing"
    elif act.slot == PRODUCTION:
        words = f"the kept zip of {old}, and no swap under way"
    else:
        words = f"the kept zip of {old}, and production answers {old} (else {new} stays with those who are pinned)"
    right = need_of(act)
    return f"{words}; the right {_code(right)}" if right is not None else words


def background(environment: Mapping[str, str], plan: Plan) -> list[str]:
    """Where the plan proves background work: how a person sees that nobody does it twice."""
    rule = next((step.act.workers for step in plan.back if step.act.workers is not None), None)
    if rule is None or rule.rule != STICKY_OFF:
        return []
    name, off = _code(rule.setting), _code(rule.off)
    return [
        f"Background work: {name} is {off} in slot {_code(plan.slot)}, with slotSetting true:",
        "",
        f"    {by_hand.setting(environment, plan.slot, rule.setting)}",
        "",
    ]


def portal(environment: Mapping[str, str], plan: Plan) -> list[str]:
    """The same rungs with nothing but a browser."""
    slot = _code(plan.slot)
    lines = ["## With nothing but a browser", ""]
    host = urlsplit(environment.get("production_url", "")).hostname or ""
    if host in ("localhost", "127.0.0.1", "::1"):
        return [*lines, "This run is on a lab, which has no portal: its commands above go to the lab.", ""]
    app, other = by_hand.portal(environment), by_hand.portal(environment, plan.slot)
    return [
        *lines,
        "The portal's Cloud Shell runs the same commands. Or by hand, looking first, each once:",
        "",
        f"- The app: <{_link(app)}>",
        f"- Its slot {slot}: <{_link(other)}>",
        "- Swap back: the app, *Deployment slots*, *Swap*: the slot as source, production as target.",
        f"- Route all new sessions: the app, *Deployment slots*, *Traffic %*: {slot} 100, *Save*. End it with 0.",
        "- Put the kept zip in: the app or the slot, *Advanced Tools*, *Go*, *Tools*, *Zip Push Deploy*.",
        "- Who did what: the app, *Activity log*. Whether rights are there: the app, *Access control (IAM)*.",
        f"- The resource: {_code(by_hand.resource(environment))}",
        "",
        "These links are public Azure's; in another cloud the same pages have another host.",
        "",
    ]


def contacts(people: Sequence[Contact]) -> list[str]:
    """Whom to call."""
    lines = [*heading(2, "Whom to call")]
    if not people:
        return [*lines, "Nobody is configured: `[[people]]` in `cockpit.toml`, with `phone` or `contact`.", ""]
    return [*lines, *(f"- {inert(printable(one.words()))}" for one in people), ""]


def _code(text: str) -> str:
    """A code span, which no text can leave."""
    return f"`{printable(text).replace('`', chr(39))}`"


def _link(url: str) -> str:
    """An address that cannot leave its brackets."""
    return printable(url).replace(" ", "%20").replace("<", "%3C").replace(">", "%3E")
