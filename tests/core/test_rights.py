"""Rights: which actions a set of permissions gives, and which the way back lacks."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.plan import PlanFacts
from cpr_cockpit.core.rights import PUBLISH, PUBLISH_SLOT, ROUTE, SWAP, Permission, allows, matches, missing
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import CANARY
from tests.core.observations import NEW, OLD

TEXT = st.text(alphabet="aAb/.*", max_size=8)


@given(pattern=TEXT, action=st.text(alphabet="aAb/.", max_size=8))
def test_a_pattern_stands_for_what_the_same_regular_expression_does(pattern: str, action: str) -> None:
    same = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.IGNORECASE) is not None
    assert matches(pattern, action) is same


@pytest.mark.parametrize(
    ("actions", "not_actions", "given_"),
    [
        (("*",), (), True),
        (("Microsoft.Web/sites/*",), (), True),
        (("microsoft.web/SITES/slots/slotsSwap/Action",), (), True),
        (("*/read",), (), False),
        (("Microsoft.Web/sites/slots/*/read",), (), False),
        ((), (), False),
        (("*",), ("Microsoft.Web/sites/slots/slotsswap/*",), False),
        (("*",), ("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"), True),
    ],
)
def test_roles_as_azure_has_them(actions: tuple[str, ...], not_actions: tuple[str, ...], given_: bool) -> None:
    assert allows((Permission(actions, not_actions),), SWAP) is given_


def test_what_one_role_leaves_out_another_one_gives() -> None:
    without = Permission(("*",), ("*/slotsswap/action",))
    assert not allows((without,), SWAP)
    assert allows((without, Permission((SWAP,))), SWAP)


def test_the_way_back_of_a_canary_needs_routing_swap_and_both_deployments() -> None:
    plan = plan_by(Course(CANARY), "green", NEW, PlanFacts(OLD, OLD, True), baseline_s=20.0, artifact=True)
    steps = (*plan.back, *plan.lower)
    assert missing((), steps) == (ROUTE, SWAP, PUBLISH_SLOT, PUBLISH)
    assert missing((Permission(("Microsoft.Web/sites/*",)),), steps) == ()
    assert missing((Permission(("*/read", SWAP)),), steps) == (ROUTE, PUBLISH_SLOT, PUBLISH)
