"""Pull requests at GitHub: found, created, checked, merged and taken back.

Sources: GitHub's REST reference, "Pulls", "Pull request reviews", "Check runs", "Commit statuses"; its GraphQL
reference for `revertPullRequest`, which REST has not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.github import shapes
from cpr_cockpit.adapters.github.asking import GitHubRefusal
from cpr_cockpit.adapters.github.repository import GitHubRepository, path_of
from cpr_cockpit.adapters.github.shapes import inner, number, text
from cpr_cockpit.core.code import (
    CommitChecks,
    MergeAnswer,
    MergeMethod,
    MergeResult,
    PullRequest,
    Reviews,
    revert_branch,
)

_NOT_ALLOWED, _CONFLICT, _INVALID = 405, 409, 422
_REVERT = (
    "mutation($input: RevertPullRequestInput!) { revertPullRequest(input: $input) "
    "{ revertPullRequest { number url title headRefOid baseRefName } } }"
)


class PullRequests(GitHubRepository):
    """The port's methods of pull requests."""

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
        doing = f"Reading pull request {number} of {self.name}"
        return self._read(shapes.pull_request, await self._pull(number), doing)

    async def _pull(self, of: int) -> Mapping[str, Any]:
        return await self._there(f"{self._repo}/pulls/{of}", f"Reading pull request {of} of {self.name}")

    async def create_pull_request(self, title: str, body: str) -> PullRequest:
        """As the port."""
        doing = f"Creating the pull request of {self.branch} in {self.name}"
        asked = {"title": title, "body": body, "head": self.branch, "base": self.main}
        told = await self._asking.send("POST", f"{self._repo}/pulls", doing, asked)
        return self._read(shapes.pull_request, told, doing, mutating=True)

    async def checks(self, commit: str) -> CommitChecks:
        """As the port."""
        doing = f"Reading the checks of {commit[:10]} in {self.name}"
        path = f"{self._repo}/commits/{path_of(commit)}"
        runs, statuses, required = await asyncio.gather(
            self._asking.every(f"{path}/check-runs", doing, "check_runs", filter="latest"),
            self._asking.every(f"{path}/status", doing, "statuses"),
            self._required(),
        )
        if runs is None or statuses is None:
            raise self._not_there(doing)
        return CommitChecks(commit, shapes.rows_of_checks(runs, statuses, required), required is not None)

    async def reviews(self, pull: PullRequest) -> Reviews:
        """As the port."""
        doing = f"Reading the reviews of pull request {pull.number} in {self.name}"
        rows, required = await asyncio.gather(
            self._asking.every(f"{self._repo}/pulls/{pull.number}/reviews", doing), self._approvals()
        )
        if rows is None:
            raise self._not_there(doing)
        return shapes.reviews(rows, pull.head, required)

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
        if told.get("merged") is not True:
            raise unreadable(doing, "no merge", mutating=True)
        return MergeAnswer(MergeResult.MERGED, self._commit(told.get("sha"), doing, mutating=True))

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
        made = inner(told, "revertPullRequest", "revertPullRequest")
        return self._read(shapes.revert_request, made, doing, mutating=True)
