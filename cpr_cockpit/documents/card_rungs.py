"""What the rollback card tells beside its commands: the ladder at a glance, the portal, and whom to call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from cpr_cockpit.core import by_hand
from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.plan import PRODUCTION, Act, ActKind, Plan, Step
from cpr_cockpit.core.rights import need_of
from cpr_cockpit.core.workers import STICKY_OFF
from cpr_cockpit.documents.papers.text import code, heading, inert
from cpr_cockpit.documents.parts import printable

# What App Service's own documentation and its users report; this run's own times stand on the panel.
_TAKES = {
    ActKind.FLAG_OFF: "seconds, and up to a minute more until every instance knows",
    ActKind.RESET_PREVIEW: "as long as a restart of the slot",
    ActKind.SWAP: "as long as the swap forth: usually 30 to 60 s, in rare cases 20 min",
    ActKind.ROUTE: "seconds for new sessions; who holds a routing cookie keeps its slot for up to 1 h",
    ActKind.DEPLOY: "as long as a deployment and a restart: usually 1 to 3 min",
}
# Where on the card each step of the way back stands.
_BELOW = {ActKind.SWAP: "2", ActKind.DEPLOY: "3"}
_DATA_OWNER = "the role *App Configuration Data Owner* in the store"


def ladder(plan: Plan) -> list[str]:
    """Every rung in its order: what it needs, how long it takes, where it stands on the card."""
    back, lower = (tuple(step for step in steps if step.act.mutates) for steps in (plan.back, plan.lower))
    lines = ["## The ladder", "", "The way back, all of it, in this order:", ""]
    for number, step in enumerate(back, start=1):
        lines += _rung(number, step, plan, _BELOW.get(step.act.kind, "1"))
    if lower:
        lines += ["", "Instead of the swap, and only where it is refused for good:", ""]
    for number, step in enumerate(lower, start=len(back) + 1):
        lines += _rung(number, step, plan, "2")
    last = len(back) + len(lower) + 1
    return [*lines, "", f"{last}. **The portal**, with nothing but a browser: at the end of this card", ""]


def _rung(number: int, step: Step, plan: Plan, below: str) -> list[str]:
    rows = (
        ("only when", _premise(step, plan)),
        ("right", _right(step.act)),
        ("takes", _TAKES.get(step.act.kind, "")),
    )
    return [
        f"{number}. **{inert(step.title)}** (below: {below})",
        *(f"   - {name}: {words}" for name, words in rows if words),
    ]


def _premise(step: Step, plan: Plan) -> str:
    """What must be so before a step of the way back; "" where nothing must."""
    act, old, slot = step.act, code(plan.old_version), code(plan.slot)
    if act.kind is ActKind.FLAG_OFF:
        return f"the flag {code(act.flag)} is not locked"
    if act.kind is ActKind.RESET_PREVIEW:
        return f"a preview of a swap waits on slot {slot}"
    if act.kind is ActKind.SWAP:
        return f"slot {slot} answers {old}, production does not, and no swap or preview is under way"
    if act.kind is ActKind.ROUTE and act.percent:
        return f"slot {slot} answers {old}"
    if act.kind is ActKind.ROUTE and step in plan.lower:
        return f"production answers {old}"
    if act.kind is ActKind.DEPLOY and act.slot == PRODUCTION:
        return f"the kept zip of {old} is at hand, and no swap is under way"
    if act.kind is ActKind.DEPLOY:
        return (
            f"the kept zip of {old} is at hand, and production answers {old}: until then {slot} may hold the only one"
        )
    return ""


def _right(act: Act) -> str:
    if act.kind is ActKind.FLAG_OFF:
        return _DATA_OWNER
    right = need_of(act)
    return code(right) if right is not None else ""


def background(environment: Mapping[str, str], plan: Plan) -> list[str]:
    """Where the plan proves background work: how a person sees that nobody does it twice."""
    rule = next((step.act.workers for step in plan.back if step.act.workers is not None), None)
    if rule is None or rule.rule != STICKY_OFF:
        return []
    name, off = code(rule.setting), code(rule.off)
    return [
        f"Background work: {name} is {off} in slot {code(plan.slot)}, with slotSetting true:",
        "",
        f"    {by_hand.setting(environment, plan.slot, rule.setting)}",
        "",
    ]


def portal(environment: Mapping[str, str], plan: Plan) -> list[str]:
    """The same rungs with nothing but a browser."""
    slot = code(plan.slot)
    lines = ["## With nothing but a browser", ""]
    host = urlsplit(environment.get("production_url", "")).hostname or ""
    if host in ("localhost", "127.0.0.1", "::1"):
        words = (
            "This run is on a lab, which has no portal: its commands above go to the lab. They need its certificate",
            "and `az` its address: the README, *The lab*, tells how.",
        )
        return [*lines, *words, ""]
    app, other = by_hand.portal(environment), by_hand.portal(environment, plan.slot)
    return [
        *lines,
        "The portal's Cloud Shell runs the same commands; upload the kept zip to it first, and name it where it lies",
        "there. Or by hand, looking first, each once:",
        "",
        f"- The app: <{_link(app)}>",
        f"- Its slot {slot}: <{_link(other)}>",
        *(
            ("- Flag off: the App Configuration store, *Feature manager*, the switch of the flag.",)
            if plan.flag_back
            else ()
        ),
        *(("- End a preview: the app, *Deployment slots*, *Swap*, *Cancel swap*.",) if plan.previews else ()),
        "- Swap back: the app, *Deployment slots*, *Swap*: the slot as source, production as target.",
        f"- Route all new sessions: the app, *Deployment slots*, *Traffic %*: {slot} 100, *Save*. End it with 0.",
        "- Put the kept zip in: the app or the slot, *Advanced Tools*, *Go*, *Tools*, *Zip Push Deploy*.",
        "- Who did what: the app, *Activity log*. Whether rights are there: the app, *Access control (IAM)*.",
        f"- The resource: {code(by_hand.resource(environment))}",
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


def _link(url: str) -> str:
    """An address that cannot leave its brackets."""
    return printable(url).replace(" ", "%20").replace("<", "%3C").replace(">", "%3E")
