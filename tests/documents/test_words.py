"""Spellings: what is taken for what, and that nothing unclear is taken for good."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.readiness import Readiness, decision_of
from cpr_cockpit.documents import words
from cpr_cockpit.documents.words import Said, Unclear


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("85/100", 85),
        ("85 / 100", 85),
        ("85 %", 85),
        ("85%", 85),
        ("85", 85),
        ("85.0", 85),
        ("89,5 / 100", 89.5),
        ("89.9999", 89.9999),
        ("85 out of 100", 85),
        ("85 points", 85),
        ("✅ 92/100", 92),
        ("🎉 92/100 (threshold: 75)", 92),
        ("92/100 - excellent", 92),
        ("92/100.", 92),
        ("__/100", None),
        ("_____", None),
        ("[score]/100", None),
        ("XX/100", None),
        ("", None),
        ("TBD", None),
    ],
)
def test_scores(text: str, points: float | None) -> None:
    assert words.score(text) == points


@pytest.mark.parametrize(
    "text",
    [
        "≥ 75",
        ">75",
        "37/40",
        "75-89",
        "85 -> 92",
        "eighty",
        "85x",
        "9 2",
        "1,000",
        "v85",
        "140/100",
        "-5",
        "100.01",
        "8/10",
    ],
)
def test_unclear_scores_are_no_guess(text: str) -> None:
    with pytest.raises(Unclear):
        words.score(text)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("READY", "READY"),
        ("✅ Ready", "READY"),
        ("ready for production", "READY"),
        ("Production Ready", "READY"),
        ("READY (92/100)", "READY"),
        ("⚠️ Conditional", "CONDITIONAL"),
        ("Conditionally ready", "CONDITIONAL"),
        ("READY WITH CONDITIONS", "CONDITIONAL"),
        ("CONDITIONAL - two medium issues", "CONDITIONAL"),
        ("NOT_READY", "NOT READY"),
        ("❌ not ready", "NOT READY"),
        ("notready", "NOT READY"),
        ("currently NOT READY for release", "NOT READY"),
        ("[ ] READY [x] CONDITIONAL [ ] NOT READY", "CONDITIONAL"),
        ("☐ READY ☐ CONDITIONAL ☑ NOT READY", "NOT READY"),
        ("READY|CONDITIONAL|NOT_READY", None),
        ("READY / CONDITIONAL / NOT READY", None),
        ("✅ READY / ⚠️ CONDITIONAL / ❌ NOT READY", None),
        ("[ ] READY [ ] NOT READY", None),
        ("", None),
        ("____", None),
    ],
)
def test_decisions(text: str, level: str | None) -> None:
    assert words.decision(text) == level


@pytest.mark.parametrize(
    "text",
    ["READY, but not for EU", "READY once ISSUE-3 is fixed", "BLOCKED", "not yet ready", "unready", "almost ready"],
)
def test_a_restricted_ready_stays_in_its_own_words(text: str) -> None:
    assert words.decision(text) == text
    assert decision_of(words.decision(text)) is None


@given(st.text(), st.sampled_from(["NOT READY", "not_ready", "❌ NOT READY"]), st.text())
def test_not_ready_is_never_heard_as_better(before: str, level: str, after: str) -> None:
    heard = words.decision(f"{before} {level} {after}")
    assert heard is None or decision_of(heard) in (None, Readiness.NOT_READY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("✅ Approved", Said.YES),
        ("approved by Ines Farah on 2025-11-10", Said.YES),
        ("Yes", Said.YES),
        ("true", Said.YES),
        ("PASS", Said.YES),
        ("✅", Said.YES),
        ("[x] Approved [ ] Rejected", Said.YES),
        ("[ ] Approved [x] Rejected", Said.NO),
        ("Not approved", Said.NO),
        ("❌ Approved", Said.NO),
        ("Pending", Said.NO),
        ("✅ Approval pending", Said.NO),
        ("FALSE", Said.NO),
        ("Approved / Rejected", Said.BLANK),
        ("PASS|FAIL|PENDING", Said.BLANK),
        ("", Said.BLANK),
        ("_________", Said.BLANK),
        ("Approved with reservations", Said.UNCLEAR),
        ("Conditionally approved", Said.UNCLEAR),
        ("see mail", Said.UNCLEAR),
        ("n/a", Said.UNCLEAR),
        ("⚠️ Approved?", Said.UNCLEAR),
    ],
)
def test_approvals(text: str, said: Said) -> None:
    assert words.approval(text) is said


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("None ✅", 0),
        ("none", 0),
        ("0 ✅", 0),
        ("2", 2),
        ("2 (all resolved)", 0),
        ("3 found, 1 fixed", 2),
        ("3 (1 open)", 1),
        ("2/2 resolved", 0),
        ("1/2 resolved", 1),
        ("5 found, 5 fixed, 0 open", 0),
        ("__", None),
    ],
)
def test_open_counts(text: str, number: int | None) -> None:
    assert words.open_count(text) == number


@pytest.mark.parametrize("text", ["many", "see Jira", "2.5", "12 %", "10 ms", "None except ISSUE-3"])
def test_unclear_counts_are_no_guess(text: str) -> None:
    with pytest.raises(Unclear):
        words.open_count(text)


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    for read in (words.score, words.open_count, words.number):
        try:
            read(text)
        except Unclear:
            continue
    assert words.approval(text) in words.Said
    said = words.decision(text)
    assert said is None or said.isprintable()
