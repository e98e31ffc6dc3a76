"""Pull requests: listed, made, changed, reviewed, merged, and taken back.

Shapes and refusals as in GitHub's REST reference, "Pulls" and "Pull request reviews"; taking one back is only in its
GraphQL interface (`revertPullRequest`, GitHub's changelog of 2023-01-27).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.githost.git import GitFailed
from cpr_cockpit.lab.githost.wire import Refusal, body_of, invalid, listed, missing, stamp, text

if TYPE_CHECKING:
    from cpr_cockpit.lab.githost.hosting import Hosting
    from cpr_cockpit.lab.githost.repository import Pull, Repository

REVIEWER, AUTHOR = "reviewer", "release-manager"
_REVERT = re.compile(r"\brevertPullRequest\s*\(")
_METHODS = ("merge", "squash", "rebase")


async def listing(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """Those of a state (open if not told), a head "owner:branch" and a base, the newest first."""
    query = request.query
    state, head, base = query.get("state", "open"), query.get("head", ""), query.get("base", "")
    found = [
        pull
        for pull in reversed(repo.pulls.values())
        if state in ("all", "open" if pull.open else "closed")
        and head.rpartition(":")[2] in ("", pull.branch)
        and base in ("", pull.base)
    ]
    return listed(request, host.url, [await told(host, repo, pull) for pull in found])


async def create(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """201; 422 where one is open for the branch already, or there is nothing to merge."""
    body = await body_of(request)
    title, base, branch = text(body, "title"), text(body, "base"), text(body, "head").rpartition(":")[2]
    async with repo.changing:
        main, head = await repo.head(base), await repo.head(branch)
        for name, commit in (("base", main), ("head", head)):
            if not commit:
                raise Refusal(422, "Validation Failed", errors=[{"resource": "PullRequest", "field": name}])
        if any(one.open and (one.branch, one.base) == (branch, base) for one in repo.pulls.values()):
            raise invalid("PullRequest", f"A pull request already exists for {_owner(repo)}:{branch}.")
        if await repo.git("rev-list", "--count", f"{main}..{head}") == "0":
            raise invalid("PullRequest", f"No commits between {base} and {branch}")
        pull = await repo.open_pull(title, str(body.get("body") or ""), branch, base)
    host.log.add("git.pull-request", repository=repo.full_name, number=pull.number)
    return web.json_response(await _whole(host, repo, pull), status=201)


async def get(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """One of them, with whether it can be merged."""
    return web.json_response(await _whole(host, repo, _one(repo, request)))


async def update(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """Another title or body, or closed."""
    pull, body = _one(repo, request), await body_of(request)
    pull.title = str(body.get("title") or pull.title)
    pull.body = str(body.get("body", pull.body) or "")
    if pull.open and body.get("state") == "closed":
        pull.head, pull.closed = await repo.head_of(pull), True
    return web.json_response(await _whole(host, repo, pull))


async def reviews(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """The reviewer approves a while after it was made."""
    pull = _one(repo, request)
    row = {
        "id": 80 + pull.number,
        "user": {"login": REVIEWER},
        "state": "APPROVED",
        "commit_id": await repo.head_of(pull),
        "submitted_at": stamp(pull.made + repo.approved_after),
    }
    return listed(request, host.url, [row] if _approved(repo, pull) else [])


async def merge(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """200; 405 where it cannot be merged, 409 where the head is not the one that was told."""
    pull, body = _one(repo, request), await body_of(request)
    method = str(body.get("merge_method") or "merge")
    async with repo.changing:
        head, base = await repo.head_of(pull), await repo.head(pull.base)
        if body.get("sha") not in (None, head):
            raise Refusal(409, "Head branch was modified. Review and try the merge again.")
        await _mergeable(host, repo, pull, (base, head), method)
        title = str(body.get("commit_title") or f"{pull.title} (#{pull.number})")
        message = f"{title}\n\n{body.get('commit_message') or pull.body}".strip() + "\n"
        try:
            commit = await repo.merged(pull, base, head, method, message)
        except GitFailed as error:
            raise Refusal(409, "Base branch was modified. Review and try the merge again.") from error
    host.log.add("git.merged", repository=repo.full_name, number=pull.number, commit=commit)
    return web.json_response({"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


async def _mergeable(host: Hosting, repo: Repository, pull: Pull, heads: tuple[str, str], method: str) -> None:
    """Refusal 405 with the reason why not."""
    if method not in _METHODS:
        raise Refusal(422, "Invalid request.\n\nmerge_method is not a member of [merge, squash, rebase].")
    if not repo.seed.methods[method]:
        kind = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}[method]
        raise Refusal(405, f"{kind} are not allowed on this repository.")
    if not pull.open or (await repo.trial(*heads)).files:
        raise Refusal(405, "Pull Request is not mergeable")
    if host.refuses_merge(repo):
        raise Refusal(405, "Repository rule violations found\n\nMerging is blocked: a deployment freeze is in force.")
    if waiting := repo.ci.passed(heads[1], (*repo.seed.ruled, *repo.seed.protected)):
        raise Refusal(405, f'Required status check "{waiting}" is expected.')
    if repo.seed.approvals and not _approved(repo, pull):
        raise Refusal(405, "At least 1 approving review is required by reviewers with write access.")


async def graphql(host: Hosting, request: web.Request) -> web.Response:
    """The one mutation `revertPullRequest`; every other question is answered with an error, as GraphQL has it."""
    body = await body_of(request)
    variables = body.get("variables")
    asked = variables.get("input") if isinstance(variables, dict) else None
    if not _REVERT.search(str(body.get("query"))) or not isinstance(asked, dict):
        return _errors("UNDEFINED_FIELD", "Only revertPullRequest(input: $input) is known here.")
    for repo in host.repositories:
        for pull in repo.pulls.values():
            if node(repo, pull) == asked.get("pullRequestId"):
                return await _revert(host, repo, pull, asked)
    return _errors("NOT_FOUND", f"Could not resolve to a node with the global id of '{asked.get('pullRequestId')}'.")


async def _revert(host: Hosting, repo: Repository, pull: Pull, asked: dict[str, Any]) -> web.Response:
    branch = f"revert-{pull.number}-{pull.branch}"
    if not host.may_write:
        return _errors("FORBIDDEN", "Resource not accessible by personal access token")
    if not pull.merged_as:
        return _errors("UNPROCESSABLE", "Pull request is not merged.")
    async with repo.changing:
        try:
            commit = await repo.reverted(pull)
            await repo.move(f"refs/heads/{branch}", commit, "")
        except GitFailed:
            return _errors("UNPROCESSABLE", "The pull request could not be reverted.")
        title = str(asked.get("title") or f'Revert "{pull.title}"')
        words = str(asked.get("body") or f"Reverts {repo.full_name}#{pull.number}")
        back = await repo.open_pull(title, words, branch, pull.base)
    host.log.add("git.revert-requested", repository=repo.full_name, number=back.number)
    told = {"number": back.number, "url": f"{host.page(repo)}/pull/{back.number}", "title": title}
    told |= {"headRefOid": commit, "baseRefName": pull.base}
    return web.json_response({"data": {"revertPullRequest": {"revertPullRequest": told}}})


def _errors(kind: str, message: str) -> web.Response:
    return web.json_response({"data": None, "errors": [{"type": kind, "message": message}]})


def node(repo: Repository, pull: Pull) -> str:
    """A pull request's id in the GraphQL interface."""
    return f"PR_{repo.id}_{pull.number}"


