"""In what a slot differs from production: names only, from what Resource Manager tells of both."""

from __future__ import annotations

from typing import Any

import pytest

from tests.azure.conftest import Azure
from tests.azure.sites import GREEN, SITE, site
from tests.azure.wire import Answer, Wire

SECRET = "Server=db;Password=do-not-tell"


def told(wire: Wire, path: str, **what: Any) -> None:
    """One site with its settings (``settings``, ``strings``), configuration (``web``), sign-in and identity."""
    body = site("goals" if path == SITE else "goals/green") | {"identity": what.get("identity")}
    body["properties"] |= what.get("site", {})
    wire.on("GET", path, Answer(body=body))
    wire.on("POST", f"{path}/config/appsettings/list", Answer(body={"properties": what.get("settings", {})}))
    strings = {name: {"value": value, "type": "SQLAzure"} for name, value in what.get("strings", {}).items()}
    wire.on("POST", f"{path}/config/connectionstrings/list", Answer(body={"properties": strings}))
    wire.on("GET", f"{path}/config/web", Answer(body={"properties": what.get("web", {})}))
    wire.on("GET", f"{path}/config/authsettingsV2", Answer(body={"properties": what.get("sign_in", {})}))


async def test_what_is_alike_differs_in_nothing(azure: Azure, wire: Wire) -> None:
    same = {
        "settings": {"A": "1"},
        "strings": {"Db": SECRET},
        "web": {"cors": {"allowedOrigins": ["*"]}, "alwaysOn": True},
    }
    told(wire, SITE, **same)
    told(wire, GREEN, **(same | {"web": {"cors": {"allowedOrigins": ["*"]}, "alwaysOn": False}}))
    assert await azure.web_apps.differences("green") == ()


@pytest.mark.parametrize(
    ("production", "slot", "names"),
    [
        ({"settings": {"A": "1", "B": SECRET}}, {"settings": {"A": "2"}}, ("app setting A", "app setting B")),
        ({"strings": {"Db": SECRET}}, {"strings": {"Db": "another"}}, ("connection string Db",)),
        ({"web": {"cors": {"allowedOrigins": ["https://a"]}}}, {}, ("CORS",)),
        ({"web": {"ipSecurityRestrictions": [{"ipAddress": "Any"}]}}, {}, ("access restrictions",)),
        ({"site": {"virtualNetworkSubnetId": "/subnets/a"}}, {}, ("network",)),
        ({"web": {"vnetName": "a"}, "site": {"virtualNetworkSubnetId": "/subnets/a"}}, {}, ("network",)),
        ({"sign_in": {"platform": {"enabled": True}}}, {"sign_in": {"platform": {"enabled": False}}}, ("sign-in",)),
        ({"identity": {"type": "UserAssigned", "userAssignedIdentities": {"/a": {}}}}, {}, ("identity",)),
        # A system-assigned identity is another principal in every slot, whatever is told of it.
        ({"identity": {"type": "SystemAssigned"}}, {"identity": {"type": "SystemAssigned"}}, ("identity",)),
    ],
)
async def test_each_difference_has_a_name_and_no_value(
    azure: Azure, wire: Wire, production: dict[str, Any], slot: dict[str, Any], names: tuple[str, ...]
) -> None:
    told(wire, SITE, **production)
    told(wire, GREEN, **slot)
    found = await azure.web_apps.differences("green")
    assert found == names
    assert "do-not-tell" not in " ".join(found)
