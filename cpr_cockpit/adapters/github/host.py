"""One repository of the feature at GitHub, with its clone on this machine: the port CodeHost.

Sources: GitHub's REST reference, "Contents", "Git references", "Git tags", "Workflow runs", "Artifacts".
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.clone import Clone
from cpr_cockpit.adapters.github import shapes
from cpr_cockpit.adapters.github.asking import Asking
from cpr_cockpit.adapters.github.pulls import PullRequests
from cpr_cockpit.adapters.github.repository import GitHubSettings, path_of
from cpr_cockpit.adapters.github.shapes import inner, number, text
from cpr_cockpit.adapters.github.token import graphql_of
from cpr_cockpit.adapters.github.workflows import FOLDER, Unreadable, deploying
from cpr_cockpit.core.code import (
    BuildState,
    CodeAct,
    CodeHeads,
    CommitBuild,
    DeployingWorkflow,
    MergeMethod,
    TagFacts,
    TrialMerge,
)
from cpr_cockpit.core.ports import PlannedRequest, PortError

_MOST_FILES = 20
_MOST_WORKFLOWS = 50
_LARGEST_WORKFLOW = 64 * 1024
_MOST_TAGS = 5  # a tag may name a tag
_WELL = ("success", "neutral", "skipped")


class GitHubHost(PullRequests):
    """The port over GitHub and a clone: what its methods promise stands there."""

    def __init__(self, settings: GitHubSettings, asking: Asking, clone: Clone) -> None:
        super().__init__(settings, asking)
        self._clone = clone

    async def trial_merge(self) -> TrialMerge:
        """As the port; by git in the clone."""
        main, branch = f"refs/heads/{self.main}", f"refs/heads/{self.branch}"
        told = await self._clone.told(main, branch)
        if main not in told:
            words = f"{self._clone.name}: its remote has no branch {self.main}."
            raise PortError(words, next_step="Correct [[code]] in cockpit.toml.")
        heads = CodeHeads(told[main], told.get(branch, ""))
        if not heads.branch:
            return TrialMerge(heads)
        await self._clone.fetch(main, branch)
        tried = await self._clone.tried(heads.main, heads.branch)
        behind = await self._clone.behind(heads.branch, heads.main)
        merged = not tried.files and await self._clone.has_all(heads.main, heads.branch)
        more = max(0, len(tried.files) - _MOST_FILES)
        return TrialMerge(heads, tuple(text(file) for file in tried.files[:_MOST_FILES]), more, behind, merged)

    async def deploying(self) -> tuple[DeployingWorkflow, ...]:
        """As the port; a workflow whose file cannot be read is an error, as it might deploy."""
        doing = f"Reading the workflows of {self.name}"
        path, refs = f"{self._repo}/contents/{FOLDER}", (self.main, self.branch)
        listed = await asyncio.gather(*(self._asking.get(path, doing, ref=ref) for ref in refs))
        rows = [one for rows in listed if isinstance(rows, list) for one in rows if isinstance(one, Mapping)]
        named = {(text(one.get("path")), text(one.get("sha"))): one for one in rows}
        files = [one for (name, _), one in named.items() if name.endswith((".yml", ".yaml"))]
        if len(files) > _MOST_WORKFLOWS:
            raise PortError(f"{doing}: there are more than {_MOST_WORKFLOWS}.")
        found: list[DeployingWorkflow] = []
        for file, content in zip(files, await asyncio.gather(*map(self._content, files)), strict=True):
            path = text(file.get("path"))
            try:
                # In a thread: the parser takes milliseconds for each kilobyte.
                found += await asyncio.to_thread(deploying, path, content, self.main, self._settings.tag)
            except Unreadable as error:
                raise PortError(f"{self.name}: {path} cannot be read ({error}).") from error
        return tuple(dict.fromkeys(found))

    async def _content(self, file: Mapping[str, Any]) -> str:
        path = text(file.get("path"))
        doing = f"Reading {path} of {self.name}"
        if number(file.get("size")) > _LARGEST_WORKFLOW:
            raise PortError(f"{doing}: it has more than {_LARGEST_WORKFLOW} bytes.")
        body = await self._there(f"{self._repo}/git/blobs/{path_of(text(file.get('sha')))}", doing)
        try:
            return base64.b64decode(body.get("content") or "").decode("utf-8", "replace")
        except (binascii.Error, TypeError, ValueError) as error:
            raise unreadable(doing, repr(error)) from error

    async def tag(self, name: str) -> TagFacts | None:
        """As the port."""
        doing = f"Reading tag {name} of {self.name}"
        told = await self._asking.get(f"{self._repo}/git/ref/tags/{path_of(name)}", doing)
        if told is None:
            # Of a repository that may not be seen every tag would be free.
            await self.repository()
            return None
        named, message, annotated = inner(told, "object"), "", False
        for _ in range(_MOST_TAGS):
            if inner(named, "type") != "tag":
                return TagFacts(name, self._commit(inner(named, "sha"), doing), annotated, message)
            body = await self._there(f"{self._repo}/git/tags/{path_of(text(inner(named, 'sha')))}", doing)
            named, annotated, message = body.get("object"), True, message or text(body.get("message")).strip()
        raise PortError(f"{doing}: it names a tag that names a tag, and so on.")

    async def create_tag(self, name: str, commit: str, message: str) -> TagFacts:
        """As the port."""
        doing = f"Creating tag {name} in {self.name}"
        asked = {"tag": name, "message": message, "object": commit, "type": "commit"}
        told = await self._asking.send("POST", f"{self._repo}/git/tags", doing, asked)
        made = self._commit(told.get("sha"), doing, mutating=True)
        await self._asking.send("POST", f"{self._repo}/git/refs", doing, {"ref": f"refs/tags/{name}", "sha": made})
        return TagFacts(name, commit, True, message)

    async def build(self, commit: str) -> CommitBuild:
        """As the port."""
        doing = f"Looking for what CI made of {commit[:10]} in {self.name}"
        query = {"head_sha": commit, "event": "push"}
        runs = await self._asking.every(f"{self._repo}/actions/runs", doing, "workflow_runs", **query)
        if runs is None:
            raise self._not_there(doing)
        # An Enterprise Server that does not know the filter leaves it out.
        runs = [one for one in runs if one.get("head_sha") == commit]
        runs = sorted(runs, key=lambda one: number(one.get("id")), reverse=True)
        for run in runs:
            if (digest := await self._made(run, doing)) is not None:
                state = _state(run)
                return _build(commit, state, run, digest if state is BuildState.BUILT else "")
        for state in (BuildState.RUNNING, BuildState.FAILED):
            if found := next((run for run in runs if _state(run) is state), None):
                return _build(commit, state, found)
        return CommitBuild(commit, BuildState.NONE)

    async def _made(self, run: Mapping[str, Any], doing: str) -> str | None:
        """The digest of the run's artifact, "" where it has none; None: there is no artifact."""
        path = f"{self._repo}/actions/runs/{number(run.get('id'))}/artifacts"
        rows = await self._asking.every(path, doing, "artifacts") or []
        there = [one for one in rows if one.get("expired") is not True]
        name = self._settings.made or self.name.partition("/")[2]
        named = [one for one in there if one.get("name") == name]
        found = named or (there if len(there) == 1 and not self._settings.made else [])
        if not found:
            return None
        return shapes.digest_of(found[0])

    def planned(self, act: CodeAct, *, method: MergeMethod, tag: str) -> tuple[PlannedRequest, ...]:
        """As the port."""
        repo = f"{self._asking.api}/{self._repo}"
        pull, commit = f"{repo}/pulls/<its number>", f"{repo}/commits/<its head>"
        listed = f"{repo}/pulls?head={self._owner}:{self.branch}&base={self.main}&state=all"
        asks = [f"{repo}/branches/{self.main}", f"{repo}/rules/branches/{self.main}"]
        reads = {
            CodeAct.LOOK: [
                repo,
                *(f"{repo}/git/ref/heads/{name}" for name in (self.main, self.branch)),
                listed,
                f"{repo}/git/ref/tags/{tag}",
                *(f"{repo}/contents/{FOLDER}?ref={name}" for name in (self.main, self.branch)),
            ],
            CodeAct.PULL_REQUEST: [listed],
            CodeAct.CHECKS: [pull, f"{commit}/check-runs", f"{commit}/status", f"{pull}/reviews", *asks],
            CodeAct.MERGE: [pull],
            CodeAct.TAG: [f"{repo}/actions/runs?head_sha=<the merge commit>", f"{repo}/git/ref/tags/{tag}"],
            CodeAct.REVERT: [pull],
        }
        changes = {
            CodeAct.PULL_REQUEST: [("POST", f"{repo}/pulls", f"head {self.branch}, base {self.main}")],
            CodeAct.MERGE: [("PUT", f"{pull}/merge", f"sha <its head>, merge_method {method.value}")],
            CodeAct.TAG: [
                ("POST", f"{repo}/git/tags", f"tag {tag}, object <the merge commit>"),
                ("POST", f"{repo}/git/refs", f"ref refs/tags/{tag}"),
            ],
            CodeAct.REVERT: [("POST", graphql_of(self._asking.api), "revertPullRequest <its node id>")],
        }
        told = [PlannedRequest("GET", url) for url in reads[act]]
        return (*told, *(PlannedRequest(*one) for one in changes.get(act, ())))


def _build(commit: str, state: BuildState, run: Mapping[str, Any], digest: str = "") -> CommitBuild:
    return CommitBuild(commit, state, str(number(run.get("id"))), text(run.get("html_url")), digest)


def _state(run: Mapping[str, Any]) -> BuildState:
    """Of a run: what it made counts once all of it has ended well."""
    if run.get("status") != "completed":
        return BuildState.RUNNING
    return BuildState.BUILT if run.get("conclusion") in _WELL else BuildState.FAILED
