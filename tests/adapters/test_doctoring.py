"""What doctor makes of roles that end and of clocks that differ; and the role that it prints."""

from __future__ import annotations

import pytest

from cpr_cockpit.adapters.azure.standing import RoleTerm
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.rights import PUBLISH, PUBLISH_SLOT, ROUTE, SWAP, Permission
from cpr_cockpit.core.role import ALERTS, COLLECTING, NEEDS, definition, for_checks, not_given
from cpr_cockpit.core.sensing import State
from cpr_cockpit.wiring.doctoring import told_clock, told_roles

NOW, HOUR = 1_790_000_000.0, 3600.0
OWNER = RoleTerm("Owner", None, activated=False)


@pytest.mark.parametrize(
    ("active", "state", "words"),
    [
        ((), State.NOTE, "of a group, perhaps"),
        ((OWNER,), State.OK, "Owner: without an end; could be activated: Website Contributor"),
        ((OWNER, RoleTerm("Reader", NOW + 1.5 * HOUR, True)), State.FAILED, "Reader ends in 1 h 30 min"),
        ((OWNER, RoleTerm("Owner", NOW + HOUR, True)), State.OK, "Owner: without an end"),
        ((RoleTerm("Reader", NOW - HOUR, True),), State.FAILED, "ends in 0 min"),
        ((RoleTerm("Reader", NOW + 4 * HOUR, True),), State.NOTE, "ends in 4 h 00 min"),
        ((RoleTerm("Reader", NOW + 9 * HOUR, True),), State.OK, "ends in 9 h 00 min"),
    ],
)
def test_roles_that_end_too_soon_are_a_failure(active: tuple[RoleTerm, ...], state: State, words: str) -> None:
    told = told_roles(active, (RoleTerm("Website Contributor", None, activated=False),), NOW)
    assert told.state is state
    assert words in told.words


@pytest.mark.parametrize(
    ("skew", "state", "words"),
    [
        (None, State.UNKNOWN, "did not tell"),
        (0.7, State.OK, "within 0.7 s"),
        (-2.4, State.OK, "within 2.4 s"),
        (4.0, State.NOTE, "4 s ahead of"),
        (-60.0, State.FAILED, "60 s behind"),
    ],
)
def test_a_clock_that_is_off_is_told_with_what_to_do(skew: float | None, state: State, words: str) -> None:
    told = told_clock(skew, Policy())
    assert told.state is state
    assert words in told.words


def test_the_role_names_whatever_a_step_of_a_plan_needs_and_is_enough() -> None:
    actions = tuple(definition(("/subscriptions/s",), store=True)["Actions"])
    assert {SWAP, ROUTE, PUBLISH, PUBLISH_SLOT} <= set(actions)
    assert not_given((Permission(actions),)) == ()
    assert not_given((Permission(("*",)),)) == ()
    assert {one.action for one in not_given(())} < {one.action for one in NEEDS}
    assert definition((), store=False)["DataActions"] == []


def test_the_role_has_what_checks_read_only_where_something_is_declared() -> None:
    group = "/subscriptions/s/resourceGroups/rg/providers"
    assert for_checks((), "", "", "") == ()
    told = for_checks(
        ("errors",),
        f"{group}/microsoft.insights/components/goals",
        f"{group}/Microsoft.Insights/workbooks/1",
        f"{group}/Microsoft.DBforPostgreSQL/flexibleServers/goals",
    )
    assert set(told) > {*ALERTS, *COLLECTING}
    actions = definition((), store=False, checks=told)["Actions"]
    assert actions[-2:] == [
        "Microsoft.Insights/workbooks/read",
        "Microsoft.DBforPostgreSQL/flexibleServers/backups/read",
    ]
    assert not_given((Permission(tuple(actions)),), told) == ()
