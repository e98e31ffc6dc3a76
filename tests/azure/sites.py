"""Bodies as Resource Manager writes them."""

from __future__ import annotations

from typing import Any

GROUP = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg"
SITE = f"{GROUP}/providers/Microsoft.Web/sites/goals"
GREEN = f"{SITE}/slots/green"


def site(name: str = "goals", *, kudu: str = "", **properties: Any) -> dict[str, Any]:
    host = f"{name.replace('/', '-')}.example.net"
    return {
        "id": SITE,
        "name": name,
        "type": "Microsoft.Web/sites",
        "kind": "app,linux",
        "location": "westeurope",
        "properties": {
            "state": "Running",
            "availabilityState": "Normal",
            "defaultHostName": host,
            "serverFarmId": f"{GROUP}/providers/Microsoft.Web/serverfarms/plan",
            "httpsOnly": True,
            "reserved": True,
            "hostNameSslStates": [
                {"name": host, "sslState": "Disabled", "hostType": "Standard"},
                {"name": kudu or f"{host}.scm", "sslState": "Disabled", "hostType": "Repository"},
            ],
            "targetSwapSlot": None,
            "slotSwapStatus": None,
            "inProgressOperationId": None,
            **properties,
        },
    }


def app_service(code: str, message: str) -> dict[str, Any]:
    """App Service's own shape of an error: capitalised, without a wrapper."""
    return {
        "Code": code,
        "Message": message,
        "Target": None,
        "Details": [{"Message": message}, {"Code": code}, {"ErrorEntity": {"Code": code, "Message": message}}],
        "Innererror": None,
    }


IN_PROGRESS = (
    "Cannot modify this site because another operation is in progress. Details: Id: 5b1f, OperationName: "
    "SwapSiteSlots, CreatedTime: 01/02/2026 03:04:05, SiteName: goals, SlotName: green"
)
NOT_STARTED = "Cannot swap slots for site 'goals' because the worker process for 'green' slot could not be started."
NO_PING = "Cannot swap site slots for site 'goals' because the 'green' slot did not respond to http ping."
PREPARED = "The slot cannot be changed because its configuration settings have been prepared for swap."
SCALED = (
    "Cannot swap slots for site 'goals' because the allocation of VM instances for 'green' slot has changed during "
    "the swap process. Please retry."
)
