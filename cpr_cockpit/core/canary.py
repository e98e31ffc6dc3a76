"""The canary: the new version gets shares of the new sessions, each judged beside the old one, before the swap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cpr_cockpit.core.plan import Act, ActKind, Plan, PlanFacts, Step, Undo
from cpr_cockpit.core.strategy import CANARY, NOTHING, blue_green

PERCENTS = (5.0, 25.0, 50.0)
STEP_S = 300.0
"""Shares and the time of each where nothing else is configured; the time shrinks with the window."""
# A share that shows too little to say anything may be watched this many times as long before a person must look.
PATIENCE = 3.0
# A person may take hours; the judge watches meanwhile.
_LONGEST_S = 21_600.0
_ROUTE_S = 120.0


def canary(
    slot: str,
    new: str,
    facts: PlanFacts,
    *,
    baseline_s: float,
    artifact: bool,
    percents: tuple[float, ...] = PERCENTS,
    step_s: float = STEP_S,
) -> Plan:
    """Blue-green with shares before the swap; ``percents`` of new sessions, rising, each for ``step_s`` seconds.

    The share is 0 before the swap, for the slot holds the old version afterwards. ValueError for other percents.
    """
    if not percents or any(not 0.0 < one < 100.0 for one in percents) or sorted(set(percents)) != list(percents):
        raise ValueError(f"the shares of a canary rise between 0 and 100 %, found {percents}")
    plan = blue_green(slot, new, facts, baseline_s=baseline_s, artifact=artifact)
    before = next(at for at, step in enumerate(plan.forward) if step.act.kind is ActKind.SWAP)
    shared = (step for percent in percents for step in _share(slot, new, facts.production_version, percent, step_s))
    cookies = f"sessions that were routed to {slot} keep their cookie for an hour: they meet what {slot} holds then"
    return replace(
        plan,
        strategy=CANARY,
        forward=(*plan.forward[:before], *shared, _off(slot, "route-off"), *plan.forward[before:]),
        back=(_off(slot, "route-back"), *plan.back),
        remarks=(*plan.remarks, cookies),
    )


def _share(slot: str, new: str, old: str, percent: float, step_s: float) -> Iterator[Step]:
    yield Step(
        f"route-{percent:g}",
        f"{percent:g} % of new sessions go to slot {slot}: {new}",
        Act(ActKind.ROUTE, slot, version=new, other=old, percent=percent),
        Undo(f"route no new sessions to {slot}", (Act(ActKind.ROUTE, slot),)),
        _ROUTE_S,
    )
    yield Step(
        f"watch-{percent:g}",
        f"Judge {new} on {percent:g} % beside {old}",
        Act(ActKind.WATCH_SHARE, slot, version=new, other=old, seconds=step_s, percent=percent),
        NOTHING,
        _LONGEST_S,
    )


def _off(slot: str, key: str) -> Step:
    return Step(
        key,
        f"No new sessions go to slot {slot}",
        Act(ActKind.ROUTE, slot),
        Undo("nothing to undo: production serves everybody"),
        _ROUTE_S,
    )
