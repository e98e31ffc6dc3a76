"""The lab's rights: what its client may do, told by the permissions at the app and kept by every route."""

from __future__ import annotations

import pytest

from cpr_cockpit.lab.rights import Rights, action_of

SITE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app"


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", SITE, "Microsoft.Web/sites/read"),
        ("GET", f"{SITE}/slots", "Microsoft.Web/sites/slots/read"),
        ("GET", f"{SITE}/slots/green/instances", "Microsoft.Web/sites/slots/instances/read"),
        ("POST", f"{SITE}/slots/green/slotsswap", "Microsoft.Web/sites/slots/slotsswap/action"),
        ("POST", f"{SITE}/config/appsettings/list", "Microsoft.Web/sites/config/list/action"),
        ("PATCH", f"{SITE}/config/web", "Microsoft.Web/sites/config/write"),
        ("GET", f"{SITE}/providers/Microsoft.Authorization/permissions", "Microsoft.Authorization/permissions/read"),
        ("GET", "/subscriptions", None),
    ],
)
def test_the_action_that_a_request_is(method: str, path: str, action: str | None) -> None:
    assert action_of(method, path) == action


def test_rights_as_roles_give_them() -> None:
    rights = Rights()
    assert rights.allows("Microsoft.Web/sites/slots/slotsswap/action")
    rights.load([{"actions": ["*/read"], "notActions": []}])
    assert rights.allows("Microsoft.Web/sites/read")
    assert not rights.allows("Microsoft.Web/sites/slots/slotsswap/action")
    rights.load([{"actions": ["Microsoft.Web/*"], "notActions": ["microsoft.web/SITES/slots/slotsswap/*"]}])
    assert not rights.allows("Microsoft.Web/sites/slots/slotsswap/action")


@pytest.mark.parametrize("sets", [[7], [{"actions": 7}], [{"actions": [7]}], [{"roles": []}]])
def test_what_is_no_set_is_refused_and_changes_nothing(sets: list[object]) -> None:
    rights = Rights()
    with pytest.raises(ValueError, match="actions"):
        rights.load(sets)
    assert rights.allows("anything/read")
