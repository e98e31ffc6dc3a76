"""What is in the way of a merge, when a pull request is green, what is tagged; the texts that leave for the host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cpr_cockpit.core.code import (
    BuildState,
    CheckState,
    CommitBuild,
    CommitCheck,
    CommitChecks,
    PullRequest,
    PullState,
    Reviews,
)
from cpr_cockpit.core.code_run import MergeState
from cpr_cockpit.core.merging import MergePolicy, in_the_way, judged, merged_before, not_taggable, tag_of
from cpr_cockpit.core.pull_request import PullFacts, pull_body, pull_title
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers.merged import merged
from tests.core.a_run import A_MERGE, API, BRANCH_HEAD, OPENED, looked_at, records

HEAD = BRANCH_HEAD
PULL = PullRequest(7, "https://git.test/7", "Goals", HEAD, "main", PullState.OPEN, mergeable=True)
PASSED = CommitCheck("build", CheckState.PASSED, required=True)
LINT = CommitCheck("lint", CheckState.FAILED, required=False)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, ""),
        ({"trouble": "no answer"}, "could not be read: no answer"),
        ({"archived": True}, "it is archived"),
        ({"renamed": "acme/goals"}, "it is called acme/goals now"),
        ({"may_write": False}, "may not write there"),
        ({"methods": ("merge",)}, "merging by squash is not allowed there, only merge"),
        ({"conflicts": ("a.cs",), "more": 4}, "conflicts in a.cs and 4 more"),
        ({"branch": ""}, "there is no branch"),
        ({"tag": "d" * 40}, "the tag is there already"),
        ({"merged": True}, "main has all of"),
    ],
)
def test_what_is_in_the_way_is_said(told: dict[str, Any], words: str) -> None:
    found = in_the_way(looked_at(API, **told), MergePolicy())
    assert (words in found) if words else not found


@pytest.mark.parametrize(
    ("pull", "rows", "reviews", "state", "words"),
    [
        (PULL, (PASSED,), Reviews(HEAD), "green", "1 required check passed"),
        (PULL, (), Reviews(HEAD), "wait", "no check has reported"),
        (PULL, (replace(PASSED, state=CheckState.FAILED),), Reviews(HEAD), "red", "build failed"),
        (PULL, (PASSED, LINT), Reviews(HEAD), "green", "1 required check passed"),
        (PULL, (PASSED, CommitCheck("e2e", CheckState.WAITING, required=True)), Reviews(HEAD), "wait", "e2e not done"),
        (PULL, (PASSED,), Reviews(HEAD, refused_by=("eve",)), "red", "changes are asked for by eve"),
        (PULL, (PASSED,), Reviews(HEAD, ("ben",), required=2), "wait", "one more approval"),
        (replace(PULL, mergeable=None), (PASSED,), Reviews(HEAD), "wait", "works out"),
        (replace(PULL, why_not="dirty", mergeable=False), (PASSED,), Reviews(HEAD), "red", "conflicts"),
        (replace(PULL, head="c" * 40), (PASSED,), Reviews(HEAD), "red", "its head moved"),
        (replace(PULL, state=PullState.CLOSED), (PASSED,), Reviews(HEAD), "red", "closed"),
    ],
)
def test_a_pull_request_is_green_only_where_all_that_is_asked_for_holds(
    pull: PullRequest, rows: tuple[CommitCheck, ...], reviews: Reviews, state: str, words: str
) -> None:
    green = judged(pull, HEAD, CommitChecks(HEAD, rows), reviews, MergePolicy())
    assert green.state == state
    assert words in green.words


def test_where_nobody_may_read_what_is_required_every_check_counts() -> None:
    rows = (PASSED, LINT)
    checks = CommitChecks(HEAD, rows, required_known=False)
    assert judged(PULL, HEAD, checks, Reviews(HEAD), MergePolicy()).state == "red"


@pytest.mark.parametrize(
    ("build", "told", "words"),
    [
        (CommitBuild("c" * 40, BuildState.BUILT, sha256="AB"), {"sha256": "ab", "built_from": "d" * 40}, ""),
        (CommitBuild("c" * 40, BuildState.BUILT, sha256="cd"), {"sha256": "ab", "built_from": ""}, "another artifact"),
        (CommitBuild("c" * 40, BuildState.BUILT), {"sha256": "ab", "built_from": "d" * 40}, "was built from dddd"),
        (CommitBuild("c" * 40, BuildState.BUILT), {"sha256": "ab", "built_from": "c" * 8}, ""),
        (CommitBuild("c" * 40, BuildState.FAILED), {"sha256": "ab", "built_from": ""}, "failed"),
    ],
)
def test_only_what_ci_built_is_tagged(build: CommitBuild, told: dict[str, str], words: str) -> None:
    found = not_taggable(build, artifact=True, **told)
    assert (words in found) if words else not found


def test_a_branch_that_has_more_than_was_merged_is_not_merged() -> None:
    pull = replace(PULL, state=PullState.MERGED, merged_as="c" * 40)
    assert merged_before(pull, looked_at(API, merged=True)) == "c" * 40
    assert merged_before(pull, looked_at(API, branch="")) == "c" * 40
    assert merged_before(pull, looked_at(API)) == ""


def test_a_bare_version_is_tagged_with_a_v() -> None:
    assert (tag_of("1.3.0"), tag_of("v1.3.0"), tag_of("goals-1")) == ("v1.3.0", "v1.3.0", "goals-1")


def test_the_pull_request_follows_the_template_and_takes_no_orders_from_names() -> None:
    assert pull_title("0001-personal-goals") == "Personal goals (0001-personal-goals)"
    named = ("pull-request-documentation.api",)
    facts = PullFacts("0001-goals\n@everybody `x`", "v1.3.0", "feature/0001", "main", "92", "READY", named)
    body = pull_body(replace(facts, issue=12))
    for line in ("**Feature**", "- Phase 7 Testing: READY (score: 92/100)", "- [x] API documentation updated"):
        assert line in body
    assert "- [ ] CHANGELOG.md updated" in body
    assert "Closes #12" in body
    assert "@everybody" not in body


def test_the_report_names_pull_requests_merge_commits_and_who() -> None:
    run = Run()
    for record in records((OPENED, *A_MERGE)):
        run.apply(record)
    assert run.code.state is MergeState.HALF
    text = "\n".join(merged(run))
    assert "HALF MERGED, by squash, begun by anna" in text
    assert "#7 https://git.test/acme/cpr-api/pull/7" in text.replace("\\", "")
    assert "cccccccccccc" in text
    assert "not merged" in text
