"""The twelve steps of the procedure as data: order, purpose, checklists, gate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cpr_cockpit.core.checklist import Checklist, Due, items_of
from cpr_cockpit.core.checklists import ALL_CHECKLISTS


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """One step. ``number`` is the procedure's, 1 to 12, and ``title`` its words.

    ``gate`` is the point that cannot be passed while an item due at or before it is open. Gates rise with the number
    up to START; afterwards the steps overlap: the decision (10) falls into validation (8) and monitoring (9).
    """

    number: int
    key: str
    title: str
    purpose: str
    checklists: tuple[Checklist, ...]
    gate: Due


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One row of the table of all items, as plain strings."""

    key: str
    text: str
    due: str
    kind: str
    evidence: str


_STEPS: tuple[tuple[str, str, str, Due], ...] = (
    (
        "automated-validation",
        "Review Automated Deployment Validation",
        "Decide from the framework's own file whether this release may be deployed at all.",
        Due.STEP_1,
    ),
    (
        "test-report",
        "Review Test Report",
        "Compare the test report with that file, and carry its findings into the monitoring.",
        Due.STEP_2,
    ),
    (
        "pre-deployment",
        "Pre-Deployment Validation",
        "Prove infrastructure, code, database, configuration, monitoring and communication.",
        Due.STEP_3,
    ),
    ("merge", "Merge to Main Branch", "Bring the feature into main and tag what CI built from it.", Due.STEP_4),
    ("staging-deployment", "Deploy to Staging", "Deploy API, UI and migrations to the staging app.", Due.STEP_5),
    (
        "staging-validation",
        "Staging Validation",
        "Prove the release in staging; a fix goes back to step 5.",
        Due.STEP_6,
    ),
    ("production", "Deploy to Production", "Carry out the plan on START, each step with its undo.", Due.START),
    ("production-validation", "Production Validation", "Prove the new version where users meet it.", Due.FINAL),
    (
        "monitoring",
        "Post-Deployment Monitoring",
        "Watch the critical window, the first hour, the first day and the first week.",
        Due.FIRST_HOUR,
    ),
    ("decision", "Rollback Decision", "GO keeps the new version, ROLLBACK returns to the old one at any time.", Due.GO),
    ("documentation", "Update Documentation", "Tell developers, users and operations what has changed.", Due.CLOSE),
    ("report", "Generate Deployment Report", "Write the report from the journal and close the run.", Due.CLOSE),
)


WORKFLOW: tuple[WorkflowStep, ...] = tuple(
    WorkflowStep(number, key, title, purpose, tuple(one for one in ALL_CHECKLISTS if one.step == number), gate)
    for number, (key, title, purpose, gate) in enumerate(_STEPS, start=1)
)


def step(number: int) -> WorkflowStep:
    """The step with the procedure's number; ValueError if there is none."""
    if not 1 <= number <= len(WORKFLOW):
        raise ValueError(f"there is no step {number}: the procedure has steps 1 to {len(WORKFLOW)}")
    return WORKFLOW[number - 1]


def table(steps: Iterable[WorkflowStep] = WORKFLOW) -> tuple[ItemRow, ...]:
    """Every item of the steps, in order, for showing: what is due when, and what its evidence proves."""
    lists = (one for each in steps for one in each.checklists)
    return tuple(ItemRow(item.key, item.text, str(item.due), str(item.kind), item.evidence) for item in items_of(lists))
