"""The rungs below the swap back: what brings the old version to its users where the platform refuses to swap."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.by_hand import ALL
from cpr_cockpit.core.plan import PRODUCTION, Act, ActKind, Plan, Step, Undo
from cpr_cockpit.core.strategy import NOTHING, OLD_ARTIFACT

HOME = Undo("nothing to undo: production serves everybody")
ROUTE_OLD = "route-old"


def with_ladder(plan: Plan, *, artifact: bool) -> Plan:
    """``plan`` with its lower rungs: route everybody to the slot that holds the old version, then redeploy it.

    ``artifact``: whether the old version's zip is at hand; without it the first of them is the last before the card.
    """
    slot, old = plan.slot, plan.old_version
    home = Undo(f"route no new sessions to {slot}", (Act(ActKind.ROUTE, slot),))
    rungs = [
        Step(
            ROUTE_OLD,
            f"All new sessions go to slot {slot}: {old}",
            Act(ActKind.ROUTE, slot, version=old, percent=ALL),
            home,
            120.0,
        )
    ]
    if artifact:
        again = Undo("deploy the new version again, as a new run")
        redeploy = Act(ActKind.DEPLOY, PRODUCTION, version=old, artifact=OLD_ARTIFACT)
        prove = Act(ActKind.PROVE_SERVING, slot, version=old, other=old)
        rungs += [
            Step("redeploy-old", f"Deploy the kept {old} to production", redeploy, again, 900.0),
            Step("route-home", f"No new sessions go to slot {slot}", Act(ActKind.ROUTE, slot), HOME, 120.0),
            Step("prove-redeployed", f"{old} serves in production and in slot {slot}", prove, NOTHING, 300.0),
        ]
    then = f", then deploy the kept {old} to production" if artifact else ""
    words = (
        f"if the swap back is refused: send all new sessions to slot {slot}, while it serves {old}{then}; the card last"
    )
    return replace(plan, lower=tuple(rungs), remarks=(*plan.remarks, words))
