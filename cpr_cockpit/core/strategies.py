"""A strategy by its name, with what is configured of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from cpr_cockpit.core.canary import PERCENTS, STEP_S, canary, hold_back, proven_alike
from cpr_cockpit.core.feature_flag import feature_flag, with_kill_switch
from cpr_cockpit.core.journey_steps import with_journeys
from cpr_cockpit.core.ladder import with_ladder
from cpr_cockpit.core.pipeline import PIPELINE, ZIP, by_pipeline
from cpr_cockpit.core.plan import Plan, PlanFacts
from cpr_cockpit.core.preview import with_preview
from cpr_cockpit.core.rolling_strategy import rolling, why_not
from cpr_cockpit.core.strategy import BLUE_GREEN, CANARY, FEATURE_FLAG, OBSERVED, ROLLING, blue_green, observed
from cpr_cockpit.core.worker_steps import not_looked_at, with_workers
from cpr_cockpit.core.workers import WorkerRule

STRATEGIES = (BLUE_GREEN, CANARY, ROLLING, FEATURE_FLAG)
"""What a run may choose."""


@dataclass(frozen=True, slots=True)
class Course:
    """The strategy of a run. ``percents`` are of its shares; ``step_s``: seconds of each, or of a gate, at full length.

    ``control``: percentage of new sessions that stay on the old version during the critical window; 0: none.
    ``harmless``: differences between slot and production that are declared so, by name. ``preview``: blue-green with
    production's settings applied to the slot and proven there before the swap. ``deploy``: who lays the new version
    into the slot. ``apps``: all of several, in the order in which at most ``at_once`` of them are switched between two
    gates; only rolling looks at them. ``flag``: the feature flag that is raised, or beside another strategy the kill
    switch; "": none. ``workers``: the rule of background work; None: none is declared, and nothing is proven.
    ``journeys``: names of those that are walked on the slot before users can come to it.
    """

    strategy: str = BLUE_GREEN
    percents: tuple[float, ...] = PERCENTS
    step_s: float = STEP_S
    control: float = 0.0
    harmless: tuple[str, ...] = ()
    preview: bool = False
    deploy: str = ZIP
    apps: tuple[str, ...] = ()
    at_once: int = 1
    flag: str = ""
    workers: WorkerRule | None = None
    journeys: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Course:
        """From what `to_dict` made, or JSON made of it; TypeError where it is none."""
        lists = {name: tuple(body[name]) for name in ("percents", "harmless", "apps", "journeys") if name in body}
        return cls(**{**body, **lists, "workers": WorkerRule.from_dict(body.get("workers") or {})})

    def to_dict(self) -> dict[str, Any]:
        """For the journal and for the run's folder."""
        return asdict(self)

    def at_scale(self, scale: float) -> Course:
        """With its times shrunk like the policy's."""
        return replace(self, step_s=self.step_s * scale)

    @property
    def grey(self) -> str:
        """Why the course cannot be taken, whatever is found at the apps, and what would do; "" where it can."""
        if self.strategy != ROLLING:
            return ""
        if self.control:
            return "rolling has the other apps to judge beside, and holds nobody back: leave the control out"
        if self.deploy != ZIP:
            return "rolling lays the version into every app's slot by zip: leave the pipeline out"
        if self.flag:
            return "rolling has no kill switch beside it: leave the flag out"
        return why_not(self.apps, self.at_once)

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
    if course.strategy == ROLLING and course.journeys:
        plan = with_journeys(plan, course.journeys)
    if course.strategy in (OBSERVED, ROLLING):
        return not_looked_at(plan) if course.workers and course.strategy == ROLLING else plan
    plan = with_ladder(plan, artifact=artifact)
    if len(course.apps) > 1:
        left = f"only {course.apps[0]} of {len(course.apps)} apps is changed: rolling brings the version to all of them"
        plan = replace(plan, remarks=(*plan.remarks, left))
    if course.deploy == PIPELINE:
        plan = by_pipeline(plan)
    if course.preview:
        plan = with_preview(plan)
    if course.journeys:
        plan = with_journeys(plan, course.journeys)
    if course.control:
        plan = hold_back(plan, course.control)
    if course.workers:
        plan = with_workers(plan, course.workers)
    if course.shares_sessions:
        plan = proven_alike(plan, course.declared)
    return with_kill_switch(plan, course.flag) if course.flag and course.strategy != FEATURE_FLAG else plan


def _plan_by(course: Course, slot: str, new: str, facts: PlanFacts, *, baseline_s: float, artifact: bool) -> Plan:
    if course.strategy == FEATURE_FLAG:
        if course.control:
            raise ValueError("a control is held back from a version; with the flag off everybody is one")
        return feature_flag(
            slot,
            new,
            facts,
            baseline_s=baseline_s,
            artifact=artifact,
            flag=course.flag,
            percents=course.percents,
            step_s=course.step_s,
        )
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
    if course.strategy == ROLLING:
        if course.grey:
            raise ValueError(course.grey)
        return rolling(
            slot,
            new,
            facts,
            baseline_s=baseline_s,
            artifact=artifact,
            apps=course.apps,
            at_once=course.at_once,
            step_s=course.step_s,
        )
    make = {BLUE_GREEN: blue_green, OBSERVED: observed}[course.strategy]
    return make(slot, new, facts, baseline_s=baseline_s, artifact=artifact)
