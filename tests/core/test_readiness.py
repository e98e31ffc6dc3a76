"""The readiness gate: limits, contradictions, and that neither worse nor missing facts ever make it better."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cpr_cockpit.core.readiness import (
    Contradiction,
    Readiness,
    ReadinessFacts,
    ReadinessRules,
    ReadinessVerdict,
    assess,
    decision_of,
)

GOOD = ReadinessFacts("deploy.json", 95.0, 0, 0, True, True, False, "READY")
BADNESS = {Readiness.READY: 0, Readiness.CONDITIONAL: 1, Readiness.NOT_READY: 2}


def _with(**changes: Any) -> ReadinessVerdict:
    return assess([replace(GOOD, **changes)])


def _set(facts: ReadinessFacts, field: str, value: Any) -> ReadinessFacts:
    changes = {field: value}
    return replace(facts, **changes)


def test_all_good_is_ready_without_a_word() -> None:
    assert assess([GOOD]) == ReadinessVerdict(Readiness.READY, 95.0, (), (), (), ())


@pytest.mark.parametrize(
    ("score", "level", "words"),
    [
        (0, Readiness.NOT_READY, "production readiness score 0: below 75"),
        (74.5, Readiness.NOT_READY, "production readiness score 74.5: below 75"),
        (74.999999, Readiness.NOT_READY, "production readiness score 74.999999: below 75"),
        (75, Readiness.CONDITIONAL, "production readiness score 75: below 90"),
        (89, Readiness.CONDITIONAL, "production readiness score 89: below 90"),
        (89.9, Readiness.CONDITIONAL, "production readiness score 89.9: below 90"),
        (89.9999999999, Readiness.CONDITIONAL, "production readiness score 89.9999999999: below 90"),
        (90, Readiness.READY, None),
        (100, Readiness.READY, None),
    ],
)
def test_score_limits_are_exact(score: float, level: Readiness, words: str | None) -> None:
    found = _with(score=score)
    assert found.level is level
    assert found.score == score
    assert (found.blockers + found.conditions) == ((words,) if words else ())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"open_critical": 1}, "open CRITICAL issues: 1"),
        ({"open_high": 3}, "open HIGH issues: 3"),
        ({"uat_approved": False}, "UAT approval: missing"),
        ({"ci_passing": False}, "CI checks: failing"),
        ({"conflicts": True}, "merge conflicts: found"),
        ({"documented_decision": "NOT_READY"}, "documented decision: NOT READY"),
    ],
)
def test_each_bad_fact_blocks_by_name(change: dict[str, Any], words: str) -> None:
    found = _with(**change)
    assert found.level is Readiness.NOT_READY
    assert found.blockers == (words,)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("score", "production readiness score"),
        ("open_critical", "open CRITICAL issues"),
        ("open_high", "open HIGH issues"),
        ("uat_approved", "UAT approval"),
        ("ci_passing", "CI checks"),
        ("conflicts", "merge conflicts"),
    ],
)
def test_a_missing_fact_blocks_as_not_known(field: str, name: str) -> None:
    found = _with(**{field: None})
    assert found.level is Readiness.NOT_READY
    assert found.blockers == (f"{name}: not known",)
    assert found.unknown == (name,)


def test_a_missing_decision_is_conditional() -> None:
    found = _with(documented_decision=None)
    assert found.level is Readiness.CONDITIONAL
    assert found.conditions == ("documented decision: not known",)
    assert found.unknown == ("documented decision",)


def test_no_source_at_all() -> None:
    found = assess([])
    assert found.level is Readiness.NOT_READY
    assert len(found.unknown) == 7


def test_policy_can_require_ready() -> None:
    conditional = replace(GOOD, score=82.0, documented_decision="CONDITIONAL")
    assert assess([conditional]).level is Readiness.CONDITIONAL
    strict = assess([conditional], ReadinessRules(require_ready=True))
    assert strict.level is Readiness.NOT_READY
    assert strict.blockers == ("policy requires READY, and the gate has open conditions",)
    assert strict.contradictions == ()
    assert assess([GOOD], ReadinessRules(require_ready=True)).level is Readiness.READY


def test_limits_are_policy() -> None:
    assert assess([GOOD], ReadinessRules(ready_from=96.0)).level is Readiness.CONDITIONAL
    assert assess([GOOD], ReadinessRules(ready_from=99.0, conditional_from=96.0)).level is Readiness.NOT_READY


def test_the_worse_of_two_documents_counts_and_both_are_shown() -> None:
    report = replace(GOOD, source="test-report.md", score=82.0, open_high=2, uat_approved=False)
    found = assess([GOOD, report])
    assert found.level is Readiness.NOT_READY
    assert found.score == 82.0
    assert found.contradictions[:3] == (
        Contradiction("production readiness score", (("deploy.json", "95"), ("test-report.md", "82")), "82"),
        Contradiction("open HIGH issues", (("deploy.json", "0"), ("test-report.md", "2")), "2"),
        Contradiction("UAT approval", (("deploy.json", "approved"), ("test-report.md", "missing")), "missing"),
    )


def test_documents_that_disagree_on_booleans_and_decision() -> None:
    other = ReadinessFacts("ci", ci_passing=False, conflicts=True, documented_decision="conditional")
    found = assess([GOOD, other])
    taken = {one.fact: one.taken for one in found.contradictions if one.fact != "decision"}
    assert taken == {"CI checks": "failing", "merge conflicts": "found", "documented decision": "CONDITIONAL"}


def test_one_document_fills_the_gaps_of_the_other() -> None:
    partial = ReadinessFacts("deploy.json", score=95.0, open_critical=0, open_high=0, documented_decision="READY")
    report = ReadinessFacts("test-report.md", uat_approved=True)
    live = ReadinessFacts("GitHub", ci_passing=True, conflicts=False)
    assert assess([partial, report]).level is Readiness.NOT_READY
    assert assess([partial, report, live]) == ReadinessVerdict(Readiness.READY, 95.0, (), (), (), ())


def test_a_decision_against_the_facts_is_a_contradiction() -> None:
    found = _with(score=70.0)
    assert found.contradictions == (
        Contradiction("decision", (("deploy.json", "READY"), ("the facts", "NOT READY")), "NOT READY"),
    )
    careful = _with(documented_decision="CONDITIONAL")
    assert careful.level is Readiness.CONDITIONAL
    assert careful.contradictions == (
        Contradiction("decision", (("deploy.json", "CONDITIONAL"), ("the facts", "READY")), "CONDITIONAL"),
    )


@pytest.mark.parametrize("score", [-0.1, 100.1, float("nan"), float("inf"), float("-inf")])
def test_an_impossible_score_blocks_even_beside_a_good_one(score: float) -> None:
    found = assess([GOOD, replace(GOOD, source="test-report.md", score=score)])
    assert found.level is Readiness.NOT_READY
    assert found.blockers == (f"production readiness score: test-report.md says {score}, which is not 0 to 100",)


def test_impossible_counts_block() -> None:
    found = _with(open_critical=-1, open_high=-2)
    assert found.level is Readiness.NOT_READY
    assert found.blockers[:2] == (
        "open CRITICAL issues: deploy.json says -1, which is no count",
        "open HIGH issues: deploy.json says -2, which is no count",
    )


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("READY", Readiness.READY),
        ("✅ Ready (92/100)", Readiness.READY),
        ("conditional", Readiness.CONDITIONAL),
        ("NOT_READY", Readiness.NOT_READY),
        ("Not ready", Readiness.NOT_READY),
        ("NOT-READY", Readiness.NOT_READY),
        ("READY|CONDITIONAL|NOT_READY", None),
        ("READY/CONDITIONAL", None),
        ("BLOCKED", None),
        ("", None),
        (None, None),
    ],
)
def test_spellings_of_a_decision(text: str | None, level: Readiness | None) -> None:
    assert decision_of(text) is level


def test_a_decision_in_other_words_keeps_from_ready_and_is_quoted_inert() -> None:
    other = ReadinessFacts("test-report.md", documented_decision="BLOCKED\x1b[2J\u202e")
    found = assess([GOOD, other])
    assert found.level is Readiness.CONDITIONAL
    assert found.conditions == (
        "documented decision: test-report.md says 'BLOCKED\\x1b[2J\\u202e', which is not a level",
    )


def test_a_source_that_cannot_be_relied_on_blocks_whatever_the_others_say() -> None:
    found = assess([GOOD, ReadinessFacts("test-report.md", unusable="missing")])
    assert found.level is Readiness.NOT_READY
    assert found.blockers == ("test-report.md: missing",)


def test_a_template_s_unfilled_choice_counts_as_missing() -> None:
    other = ReadinessFacts("deploy.json", documented_decision="READY|CONDITIONAL|NOT_READY")
    assert assess([other, GOOD]).level is Readiness.READY
    assert assess([replace(GOOD, documented_decision=other.documented_decision)]).level is Readiness.CONDITIONAL


_WORSE_LAST: dict[str, tuple[object, ...]] = {
    "uat_approved": (True, False),
    "ci_passing": (True, False),
    "conflicts": (False, True),
    "documented_decision": ("READY", "CONDITIONAL", "NOT READY"),
}
_facts = st.builds(
    ReadinessFacts,
    source=st.sampled_from(["deploy.json", "test-report.md"]),
    score=st.none() | st.floats(0, 100) | st.sampled_from([74.5, 75.0, 89.9, 90.0]),
    open_critical=st.none() | st.integers(0, 3),
    open_high=st.none() | st.integers(0, 3),
    uat_approved=st.none() | st.booleans(),
    ci_passing=st.none() | st.booleans(),
    conflicts=st.none() | st.booleans(),
    documented_decision=st.none() | st.sampled_from(["READY", "CONDITIONAL", "NOT READY", "BLOCKED", "A|B"]),
)
_mostly_good = st.builds(
    lambda facts, keep: replace(GOOD, **{name: getattr(facts, name) for name in keep}),
    _facts,
    st.sets(st.sampled_from([field.name for field in fields(ReadinessFacts)]), max_size=2),
)
_sources = st.lists(_facts | _mostly_good, min_size=1, max_size=3)
_rules = st.builds(ReadinessRules, require_ready=st.booleans())


@given(data=st.data(), facts=_sources, rules=_rules)
def test_a_worse_fact_never_makes_the_level_better(
    data: st.DataObject, facts: list[ReadinessFacts], rules: ReadinessRules
) -> None:
    place = data.draw(st.integers(0, len(facts) - 1))
    one = facts[place]
    known = {name: getattr(one, name) for name in ("score", "open_critical", "open_high", *_WORSE_LAST)}
    name = data.draw(st.sampled_from(sorted(known)))
    value = known[name]
    assume(value is not None and value not in ("BLOCKED", "A|B"))
    if name == "score":
        worse: Any = data.draw(st.floats(0, value))
    elif name in _WORSE_LAST:
        order = _WORSE_LAST[name]
        worse = data.draw(st.sampled_from(order[order.index(value) :]))
    else:
        worse = value + data.draw(st.integers(0, 5))
    changed = [*facts[:place], _set(one, name, worse), *facts[place + 1 :]]
    assert BADNESS[assess(changed, rules).level] >= BADNESS[assess(facts, rules).level]


@given(facts=_sources, rules=_rules)
def test_ready_means_that_everything_is_known_and_good(facts: list[ReadinessFacts], rules: ReadinessRules) -> None:
    found = assess(facts, rules)
    if found.level is Readiness.READY:
        assert found.unknown == found.blockers == found.conditions == ()
        assert found.score is not None
        assert found.score >= 90
        assert not any(one.open_critical or one.open_high or one.conflicts for one in facts)
        assert all(one.uat_approved is not False and one.ci_passing is not False for one in facts)
    else:
        assert found.blockers or found.conditions
    assert bool(found.blockers) == (found.level is Readiness.NOT_READY)


_GATED = [field.name for field in fields(ReadinessFacts) if field.name not in ("source", "unusable", "principles")]


@given(facts=_sources, missing=st.sampled_from(_GATED))
def test_a_fact_that_nobody_gives_is_never_ready(facts: list[ReadinessFacts], missing: str) -> None:
    silent = [_set(one, missing, None) for one in facts]
    assert assess(silent).level is not Readiness.READY


@given(facts=_sources)
def test_losing_a_good_fact_never_helps(facts: list[ReadinessFacts]) -> None:
    best: dict[str, Any] = {
        "score": 100.0,
        "open_critical": 0,
        "open_high": 0,
        "uat_approved": True,
        "ci_passing": True,
    }
    best |= {"conflicts": False, "documented_decision": "READY"}
    for name, value in best.items():
        with_it = assess([_set(facts[0], name, value), *facts[1:]])
        without = assess([_set(facts[0], name, None), *facts[1:]])
        assert BADNESS[without.level] >= BADNESS[with_it.level], name


@given(facts=_sources)
def test_the_order_of_the_sources_does_not_matter(facts: list[ReadinessFacts]) -> None:
    one, other = assess(facts), assess(facts[::-1])
    assert (one.level, one.score, one.unknown) == (other.level, other.score, other.unknown)
    assert {item.fact: item.taken for item in one.contradictions} == {
        item.fact: item.taken for item in other.contradictions
    }
