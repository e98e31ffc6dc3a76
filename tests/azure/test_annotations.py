"""Release annotations over the wire: one PUT with everything in it, found again by its id."""

from __future__ import annotations

import json

import pytest

from cpr_cockpit.adapters.azure.annotations import AzureAnnotations
from cpr_cockpit.core.annotation import Annotation
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.wire import Answer, Wire

COMPONENT = "/subscriptions/s/resourceGroups/rg/providers/microsoft.insights/components/goals"
ONE = Annotation("0b9d6b52-6d0c-5a39-8d0e-2f8f0f6ad001", "Release v1.3.0", 1_760_000_000.0, {"ReleaseName": "v1.3.0"})


async def test_it_is_one_put_with_a_text_of_its_properties(azure: Azure, wire: Wire) -> None:
    marks = AzureAnnotations(azure.manager, COMPONENT)
    wire.on("PUT", f"{COMPONENT}/Annotations", Answer(200, []))
    await marks.write(ONE)
    [put] = wire.of("PUT")
    body = dict(put.json)
    assert json.loads(body.pop("Properties")) == {"ReleaseName": "v1.3.0"}
    assert body == {
        "Id": ONE.id,
        "AnnotationName": "Release v1.3.0",
        "EventTime": "2025-10-09T08:53:20",
        "Category": "Deployment",
    }
    assert "api-version=2015-05-01" in marks.planned()[0].url


async def test_it_is_looked_for_by_its_id(azure: Azure, wire: Wire) -> None:
    marks = AzureAnnotations(azure.manager, COMPONENT)
    wire.on("GET", f"{COMPONENT}/Annotations/{ONE.id}", Answer(404, {}), Answer(200, [{"Id": ONE.id}]))
    assert [await marks.present(ONE.id), await marks.present(ONE.id)] == [False, True]


async def test_whether_the_right_is_given_is_asked_at_the_component(azure: Azure, wire: Wire) -> None:
    path = f"{COMPONENT}/providers/Microsoft.Authorization/permissions"
    sets = ([{"actions": ["*/read"]}], [{"actions": ["Microsoft.Insights/*"]}])
    wire.on("GET", path, *(Answer(200, {"value": one}) for one in sets))
    marks = AzureAnnotations(azure.manager, COMPONENT)
    assert [await marks.allowed(), await marks.allowed()] == [False, True]


async def test_a_missing_right_is_named_and_nothing_is_sent_again(azure: Azure, wire: Wire) -> None:
    wire.on("PUT", f"{COMPONENT}/Annotations", Answer(403, {}), Answer(200, []))
    with pytest.raises(PortError) as refused:
        await AzureAnnotations(azure.manager, COMPONENT).write(ONE)
    assert "Microsoft.Insights/components/annotations/write" in refused.value.words()
    assert wire.count("PUT") == 1
