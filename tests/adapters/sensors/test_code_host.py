"""What is told of a repository at its host, before its merge and after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.adapters.sensors.code_host import CI_CHECKS, REVIEWED, CodeHostItems, judged
from cpr_cockpit.core.checklists.merge import MERGED, PULL_REQUEST, TAGGED
from cpr_cockpit.core.code import (
    CheckState,
    CommitCheck,
    CommitChecks,
    DeployingWorkflow,
    PullRequest,
    PullState,
    RepositoryFacts,
    Reviews,
    TagFacts,
)
from cpr_cockpit.core.sensing import Reading, State
from tests.engine.repositories import HEAD, HostedRepository
from tests.engine.stage import Stage

PULL = PullRequest(1, "", "Goals", HEAD, "main", PullState.OPEN)
MERGE = "c" * 40
BUILD = CommitCheck("build", CheckState.PASSED, required=True, words="success")
LINT = CommitCheck("lint", CheckState.FAILED, required=False, words="failure")
ON_TAG = DeployingWorkflow("release.yml", "tag", "job go runs az webapp up")


class Host(HostedRepository):
    """The stage's host, with the answers that a test gives."""

    facts: RepositoryFacts | None = None
    told: Reviews | None = None

    async def repository(self) -> RepositoryFacts:
        return self.facts or await super().repository()

    async def reviews(self, pull: PullRequest) -> Reviews:
        return self.told or Reviews(pull.head)


@pytest.fixture
def host() -> Host:
    return Host(Stage(), "goals/goals-api")


async def read(host: Host, commit: str = "") -> dict[str, Reading]:
    return {one.name: one for one in await CodeHostItems(host, "v1.3.0", commit).read()}


async def test_before_the_merge_the_tag_is_free_and_marks_nothing(host: Host) -> None:
    host.workflows = (replace(ON_TAG, on="merge"),)
    found = await read(host)
    assert {name: (one.state, one.later) for name, one in found.items()} == {
        CI_CHECKS: (State.OK, False),
        TAGGED: (State.NOTE, True),
        MERGED: (State.NOTE, True),
    }
    assert found[TAGGED].words == "goals/goals-api: v1.3.0 is free: it is made after the merge"
    assert "release.yml deploys by itself on the merge: job go runs az webapp up" in found[MERGED].words


async def test_a_tag_that_is_taken_fails_unless_it_names_the_merge(host: Host) -> None:
    host.tags["v1.3.0"] = TagFacts("v1.3.0", MERGE, annotated=True)
    assert "nothing of the branch is merged" in (await read(host))[TAGGED].words
    assert (await read(host, MERGE[:12]))[TAGGED].state is State.OK
    host.pulls = [replace(PULL, state=PullState.MERGED, merged_as="d" * 40)]
    assert (await read(host, MERGE))[TAGGED].state is State.FAILED
    host.pulls = [replace(PULL, state=PullState.MERGED, merged_as=MERGE)]
    host.workflows, host.may_write = (ON_TAG,), False
    found = await read(host)
    assert found[TAGGED] == Reading(TAGGED, State.OK, "goals/goals-api: v1.3.0 names cccccccccc, as the merge")
    assert {PULL_REQUEST, MERGED}.isdisjoint(found), "what would stop a merge stops none that is done"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (RepositoryFacts("goals/goals-web", "main", True, ()), "it is called goals/goals-web now"),
        (RepositoryFacts("Goals/goals-api", "main", False, ()), "the token may read it, and not merge"),
        (RepositoryFacts("goals/goals-api", "main", True, (), archived=True), "it is archived"),
    ],
)
async def test_what_would_stop_the_merge_is_told_before(host: Host, facts: RepositoryFacts, words: str) -> None:
    host.facts = facts
    found = (await read(host))[PULL_REQUEST]
    assert (found.state, words in found.words) == (State.FAILED, True)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (Reviews(HEAD), None),
        (Reviews(HEAD, ("ada",)), State.OK),
        (Reviews(HEAD, ("ada",), required=2), None),
        (Reviews(HEAD, ("ada",), ("bob",)), State.FAILED),
    ],
)
async def test_a_review_is_told_where_it_says_something(host: Host, told: Reviews, state: State | None) -> None:
    host.pulls, host.told = [PULL], told
    found = (await read(host)).get(REVIEWED)
    assert (found.state if found else None) is state


@pytest.mark.parametrize(
    ("rows", "known", "state", "words"),
    [
        ((BUILD, LINT), True, State.OK, "all that is required passed: build"),
        ((replace(BUILD, state=CheckState.FAILED, words="timed_out"),), True, State.FAILED, "build (timed_out)"),
        ((BUILD, CommitCheck("test", CheckState.RUNNING, True)), True, State.UNKNOWN, "not ended yet: test"),
        ((LINT,), True, State.FAILED, "none is required, ran: lint (failure)"),
        ((), True, State.FAILED, "no check ran"),
        ((BUILD,), False, State.UNKNOWN, "which are required this token may not read"),
    ],
)
def test_only_what_is_required_counts_and_something_has_to_be(
    rows: tuple[CommitCheck, ...], known: bool, state: State, words: str
) -> None:
    found, said = judged(CommitChecks(HEAD, rows, known))
    assert (found, words in said) == (state, True)