async def told(host: Hosting, repo: Repository, pull: Pull) -> dict[str, Any]:
    """A pull request as a list tells it."""
    base = await repo.head(pull.base)
    home = {"full_name": repo.full_name, "id": repo.id}
    side = {"label": f"{_owner(repo)}:{pull.branch}", "ref": pull.branch, "repo": home}
    return {
        "id": repo.id * 1000 + pull.number,
        "node_id": node(repo, pull),
        "number": pull.number,
        "state": "open" if pull.open else "closed",
        "title": pull.title,
        "body": pull.body,
        "draft": False,
        "user": {"login": AUTHOR},
        "html_url": f"{host.page(repo)}/pull/{pull.number}",
        "head": side | {"sha": await repo.head_of(pull)},
        "base": {"label": f"{_owner(repo)}:{pull.base}", "ref": pull.base, "sha": base, "repo": home},
        "created_at": stamp(pull.made),
        "merged_at": stamp(pull.merged_at) if pull.merged_as else None,
        "merge_commit_sha": pull.merged_as or None,
    }


async def _whole(host: Hosting, repo: Repository, pull: Pull) -> dict[str, Any]:
    more: dict[str, Any] = {"merged": bool(pull.merged_as), "mergeable": None, "mergeable_state": "unknown"}
    more["merged_by"] = {"login": AUTHOR} if pull.merged_as else None
    heads = (await repo.head(pull.base), await repo.head_of(pull))
    if pull.open and pull.looked == heads:
        more |= await _merge_state(repo, pull, heads)
    # GitHub works mergeability out in the background: the first question begins it, and is answered null.
    pull.looked = heads
    return await told(host, repo, pull) | more


async def _merge_state(repo: Repository, pull: Pull, heads: tuple[str, str]) -> dict[str, Any]:
    trial = await repo.trial(*heads)
    if trial.files:
        return {"mergeable": False, "mergeable_state": "dirty"}
    required = (*repo.seed.ruled, *repo.seed.protected)
    blocked = repo.ci.passed(heads[1], required) or (repo.seed.approvals and not _approved(repo, pull))
    # Until it is merged this is a trial of GitHub's own, which nobody should take for the merge.
    trying = await repo.commit(trial.tree, heads, f"Merge {heads[1]} into {heads[0]}")
    return {"mergeable": True, "mergeable_state": "blocked" if blocked else "clean", "merge_commit_sha": trying}


def _approved(repo: Repository, pull: Pull) -> bool:
    return repo.clock() >= pull.made + repo.approved_after


def _one(repo: Repository, request: web.Request) -> Pull:
    pull = repo.pulls.get(int(request.match_info["number"]))
    if pull is None:
        raise missing()
    return pull


def _owner(repo: Repository) -> str:
    return repo.full_name.partition("/")[0]
