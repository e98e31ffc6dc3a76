"""What is read of a repository: itself, branches and their rules, checks, runs, files.

Shapes as in GitHub's REST reference: "Repositories", "Branches", "Protected branches", "Rules", "Check runs", "Commit
statuses", "Workflow runs", "Artifacts", "Contents", "Git blobs".
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.githost.seeds import MAIN
from cpr_cockpit.lab.githost.wire import Refusal, listed, missing

if TYPE_CHECKING:
    from cpr_cockpit.lab.githost.hosting import Hosting
    from cpr_cockpit.lab.githost.repository import Repository

_ACTIONS_APP = 15368


async def repository(host: Hosting, repo: Repository, _: web.Request) -> web.Response:
    """Itself, and what this token may do there."""
    write = host.may_write
    rights = {"admin": False, "maintain": False, "push": write, "triage": write, "pull": True}
    body = {
        "id": repo.id,
        "name": repo.name,
        "full_name": repo.full_name,
        "private": True,
        "archived": False,
        "default_branch": MAIN,
        "html_url": host.page(repo),
        "clone_url": str(repo.git.folder),
        "permissions": rights,
        "allow_auto_merge": False,
    }
    methods = {"squash": "allow_squash_merge", "merge": "allow_merge_commit", "rebase": "allow_rebase_merge"}
    return web.json_response(body | {name: repo.seed.methods[method] for method, name in methods.items()})


async def branch(_: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """A branch with what its older kind of protection requires, which everybody who may read is told."""
    name = request.match_info["branch"]
    commit = await repo.head(name)
    if not commit:
        raise Refusal(404, "Branch not found")
    required = repo.seed.protected if name == MAIN else ()
    level = "non_admins" if required else "off"
    checks = {"enforcement_level": level, "contexts": list(required), "checks": _checks(required)}
    protected = name == MAIN and bool(repo.seed.protected or repo.seed.ruled)
    protection = {"enabled": bool(required), "required_status_checks": checks}
    return web.json_response(
        {"name": name, "commit": {"sha": commit}, "protected": protected, "protection": protection}
    )


async def rules(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """The rules of all rulesets that are in force for a branch."""
    found: list[dict[str, Any]] = []
    if request.match_info["branch"] == MAIN and repo.seed.ruled:
        origin = {"ruleset_source_type": "Repository", "ruleset_source": repo.full_name, "ruleset_id": 42}
        checks = [{"context": name, "integration_id": _ACTIONS_APP} for name in repo.seed.ruled]
        asked = {"strict_required_status_checks_policy": False, "required_status_checks": checks}
        found.append({"type": "required_status_checks", **origin, "parameters": asked})
        reviews = {"required_approving_review_count": repo.seed.approvals, "dismiss_stale_reviews_on_push": True}
        found.append({"type": "pull_request", **origin, "parameters": reviews})
    return listed(request, host.url, found)


def _checks(names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"context": name, "app_id": _ACTIONS_APP} for name in names]


async def check_runs(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """The newest check run of each name for a commit, a branch or a tag."""
    commit = await _commit(repo, request.match_info["ref"])
    return listed(request, host.url, repo.ci.checks(commit, host.page(repo)), "check_runs")


async def status(_: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """The combined status: nobody here reports by the older interface, for which GitHub says pending."""
    commit = await _commit(repo, request.match_info["ref"])
    return web.json_response({"state": "pending", "statuses": [], "sha": commit, "total_count": 0})


async def runs(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """The workflow runs, newest first, of one commit and one event where those are asked for."""
    commit, event = request.query.get("head_sha", ""), request.query.get("event", "")
    found = [run for run in repo.ci.runs(commit) if event in ("", run.event)]
    return listed(request, host.url, [repo.ci.told(run, host.page(repo)) for run in found], "workflow_runs")


async def artifacts(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """What a run has made: on main the package of the new version, once the job is done."""
    run = next((one for one in repo.ci.runs() if str(one.id) == request.match_info["id"]), None)
    if run is None:
        raise missing()
    rows = [
        {
            "id": run.id + 9,
            "name": repo.seed.name,
            "expired": False,
            "digest": f"sha256:{host.digests[repo.seed.name]}",
            "workflow_run": {"id": run.id, "head_sha": run.commit, "head_branch": run.branch},
        }
    ]
    return listed(request, host.url, rows if run.branch == MAIN and repo.ci.built(run) else [], "artifacts")


async def contents(_: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """A folder's entries, or a file."""
    path, ref = request.match_info["path"].strip("/"), request.query.get("ref", MAIN)
    commit = await _commit(repo, ref)
    found = (await repo.git("ls-tree", "-l", commit, path)).splitlines()
    if len(found) != 1:
        raise missing()
    entry = _entry(found[0])
    if entry["type"] == "file":
        return web.json_response(entry | await _blob(repo, entry["sha"]))
    return web.json_response(
        [_entry(line) for line in (await repo.git("ls-tree", "-l", commit, f"{path}/")).splitlines()]
    )


def _entry(line: str) -> dict[str, Any]:
    told, _, path = line.partition("\t")
    _, kind, sha, size = told.split()
    shape = {"type": "file" if kind == "blob" else "dir", "size": int(size) if size.isdigit() else 0}
    return {"name": path.rpartition("/")[2], "path": path, "sha": sha} | shape


async def blob(_: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """A file's content by its hash."""
    sha = request.match_info["sha"]
    if await repo.git("cat-file", "-t", sha, allowed=(0, 128)) != "blob":
        raise missing()
    return web.json_response({"sha": sha} | await _blob(repo, sha))


async def _blob(repo: Repository, sha: str) -> dict[str, str]:
    # Whole, with the line's end that `git` prints as it is in the file.
    content = (await repo.git.ended("cat-file", "blob", sha)).out.encode()
    return {"encoding": "base64", "content": base64.encodebytes(content).decode()}


async def _commit(repo: Repository, ref: str) -> str:
    """The commit of a branch, a tag or a hash. Refusal 404, 422 as GitHub has it."""
    commit = await repo.head(ref) or await repo.git.commit_of(f"refs/tags/{ref}")
    if not commit and len(ref) == 40:
        commit = await repo.git.commit_of(ref)
    if not commit:
        raise Refusal(422, f"No commit found for SHA: {ref}") if "/" not in ref else missing()
    return commit
