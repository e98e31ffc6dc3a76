"""A GitHub workflow that is dispatched and followed.

Sources: GitHub's REST reference, "Workflows" (create a workflow dispatch event), "Workflow runs" and "Artifacts". The
dispatch answers 204; with ``return_run_details`` (since February 2026) 200 and the run's id. Whatever it answers, the
run is found again by its name, which must carry the input ``cpr_run`` (``run-name: ... ${{ inputs.cpr_run }}``).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.github.asking import headers_of
from cpr_cockpit.adapters.github.shapes import digest_of
from cpr_cockpit.adapters.pipelines.asking import MARK, Asking, PipelineSettings, rows, state_of, text
from cpr_cockpit.core.pipeline import PIPELINE
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import Accepted, Built, OperationState, PlannedRequest, PortError

_NEWEST = "50"


class GitHubWorkflow:
    """The Pipeline port over GitHub's REST interface. An operation is the id of a workflow run."""

    def __init__(self, settings: PipelineSettings, connections: Connections) -> None:
        self._asking = Asking(settings, connections, headers_of(settings.token), _refusals(settings.variable))
        self._settings = settings
        self._actions = f"repos/{settings.project}/actions"
        self._workflow = f"{self._actions}/workflows/{quote(settings.workflow, safe='')}"

    async def start(self, run: str, slot: str, version: str) -> Accepted:
        """One dispatch. PortError."""
        doing = f"Starting workflow {self._settings.workflow} for slot {slot}"
        inputs = {"slot": slot, "version": version, MARK: run}
        body = {"ref": self._settings.ref, "inputs": inputs, "return_run_details": True}
        answer = await self._asking.post(f"{self._workflow}/dispatches", doing, body)
        return Accepted(text(answer.get("workflow_run_id")))

    async def find(self, run: str) -> str:
        """Among the newest runs by their names. PortError."""
        doing = f"Looking for the run of workflow {self._settings.workflow}"
        query = {"event": "workflow_dispatch", "per_page": _NEWEST}
        found = rows(await self._asking.get(f"{self._workflow}/runs", doing, **query), "workflow_runs")
        # GitHub lists the newest first.
        return next((text(one.get("id")) for one in found if run in text(one.get("display_title"))), "")

    async def look(self, operation: str) -> OperationState:
        """Whether the run has ended, and how. PortError."""
        told = await self._run(operation)
        if told is None:
            return OperationState("unknown", f"GitHub knows of no workflow run {operation}")
        status, conclusion = text(told.get("status")), text(told.get("conclusion"))
        words = clean(f"workflow run {operation} {conclusion or status}: {text(told.get('html_url'))}")
        return state_of(status, conclusion, "success", words)

    async def built(self, operation: str) -> Built:
        """The commit of the run, and the digest of the artifact of the configured name. PortError."""
        told = await self._run(operation)
        if told is None:
            raise PortError(f"GitHub knows of no workflow run {operation}.")
        doing = f"Reading the artifacts of workflow run {operation}"
        body = await self._asking.get(f"{self._actions}/runs/{operation}/artifacts", doing)
        named = [one for one in rows(body, "artifacts") if one.get("name") == self._settings.artifact]
        return Built(text(told.get("head_sha")), digest_of(named[0]) if named else "")

    async def _run(self, operation: str) -> dict[str, Any] | None:
        path = f"{self._actions}/runs/{quote(operation, safe='')}"
        return await self._asking.get(path, f"Reading workflow run {operation}")

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The dispatch, and what follows it; nothing for other acts."""
        address, ref = self._settings.address, self._settings.ref
        runs = PlannedRequest("GET", f"{address}/{self._workflow}/runs")
        if act.kind is ActKind.DEPLOY and act.by == PIPELINE:
            dispatch = f"ref {ref}, slot {act.slot}, version {act.version}, {MARK} <the run's name>"
            return PlannedRequest("POST", f"{address}/{self._workflow}/dispatches", dispatch), runs
        if act.kind is ActKind.PROVE_BUILT:
            return runs, PlannedRequest("GET", f"{address}/{self._actions}/runs/<its id>/artifacts")
        return ()


def _refusals(variable: str) -> dict[int, str]:
    return {
        403: f"The token in {variable} needs the repository permission Actions (read and write).",
        404: f"Check project and workflow in cockpit.toml, and that the token in {variable} may see the repository.",
        422: "Check ref in cockpit.toml, and that the workflow is run by workflow_dispatch with the inputs slot, "
        f"version and {MARK}.",
    }
