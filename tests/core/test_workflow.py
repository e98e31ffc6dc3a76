"""The twelve steps as data, and the table of all their items."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.checklist import Due, items_of
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.workflow import WORKFLOW, step, table

TITLES = [
    "Review Automated Deployment Validation",
    "Review Test Report",
    "Pre-Deployment Validation",
    "Merge to Main Branch",
    "Deploy to Staging",
    "Staging Validation",
    "Deploy to Production",
    "Production Validation",
    "Post-Deployment Monitoring",
    "Rollback Decision",
    "Update Documentation",
    "Generate Deployment Report",
]
"""The headings of the procedure's steps."""


def test_the_twelve_steps_have_the_procedure_s_numbers_and_titles() -> None:
    assert [(one.number, one.title) for one in WORKFLOW] == list(enumerate(TITLES, start=1))
    assert len({one.key for one in WORKFLOW}) == 12
    assert all(one.purpose.endswith(".") for one in WORKFLOW)


def test_every_checklist_is_in_its_step_once() -> None:
    placed = [one.key for each in WORKFLOW for one in each.checklists]
    assert sorted(placed) == sorted(one.key for one in ALL_CHECKLISTS)
    assert all(one.step == each.number for each in WORKFLOW for one in each.checklists)


def test_gates_rise_up_to_start_and_the_decision_is_go_s() -> None:
    order = list(Due)
    gates = [order.index(one.gate) for one in WORKFLOW[:7]]
    assert gates == sorted(gates)
    assert step(7).gate is Due.START
    assert step(10).gate is Due.GO


@pytest.mark.parametrize("number", range(1, 13))
def test_a_step_is_found_by_its_number(number: int) -> None:
    assert step(number) is WORKFLOW[number - 1]


@pytest.mark.parametrize("number", [0, 13, -1])
def test_a_step_that_there_is_not_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"there is no step {number}: the procedure has steps 1 to 12"):
        step(number)


def test_the_table_has_every_item_once_in_order_as_plain_words() -> None:
    rows = table()
    in_order = [item.key for each in WORKFLOW for item in items_of(each.checklists)]
    assert [row.key for row in rows] == in_order
    assert sorted(in_order) == sorted(item.key for item in items_of(ALL_CHECKLISTS))
    for row in rows:
        assert all(type(word) is str for word in (row.key, row.text, row.due, row.kind, row.evidence))
        assert row.text
        assert row.evidence
        assert row.due in {str(due) for due in Due}


def test_the_table_of_one_step_is_its_items() -> None:
    rows = table([step(3)])
    safety = [row for row in rows if row.key.startswith("deployment-safety.")]
    assert len(rows) - len(safety) == 30  # the six pre-deployment lists
    assert [row.key for row in rows] == [item.key for item in items_of(step(3).checklists)]
