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
ALERTS = (
    Need("Microsoft.Insights/metricAlerts/read", "alert rules over metrics"),
    Need("Microsoft.Insights/scheduledQueryRules/read", "alert rules over queries"),
    Need("Microsoft.Insights/actionGroups/read", "whom alert rules call"),
    Need("Microsoft.Insights/webtests/read", "the availability tests that alert rules are over"),
    Need("Microsoft.OperationalInsights/workspaces/read", "the workspaces that alert rules are over"),
)
COLLECTING = (
    Need("Microsoft.Insights/components/read", "the component that collects the telemetry"),
    # GET and PUT of a release annotation.
    Need("Microsoft.Insights/components/annotations/read", "whether the release is marked"),
    Need("Microsoft.Insights/components/annotations/write", "mark the release", changes=True),
)
DASHBOARDS = {
    "microsoft.portal/dashboards": Need("Microsoft.Portal/dashboards/read", "the dashboard"),
    "microsoft.insights/workbooks": Need("Microsoft.Insights/workbooks/read", "the workbook"),
}
BACKUPS = {
    "microsoft.sql/": Need("Microsoft.Sql/servers/databases/restorePoints/read", "the database's restore points"),
    "microsoft.dbforpostgresql/": Need("Microsoft.DBforPostgreSQL/flexibleServers/backups/read", "its backups"),
    "microsoft.dbformysql/": Need("Microsoft.DBforMySQL/flexibleServers/backups/read", "its backups"),
}
# At the store of flags and lease, where there is one; a role for data, which permissions at the app say nothing of.
DATA = tuple(f"Microsoft.AppConfiguration/configurationStores/keyValues/{verb}" for verb in ("read", "write", "delete"))
# Of the logs' workspace and of the component, which are other resources than the app.
_ELSEWHERE = ("Microsoft.OperationalInsights/", "Microsoft.Insights/components/")


def for_checks(rules: Sequence[str], component: str, dashboard: str, database: str) -> tuple[Need, ...]:
    """What checks of these read beside: a deployment goes without, and a person signs instead. Resource ids, or ""."""
    named = [(DASHBOARDS, dashboard), (BACKUPS, database)]
    return (
        *(ALERTS if rules else ()),
        *(COLLECTING if component else ()),
        *(need for kinds, id in named for kind, need in kinds.items() if f"/providers/{kind}" in id.casefold()),
    )


def not_given(granted: Sequence[Permission], needs: Sequence[Need] = NEEDS) -> tuple[Need, ...]:
    """The needs that nobody gives at the app; those at another resource are not asked here."""
    here = (one for one in needs if not one.action.startswith(_ELSEWHERE))
    return tuple(one for one in here if not allows(granted, one.probe or one.action))


def definition(scopes: Sequence[str], *, store: bool, checks: Sequence[Need] = ()) -> dict[str, Any]:
    """A custom role with exactly these actions, as ``az role definition create --role-definition`` reads it."""
    return {
        "Name": "CPR Cockpit deployer",
        "IsCustom": True,
        "Description": "Deploys to an App Service app by its slot, watches it and rolls it back (CPR Cockpit).",
        "Actions": [one.action for one in (*NEEDS, *checks)],
        "NotActions": [],
        "DataActions": list(DATA) if store else [],
        "NotDataActions": [],
        "AssignableScopes": list(scopes),
    }
