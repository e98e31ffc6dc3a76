"""What the rollback card has done before the slots change places: the flag off, no session routed, no preview left."""

from __future__ import annotations

from collections.abc import Mapping

from cpr_cockpit.core import by_hand
from cpr_cockpit.core.plan import ActKind, Plan
from cpr_cockpit.core.strategy import FEATURE_FLAG
from cpr_cockpit.documents.papers.text import code


def before_the_slots(environment: Mapping[str, str], plan: Plan) -> list[str]:
    """These, in the order of the plan's way back; none where the plan has none of them."""
    return [*_flag_off(environment, plan), *_unroute(environment, plan), *_reset(environment, plan)]


def _flag_off(environment: Mapping[str, str], plan: Plan) -> list[str]:
    """The feature flag, which is set off before anything is done to the slots; nothing waits for it."""
    flag = next((step.act.flag for step in plan.flag_back), "")
    if not flag:
        return []
    then = f"Go on whatever comes of it: the flag is the kill switch of {code(plan.new_version)}."
    if plan.strategy == FEATURE_FLAG:
        then = (
            f"Instances know of it within a minute. Where the errors end, that is the rollback: "
            f"{code(plan.new_version)} stays, dark, and nothing below is needed. Where they do not, or the command "
            "fails, go on."
        )
    return [
        f"Set the feature flag {code(flag)} off, whatever serves where. The second command works without the first,",
        "and may be repeated; the first not:",
        "",
        *(f"    {command}" for command in by_hand.flag_off(environment, flag)),
        "",
        "`az` drops members of the flag that it does not know: the team's own ones, older clients also variants,",
        f"allocation and telemetry. {code(by_hand.FLAG_BEFORE)} has them: put them back before the flag is used again.",
        "",
        then,
        "",
    ]


def _unroute(environment: Mapping[str, str], plan: Plan) -> list[str]:
    """Where the plan routes sessions to the slot: none must be routed there when the versions change places."""
    if not any(step.act.kind is ActKind.ROUTE for step in plan.back):
        return []
    return [
        "Sessions may be routed to the slot. Unless the routing sends all of them there (100, see above), end that:",
        "",
        f"    {by_hand.unroute(environment)}",
        "",
    ]


def _reset(environment: Mapping[str, str], plan: Plan) -> list[str]:
    """Where the plan prepares the swap by a preview, which may still be pending."""
    if not plan.previews:
        return []
    return [
        f"A preview of the swap may still be pending: then the first command answers {code('production')}. Only then",
        "the second gives the slot its own settings back; it changes nothing in production. Then the first answers",
        "nothing:",
        "",
        f"    {by_hand.pending(environment, plan.slot)}",
        f"    {by_hand.reset(environment, plan.slot)}",
        "",
    ]
