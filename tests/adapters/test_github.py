"""GitHub at the wire: requests as GitHub wants them, answers as it gives them, and what is made of a refusal."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from cpr_cockpit.adapters.clock import SystemClock
from cpr_cockpit.adapters.clone import Clone
from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.github.asking import Asking, GitHubRefusal
from cpr_cockpit.adapters.github.host import GitHubHost
from cpr_cockpit.adapters.github.repository import GitHubSettings
from cpr_cockpit.adapters.github.token import Token, graphql_of, host_of
from cpr_cockpit.core.code import (
    BuildState,
    CheckState,
    DeployingWorkflow,
    MergeMethod,
    MergeResult,
    PullRequest,
    PullState,
    TagFacts,
)
from cpr_cockpit.core.ports import PortError
from tests.azure.wire import Answer, Wire

REPO = "/repos/goals/goals-api"
BRANCH, TAG = "feature/0001-goals", "v1.3.0"
HEAD, MAIN, MERGED = "a" * 40, "b" * 40, "c" * 40
SECRET = "ghp_secret"  # of nobody
PULL = {
    "number": 7,
    "node_id": "PR_7",
    "html_url": "https://github.com/goals/goals-api/pull/7",
    "title": "Goals",
    "state": "open",
    "draft": False,
    "head": {"sha": HEAD, "ref": BRANCH},
    "base": {"ref": "main", "sha": MAIN},
    "user": {"login": "ada"},
    "mergeable": None,
    "mergeable_state": "unknown",
    "merged_at": None,
    "merge_commit_sha": "d" * 40,
}
NEEDED = {
    "type": "required_status_checks",
    "parameters": {"required_status_checks": [{"context": "build"}, {"context": "test"}]},
}


@pytest.fixture
async def connections(certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Connections]:
    made = Connections(str(certificate[0]), loopback=True)
    yield made
    await made.close()


@pytest.fixture
def host(wire: Wire, connections: Connections) -> GitHubHost:
    settings = GitHubSettings("goals/goals-api", BRANCH, "main", TAG)
    asking = Asking(wire.url, Token(wire.url, known=SECRET), connections, SystemClock())
    return GitHubHost(settings, asking, Clone(Path("nowhere"), "origin"))


async def test_a_pull_request_is_created_once_as_github_wants_it(wire: Wire, host: GitHubHost) -> None:
    wire.on("POST", f"{REPO}/pulls", Answer(201, PULL))
    made = await host.create_pull_request("Goals", "what")
    assert (made.number, made.head, made.state, made.mergeable) == (7, HEAD, PullState.OPEN, None)
    assert made.merged_as == "", "a trial merge of GitHub's own is no merge"
    asked = wire.asked[-1]
    assert asked.json == {"title": "Goals", "body": "what", "head": BRANCH, "base": "main"}
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert asked.headers["X-GitHub-Api-Version"] == "2022-11-28"


async def test_a_lost_answer_to_a_change_is_ambiguous_and_nothing_is_sent_again(wire: Wire, host: GitHubHost) -> None:
    wire.on("POST", f"{REPO}/pulls", Answer(cut=True))
    with pytest.raises(PortError) as lost:
        await host.create_pull_request("Goals", "what")
    wire.on("PUT", f"{REPO}/pulls/7/merge", Answer(502, {"message": "Server Error"}))
    with pytest.raises(PortError) as failed:
        await host.merge(7, HEAD, MergeMethod.SQUASH, "Goals (#7)", "")
    assert (lost.value.ambiguous, failed.value.ambiguous) == (True, True)
    assert (wire.count("POST"), wire.count("PUT")) == (1, 1)
    assert SECRET not in lost.value.words() + failed.value.words()


async def test_what_github_refuses_is_told_in_its_words(wire: Wire, host: GitHubHost) -> None:
    errors = [{"code": "custom", "message": "A pull request already exists for goals:x.\x1b[2J"}]
    wire.on("POST", f"{REPO}/pulls", Answer(422, {"message": "Validation Failed", "errors": errors}))
    with pytest.raises(GitHubRefusal) as refused:
        await host.create_pull_request("Goals", "what")
    assert not refused.value.ambiguous
    assert "Validation Failed. A pull request already exists for goals:x. [2J (422)" in refused.value.what


@pytest.mark.parametrize(
    ("status", "message", "result"),
    [
        (405, "Pull Request is not mergeable", MergeResult.REFUSED),
        (409, "Head branch was modified. Review and try the merge again.", MergeResult.MOVED),
        (409, "Base branch was modified. Review and try the merge again.", MergeResult.REFUSED),
        (422, "Validation Failed", MergeResult.REFUSED),
    ],
)
async def test_a_merge_that_is_refused_is_an_answer(
    wire: Wire, host: GitHubHost, status: int, message: str, result: MergeResult
) -> None:
    wire.on("PUT", f"{REPO}/pulls/7/merge", Answer(status, {"message": message}))
    answer = await host.merge(7, HEAD, MergeMethod.SQUASH, "Goals (#7)", "body")
    assert (answer.result, answer.commit) == (result, "")
    assert message.rstrip(".") in answer.words
    assert wire.asked[-1].json == {
        "sha": HEAD,
        "merge_method": "squash",
        "commit_title": "Goals (#7)",
        "commit_message": "body",
    }


async def test_a_merge_that_was_done(wire: Wire, host: GitHubHost) -> None:
    wire.on("PUT", f"{REPO}/pulls/7/merge", Answer(200, {"merged": True, "sha": MERGED}), Answer(200, {"merged": True}))
    assert (await host.merge(7, HEAD, MergeMethod.REBASE, "t", "m")).commit == MERGED
    with pytest.raises(PortError) as unreadable:
        await host.merge(7, HEAD, MergeMethod.REBASE, "t", "m")
    assert unreadable.value.ambiguous


async def test_the_newest_of_each_check_counts_and_a_silent_one_that_is_required_is_waited_for(
    wire: Wire, host: GitHubHost
) -> None:
    runs = [
        {"id": 2, "name": "build", "status": "in_progress", "conclusion": None},
        {"id": 1, "name": "build", "status": "completed", "conclusion": "success"},
        {"id": 3, "name": "lint", "status": "completed", "conclusion": "neutral"},
    ]
    link = {"Link": f'<{wire.url}{REPO}/more>; rel="next", <{wire.url}/x>; rel="last"'}
    wire.on("GET", f"{REPO}/commits/{HEAD}/check-runs", Answer(200, {"check_runs": runs[:1]}, link))
    wire.on("GET", f"{REPO}/more", Answer(200, {"check_runs": runs[1:]}))
    status = {"id": 9, "context": "scan", "state": "error", "description": "2 findings"}
    wire.on("GET", f"{REPO}/commits/{HEAD}/status", Answer(200, {"statuses": [status]}))
    wire.on("GET", f"{REPO}/rules/branches/main", Answer(200, [NEEDED]))
    classic = {"protected": True, "protection": {"required_status_checks": {"contexts": ["scan"]}}}
    wire.on("GET", f"{REPO}/branches/main", Answer(200, classic))
    told = await host.checks(HEAD)
    assert [(one.name, one.state, one.required) for one in told.rows] == [
        ("build", CheckState.RUNNING, True),
        ("scan", CheckState.FAILED, True),
        ("test", CheckState.WAITING, True),
        ("lint", CheckState.PASSED, False),
    ]
    assert told.required_known
    wire.on("GET", f"{REPO}/rules/branches/main", Answer(403, {"message": "Upgrade to GitHub Pro"}))
    told = await host.checks(HEAD)
    assert (told.required_known, {one.required for one in told.rows}) == (False, {True})


async def test_the_last_word_of_each_reviewer_on_the_head_counts(wire: Wire, host: GitHubHost) -> None:
    rows = [
        {"user": {"login": "eve"}, "state": "APPROVED", "commit_id": HEAD},
        {"user": {"login": "bob"}, "state": "CHANGES_REQUESTED", "commit_id": HEAD},
        {"user": {"login": "bob"}, "state": "APPROVED", "commit_id": HEAD},
        {"user": {"login": "bob"}, "state": "COMMENTED", "commit_id": HEAD},
        {"user": {"login": "old"}, "state": "APPROVED", "commit_id": MAIN},
        {"user": {"login": "passer-by"}, "state": "APPROVED", "commit_id": HEAD, "author_association": "NONE"},
        {"user": {"login": "zoe"}, "state": "APPROVED", "commit_id": HEAD, "author_association": "MEMBER"},
        {"user": {"login": "eve"}, "state": "CHANGES_REQUESTED", "commit_id": HEAD},
    ]
    wire.on("GET", f"{REPO}/pulls/7/reviews", Answer(200, rows))
    wire.on("GET", f"{REPO}/branches/main", Answer(200, {"protected": True}))
    asked = {"type": "pull_request", "parameters": {"required_approving_review_count": 2}}
    wire.on("GET", f"{REPO}/rules/branches/main", Answer(200, [asked]))
    pull = PullRequest(7, "", "Goals", HEAD, "main", PullState.OPEN)
    told = await host.reviews(pull)
    assert (told.approved_by, told.refused_by, told.required) == (("bob", "zoe"), ("eve",), 2)
    wire.on("GET", f"{REPO}/rules/branches/main", Answer(200, []))
    assert (await host.reviews(pull)).required is None, "the older protection is told to an administrator only"


async def test_an_open_pull_request_comes_before_one_that_was_merged(wire: Wire, host: GitHubHost) -> None:
    merged = PULL | {"number": 8, "state": "closed", "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": MERGED}
    other = PULL | {"number": 9, "head": {"ref": "other", "sha": HEAD}}
    closed = PULL | {"number": 10, "state": "closed"}
    wire.on("GET", f"{REPO}/pulls", Answer(200, [closed, other, merged, PULL]), Answer(200, [closed, merged]))
    wire.on("GET", f"{REPO}/pulls/7", Answer(200, PULL | {"mergeable": False, "mergeable_state": "dirty"}))
    wire.on("GET", f"{REPO}/pulls/8", Answer(200, merged | {"merged_by": {"login": "ada"}}))
    found = await host.pull_request()
    assert found is not None
    assert (found.number, found.mergeable, found.why_not) == (7, False, "dirty")
    assert wire.of("GET", "/pulls")[0].query["head"] == f"goals:{BRANCH}"
    found = await host.pull_request()
    assert found is not None
    assert (found.number, found.state, found.merged_as, found.merged_by) == (8, PullState.MERGED, MERGED, "ada")


async def test_a_renamed_repository_is_read_and_not_changed(wire: Wire, host: GitHubHost) -> None:
    wire.on("GET", REPO, Answer(301, {"url": "x"}, {"Location": f"{wire.url}/repositories/5"}))
    wire.on("GET", "/repositories/5", Answer(200, {"full_name": "goals/goals-web", "permissions": {"push": True}}))
    facts = await host.repository()
    assert (facts.name, facts.may_write) == ("goals/goals-web", True)
    wire.on("POST", f"{REPO}/pulls", Answer(307, {}, {"Location": f"{wire.url}/repositories/5/pulls"}))
    with pytest.raises(PortError, match="another name") as refused:
        await host.create_pull_request("Goals", "what")
    assert not refused.value.ambiguous
    assert wire.count("POST") == 1
    wire.on("GET", REPO, Answer(301, {}, {"Location": "https://elsewhere.example/repositories/5"}))
    with pytest.raises(PortError, match="another host"):
        await host.repository()


async def test_a_rate_limit_is_kept_without_asking_again(wire: Wire, host: GitHubHost) -> None:
    wire.on("GET", REPO, Answer(403, {"message": "API rate limit exceeded"}, {"X-RateLimit-Remaining": "0"}))
    for _ in range(2):
        with pytest.raises(PortError, match="no more requests"):
            await host.repository()
    assert wire.count("GET") == 1


async def test_what_did_not_change_is_not_sent_again(wire: Wire, host: GitHubHost) -> None:
    wire.on("GET", REPO, Answer(200, {"full_name": "goals/goals-api"}, {"ETag": 'W/"1"'}), Answer(304))
    assert (await host.repository()).name == (await host.repository()).name == "goals/goals-api"
    assert wire.asked[-1].headers["If-None-Match"] == 'W/"1"'


async def test_a_large_answer_is_not_kept_in_memory(wire: Wire, host: GitHubHost) -> None:
    told = {"full_name": "goals/goals-api", "description": "x" * 300_000}
    wire.on("GET", REPO, Answer(200, told, {"ETag": 'W/"1"'}))
    for _ in range(2):
        await host.repository()
    assert "If-None-Match" not in wire.asked[-1].headers


async def test_a_tag_is_made_as_an_object_and_then_named(wire: Wire, host: GitHubHost) -> None:
    wire.on("GET", REPO, Answer(200, {"full_name": "goals/goals-api"}))
    assert await host.tag(TAG) is None
    wire.on("POST", f"{REPO}/git/tags", Answer(201, {"sha": "e" * 40}))
    wire.on("POST", f"{REPO}/git/refs", Answer(201, {}), Answer(422, {"message": "Reference already exists"}))
    assert await host.create_tag(TAG, MERGED, "Goals") == TagFacts(TAG, MERGED, True, "Goals")
    assert wire.asked[-1].json == {"ref": f"refs/tags/{TAG}", "sha": "e" * 40}
    with pytest.raises(GitHubRefusal, match="already exists"):
        await host.create_tag(TAG, MERGED, "Goals")
    wire.on("GET", f"{REPO}/git/ref/tags/{TAG}", Answer(200, {"object": {"type": "tag", "sha": "e" * 40}}))
    named = {"message": "Goals\n", "object": {"type": "commit", "sha": MERGED}}
    wire.on("GET", f"{REPO}/git/tags/{'e' * 40}", Answer(200, named))
    assert await host.tag(TAG) == TagFacts(TAG, MERGED, True, "Goals")


async def test_a_tag_of_a_repository_that_may_not_be_seen_is_not_free(host: GitHubHost) -> None:
    with pytest.raises(PortError, match="may not see it"):
        await host.tag(TAG)


@pytest.mark.parametrize("odd", [[], {}, {"object": None}, {"object": {"sha": "main", "type": "commit"}}, "x", 7])
async def test_an_odd_answer_is_neither_a_free_tag_nor_a_branch_that_is_gone(
    wire: Wire, host: GitHubHost, odd: object
) -> None:
    wire.on("GET", f"{REPO}/git/ref/tags/{TAG}", Answer(200, odd))
    wire.on("GET", f"{REPO}/git/ref/heads/main", Answer(200, odd))
    wire.on("GET", f"{REPO}/pulls/7", Answer(200, odd))
    wire.on("PUT", f"{REPO}/pulls/7/merge", Answer(200, {"merged": True, "sha": "main"}))
    for asked in (partial(host.tag, TAG), host.heads, partial(host.pull_request_at, 7)):
        with pytest.raises(PortError, match="cannot be read"):
            await asked()
    with pytest.raises(PortError) as merged:
        await host.merge(7, HEAD, MergeMethod.SQUASH, "t", "m")
    assert merged.value.ambiguous


async def test_what_ci_made_of_a_commit(wire: Wire, host: GitHubHost) -> None:
    runs = [
        {"id": 1, "head_sha": MERGED, "status": "completed", "conclusion": "success"},
        {"id": 2, "head_sha": MERGED, "status": "in_progress", "conclusion": None},
    ]
    wire.on("GET", f"{REPO}/actions/runs", Answer(200, {"workflow_runs": runs}))
    assert (await host.build(MERGED)).state is BuildState.RUNNING
    assert wire.of("GET", "/actions/runs")[0].query["head_sha"] == MERGED
    rows = [{"name": "logs"}, {"name": "goals-api", "digest": f"sha256:{'ab' * 32}"}]
    wire.on("GET", f"{REPO}/actions/runs/1/artifacts", Answer(200, {"artifacts": rows}))
    built = await host.build(MERGED)
    assert (built.state, built.run, built.sha256) == (BuildState.BUILT, "1", "ab" * 32)
    failed = {"id": 3, "head_sha": MERGED, "status": "completed"}
    wire.on("GET", f"{REPO}/actions/runs", Answer(200, {"workflow_runs": [failed]}))
    assert (await host.build(MERGED)).state is BuildState.FAILED


async def test_what_ci_did_not_pass_or_made_of_another_commit_is_not_built(wire: Wire, host: GitHubHost) -> None:
    made = Answer(200, {"artifacts": [{"name": "goals-api", "digest": f"sha256:{'ab' * 32}"}]})
    for number in (4, 5):
        wire.on("GET", f"{REPO}/actions/runs/{number}/artifacts", made)
    red = {"id": 4, "head_sha": MERGED, "status": "completed", "conclusion": "failure"}
    other = {"id": 5, "head_sha": HEAD, "status": "completed", "conclusion": "success"}
    for run, state in ((red, BuildState.FAILED), (red | {"status": "in_progress"}, BuildState.RUNNING)):
        wire.on("GET", f"{REPO}/actions/runs", Answer(200, {"workflow_runs": [run, other]}))
        assert (await host.build(MERGED)).state is state


async def test_a_mutation_that_ran_out_of_time_is_ambiguous(wire: Wire, host: GitHubHost) -> None:
    words = "Something went wrong while executing your query. This may be the result of a timeout."
    wire.on("GET", f"{REPO}/pulls/7", Answer(200, PULL))
    wire.on("POST", "/graphql", Answer(200, {"data": None, "errors": [{"message": words}]}))
    with pytest.raises(PortError, match="Something went wrong") as lost:
        await host.create_revert_request(PullRequest(7, "", "Goals", HEAD, "main", PullState.MERGED), "Back", "why")
    assert lost.value.ambiguous


@pytest.mark.parametrize("after", ["²", "9" * 400, "0"])
async def test_an_odd_time_to_wait_is_bounded(wire: Wire, host: GitHubHost, after: str) -> None:
    wire.on("PUT", f"{REPO}/pulls/7/merge", Answer(429, {}, {"Retry-After": after}))
    with pytest.raises(PortError, match=r"for (1|60|3600) s") as refused:
        await host.merge(7, HEAD, MergeMethod.SQUASH, "t", "m")
    assert "begin it again then" in refused.value.words(), "a change is not sent again by itself"


async def test_a_merge_is_taken_back_by_githubs_own_button(wire: Wire, host: GitHubHost) -> None:
    wire.on("GET", f"{REPO}/pulls/7", Answer(200, PULL))
    made = {"number": 8, "url": "https://github.com/x/8", "title": "Back", "headRefOid": HEAD, "baseRefName": "main"}
    told = {"data": {"revertPullRequest": {"revertPullRequest": made}}}
    no = {"data": None, "errors": [{"message": "Pull request could not be reverted."}]}
    wire.on("POST", "/graphql", Answer(200, told), Answer(200, no))
    pull = PullRequest(7, "", "Goals", HEAD, "main", PullState.MERGED, merged_as=MERGED)
    back = PullRequest(8, "https://github.com/x/8", "Back", HEAD, "main", PullState.OPEN)
    assert await host.create_revert_request(pull, "Back", "why") == back
    asked = {"pullRequestId": "PR_7", "title": "Back", "body": "why"}
    assert wire.asked[-1].json["variables"] == {"input": asked}
    with pytest.raises(GitHubRefusal, match="could not be reverted"):
        await host.create_revert_request(pull, "Back", "why")


async def test_a_workflow_that_deploys_on_a_tag_is_told(wire: Wire, host: GitHubHost) -> None:
    listed = [{"path": ".github/workflows/release.yml", "sha": "f1", "size": 90}, {"path": "x/README.md", "sha": "f2"}]
    wire.on("GET", f"{REPO}/contents/.github/workflows", Answer(200, listed))
    file = b'on: {push: {tags: ["v*"]}}\njobs: {go: {steps: [{run: az webapp deploy --name x}]}}\n'
    wire.on("GET", f"{REPO}/git/blobs/f1", Answer(200, {"content": base64.encodebytes(file).decode()}))
    found = await host.deploying()
    assert found == (DeployingWorkflow(".github/workflows/release.yml", "tag", "job go runs az webapp deploy"),)
    # Main got it after the branch began: the merge has it all the same.
    wire.on("GET", f"{REPO}/contents/.github/workflows", Answer(200, listed), Answer(200, []))
    assert await host.deploying() == found
    assert {one.query["ref"] for one in wire.of("GET", "/workflows")} == {"main", BRANCH}
    wire.on("GET", f"{REPO}/contents/.github/workflows", Answer(200, listed))
    wire.on("GET", f"{REPO}/git/blobs/f1", Answer(200, {"content": base64.encodebytes(b"on: [push").decode()}))
    with pytest.raises(PortError, match=r"release\.yml cannot be read"):
        await host.deploying()


async def test_a_token_of_gh_that_is_not_taken_is_asked_for_again(
    wire: Wire, connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "now").write_text("old")
    program = tmp_path / "gh"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/now\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    asking = Asking(wire.url, Token(wire.url, variables={}), connections, SystemClock())
    wire.on("GET", REPO, Answer(401, {"message": "Bad credentials"}), Answer(200, {}))
    with pytest.raises(PortError) as refused:
        await asking.get(REPO[1:], "Reading")
    assert "sign in with gh auth login" in refused.value.words()
    (tmp_path / "now").write_text("new")
    await asking.get(REPO[1:], "Reading")
    assert [one.headers["Authorization"] for one in wire.asked] == ["Bearer old", "Bearer new"]


async def test_where_the_token_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = "https://api.github.com"
    both = {"GITHUB_TOKEN": "two", "COCKPIT_GITHUB_TOKEN": "one", "MINE": "three"}
    first = Token(public, variables=both)
    assert (await first.value("Reading"), first.origin) == ("one", "variable COCKPIT_GITHUB_TOKEN")
    assert await Token(public, "MINE", variables=both).value("Reading") == "three"
    with pytest.raises(PortError, match=r"\(OTHER: not set\)"):
        await Token(public, "OTHER", variables=both).value("Reading")
    with pytest.raises(PortError, match="cannot carry"):
        await Token(public, variables={"GITHUB_TOKEN": "two\nlines"}).value("Reading")
    program = tmp_path / "gh"
    program.write_text('#!/bin/sh\n[ "$*" = "auth token --hostname ghe.example" ] && echo of-gh\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert await Token("https://ghe.example/api/v3", variables={}).value("Reading") == "of-gh"
    with pytest.raises(PortError, match="no token for GitHub"):
        await Token(public, variables={}).value("Reading")
    with pytest.raises(PortError, match="no token for GitHub"):
        await Token("https://other.example/api/v3", variables={"GITHUB_TOKEN": "two"}).value("Reading")
    theirs = Token("https://other.example/api/v3", variables=both | {"GH_ENTERPRISE_TOKEN": "four"})
    assert await theirs.value("Reading") == "one", "what is named for the cockpit is meant for whoever it asks"
    assert await Token("https://api.acme.ghe.com", variables={"GH_TOKEN": "five"}).value("Reading") == "five"
    assert host_of("https://api.acme.ghe.com") == "acme.ghe.com"
    assert (host_of(public), graphql_of(public)) == ("github.com", f"{public}/graphql")
    assert graphql_of("https://ghe.example/api/v3") == "https://ghe.example/api/graphql"
