"""For whom the sample product's flag is on: Microsoft's own examples, and what its filters say in general."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.lab import flags
from cpr_cockpit.lab.key_values import KeyValues
from cpr_cockpit.lab.product.goals.targeting import FLAG, Definition, place


def _flag(*filters: dict[str, Any], enabled: Any = True, **conditions: Any) -> Definition:
    value = {"id": FLAG, "enabled": enabled, "conditions": {"client_filters": list(filters)} | conditions, "new": [1]}
    return Definition.parse(json.dumps(value))


def _targeting(percent: float, name: str = "Microsoft.Targeting", **audience: Any) -> dict[str, Any]:
    return {"name": name, "parameters": {"Audience": {"DefaultRolloutPercentage": percent} | audience}}


UNKNOWN = {"name": "Contoso.Moon", "parameters": {"Phase": "full"}}


def test_users_have_the_places_that_microsofts_own_tests_expect() -> None:
    """Of its feature `TargetingTestFeature`, on for a fifth of the users."""
    assert place("Anne", "TargetingTestFeature") < 20.0 < place("Patty", "TargetingTestFeature")


def test_the_product_and_the_lab_call_the_flag_the_same() -> None:
    store = KeyValues()
    flags.put_first(store)
    present = store.find(f".appconfig.featureflag/{FLAG}", None)
    assert present is not None
    first = Definition.parse(present.content.value or "")
    assert (first.enabled, first.percent) == (False, 0.0)


@given(st.text(), st.floats(0, 100), st.floats(0, 100))
def test_who_has_it_at_a_share_has_it_at_every_higher_one(user: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert _flag(_targeting(high)).on(user) >= _flag(_targeting(low)).on(user)
    assert not _flag(_targeting(0)).on(user)
    assert _flag(_targeting(100)).on(user)
    assert not _flag(_targeting(high), enabled=False).on(user)


@pytest.mark.parametrize(
    ("flag", "on", "percent"),
    [
        (_flag(), True, 100.0),
        (_flag(enabled=False), False, 100.0),
        (_flag(enabled="yes"), False, 100.0),
        (_flag(UNKNOWN), False, 0.0),
        (_flag(UNKNOWN, _targeting(100)), True, 100.0),
        (_flag(UNKNOWN, _targeting(100), requirement_type="All"), False, 0.0),
        (_flag(_targeting(0), _targeting(100), requirement_type="All"), False, 0.0),
        (_flag(_targeting(0), _targeting(100), requirement_type="Any"), True, 100.0),
        (_flag(_targeting(100, name="Targeting")), True, 100.0),
        (_flag(_targeting(0, Users=["ada"])), True, 0.0),
        (_flag(_targeting(0, Users=["Ada"])), False, 0.0),
        (_flag(_targeting(100, Users=["ada"], Exclusion={"Users": ["ada"]})), False, 100.0),
    ],
)
def test_filters(flag: Definition, on: bool, percent: float) -> None:
    assert (flag.on("ada"), flag.percent) == (on, percent)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"conditions": "x"}',
        '{"enabled": true, "conditions": {"client_filters": ["x"]}}',
        '{"enabled": true, "conditions": {"client_filters": 3}}',
        json.dumps({"conditions": {"client_filters": [_targeting(101)]}}),
        json.dumps({"conditions": {"client_filters": [{"name": "Microsoft.Targeting"}]}}),
        json.dumps({"conditions": {"client_filters": [{"name": "Microsoft.Targeting", "parameters": [1]}]}}),
        json.dumps({"conditions": {"client_filters": [_targeting(1, Users=[[]])]}}),
        json.dumps({"conditions": {"client_filters": [_targeting(1, Exclusion=[1])]}}),
        json.dumps({"conditions": {"client_filters": [_targeting(float("nan"))]}}),
    ],
)
def test_what_is_no_flag_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Definition.parse(text)
