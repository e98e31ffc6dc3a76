"""A Git host shaped like GitHub's REST interface over real bare repositories: the two repositories of the feature.

Routes, members, statuses and headers as in GitHub's REST reference. A repository that was renamed is answered 301 (307
where something is to be changed) with the address by its id; what this token may not do 403, what it may not see 404.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.githost import pulls, reading, refs
from cpr_cockpit.lab.githost.git import GitFailed
from cpr_cockpit.lab.githost.hosting import Hosting
from cpr_cockpit.lab.githost.seeds import BRANCH, MAIN
from cpr_cockpit.lab.githost.wire import Refusal, missing, tagged

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.typedefs import Handler

    from cpr_cockpit.lab.githost.ci import Pace
    from cpr_cockpit.lab.githost.repository import Repository
    from cpr_cockpit.lab.models import OperationLog
    from cpr_cockpit.lab.troubles import Troubles

# What answers of one repository.
Answering = Callable[[Hosting, "Repository", web.Request], Awaitable[web.Response]]
_LIMIT = 5000

# The longer of two paths that could both be meant comes first: names of branches hold slashes.
_ROUTES: tuple[tuple[str, str, Answering], ...] = (
    ("GET", "", reading.repository),
    ("GET", "/branches/{branch:.+}", reading.branch),
    ("GET", "/rules/branches/{branch:.+}", reading.rules),
    ("GET", "/commits/{ref:.+}/check-runs", reading.check_runs),
    ("GET", "/commits/{ref:.+}/status", reading.status),
    ("GET", "/contents/{path:.+}", reading.contents),
    ("GET", "/git/blobs/{sha}", reading.blob),
    ("GET", "/actions/runs", reading.runs),
    ("GET", r"/actions/runs/{id:\d+}/artifacts", reading.artifacts),
    ("GET", "/pulls", pulls.listing),
    ("POST", "/pulls", pulls.create),
    ("GET", r"/pulls/{number:\d+}", pulls.get),
    ("PATCH", r"/pulls/{number:\d+}", pulls.update),
    ("GET", r"/pulls/{number:\d+}/reviews", pulls.reviews),
    ("PUT", r"/pulls/{number:\d+}/merge", pulls.merge),
    ("GET", "/git/ref/{ref:.+}", refs.get_ref),
    ("POST", "/git/refs", refs.create_ref),
    ("POST", "/git/tags", refs.create_tag),
    ("GET", "/git/tags/{sha}", refs.get_tag),
)


class GitHost:
    """`digests`: SHA-256 of what CI builds, by repository; `tag`: the release's; `clock`: epoch seconds."""

    def __init__(
        self,
        troubles: Troubles,
        log: OperationLog,
        digests: Mapping[str, str],
        tag: str,
        token: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hosting = Hosting(troubles, log, digests, tag, clock=clock)
        self._token = token
        self._left = _LIMIT

    async def plant(self, folder: Path, pace: Pace) -> None:
        """Make the repositories and their clones within `folder`. GitFailed, OSError."""
        await self._hosting.plant(folder, pace)

    def application(self) -> web.Application:
        """Its routes, for everybody who shows the token."""
        app = web.Application(middlewares=[self._guarded])
        app.router.add_get("/user", self._user)
        app.router.add_post("/graphql", self._graphql)
        for method, path, answering in _ROUTES:
            handler = self._of_repository(answering)
            app.router.add_route(method, "/repos/{owner}/{repository}" + path, handler)
            app.router.add_route(method, r"/repositories/{by_id:\d+}" + path, handler)
        return app

    def described(self, address: str) -> dict[str, Any]:
        """What the ready file tells of it."""
        self._hosting.url = address
        told = [
            {"name": repo.full_name, "clone": str(repo.clone), "branch": BRANCH, "main": MAIN}
            for repo in self._hosting.repositories
        ]
        return {"api": address, "token": self._token, "repositories": told}

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._signed_in(request)
            self._hosting.limit()
            answer = tagged(request, await handler(request))
        except Refusal as refusal:
            answer = refusal.answer()
        except GitFailed as failed:
            answer = Refusal(502, str(failed)).answer()
        except web.HTTPException as refusal:
            answer = Refusal(refusal.status, refusal.reason).answer()
        self._left = max(0, self._left - 1)
        answer.headers.update({"X-RateLimit-Limit": str(_LIMIT), "X-RateLimit-Remaining": str(self._left)})
        if self._hosting.may_write:
            # A fine-grained token, which is the weak one, has no scopes but rights.
            answer.headers["X-OAuth-Scopes"] = "repo, workflow"
        return answer

    def _signed_in(self, request: web.Request) -> None:
        shown = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, f"Bearer {self._token}".encode()):
            raise Refusal(401, "Bad credentials")

    async def _user(self, _: web.Request) -> web.Response:
        return web.json_response({"login": pulls.AUTHOR, "id": 1, "type": "User"})

    async def _graphql(self, request: web.Request) -> web.Response:
        return await pulls.graphql(self._hosting, request)

    def _of_repository(self, answering: Answering) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            repo = self._found(request)
            if request.method != "GET" and not self._hosting.may_write:
                raise Refusal(403, "Resource not accessible by personal access token")
            return await answering(self._hosting, repo, request)

        return handler

    def _found(self, request: web.Request) -> Repository:
        """Refusal 404; 301 or 307 to the address by id where it is asked for by its name of before."""
        told = request.match_info
        if "by_id" in told:
            found = next((one for one in self._hosting.repositories if str(one.id) == told["by_id"]), None)
            before = False
        else:
            found, before = self._hosting.named(told["owner"], told["repository"])
        if found is None:
            raise missing()
        if before:
            rest = request.path_qs.split("/", 4)[4:]
            url = "/".join([f"{self._hosting.url}/repositories/{found.id}", *rest])
            status, words = (301, "Moved Permanently") if request.method == "GET" else (307, "Temporary Redirect")
            raise Refusal(status, words, {"Location": url}, url=url)
        return found
