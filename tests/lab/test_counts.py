"""Counts of results: by outcome, group and version, exact since any moment of the last hours."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cpr_cockpit.lab.counts import Counts, Result

AT = 1_700_000_000.0
OLD, NEW = "v1.2.0", "v1.3.0"


def _result(sent: float = AT, **more: Any) -> Result:
    facts: dict[str, Any] = {"group": "unpinned", "version": OLD, "status": 200, "expected": True}
    return Result(sent=sent, **(facts | more))


def _counts(*results: Result) -> Counts:
    counts = Counts()
    for result in results:
        counts.add(result)
    return counts


@pytest.mark.parametrize("since", [None, AT])
def test_nothing_yet(since: float | None) -> None:
    assert Counts().summary(since) == {
        "total": 0,
        "failed_by_defect": 0,
        "failed_otherwise": 0,
        "first_bad_at": None,
        "counts": {"pinned": {}, "unpinned": {}},
        "last_sent": {"pinned": {}, "unpinned": {}},
        "flags": {"goal-suggestions": {"on": 0, "off": 0, "last_on": None}},
        "errors": [],
        "unsent": 0,
        "apps": {},
    }


def test_a_result_counts_for_one_outcome_only() -> None:
    counts = _counts(
        _result(),
        _result(status=401),  # an answer that a sound product gives to a stranger
        _result(status=500, expected=False, defect="errors", version=NEW),
        _result(status=200, defect="slow", version=NEW),
        _result(status=500, expected=False),
        _result(status=0, expected=False, version="", error="ServerDisconnectedError"),
    )
    summary = counts.summary(None)
    assert (summary["total"], summary["failed_by_defect"], summary["failed_otherwise"]) == (6, 2, 2)
    assert summary["counts"]["unpinned"] == {OLD: 3, NEW: 2, "": 1}


def test_groups_and_versions_are_told_apart() -> None:
    counts = _counts(
        _result(AT + 3.0, version=NEW),
        _result(AT + 1.0, version=NEW),
        _result(AT + 2.0, group="pinned"),
        _result(AT + 5.0, version=NEW, status=500, expected=False, defect="errors"),
        _result(AT + 4.0),
    )
    summary = counts.summary(None)
    assert summary["counts"] == {"pinned": {OLD: 1}, "unpinned": {OLD: 1, NEW: 3}}
    assert summary["last_sent"] == {"pinned": {OLD: AT + 2.0}, "unpinned": {OLD: AT + 4.0, NEW: AT + 5.0}}


def test_each_of_several_apps_has_its_own_sums() -> None:
    counts = _counts(
        _result(AT, app="one"),
        _result(AT + 1.0, app="two", version=NEW, status=500, expected=False, defect="errors"),
        _result(AT + 2.0, app="two"),
        _result(AT + 3.0, version="", status=0, expected=False, error="cut"),
    )
    apps = counts.summary(None)["apps"]
    assert {app: (told["total"], told["failed_by_defect"]) for app, told in apps.items()} == {
        "one": (1, 0),
        "two": (2, 1),
    }
    assert apps["two"]["counts"] == {"pinned": {}, "unpinned": {OLD: 1, NEW: 1}}
    assert apps["two"]["last_sent"]["unpinned"] == {OLD: AT + 2.0, NEW: AT + 1.0}
    assert set(counts.summary(AT + 0.5)["apps"]) == {"two"}
    assert counts.summary(None)["total"] == 4, "what nobody answered belongs to no app"


def test_answers_with_the_flag_on_are_counted_since_any_moment() -> None:
    counts = _counts(
        _result(AT + 1.0, flag="on"),
        _result(AT + 3.0, flag="on", version=NEW, status=500, expected=False, defect="errors"),
        _result(AT + 2.0, flag="off"),
        _result(AT + 5.0, flag="off", group="pinned"),
        _result(AT + 4.0),  # nobody said
    )
    flag = [counts.summary(since)["flags"]["goal-suggestions"] for since in (None, AT + 2.0, AT + 3.1)]
    assert flag == [
        {"on": 2, "off": 2, "last_on": AT + 3.0},
        {"on": 1, "off": 2, "last_on": AT + 3.0},
        {"on": 0, "off": 1, "last_on": None},
    ]
    assert counts.summary(None)["counts"]["unpinned"] == {OLD: 3, NEW: 1}


def test_the_first_bad_answer_is_the_one_sent_first_whatever_is_asked_for() -> None:
    bad = {"status": 500, "expected": False, "defect": "errors"}
    counts = _counts(_result(AT + 9.0, **bad), _result(AT + 4.0, **bad), _result(AT + 1.0, status=500, expected=False))
    assert counts.summary(None)["first_bad_at"] == AT + 4.0
    assert counts.summary(AT + 100.0)["first_bad_at"] == AT + 4.0


def test_since_includes_its_own_moment() -> None:
    counts = _counts(_result(AT), _result(AT + 1.0), _result(AT + 2.0))
    assert [counts.summary(AT + at)["total"] for at in (0.0, 1.0, 1.0001, 2.0, 2.0001)] == [3, 2, 1, 1, 0]


def test_the_latest_failures_are_told_in_words() -> None:
    counts = _counts(
        *(_result(AT + index, status=502, expected=False, error=f"GET /{index}") for index in range(50)),
        _result(status=0, expected=False, version="", error="cut", unsent=True),
        _result(status=0, expected=False, version="", error="cut", defect="outage", unsent=True),
    )
    summary = counts.summary(None)
    assert summary["unsent"] == 1
    assert len(summary["errors"]) == 20
    assert "502" in summary["errors"][-2]
    assert "GET /49" in summary["errors"][-2]
    assert "before any byte was sent" in summary["errors"][-1]


def test_an_hour_is_exact_since_any_moment() -> None:
    chance = random.Random(11)
    results = []
    for index in range(144_000):
        late = chance.random() * (60.0 if index % 500 == 0 else 0.2)
        results.append(_result(AT + index / 40.0 - late, version=chance.choice((OLD, NEW))))
    counts = _counts(*results)
    for since in (AT - 100.0, AT, AT + 1.0, AT + 1799.987, results[77_777].sent, AT + 3599.0, AT + 4000.0):
        wanted = [result for result in results if result.sent >= since]
        summary = counts.summary(since)
        assert summary["total"] == len(wanted)
        for version in (OLD, NEW):
            sent = [result.sent for result in wanted if result.version == version]
            assert summary["counts"]["unpinned"].get(version, 0) == len(sent)
            assert summary["last_sent"]["unpinned"].get(version) == (max(sent) if sent else None)
