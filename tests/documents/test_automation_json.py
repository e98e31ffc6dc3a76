"""The two JSON files: partial, unfilled, misspelled and broken ones; every problem named by its path."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.documents.automation_deploy import read_automation_deploy
from cpr_cockpit.documents.automation_test import read_automation_test
from cpr_cockpit.documents.feature import read_feature
from cpr_cockpit.documents.parts import Document, Topic
from cpr_cockpit.documents.reading import DocumentError, SourceText
from cpr_cockpit.engine.measuring import from_documents
from tests.documents import folders
from tests.documents.folders import DEPLOY, FEATURE, TEST, blocking, change, notes, sample, source

READERS: list[tuple[str, Callable[[SourceText], Document]]] = [
    (DEPLOY, read_automation_deploy),
    (TEST, read_automation_test),
]
_SCORE = "deployment_readiness.production_readiness_score"
_UAT = "prerequisite_validation.phase_7_complete.uat_approved"
_INVALID = "READY, but all_validations_passed is false"
SCRIPTS_PARTS = ("metadata", "deployment_readiness", "issues", "recommendations")


def _deploy(body: object) -> Document:
    return read_automation_deploy(source(body))


def _test(body: object) -> Document:
    return read_automation_test(source(body, TEST))


def _template() -> dict[str, Any]:
    """The parts of the framework's template that the gate reads, as it ships them."""
    return {
        "metadata": {"feature_id": "####-feature-name", "deployment_date": "YYYY-MM-DDTHH:mm:ss.sssZ"},
        "deployment_readiness": {
            "phase_7_status": "READY|CONDITIONAL|NOT_READY",
            "production_readiness_score": 0,
            "prerequisites_met": True,
            "all_validations_passed": True,
        },
        "prerequisite_validation": {
            "phase_7_complete": {
                "test_report_exists": False,
                "status": "READY|CONDITIONAL|NOT_READY",
                "score": 0,
                "critical_issues": 0,
                "high_issues": 0,
                "uat_approved": False,
            },
            "code_readiness": {"feature_branch_exists": False, "ci_cd_passing": False, "tag_version": ""},
        },
        "merge_conflict_check": {"conflicts_detected": False, "conflicting_files": [], "merge_possible": True},
        "ci_cd_status": {
            "last_run_status": "SUCCESS|FAILURE|PENDING",
            "all_checks_passing": False,
            "checks": {"build": "PASS|FAIL|PENDING", "linting": "PASS|FAIL|PENDING"},
        },
        "issues": {"by_severity": {"critical": 0, "high": 0, "medium": 0, "low": 0}, "details": []},
        "recommendations": {"immediate_actions": [], "monitoring_priorities": []},
    }


def test_the_template_states_nothing_and_blocks() -> None:
    found = _deploy(_template())
    assert found.feature is None
    facts = found.facts
    assert (facts.score, facts.open_critical, facts.open_high, facts.uat_approved) == (None, None, None, None)
    assert (facts.ci_passing, facts.conflicts, facts.documented_decision) == (None, None, None)
    assert notes(found) == [f"{DEPLOY}, $: the template, not filled. Run the framework's script, or fill it in."]
    assert "states neither a readiness score nor a decision" in (facts.unusable or "")


def test_what_the_script_writes_counts_and_the_template_s_rest_does_not() -> None:
    body = _template() | {name: sample(DEPLOY)[name] for name in SCRIPTS_PARTS}
    found = _deploy(body)
    assert found.facts == ReadinessFacts(DEPLOY, score=92.0, open_critical=0, open_high=0, documented_decision="READY")
    assert blocking(found) == []
    unfilled = "\n".join(notes(found))
    for path in ("phase_7_complete", "code_readiness", "merge_conflict_check", "ci_cd_status"):
        assert f"{path}: not filled" in unfilled


def test_the_script_s_parts_alone_are_enough_to_read() -> None:
    found = _deploy({name: sample(DEPLOY)[name] for name in SCRIPTS_PARTS})
    assert found.facts == ReadinessFacts(DEPLOY, score=92.0, open_critical=0, open_high=0, documented_decision="READY")
    assert found.problems == ()


