"""The team's pipeline at work: what it does for this run, and whether it built what this run was opened with."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.commits import same_commit, wrong_commit
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import OperationState, Pipeline, PortError
from cpr_cockpit.engine.acts import Context, Reading, State


def pipeline_of(context: Context) -> Pipeline:
    """The pipeline; PortError where none is configured any more."""
    if context.ports.pipeline is None:
        raise PortError(
            "The plan deploys by the team's pipeline, and none is configured.",
            next_step="Add the table [pipeline] to cockpit.toml, or deploy by zip.",
        )
    return context.ports.pipeline


async def look_at_pipeline(context: Context, operation: str) -> OperationState:
    """One look at what this run has started; with an empty operation it is searched for by the run's name."""
    pipeline = pipeline_of(context)
    operation = operation or await pipeline.find(context.run)
    return await pipeline.look(operation) if operation else OperationState("unknown", "the pipeline knows of no run")


@dataclass(frozen=True, slots=True)
class ProveBuilt:
    """The pipeline ran on the right commit, and its artifact is the one that this run was opened with."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Refused where either differs: what lies in the slot is then something else than what was reviewed."""
        pipeline = pipeline_of(self.context)
        operation = await pipeline.find(self.context.run)
        if not operation:
            return Reading(State.TO_DO, "the pipeline knows of no run that this run has started")
        built = await pipeline.built(operation)
        words = f"built from {built.commit[:12] or 'a commit that it does not tell'}"
        words += f", sha256 {built.sha256[:12] or 'not told'}"
        facts = {"commit": built.commit, "sha256": built.sha256, "operation": operation}
        wrong = self._wrong(built.commit, built.sha256)
        if wrong:
            again = (
                f"Slot {self.act.slot} holds it; production was not touched. Find out what was built, then begin again."
            )
            return Reading(State.REFUSED, f"{wrong} ({words}). {again}", facts)
        return Reading(State.DONE, words, facts)

    def _wrong(self, commit: str, sha256: str) -> str:
        wanted = self.context.commit
        if wanted and not same_commit(commit, wanted):
            return wrong_commit("What the pipeline deployed", commit or "that it does not tell", wanted).rstrip(".")
        known = self.context.artifact_sha256
        if known and sha256 != known:
            return f"The pipeline's artifact is not the one that this run was opened with (sha256 {known[:12]})"
        return ""
