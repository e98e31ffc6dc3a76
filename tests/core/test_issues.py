"""Issues that persons record: numbered from the journal, told in a line, changed field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.events import Record
from cpr_cockpit.core.issues import SEVERITIES, IssueError, changed, number_of, recorded, told_in
from cpr_cockpit.core.run import fold


def test_they_are_numbered_on_and_changed_without_losing_what_was_told() -> None:
    run = fold(())
    for title in ("logo cut", "pool full"):
        event = recorded(run.issues, "ana", {"severity": "low", "title": f"{title}\x1b[2J"})
        run.apply(Record(seq=1, at=10.0, event=event, hash=""))
    more = changed(run.issues, "ben", 2, told_in("ISSUE-002 resolved restarted"))
    run.apply(Record(seq=2, at=20.0, event=more, hash=""))
    assert [one.line for one in run.issues.values()] == [
        "ISSUE-001 LOW OPEN deployment: logo cut [2J",
        "ISSUE-002 LOW RESOLVED deployment: pool full [2J",
    ]
    assert (run.issues[2].resolution, run.issues[2].by, run.issues[2].changed_by) == ("restarted", "ana", "ben")
    assert [one.what for one in run.timeline] == ["ISSUE-001", "ISSUE-002", "ISSUE-002"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"severity": "HIGH"}, "needs a title"),
        ({"title": "x"}, "needs a severity: CRITICAL, HIGH, MEDIUM, LOW"),
        ({"title": "x", "severity": "urgent"}, "'urgent' is no severity"),
        ({"title": "x", "severity": "low", "category": "looks"}, "no category of an issue: deployment, performance"),
    ],
    ids=str,
)
def test_what_is_missing_or_wrong_is_said_with_what_is_allowed(told: dict[str, str], words: str) -> None:
    with pytest.raises(IssueError, match=words):
        recorded({}, "ana", told)


def test_of_an_issue_that_is_not_there_or_not_new_nothing_is_told() -> None:
    run = fold(())
    with pytest.raises(IssueError, match="no ISSUE-003 in this run; there are: none"):
        changed(run.issues, "ana", 3, {"status": "RESOLVED"})
    event = recorded(run.issues, "ana", {"severity": "LOW", "title": "x"})
    run.apply(Record(seq=1, at=1.0, event=event, hash=""))
    with pytest.raises(IssueError, match="nothing is new"):
        changed(run.issues, "ana", 1, {"status": "open", "severity": "low"})


@given(st.text(max_size=80))
def test_a_line_is_an_issue_or_refused_in_words(line: str) -> None:
    try:
        told = told_in(line)
    except IssueError:
        return
    assert told.get("severity", "").upper() in SEVERITIES or number_of(told["number"]) > 0
