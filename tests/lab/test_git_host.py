"""The lab's Git host over the wire, with the real git on the other side of its repositories."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from cpr_cockpit.lab.git_host import GitHost
from cpr_cockpit.lab.githost.ci import Pace
from cpr_cockpit.lab.githost.git import GitFailed
from cpr_cockpit.lab.models import OperationLog
from cpr_cockpit.lab.troubles import Troubles

TAG, TOKEN = "v1.3.0", "a token"
API, UI = "/repos/goals/goals-api", "/repos/goals/goals-ui"
LATER = 60.0
DIGESTS = {"goals-api": "ab" * 32, "goals-ui": "cd" * 32}


@dataclass
class Place:
    """A host with its troubles, a client that follows no redirect, and the clones. Of `now` nothing goes by itself."""

    client: aiohttp.ClientSession
    troubles: Troubles
    clones: dict[str, Path]
    branch: str
    now: float = 1.0e9

    async def ask(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The answer's body, whose status has to be that."""
        async with self.client.request(method, path, allow_redirects=False, **options) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json() if answer.content_type == "application/json" else None

    async def pull(self, repository: str = API) -> int:
        """A pull request of the feature's branch."""
        body = {"title": "Goals", "body": "what", "head": self.branch, "base": "main"}
        return int((await self.ask("POST", f"{repository}/pulls", 201, json=body))["number"])

    async def mergeable(self, number: int, repository: str = API) -> dict[str, Any]:
        """The pull request once its checks and its review are there."""
        self.now += LATER
        await self.ask("GET", f"{repository}/pulls/{number}")
        told: dict[str, Any] = await self.ask("GET", f"{repository}/pulls/{number}")
        return told

    def git(self, repository: str, *arguments: str) -> str:
        """What git prints in a clone."""
        done = self.tried(repository, *arguments)
        done.check_returncode()
        return done.stdout.strip()

    def tried(self, repository: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """How git ends in a clone."""
        return subprocess.run(
            ("git", *arguments), cwd=self.clones[repository], capture_output=True, text=True, check=False
        )


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    troubles = Troubles()
    made: list[Place] = []
    host = GitHost(troubles, OperationLog(), DIGESTS, TAG, TOKEN, lambda: made[0].now if made else 1.0e9)
    await host.plant(tmp_path / "git", Pace(queued=2.0, job=4.0, approval=5.0))
    runner = web.AppRunner(host.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told = host.described(f"http://127.0.0.1:{runner.addresses[0][1]}")
    clones = {one["name"].rpartition("/")[2]: Path(one["clone"]) for one in told["repositories"]}
    async with aiohttp.ClientSession(told["api"], headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        made.append(Place(client, troubles, clones, told["repositories"][0]["branch"]))
        yield made[0]
    await runner.cleanup()


async def test_a_feature_is_merged_and_tagged_and_the_clone_sees_it(place: Place) -> None:
    body = {"title": "Goals", "head": place.branch, "base": "main"}
    opened = await place.ask("POST", f"{API}/pulls", 201, json=body)
    number = opened["number"]
    assert (opened["mergeable"], opened["mergeable_state"], opened["merged"]) == (None, "unknown", False)
    head = opened["head"]["sha"]
    assert head == place.git("goals-api", "rev-parse", "HEAD")
    await place.ask("PUT", f"{API}/pulls/{number}/merge", 405, json={"sha": head})
    told = await place.mergeable(number)
    assert told["mergeable_state"] == "clean"
    await place.ask("PUT", f"{API}/pulls/{number}/merge", 409, json={"sha": "0" * 40})
    body = {"sha": head, "merge_method": "squash", "commit_title": "Goals (#1)"}
    commit = (await place.ask("PUT", f"{API}/pulls/{number}/merge", json=body))["sha"]
    after = await place.ask("GET", f"{API}/pulls/{number}")
    assert (after["merged"], after["state"], after["merge_commit_sha"]) == (True, "closed", commit)
    tag = {"tag": TAG, "message": "Goals", "object": commit, "type": "commit"}
    made = (await place.ask("POST", f"{API}/git/tags", 201, json=tag))["sha"]
    named = {"ref": f"refs/tags/{TAG}", "sha": made}
    await place.ask("POST", f"{API}/git/refs", 201, json=named)
    assert "exists" in (await place.ask("POST", f"{API}/git/refs", 422, json=named))["message"]
    assert (await place.ask("GET", f"{API}/git/ref/tags/{TAG}"))["object"] == {"type": "tag", "sha": made}
    assert (await place.ask("GET", f"{API}/git/tags/{made}"))["object"]["sha"] == commit
    place.git("goals-api", "fetch", "--quiet", "--tags")
    assert place.git("goals-api", "rev-parse", f"{TAG}^{{commit}}") == commit
    assert place.git("goals-api", "log", "-1", "--format=%s", "origin/main") == "Goals (#1)"


async def test_ci_of_the_merge_commit_builds_the_release(place: Place) -> None:
    number = await place.pull(UI)
    head = (await place.mergeable(number, UI))["head"]["sha"]
    body = {"sha": head, "merge_method": "merge"}
    commit = (await place.ask("PUT", f"{UI}/pulls/{number}/merge", json=body))["sha"]
    query = {"head_sha": commit, "event": "push"}
    run = (await place.ask("GET", f"{UI}/actions/runs", params=query))["workflow_runs"][0]
    assert (run["status"], run["conclusion"], run["head_branch"]) == ("queued", None, "main")
    states = []
    while not (made := (await place.ask("GET", f"{UI}/actions/runs/{run['id']}/artifacts"))["artifacts"]):
        found = (await place.ask("GET", f"{UI}/commits/{commit}/check-runs"))["check_runs"]
        states.append([one["status"] for one in found])
        place.now += 2.0
    assert states == [["queued", "queued"], ["in_progress", "queued"], ["in_progress", "queued"]]
    assert made[0]["digest"] == f"sha256:{DIGESTS['goals-ui']}"


async def test_a_conflict_is_a_real_one_and_can_be_taken_back(place: Place) -> None:
    number = await place.pull()
    await place.troubles.set(["merge-conflict"])
    assert (await place.mergeable(number))["mergeable_state"] == "dirty"
    await place.ask("PUT", f"{API}/pulls/{number}/merge", 405, json={})
    place.git("goals-api", "fetch", "--quiet")
    arguments = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "origin/main", "HEAD")
    tried = place.tried("goals-api", *arguments)
    assert (tried.returncode, tried.stdout.split()[1:]) == (1, ["goals/service.py"])
    await place.troubles.set([])
    assert (await place.mergeable(number))["mergeable_state"] == "clean"


@pytest.mark.parametrize(("trouble", "ended"), [("red-check", "failure"), ("check-pending", None)])
async def test_a_required_check_that_is_not_green_blocks(place: Place, trouble: str, ended: str | None) -> None:
    await place.troubles.set([trouble])
    found = (await place.ask("GET", f"{API}/commits/{place.branch}/check-runs"))["check_runs"]
    assert {one["name"]: one["conclusion"] for one in found} == {"build": "success", "test": ended}
    number = await place.pull()
    refused = await place.ask("PUT", f"{API}/pulls/{number}/merge", 405, json={})
    assert "Required status check" in refused["message"]


async def test_the_second_repository_refuses_and_the_first_is_taken_back(place: Place) -> None:
    await place.troubles.set(["merge-refused"])
    first, second = await place.pull(), await place.pull(UI)
    await place.mergeable(second, UI)
    assert "freeze" in (await place.ask("PUT", f"{UI}/pulls/{second}/merge", 405, json={}))["message"]
    node = (await place.mergeable(first))["node_id"]
    await place.ask("PUT", f"{API}/pulls/{first}/merge", json={"merge_method": "squash"})
    asked = {"query": "mutation($input: RevertPullRequestInput!) { revertPullRequest(input: $input) { x } }"}
    asked |= {"variables": {"input": {"pullRequestId": node, "title": "Back"}}}  # type: ignore[dict-item]
    made = (await place.ask("POST", "/graphql", json=asked))["data"]["revertPullRequest"]["revertPullRequest"]
    back = await place.ask("GET", f"{API}/pulls/{made['number']}")
    assert back["head"]["ref"] == f"revert-{first}-{place.branch}"
    place.git("goals-api", "fetch", "--quiet")
    changed = place.git("goals-api", "diff", "--name-only", f"{back['head']['sha']}", "origin/main~1")
    assert changed == ""


async def test_a_renamed_repository_leads_to_its_address_by_id(place: Place) -> None:
    await place.troubles.set(["repository-renamed"])
    async with place.client.get(f"{UI}/pulls", params={"state": "all"}, allow_redirects=False) as answer:
        assert answer.status == 301
    async with place.client.get(answer.headers["Location"]) as there:
        assert (there.status, await there.json()) == (200, [])
    assert (await place.ask("GET", "/repos/Goals/goals-web"))["full_name"] == "goals/goals-web"
    await place.ask("POST", f"{UI}/pulls", 307, json={})


async def test_a_token_that_may_only_read_and_one_that_may_nothing(place: Place) -> None:
    await place.troubles.set(["weak-token"])
    assert (await place.ask("GET", API))["permissions"]["push"] is False
    assert "not accessible" in (await place.ask("POST", f"{API}/pulls", 403, json={}))["message"]
    await place.ask("GET", "/repos/goals/other", 404)
    await place.ask("GET", API, 401, headers={"Authorization": "Bearer other"})


async def test_too_much_is_refused_with_a_time_to_wait(place: Place) -> None:
    await place.troubles.set(["rate-limited"])
    async with place.client.get(API) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "2")


async def test_a_taken_tag_pages_entity_tags_and_files(place: Place) -> None:
    await place.troubles.set(["tag-exists"])
    assert (await place.ask("GET", f"{API}/git/ref/tags/{TAG}"))["object"]["type"] == "commit"
    async with place.client.get(f"{API}/rules/branches/main", params={"per_page": "1"}) as page:
        assert 'rel="next"' in page.headers["Link"]
        mark = page.headers["ETag"]
    await place.ask("GET", f"{API}/rules/branches/main?per_page=1", 304, headers={"If-None-Match": mark})
    found = await place.ask("GET", f"{UI}/contents/.github/workflows", params={"ref": place.branch})
    assert [one["name"] for one in found] == ["ci.yml", "release.yml"]
    whole = await place.ask("GET", f"{UI}/git/blobs/{found[1]['sha']}")
    assert whole["encoding"] == "base64"


async def test_a_push_with_git_is_seen_and_its_checks_begin(place: Place) -> None:
    place.git("goals-ui", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "x")
    place.git("goals-ui", "push", "--quiet")
    found = (await place.ask("GET", f"{UI}/commits/{place.branch}/check-runs"))["check_runs"]
    assert {one["status"] for one in found} == {"queued"}
    assert found[0]["head_sha"] == place.git("goals-ui", "rev-parse", "HEAD")


async def test_where_git_is_missing_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    host = GitHost(Troubles(), OperationLog(), DIGESTS, TAG, TOKEN)
    with pytest.raises(GitFailed, match=r"git is not installed.* Install git 2\.38 or newer\."):
        await host.plant(tmp_path / "git", Pace(0.0, 0.0, 0.0))


async def test_by_rebase_the_commits_follow_each_other(place: Place) -> None:
    number = await place.pull()
    await place.mergeable(number)
    body = {"merge_method": "rebase"}
    commit = (await place.ask("PUT", f"{API}/pulls/{number}/merge", json=body))["sha"]
    place.git("goals-api", "fetch", "--quiet")
    assert place.git("goals-api", "rev-list", "--count", "--no-merges", f"{commit}~2..{commit}") == "2"
    await place.ask("PUT", f"{API}/pulls/{number}/merge", 405, json=body)