def test_a_value_that_somebody_wrote_counts_beside_placeholders() -> None:
    body = change(_template(), "metadata.feature_id", FEATURE)
    change(body, _SCORE, 88)
    change(body, "merge_conflict_check.conflicts_detected", True)
    change(body, "ci_cd_status.checks.linting", "FAIL")
    facts = _deploy(body).facts
    assert (facts.score, facts.conflicts, facts.ci_passing) == (88.0, True, False)
    assert facts.documented_decision is None


@pytest.mark.parametrize(
    ("path", "value", "field", "wanted"),
    [
        (_SCORE, "88", "score", 88.0),
        (_SCORE, "88/100", "score", 88.0),
        (_SCORE, "89,5 %", "score", 89.5),
        (_SCORE, 89.99999999999999, "score", 89.99999999999999),
        (_SCORE, 1e-9, "score", 1e-9),
        ("deployment_readiness.phase_7_status", "Not Ready", "documented_decision", "NOT READY"),
        ("deployment_readiness.phase_7_status", "⚠️ conditional", "documented_decision", "CONDITIONAL"),
        ("deployment_readiness.phase_7_status", "BLOCKED", "documented_decision", "BLOCKED"),
        ("deployment_readiness.all_validations_passed", False, "documented_decision", _INVALID),
        (_UAT, "yes", "uat_approved", True),
        (_UAT, "Pending", "uat_approved", False),
        (_UAT, 1, "uat_approved", True),
        ("prerequisite_validation.phase_7_complete.high_issues", "2", "open_high", 2),
        ("issues.by_severity.critical", "1", "open_critical", 1),
        ("ci_cd_status.last_run_status", "failed", "ci_passing", False),
        ("ci_cd_status.last_run_status", "Succeeded", "ci_passing", True),
        ("ci_cd_status.checks.security_scan", "PENDING", "ci_passing", False),
        ("ci_cd_status.all_checks_passing", "False", "ci_passing", False),
        ("merge_conflict_check.merge_possible", False, "conflicts", True),
        ("merge_conflict_check.conflicting_files", "src/Goal.cs", "conflicts", True),
        ("merge_conflict_check", None, "conflicts", None),
    ],
)  # fmt: skip
def test_deploy_values_in_any_usual_spelling(path: str, value: object, field: str, wanted: object) -> None:
    found = _deploy(change(sample(DEPLOY), path, value))
    assert getattr(found.facts, field) == wanted
    assert blocking(found) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (_SCORE, "ninety", 'is "ninety", which cannot be read. Allowed: points'),
        (_SCORE, 140, 'is 140, which cannot be read'),
        (_SCORE, 10**400, 'is a huge number, which cannot be read'),
        ("issues.by_severity.critical", -1, 'is -1, which cannot be read. Allowed: a whole number'),
        (_SCORE, True, "is true, which cannot be read"),
        (_SCORE, [92], "is a list, which cannot be read"),
        ("deployment_readiness.phase_7_status", 7, "is 7, which cannot be read. Allowed: READY"),
        ("deployment_readiness", "READY", "is a text. Allowed: an object"),
        ("issues.by_severity.critical", 0.5, "is 0.5, which cannot be read. Allowed: a whole number"),
        ("issues.by_severity.high", "a few", 'is "a few"'),
        (_UAT, "Approved with reservations", "Allowed: true or false."),
        (_UAT, 7, "is 7"),
        ("merge_conflict_check.conflicts_detected", {}, "is an object"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_by_its_path_and_loses_nothing_else(path: str, value: object, words: str) -> None:
    found = _deploy(change(sample(DEPLOY), path, value))
    (said,) = blocking(found)
    assert said.startswith(f"{DEPLOY}, $.{path}: ")
    assert words in said
    assert f"$.{path}" in (found.facts.unusable or "")
    assert found.facts.ci_passing is True
    assert found.feature == FEATURE


@pytest.mark.parametrize(("name", "read"), READERS)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{\n  'a': 1}", "line 2: no valid JSON at column 3"),
        ('{"a": 1,}', "line 1: no valid JSON"),
        ('{"a": 1\n// why\n}', "line 2: no valid JSON"),
        ("[1, 2]", "is a list. Allowed: one JSON object in braces."),
        ("null", "is null"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": ' + "9" * 5000 + "}", "Allowed: JSON."),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_one_message_with_its_line(
    name: str, read: Callable[[SourceText], Document], text: str, words: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        read(SourceText(name, text, "utf-8"))
    assert words in str(caught.value)
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("name_read", READERS, ids=lambda pair: pair[0])
def test_a_file_that_ends_early_is_called_truncated(name_read: tuple[str, Callable[[SourceText], Document]]) -> None:
    name, read = name_read
    text = json.dumps(sample(name), indent=1)
    for end in range(1, len(text) - 1, max(len(text) // 60, 1)):
        with pytest.raises(DocumentError) as caught:
            read(SourceText(name, text[:end], "utf-8"))
        assert caught.value.problem.where == f"line {text[:end].rstrip().count(chr(10)) + 1}"
        assert "truncated" in str(caught.value)


def test_a_key_given_twice_is_ambiguous_and_blocks() -> None:
    text = json.dumps(sample(DEPLOY)).replace(
        '"production_readiness_score": 92', '"production_readiness_score": 40, "production_readiness_score": 92'
    )
    found = _deploy(text)
    assert blocking(found) == [f"{DEPLOY}, $.{_SCORE}: given twice, so it is not clear which counts. Keep one."]


def test_a_file_that_contradicts_itself_gives_the_worse_and_names_both_places() -> None:
    found = _deploy(change(sample(DEPLOY), "prerequisite_validation.phase_7_complete.score", 71))
    assert found.facts.score == 71
    (said,) = notes(found)
    assert "$.deployment_readiness.production_readiness_score says 92" in said
    assert "$.prerequisite_validation.phase_7_complete.score says 71" in said


def test_a_misspelled_section_gets_its_nearest_match() -> None:
    body = sample(DEPLOY)
    body["deployment_readines"] = body.pop("deployment_readiness")
    assert f"{DEPLOY}, $.deployment_readines: unknown name. Did you mean deployment_readiness?" in notes(_deploy(body))


def test_unknown_keys_change_nothing() -> None:
    body = sample(DEPLOY) | {"extra": {"status": "FAIL|PASS", "deep": [1, {"x": None}]}}
    assert _deploy(body) == _deploy(sample(DEPLOY))


def test_lists_as_powershell_writes_them() -> None:
    body = sample(DEPLOY)
    body["recommendations"] = {
        "monitoring_priorities": "only one",
        "immediate_actions": [
            {"title": "Watch", "description": "the \u202equeue"},
            "System.Collections.Hashtable",
            None,
        ],
    }
    body["issues"]["details"] = {}
    found = _deploy(body)
    texts = [one.text for one in found.findings if one.topic is Topic.MONITORING]
    assert texts == ["only one", "Watch: the queue", "System.Collections.Hashtable"]
    assert any("cut off by ConvertTo-Json" in one for one in notes(found))


@pytest.mark.parametrize(
    ("details", "totals", "status", "wanted"),
    [
        ([("HIGH", "OPEN")], {"high": 1}, {}, 1),
        ([("HIGH", "FIXED")], {"high": 1}, {}, 0),
        ([("High", "Resolved"), ("high", "not resolved")], {"high": 2}, {}, 1),
        ([("HIGH", "DEFERRED")], {"high": 1}, {}, 1),
        ([("HIGH", "FIXED")], {"high": 3}, {}, 2),
        ([("HIGH", "OPEN"), ("HIGH", "OPEN")], {"high": 1}, {}, 2),
        ([], {"high": 2}, {}, 2),
        ([], {"high": 2}, {"open": 0, "fixed": 2, "deferred": 0}, 0),
        ([], {"high": 2}, {"open": 0, "fixed": 1, "deferred": 1}, 2),
        ([], {}, {}, None),
    ],
)
def test_open_issues_are_counted_and_deferred_is_not_fixed(
    details: list[tuple[str, str]], totals: dict[str, int], status: dict[str, int], wanted: int | None
) -> None:
    issues = {
        "by_severity": totals,
        "by_status": status,
        "details": [{"id": f"I-{at}", "severity": one, "status": two} for at, (one, two) in enumerate(details)],
    }
    assert _test({"issues": issues}).facts.open_high == wanted


def test_an_unfilled_test_file_states_nothing_and_does_not_block() -> None:
    body = sample(TEST)
    body["production_readiness_score"] = {
        "total_score": 0,
        "max_score": 100,
        "percentage": 0.0,
        "decision": "NOT_READY",
    }
    body["summary"] = {
        "production_readiness": "NOT_READY",
        "critical_issues": 0,
        "blockers": [],
        "deployment_approved": False,
    }
    change(body, "uat.session_date", "YYYY-MM-DD")
    change(body, "uat.sign_off.product_owner_approved", False)
    found = _test(body)
    assert (found.facts.score, found.facts.documented_decision) == (None, None)
    assert found.facts.uat_approved is None
    assert blocking(found) == []


@pytest.mark.parametrize(
    ("path", "value", "field", "wanted"),
    [
        ("production_readiness_score.total_score", "77", "score", 77.0),
        ("production_readiness_score.decision", "Conditional", "documented_decision", "CONDITIONAL"),
        ("summary.production_readiness", "NOT_READY", "documented_decision", "NOT READY"),
        ("summary.blockers", ["UAT is not signed"], "documented_decision", "READY, but blockers are listed"),
        ("summary.deployment_approved", False, "documented_decision", "READY, but not deployment_approved"),
        ("uat.sign_off.stakeholders_approved", False, "uat_approved", False),
        ("uat.sign_off", {"product_owner_approved": "yes"}, "uat_approved", True),
        ("uat.sign_off", {"stakeholders_approved": True}, "uat_approved", None),
        ("security_tests.vulnerability_scan.high", 3, "open_high", 3),
        ("issues", {}, "open_critical", 0),
    ],
)
def test_test_file_values(path: str, value: object, field: str, wanted: object) -> None:
    found = _test(change(sample(TEST), path, value))
    assert getattr(found.facts, field) == wanted
    assert blocking(found) == []


def test_what_went_wrong_in_the_tests_is_to_be_watched() -> None:
    body = sample(TEST)
    change(body, "integration_tests.backend.failed", "2")
    change(body, "performance_tests.api_performance.overall_avg_ms", 250)
    change(body, "accessibility_tests.overall_status", "FAIL")
    change(body, "summary.conditions", ["Watch the goal list"])
    said = {(one.topic, one.text) for one in _test(body).findings}
    assert (Topic.TESTS, "backend integration tests: 2 of 46 failed") in said
    assert (Topic.PERFORMANCE, "API average 250 ms, target 200 ms") in said
    assert (Topic.ACCESSIBILITY, "accessibility tests did not pass") in said
    assert (Topic.CONDITION, "Watch the goal list") in said


def test_points_of_another_scale_are_no_score() -> None:
    found = _test(change(sample(TEST), "production_readiness_score.max_score", 120))
    assert found.facts.score is None
    assert "$.production_readiness_score.max_score: is 120" in blocking(found)[0].replace(f"{TEST}, ", "")


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from([10**400, "READY", "A|B"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def _paths(value: object, here: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [here]
    return [here, *(path for name, one in value.items() for path in _paths(one, (*here, name)))]


@pytest.mark.parametrize(("name", "read"), READERS)
@given(data=st.data())
@settings(deadline=None)
def test_no_json_raises_anything_but_the_module_s_own_error(
    name: str, read: Callable[[SourceText], Document], data: st.DataObject
) -> None:
    body = sample(name)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([one for one in _paths(body) if one]))
        change(body, ".".join(path), data.draw(_json))
    try:
        found = read(source(body, name))
    except DocumentError:
        return
    for text in [*(one.words() for one in found.problems), *(one.text for one in found.findings)]:
        assert text.isprintable()
    assert (found.facts.unusable is not None) == any(one.blocks for one in found.problems)
    json.dumps([found.facts.open_critical, found.facts.open_high, found.facts.documented_decision])


def test_a_principle_counts_as_told_only_with_its_evidence(tmp_path: Path) -> None:
    folder = folders.copy(tmp_path)
    path = folder / "automation-test.json"
    body = json.loads(path.read_text("utf-8"))
    body["constitutional_compliance"][0]["evidence"] = ""
    body["constitutional_compliance"][2]["status"] = "FAIL"
    path.write_text(json.dumps(body), "utf-8")
    (facts,) = (one for one in read_feature(folder).facts if one.source == path.name)
    told = dict(facts.principles)
    assert "principles.specification-driven" not in told
    assert "principles.type-safety" not in told
    assert told["principles.offline-first"] == "test-report.md"
    marks = {one.item: one.value for one in from_documents((facts,))}
    assert marks["principles.accessibility"] == "automation-test.json marks it PASS: test-report.md"
