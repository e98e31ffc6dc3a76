"""The tags of the app and its resource group over the wire."""

from __future__ import annotations

import pytest

from cpr_cockpit.adapters.azure.tags import AzureTags
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.sites import SITE
from tests.azure.wire import Answer, Wire

GROUP = SITE.partition("/providers/")[0]


async def test_the_group_is_asked_only_where_the_app_lacks_a_tag(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body={"tags": {"CPR-environment": "production"}}))
    wire.on("GET", GROUP, Answer(body={"tags": {"cost": "7"}}))
    tags = AzureTags(azure.manager)
    told = await tags.tagged(("cpr-environment",))
    assert (told.app, told.group) == ({"CPR-environment": "production"}, {})
    assert told.asked == "app goals in rg of subscription 22222222-2222-2222-2222-222222222222"
    assert (await tags.tagged(("cpr-environment", "cost"))).group == {"cost": "7"}


@pytest.mark.parametrize("body", [[], {"tags": 7}, "no JSON"])
async def test_an_answer_of_another_form_is_no_tag(azure: Azure, wire: Wire, body: object) -> None:
    wire.on("GET", SITE, Answer(body=body))
    with pytest.raises(PortError, match="cannot be read"):
        await AzureTags(azure.manager).tagged(("cpr-environment",))


async def test_an_app_without_tags_has_none(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body={"tags": None}))
    wire.on("GET", GROUP, Answer(body={}))
    assert (await AzureTags(azure.manager).tagged(("cpr-environment",))).value("cpr-environment") == ("", "")
