"""The role that a deployment needs: what it changes action by action, what it reads, and each with what it is for.

The names are those of Azure's resource providers (Azure permissions for Web, Monitor, Management and governance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cpr_cockpit.core.annotation import RIGHT
from cpr_cockpit.core.rights import PUBLISH, PUBLISH_SLOT, ROUTE, SWAP, Permission, allows


@dataclass(frozen=True, slots=True)
class Need:
    """One action. ``probe``: one that it stands for, where it is a pattern."""

    action: str
    why: str
    changes: bool = False
    probe: str = ""


READS = (
    Need("Microsoft.Web/sites/read", "the app, and whether a swap is under way"),
    # Slots, instances, settings' names, deployments, WebJobs: everything below the app.
    Need(
        "Microsoft.Web/sites/*/read", "slots, instances, deployments, WebJobs", probe="Microsoft.Web/sites/slots/read"
    ),
    Need("Microsoft.Web/sites/config/list/action", "settings of production, compared by hash"),
    Need("Microsoft.Web/sites/slots/config/list/action", "settings of the slot, compared by hash"),
    Need("Microsoft.Web/serverfarms/read", "the plan and its load"),
    Need("Microsoft.Insights/metrics/read", "requests and errors as the platform counts them"),
    Need("Microsoft.Insights/eventtypes/values/read", "the activity log: who changed something meanwhile"),
    Need(
        "Microsoft.Authorization/*/read",
        "rights and how long they last",
        probe="Microsoft.Authorization/permissions/read",
    ),
    Need("Microsoft.Resources/subscriptions/resourceGroups/read", "the tag of the resource group"),
    Need("Microsoft.Insights/components/annotations/read", "whether the switch is marked, at the component"),
    Need("Microsoft.OperationalInsights/workspaces/query/read", "the logs, at the workspace"),
    Need(
        "Microsoft.OperationalInsights/workspaces/query/*/read",
        "the logs' tables, at the workspace",
        probe="Microsoft.OperationalInsights/workspaces/query/AppRequests/read",
    ),
)
CHANGES = (
    Need("Microsoft.Web/sites/slots/write", "create the slot, where it is not there", changes=True),
    Need(PUBLISH_SLOT, "lay a version into the slot", changes=True),
    Need(PUBLISH, "lay the old version into production, where a swap is refused", changes=True),
    Need(SWAP, "swap, and swap back", changes=True),
    Need("Microsoft.Web/sites/slots/applySlotConfig/action", "prepare a swap by a preview", changes=True),
    Need("Microsoft.Web/sites/slots/resetSlotConfig/action", "take a preview back", changes=True),
    Need(ROUTE, "route a share of the sessions to the slot", changes=True),
    Need(RIGHT, "mark the switch, at the Application Insights component", changes=True),
)
NEEDS = (*READS, *CHANGES)
# At the store of flags and lease, where there is one; a role for data, which permissions at the app say nothing of.
DATA = tuple(f"Microsoft.AppConfiguration/configurationStores/keyValues/{verb}" for verb in ("read", "write", "delete"))
# Of the logs' workspace and of the component, which are other resources than the app.
_ELSEWHERE = ("Microsoft.OperationalInsights/", "Microsoft.Insights/components/")


def not_given(granted: Sequence[Permission]) -> tuple[Need, ...]:
    """The needs that nobody gives at the app; those at another resource are not asked here."""
    here = (one for one in NEEDS if not one.action.startswith(_ELSEWHERE))
    return tuple(one for one in here if not allows(granted, one.probe or one.action))


def definition(scopes: Sequence[str], *, store: bool) -> dict[str, Any]:
    """A custom role with exactly these actions, as ``az role definition create --role-definition`` reads it."""
    return {
        "Name": "CPR Cockpit deployer",
        "IsCustom": True,
        "Description": "Deploys to an App Service app by its slot, watches it and rolls it back (CPR Cockpit).",
        "Actions": [one.action for one in NEEDS],
        "NotActions": [],
        "DataActions": list(DATA) if store else [],
        "NotDataActions": [],
        "AssignableScopes": list(scopes),
    }
