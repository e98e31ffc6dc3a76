"""A strategy by its name, with what is configured of it."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.canary import PERCENTS, STEP_S, canary, hold_back, proven_alike
from cpr_cockpit.core.ladder import with_ladder
from cpr_cockpit.core.pipeline import PIPELINE, ZIP, by_pipeline
from cpr_cockpit.core.plan import Plan, PlanFacts
from cpr_cockpit.core.strategy import BLUE_GREEN, CANARY, OBSERVED, blue_green, observed
from cpr_cockpit.core.worker_steps import with_workers
from cpr_cockpit.core.workers import WorkerRule

STRATEGIES = (BLUE_GREEN, CANARY)
"""What a run may choose."""


@dataclass(frozen=True, slots=True)
class Course:
    """The strategy of a run. ``percents``, and ``step_s`` (seconds of each, at full length), are a canary's.

    ``control``: percentage of new sessions that stay on the old version during the critical window; 0: none.
    ``harmless``: differences between slot and production that are declared so, by name. ``deploy``: who lays the new
    version into the slot. ``commit``: what its artifact must have been built from; "": nobody has said. ``workers``:
    the rule of background work; None: none is declared, and nothing is proven.
    """

    strategy: str = BLUE_GREEN
    percents: tuple[float, ...] = PERCENTS
    step_s: float = STEP_S
    control: float = 0.0
    harmless: tuple[str, ...] = ()
    deploy: str = ZIP
    commit: str = ""
    workers: WorkerRule | None = None

    @property
    def shares_sessions(self) -> bool:
        """Whether sessions are routed to the slot, so that they meet its own settings."""
        return self.strategy == CANARY or self.control > 0.0

    @property
    def declared(self) -> tuple[str, ...]:
        """All differences that are declared harmless: the rule of the workers demands one itself."""
        return tuple(dict.fromkeys((*self.harmless, *(self.workers.harmless if self.workers else ()))))


def plan_by(course: Course, slot: str, new: str, facts: PlanFacts, *, baseline_s: float, artifact: bool) -> Plan:
    """The plan of a course, its times as they are; KeyError for another name, ValueError for impossible shares."""
    plan = _plan_by(course, slot, new, facts, baseline_s=baseline_s, artifact=artifact)
    if course.strategy == OBSERVED:
        return plan
    plan = with_ladder(plan, artifact=artifact)
    if course.deploy == PIPELINE:
        plan = by_pipeline(plan, course.commit)
    if course.control:
        plan = hold_back(plan, course.control)
    if course.workers:
        plan = with_workers(plan, course.workers)
    return proven_alike(plan, course.declared) if course.shares_sessions else plan


def _plan_by(course: Course, slot: str, new: str, facts: PlanFacts, *, baseline_s: float, artifact: bool) -> Plan:
    if course.strategy == CANARY:
        return canary(
            slot,
            new,
            facts,
            baseline_s=baseline_s,
            artifact=artifact,
            percents=course.percents,
            step_s=course.step_s,
        )
    make = {BLUE_GREEN: blue_green, OBSERVED: observed}[course.strategy]
    return make(slot, new, facts, baseline_s=baseline_s, artifact=artifact)
