"""``test-report.md``: what phase 7 concluded, as people and scripts write it. What cannot be read is None."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.documents.markdown import Shape, Statement, statements
from cpr_cockpit.documents.parts import Document, Problem, unusable
from cpr_cockpit.documents.reading import SourceText
from cpr_cockpit.documents.report_issues import known_issues, read_open
from cpr_cockpit.documents.report_results import Performance, TestResult, findings_of, read_performance, read_tests
from cpr_cockpit.documents.report_uat import read_uat
from cpr_cockpit.documents.report_verdict import read_decision, read_score

NAME = "test-report.md"

_FEATURE = re.compile(r"\b([0-9]{4}-[a-z0-9]+(?:-[a-z0-9]+)+)\b")


@dataclass(frozen=True, slots=True)
class TestReport:
    """The read report: what the gate needs, and the results to show beside it."""

    __test__ = False

    document: Document
    tests: tuple[TestResult, ...]
    performance: Performance


def read_test_report(source: SourceText) -> TestReport:
    """Read the report; nothing in a text makes this fail."""
    said = statements(source.text)
    problems: list[Problem] = list(source.problems)
    score = read_score(source.name, said, problems)
    decision = read_decision(source.name, said, problems)
    critical, high = read_open(source.name, said, problems)
    uat = read_uat(source.name, said, problems)
    if score is None and decision is None:
        advice = "Allowed: lines such as Production Readiness Score: 85/100 and Decision: READY."
        problems.append(Problem(source.name, "", "states neither a readiness score nor a decision", advice))
    tests, performance = read_tests(said), read_performance(said)
    facts = ReadinessFacts(
        source.name,
        score=score,
        open_critical=critical,
        open_high=high,
        uat_approved=uat,
        documented_decision=decision,
        unusable=unusable(problems),
    )
    found = findings_of(source.name, said, tests, performance)
    issues = [one for one in known_issues(source.name, said) if one.where not in {other.where for other in found}]
    return TestReport(Document(facts, _feature(said), tuple(problems), (*found, *issues)), tests, performance)


def _feature(said: list[Statement]) -> str | None:
    """The feature that the title names, or a line that is labelled so."""
    title = next((one.text for one in said if one.shape is Shape.HEADING), "")
    named = [title, *(one.value for one in said if one.label in ("feature", "feature id"))]
    return next((found[1] for text in named if (found := _FEATURE.search(text.lower()))), None)
