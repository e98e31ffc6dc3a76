"""One repository of the feature at GitHub, with its clone on this machine: the port CodeHost.

Sources: GitHub's REST reference, "Repositories", "Pulls", "Pull request reviews", "Check runs", "Commit statuses",
"Rules", "Protected branches", "Git references", "Git tags", "Workflow runs", "Artifacts", "Contents"; its GraphQL
reference for `revertPullRequest`, which REST has not.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.clone import Clone
from cpr_cockpit.adapters.github import shapes
from cpr_cockpit.adapters.github.asking import Asking, GitHubRefusal
from cpr_cockpit.adapters.github.shapes import inner, number, text
from cpr_cockpit.adapters.github.token import graphql_of
from cpr_cockpit.adapters.github.workflows import FOLDER, Unreadable, deploying
from cpr_cockpit.core.code import (
    BuildState,
    CodeAct,
    CodeHeads,
    CommitBuild,
    CommitChecks,
    DeployingWorkflow,
    MergeAnswer,
    MergeMethod,
    MergeResult,
    PullRequest,
    RepositoryFacts,
    Reviews,
    TagFacts,
    TrialMerge,
    revert_branch,
)
from cpr_cockpit.core.ports import PlannedRequest, PortError

_MOST_FILES = 20
_MOST_WORKFLOWS = 50
_LARGEST_WORKFLOW = 64 * 1024
_MOST_TAGS = 5  # a tag may name a tag
_NOT_ALLOWED, _CONFLICT, _INVALID = 405, 409, 422
_FORBIDDEN = object()
_REVERT = (
    "mutation($input: RevertPullRequestInput!) { revertPullRequest(input: $input) { revertPullRequest { number } } }"
)


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """``name``: "owner/name"; ``made``: the name of the artifact that CI makes of it ("": the only one, or its own).

    ``tag``: the release's, for which workflows are looked at; ``artifact`` as the port has it.
    """

    name: str
    branch: str
    main: str
    tag: str
    artifact: bool = True
    made: str = ""


class GitHubHost:
    """The port over GitHub and a clone: what its methods promise stands there."""

    def __init__(self, settings: GitHubSettings, asking: Asking, clone: Clone) -> None:
        self.name, self.branch, self.main = settings.name, settings.branch, settings.main
        self.artifact = settings.artifact
        self._settings = settings
        self._asking = asking
        self._clone = clone
        self._repo = f"repos/{settings.name}"
        self._owner = settings.name.partition("/")[0]

    async def repository(self) -> RepositoryFacts:
        """As the port."""
        return shapes.facts(await self._there(self._repo, f"Reading repository {self.name}"))

    async def heads(self) -> CodeHeads:
        """As the port."""
        main, branch = await asyncio.gather(self._head(self.main), self._head(self.branch))
        if not main:
            raise PortError(
                f"{self.name} has no branch {self.main}, or the token may not see it.",
                next_step="Correct [[code]] in cockpit.toml.",
            )
        return CodeHeads(main, branch)

    async def _head(self, branch: str) -> str:
        path = f"{self._repo}/git/ref/heads/{_path(branch)}"
        return text(inner(await self._asking.get(path, f"Reading {branch} of {self.name}"), "object", "sha"))

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
        listed = await self._asking.get(f"{self._repo}/contents/{FOLDER}", doing, ref=self.branch)
        rows = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
        files = [one for one in rows if text(one.get("path")).endswith((".yml", ".yaml"))]
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
        return tuple(found)

    async def _content(self, file: Mapping[str, Any]) -> str:
        path = text(file.get("path"))
        doing = f"Reading {path} of {self.name}"
        if number(file.get("size")) > _LARGEST_WORKFLOW:
            raise PortError(f"{doing}: it has more than {_LARGEST_WORKFLOW} bytes.")
        body = await self._there(f"{self._repo}/git/blobs/{_path(text(file.get('sha')))}", doing)
        try:
            return base64.b64decode(body.get("content") or "").decode("utf-8", "replace")
        except (binascii.Error, TypeError, ValueError) as error:
            raise unreadable(doing, repr(error)) from error

    async def pull_request(self) -> PullRequest | None:
        """As the port."""
        doing = f"Looking for the pull request of {self.branch} in {self.name}"
        found = await self._pulls(self.branch, doing, base=self.main, state="all", sort="created", direction="desc")
        first = [one for one in found if one.get("state") == "open"]
        first += [one for one in found if isinstance(one.get("merged_at"), str)]
        return await self.pull_request_at(number(first[0].get("number"))) if first else None

    async def _pulls(self, branch: str, doing: str, **query: str) -> list[dict[str, Any]]:
        head = f"{self._owner}:{branch}"
        found = await self._asking.every(f"{self._repo}/pulls", doing, head=head, **query)
        if found is None:
            raise self._not_there(doing)
        # An owner that GitHub does not know makes it leave the filter out.
        return [one for one in found if inner(one, "head", "ref") == branch]

    async def pull_request_at(self, number: int) -> PullRequest:
        """As the port."""
        return shapes.pull_request(await self._pull(number))

    async def _pull(self, of: int) -> Mapping[str, Any]:
        return await self._there(f"{self._repo}/pulls/{of}", f"Reading pull request {of} of {self.name}")

    async def create_pull_request(self, title: str, body: str) -> PullRequest:
        """As the port."""
        doing = f"Creating the pull request of {self.branch} in {self.name}"
        asked = {"title": title, "body": body, "head": self.branch, "base": self.main}
        told = await self._asking.send("POST", f"{self._repo}/pulls", doing, asked)
        return shapes.pull_request(told)

    async def checks(self, commit: str) -> CommitChecks:
        """As the port."""
        doing = f"Reading the checks of {commit[:10]} in {self.name}"
        path = f"{self._repo}/commits/{_path(commit)}"
        runs, statuses, required = await asyncio.gather(
            self._asking.every(f"{path}/check-runs", doing, "check_runs", filter="latest"),
            self._asking.every(f"{path}/status", doing, "statuses"),
            self._required(),
        )
        if runs is None or statuses is None:
            raise self._not_there(doing)
        return CommitChecks(commit, shapes.rows_of_checks(runs, statuses, required), required is not None)

    async def _required(self) -> set[str] | None:
        """The checks that main requires by rules and by protection; None where that may not be read."""
        branch, rules = await asyncio.gather(self._main_branch(), self._rules())
        protected = None if branch is None else shapes.required_by_protection(branch)
        if protected is None or rules is None:
            return None
        return shapes.required_by_rules(rules)[0] | protected

    async def _main_branch(self) -> Mapping[str, Any] | None:
        path = f"{self._repo}/branches/{_path(self.main)}"
        told = await self._if_allowed(self._asking.get(path, f"Reading {self.main} of {self.name}"))
        return told if isinstance(told, Mapping) else None

    async def _rules(self) -> list[dict[str, Any]] | None:
        """None: they may not be read. An Enterprise Server that is too old for rules has none (404)."""
        path = f"{self._repo}/rules/branches/{_path(self.main)}"
        rules = await self._if_allowed(self._asking.every(path, f"Reading the rules of {self.main} in {self.name}"))
        return None if rules is _FORBIDDEN else rules or []

    async def _if_allowed(self, asked: Awaitable[Any]) -> Any:
        """What is answered; `_FORBIDDEN` for 403."""
        try:
            return await asked
        except GitHubRefusal as refused:
            if refused.status != 403:
                raise
            return _FORBIDDEN

    async def reviews(self, pull: PullRequest) -> Reviews:
        """As the port."""
        doing = f"Reading the reviews of pull request {pull.number} in {self.name}"
        rows, required = await asyncio.gather(
            self._asking.every(f"{self._repo}/pulls/{pull.number}/reviews", doing), self._approvals()
        )
        if rows is None:
            raise self._not_there(doing)
        return shapes.reviews(rows, pull.head, required)

    async def _approvals(self) -> int | None:
        """How many approvals main asks for; of the older kind of protection only an administrator is told."""
        rules, branch = await asyncio.gather(self._rules(), self._main_branch())
        if rules is None or branch is None:
            return None
        by_rules = shapes.required_by_rules(rules)[1]
        if branch.get("protected") is not True or by_rules:
            return by_rules
        path = f"{self._repo}/branches/{_path(self.main)}/protection/required_pull_request_reviews"
        told = await self._if_allowed(self._asking.get(path, f"Reading the protection of {self.main} in {self.name}"))
        return number(told.get("required_approving_review_count")) if isinstance(told, Mapping) else None

    async def merge(self, number: int, head: str, method: MergeMethod, title: str, message: str) -> MergeAnswer:
        """As the port."""
        doing = f"Merging pull request {number} of {self.name}"
        asked = {"sha": head, "merge_method": method.value}
        # GitHub takes neither for a rebase, whose commits keep their own.
        if method is not MergeMethod.REBASE:
            asked |= {"commit_title": title, "commit_message": message}
        try:
            told = await self._asking.send("PUT", f"{self._repo}/pulls/{number}/merge", doing, asked)
        except GitHubRefusal as refused:
            if refused.status == _CONFLICT and "head" in refused.said.lower():
                return MergeAnswer(MergeResult.MOVED, words=refused.said)
            if refused.status in (_NOT_ALLOWED, _CONFLICT, _INVALID):
                return MergeAnswer(MergeResult.REFUSED, words=refused.said)
            raise
        if told.get("merged") is not True or not text(told.get("sha")):
            raise unreadable(doing, "no merge", mutating=True)
        return MergeAnswer(MergeResult.MERGED, text(told.get("sha")))

    async def tag(self, name: str) -> TagFacts | None:
        """As the port."""
        doing = f"Reading tag {name} of {self.name}"
        told = await self._asking.get(f"{self._repo}/git/ref/tags/{_path(name)}", doing)
        if told is None:
            # Of a repository that may not be seen every tag would be free.
            await self.repository()
            return None
        named, message, annotated = inner(told, "object"), "", False
        for _ in range(_MOST_TAGS):
            if inner(named, "type") != "tag":
                return TagFacts(name, text(inner(named, "sha")), annotated, message)
            body = await self._there(f"{self._repo}/git/tags/{_path(text(inner(named, 'sha')))}", doing)
            named, annotated, message = body.get("object"), True, message or text(body.get("message")).strip()
        raise PortError(f"{doing}: it names a tag that names a tag, and so on.")

    async def create_tag(self, name: str, commit: str, message: str) -> TagFacts:
        """As the port."""
        doing = f"Creating tag {name} in {self.name}"
        asked = {"tag": name, "message": message, "object": commit, "type": "commit"}
        made = text((await self._asking.send("POST", f"{self._repo}/git/tags", doing, asked)).get("sha"))
        await self._asking.send("POST", f"{self._repo}/git/refs", doing, {"ref": f"refs/tags/{name}", "sha": made})
        return TagFacts(name, commit, True, message)

    async def build(self, commit: str) -> CommitBuild:
        """As the port."""
        doing = f"Looking for what CI made of {commit[:10]} in {self.name}"
        query = {"head_sha": commit, "event": "push"}
        runs = await self._asking.every(f"{self._repo}/actions/runs", doing, "workflow_runs", **query)
        if runs is None:
            raise self._not_there(doing)
        runs = sorted(runs, key=lambda one: number(one.get("id")), reverse=True)
        for run in runs:
            if (digest := await self._made(run, doing)) is not None:
                return _build(commit, BuildState.BUILT, run, digest)
        for state, there in ((BuildState.RUNNING, _at_work), (BuildState.FAILED, _failed)):
            if found := next((run for run in runs if there(run)), None):
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
        digest = text(found[0].get("digest"))
        return digest.removeprefix("sha256:") if digest.startswith("sha256:") else ""

    async def revert_request(self, pull: PullRequest) -> PullRequest | None:
        """As the port."""
        doing = f"Looking for what takes pull request {pull.number} of {self.name} back"
        found = await self._pulls(
            revert_branch(pull.number, self.branch), doing, state="all", sort="created", direction="desc"
        )
        return await self.pull_request_at(number(found[0].get("number"))) if found else None

    async def create_revert_request(self, pull: PullRequest, title: str, body: str) -> PullRequest:
        """As the port; GitHub makes branch, commit and pull request itself."""
        doing = f"Creating the pull request that takes {pull.number} of {self.name} back"
        node = text((await self._pull(pull.number)).get("node_id"))
        asked = {"input": {"pullRequestId": node, "title": title, "body": body}}
        told = await self._asking.mutate(_REVERT, asked, doing)
        made = number(inner(told, "revertPullRequest", "revertPullRequest", "number"))
        if not made:
            raise unreadable(doing, "no number", mutating=True)
        return await self.pull_request_at(made)

    def planned(self, act: CodeAct, *, method: MergeMethod, tag: str) -> tuple[PlannedRequest, ...]:
        """As the port."""
        repo = f"{self._asking.api}/{self._repo}"
        pull = f"{repo}/pulls/<its number>"
        told = {
            CodeAct.LOOK: [("GET", repo, ""), ("GET", f"{repo}/pulls?head={self._owner}:{self.branch}", "")],
            CodeAct.PULL_REQUEST: [("POST", f"{repo}/pulls", f"head {self.branch}, base {self.main}")],
            CodeAct.CHECKS: [("GET", f"{repo}/commits/<its head>/check-runs", ""), ("GET", f"{pull}/reviews", "")],
            CodeAct.MERGE: [
                ("PUT", f"{pull}/merge", f"sha <its head>, merge_method {method.value}"),
                ("GET", pull, ""),
            ],
            CodeAct.TAG: [
                ("POST", f"{repo}/git/tags", f"tag {tag}, object <the merge commit>"),
                ("POST", f"{repo}/git/refs", f"ref refs/tags/{tag}"),
            ],
            CodeAct.REVERT: [("POST", graphql_of(self._asking.api), "revertPullRequest <its node id>")],
        }
        return tuple(PlannedRequest(*one) for one in told[act])

    async def _there(self, path: str, doing: str) -> Mapping[str, Any]:
        told = await self._asking.get(path, doing)
        if told is None:
            raise self._not_there(doing)
        if not isinstance(told, Mapping):
            raise unreadable(doing, "no object")
        return told

    def _not_there(self, doing: str) -> PortError:
        origin = self._asking.token.origin or "the token"
        return PortError(
            f"{doing}: GitHub knows of none, or the token may not see it (404).",
            next_step=f"Check repository in [[code]] of cockpit.toml, and what the token ({origin}) may see.",
            status=404,
        )


def _build(commit: str, state: BuildState, run: Mapping[str, Any], digest: str = "") -> CommitBuild:
    return CommitBuild(commit, state, str(number(run.get("id"))), text(run.get("html_url")), digest)


def _at_work(run: Mapping[str, Any]) -> bool:
    return run.get("status") != "completed"


def _failed(run: Mapping[str, Any]) -> bool:
    return run.get("conclusion") not in ("success", "neutral", "skipped")


def _path(name: str) -> str:
    return quote(name, safe="/")
