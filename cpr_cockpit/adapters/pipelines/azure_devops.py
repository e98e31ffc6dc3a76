"""An Azure DevOps pipeline that is run and followed.

Sources: the REST reference of Azure DevOps 7.1, "Runs - Run Pipeline", "Runs - List", "Runs - Get" and "Artifacts -
Get". A run tells its template parameters, so the parameter ``cpr_run`` finds it again.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.pipelines.asking import MARK, Asking, PipelineSettings, rows, state_of, text
from cpr_cockpit.core.pipeline import PIPELINE
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import Accepted, Built, OperationState, PlannedRequest, PortError

_VERSION = "7.1"


class DevOpsPipeline:
    """The Pipeline port over the REST interface of Azure DevOps. An operation is the number of a run."""

    def __init__(self, settings: PipelineSettings, connections: Connections) -> None:
        # A personal access token is the password of any user's name.
        signed = base64.b64encode(f":{settings.token}".encode()).decode()
        headers = {"Accept": "application/json", "Authorization": f"Basic {signed}"}
        self._asking = Asking(settings, connections, headers, _refusals(settings.variable))
        self._settings = settings
        self._runs = f"{settings.project}/_apis/pipelines/{quote(settings.workflow, safe='')}/runs"

    async def start(self, run: str, slot: str, version: str) -> Accepted:
        """One run. PortError."""
        doing = f"Running pipeline {self._settings.workflow} for slot {slot}"
        body = {
            "resources": {"repositories": {"self": {"refName": self._ref()}}},
            "templateParameters": {"slot": slot, "version": version, MARK: run},
        }
        answer = await self._asking.post(self._runs, doing, body, **{"api-version": _VERSION})
        return Accepted(text(answer.get("id")))

    def _ref(self) -> str:
        ref = self._settings.ref
        return ref if ref.startswith("refs/") else f"refs/tags/{ref}"

    async def find(self, run: str) -> str:
        """Among the pipeline's runs by their parameters. PortError."""
        doing = f"Looking for the run of pipeline {self._settings.workflow}"
        found = rows(await self._asking.get(self._runs, doing, **{"api-version": _VERSION}), "value")
        ours = [one for one in found if _parameters(one).get(MARK) == run]
        return max((text(one.get("id")) for one in ours), key=_number, default="")

    async def look(self, operation: str) -> OperationState:
        """Whether the run has ended, and how. PortError."""
        told = await self._run(operation)
        if told is None:
            return OperationState("unknown", f"Azure DevOps knows of no run {operation}")
        state, result = text(told.get("state")), text(told.get("result"))
        words = clean(f"pipeline run {operation} {result or state}")
        return state_of(state, result, "succeeded", words)

    async def built(self, operation: str) -> Built:
        """The commit of the run, and the digest of its artifact's content, which is fetched for it. PortError."""
        told = await self._run(operation)
        if told is None:
            raise PortError(f"Azure DevOps knows of no run {operation}.")
        doing = f"Reading the artifact {self._settings.artifact} of run {operation}"
        query = {"artifactName": self._settings.artifact, "$expand": "signedContent", "api-version": _VERSION}
        artifact = await self._asking.get(f"{self._runs}/{operation}/artifacts", doing, **query) or {}
        url = text(_inner(artifact, "signedContent").get("url"))
        sha256 = await self._asking.digest_of(url, doing) if url else ""
        repository = _inner(_inner(_inner(told, "resources"), "repositories"), "self")
        return Built(text(repository.get("version")), sha256)

    async def _run(self, operation: str) -> dict[str, Any] | None:
        path = f"{self._runs}/{quote(operation, safe='')}"
        return await self._asking.get(path, f"Reading pipeline run {operation}", **{"api-version": _VERSION})

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The run, and what follows it; nothing for other acts."""
        runs = f"{self._settings.address}/{self._runs}"
        if act.kind is ActKind.DEPLOY and act.by == PIPELINE:
            told = f"{self._ref()}, slot {act.slot}, version {act.version}, {MARK} <the run's name>"
            return PlannedRequest("POST", runs, told), PlannedRequest("GET", f"{runs}/<its number>")
        if act.kind is ActKind.PROVE_BUILT:
            return PlannedRequest("GET", runs), PlannedRequest("GET", f"{runs}/<its number>/artifacts")
        return ()


def _refusals(variable: str) -> dict[int, str]:
    return {
        400: f"Check ref in cockpit.toml, and that the pipeline has the parameters slot, version and {MARK}.",
        403: f"The token in {variable} needs the scope Build (read and execute), and its owner the right to queue "
        "builds of the pipeline.",
        404: "Check project and workflow, the pipeline's number, in cockpit.toml.",
    }


def _inner(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _parameters(run: dict[str, Any]) -> dict[str, Any]:
    return _inner(run, "templateParameters")


def _number(operation: str) -> int:
    return int(operation) if operation.isdigit() else -1
