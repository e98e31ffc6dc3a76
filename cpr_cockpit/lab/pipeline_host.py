"""A pipeline host shaped like GitHub: one workflow that lays a release into a slot.

Routes and members as in GitHub's REST reference: dispatch of a workflow, workflow runs, artifacts. A run waits for a
free runner, deploys by zip as a workflow's own step does, and ends as that deployment ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.deploying import SUCCESS
from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.packages import commit_of

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from cpr_cockpit.lab.models import Deployment, OperationLog

OWNER_AND_NAME, WORKFLOW, ARTIFACT = "goals/goals-api", "deploy-slot.yml", "goals-api"
DEPLOYER = "GitHub"
_FAST, _USUAL = 0.3, 6.0  # seconds until a runner is free
_FIRST = 5_000_000_001

# Lays a package into a slot in a deployer's name. Raises ApiError 409 where the slot is busy.
Deploy = Callable[[str, bytes, str], "Deployment"]


@dataclass(slots=True)
class WorkflowRun:
    """One run; `conclusion` None until it has ended."""

    id: int
    title: str
    commit: str
    sha256: str
    status: str = "queued"
    conclusion: str | None = None


class PipelineHost:
    """One repository with one workflow. `releases`: the package of each tag, by its version."""

    def __init__(
        self,
        releases: Mapping[str, bytes],
        deploy: Deploy,
        log: OperationLog,
        token: str,
        *,
        fast: bool,
    ) -> None:
        self._releases = releases
        self._deploy = deploy
        self._log = log
        self._token = token
        self._free_after = _FAST if fast else _USUAL
        self._ids = itertools.count(_FIRST)
        self._runs: dict[int, WorkflowRun] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._url = ""

    def application(self) -> web.Application:
        """Its routes, for every member of the repository that shows the token."""
        app = web.Application(middlewares=[self._guarded])
        actions = f"/repos/{OWNER_AND_NAME}/actions"
        app.router.add_post(f"{actions}/workflows/{WORKFLOW}/dispatches", self._dispatch)
        app.router.add_get(f"{actions}/workflows/{WORKFLOW}/runs", self._list)
        app.router.add_get(f"{actions}/runs/{{id:\\d+}}", self._get)
        app.router.add_get(f"{actions}/runs/{{id:\\d+}}/artifacts", self._artifacts)
        return app

    async def close(self) -> None:
        """Leave what is at work."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def described(self, address: str, ref: str) -> dict[str, Any]:
        """What the ready file tells of it."""
        self._url = address
        table = {
            "kind": "github",
            "address": address,
            "project": OWNER_AND_NAME,
            "workflow": WORKFLOW,
            "ref": ref,
            "artifact": ARTIFACT,
        }
        return {"table": table, "token": self._token, "commit": commit_of(ref)}

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        shown = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, f"Bearer {self._token}".encode()):
            return _refused(401, "Bad credentials")
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            return _refused(refusal.status, refusal.reason)

    async def _dispatch(self, request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.read())
            ref, inputs = body["ref"], body.get("inputs", {})
            slot, version, mark = (str(inputs[name]) for name in ("slot", "version", "cpr_run"))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return _refused(422, f"Invalid request: {error!r}")
        if ref not in self._releases:
            return _refused(422, f"No ref found for: {ref}")
        package = self._releases[ref]
        title = f"Deploy {version} to {slot} ({mark})"
        run = WorkflowRun(next(self._ids), title, commit_of(ref), hashlib.sha256(package).hexdigest())
        self._runs[run.id] = run
        self._log.add("pipeline.started", id=run.id, slot=slot, ref=ref)
        working = asyncio.create_task(self._work(run, slot, package))
        self._working.add(working)
        working.add_done_callback(self._working.discard)
        if body.get("return_run_details") is not True:
            return web.Response(status=204)
        here = self._address(run)
        return web.json_response({"workflow_run_id": run.id, "run_url": here, "html_url": here})

    async def _work(self, run: WorkflowRun, slot: str, package: bytes) -> None:
        await asyncio.sleep(self._free_after)
        run.status = "in_progress"
        try:
            deployment = self._deploy(slot, package, DEPLOYER)
        except (ApiError, KeyError):
            run.conclusion = "failure"
        else:
            await deployment.finished.wait()
            run.conclusion = "success" if deployment.status == SUCCESS else "failure"
        run.status = "completed"
        self._log.add("pipeline.ended", id=run.id, conclusion=run.conclusion)

    async def _list(self, _: web.Request) -> web.Response:
        newest = [self._shown(run) for run in reversed(self._runs.values())]
        return web.json_response({"total_count": len(newest), "workflow_runs": newest})

    async def _get(self, request: web.Request) -> web.Response:
        return web.json_response(self._shown(self._one(request)))

    async def _artifacts(self, request: web.Request) -> web.Response:
        run = self._one(request)
        made = {
            "id": run.id + 1,
            "name": ARTIFACT,
            "expired": False,
            "digest": f"sha256:{run.sha256}",
            "workflow_run": {"id": run.id, "head_sha": run.commit},
        }
        return web.json_response({"total_count": 1, "artifacts": [made]})

    def _one(self, request: web.Request) -> WorkflowRun:
        run = self._runs.get(int(request.match_info["id"]))
        if run is None:
            raise web.HTTPNotFound
        return run

    def _shown(self, run: WorkflowRun) -> dict[str, Any]:
        return {
            "id": run.id,
            "display_title": run.title,
            "event": "workflow_dispatch",
            "head_sha": run.commit,
            "status": run.status,
            "conclusion": run.conclusion,
            "html_url": self._address(run),
        }

    def _address(self, run: WorkflowRun) -> str:
        return f"{self._url}/{OWNER_AND_NAME}/actions/runs/{run.id}"


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
