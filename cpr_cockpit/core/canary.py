"""Shares of the new sessions: the canary before the swap, and the control that is held back after it."""

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
# With a flag few may be shown anything, and a short window does not make them more: it is given up no sooner; seconds.
THIN_S = 180.0
# A person may take hours; the judge watches meanwhile.
LONGEST_S = 21_600.0
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


def hold_back(plan: Plan, percent: float) -> Plan:
    """``plan`` with ``percent`` of new sessions left on the old version for the critical window, to judge beside.

    A fault that both versions suffer at the same time is then no fault of the release, and a fault of the release is
    seen within seconds instead of minutes. ValueError for a share that is none.
    """
    if not 0.0 < percent <= 50.0:
        raise ValueError(f"the share that is held back is above 0 and at most 50 %, found {percent:g}")
    slot, old, new = plan.slot, plan.old_version, plan.new_version
    step = Step(
        "hold-back",
        f"{percent:g} % of new sessions stay on {old} in slot {slot}: the control",
        Act(ActKind.ROUTE, slot, version=old, other=new, percent=percent),
        Undo(f"route no new sessions to {slot}", (Act(ActKind.ROUTE, slot),)),
        _ROUTE_S,
    )
    back = plan.back if plan.back[0].act.kind is ActKind.ROUTE else (_off(slot, "route-back"), *plan.back)
    cookies = f"sessions that were held back on {old} keep their cookie for an hour, also after GO"
    return replace(
        plan,
        forward=(*plan.forward, step),
        after=(_off(slot, "release-control"),),
        back=back,
        remarks=(*plan.remarks, cookies),
    )


def proven_alike(plan: Plan, harmless: tuple[str, ...]) -> Plan:
    """``plan`` with the proof, before anything is deployed, that routed sessions meet the settings of production."""
    step = Step(
        "prove-alike",
        f"Slot {plan.slot} differs from production in nothing that is not declared harmless",
        Act(ActKind.PROVE_ALIKE, plan.slot, names=harmless),
        NOTHING,
        60.0,
    )
    return replace(plan, forward=(plan.forward[0], step, *plan.forward[1:]))


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
        f"Judge {new} on {percent:g} % beside {old} for {step_s:.0f} s",
        Act(ActKind.WATCH_SHARE, slot, version=new, other=old, seconds=step_s, percent=percent),
        NOTHING,
        LONGEST_S,
    )


def _off(slot: str, key: str) -> Step:
    return Step(
        key,
        f"No new sessions go to slot {slot}",
        Act(ActKind.ROUTE, slot),
        Undo("nothing to undo: production serves everybody"),
        _ROUTE_S,
    )
