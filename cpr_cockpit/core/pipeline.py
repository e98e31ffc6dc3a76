"""The team's own pipeline in the place of our own deployment to the slot: the same plan either way."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.plan import Act, ActKind, Plan, Step
from cpr_cockpit.core.strategy import NEW_ARTIFACT, NOTHING

ZIP = "zip"
PIPELINE = "pipeline"
DEPLOYERS = (ZIP, PIPELINE)
"""Who lays the new version into the slot: this program by a zip deployment, or the team's pipeline."""
# A pipeline may wait for a free agent.
_RUNS_S = 3600.0


def by_pipeline(plan: Plan) -> Plan:
    """``plan`` with the new version laid into the slot by the team's pipeline, and the proof of what that has built.

    The way back needs no pipeline.
    """
    steps: list[Step] = []
    for step in plan.forward:
        if step.act.kind is not ActKind.DEPLOY:
            steps.append(step)
            continue
        title = f"{step.title}, by the team's pipeline"
        prove = Act(ActKind.PROVE_BUILT, step.act.slot, version=step.act.version, artifact=NEW_ARTIFACT)
        steps += [
            replace(step, title=title, act=replace(step.act, by=PIPELINE), timeout_s=_RUNS_S),
            Step("prove-built", "The pipeline built the artifact of this run", prove, NOTHING, 120.0),
        ]
    return replace(plan, forward=tuple(steps))
