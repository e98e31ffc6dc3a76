"""The pinned ids and addresses of one environment: nothing is ever taken from a client's current default."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from cpr_cockpit.adapters.over_http import same_origin
from cpr_cockpit.core.ports import PRODUCTION

# Public cloud. Sources: azure-mgmt-core's table of clouds, azure-cli's app_service_resource_id, azure-monitor-query.
PUBLIC_MANAGER = "https://management.azure.com"
PUBLIC_KUDU = "https://appservice.azure.com"
PUBLIC_LOGS = "https://api.loganalytics.io"


@dataclass(frozen=True, slots=True)
class AzureEnvironment:
    """One app in one resource group, where its logs are, and which endpoints answer for them.

    ``manager_scope`` and ``kudu_scope`` are what tokens are asked for. ``app_insights_id``: resource id of the
    component whose rows count ("": all of the workspace). ``plan_id`` and ``database_id``: resource ids of what the
    app shares ("": the plan that the site names; no database). ``app_configuration``: address of the store of the
    feature flags and of the lease ("": none). ``loopback_only``: Kudu's host must be on this machine too (a lab run).
    """

    tenant: str
    subscription: str
    resource_group: str
    app: str
    workspace_id: str
    app_insights_id: str = ""
    plan_id: str = ""
    database_id: str = ""
    app_configuration: str = ""
    resource_manager: str = PUBLIC_MANAGER
    manager_scope: str = PUBLIC_MANAGER + "/.default"
    kudu_scope: str = PUBLIC_KUDU + "/.default"
    logs: str = PUBLIC_LOGS
    logs_audience: str = PUBLIC_LOGS
    loopback_only: bool = False

    @property
    def site_id(self) -> str:
        """Resource id of the app."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.Web/sites/{self.app}"

    def slot_id(self, slot: str) -> str:
        """Resource id of a slot; production is the app itself."""
        return self.site_id if slot == PRODUCTION else f"{self.site_id}/slots/{slot}"

    def manager_url(self, path: str) -> str:
        """``path`` (from the first slash) at Resource Manager."""
        return self.resource_manager.rstrip("/") + path

    def is_manager(self, url: str) -> bool:
        """Whether a URL that was told leads to Resource Manager: our token goes nowhere else."""
        return same_origin(url, self.resource_manager)


def is_loopback(url: str) -> bool:
    """Whether a URL, or a bare ``host:port``, means this machine for certain."""
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
