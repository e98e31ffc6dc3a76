"""The test report in the many ways that people and scripts write it; nothing that is not there is read into it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.documents.markdown import statements
from cpr_cockpit.documents.parts import Topic
from tests.documents.folders import REPORT, SAMPLE, blocking, notes, report

RESULTS = """Decision: CONDITIONAL

## Tests

- Integration tests: 44/45 passed
- E2E: 8 passed, 0 failed, 0 skipped

## Performance

- API p50: 98ms
- API p95 - 231 ms (target: <200 ms)
- Page load: 1.4 s
- Error rate: <1%
- API p99 target: 500 ms

## Known Issues

- ISSUE-3 flicker
- ISSUE-4 typo (fixed)

## Conditions

- Watch the queue

## Monitoring

- p95 of GET /goals
- None
"""
TITLE = "# Test Report: 0001-some-feature\n\n"


@pytest.mark.parametrize(
    "line",
    [
        "Production Readiness Score: 85/100",
        "**Production Readiness Score**: 85 / 100",
        "**Production Readiness Score:** 85%",
        "__Production Readiness Score__: 85",
        "- **Score**: 85",
        "**Score**: 85 %",
        "Score: 85 points",
        "Overall Score: 85.0/100",
        "## Production Readiness Score: 85/100",
        "## 🎯 Production Readiness Score: **85**/100",
        "### Production Readiness Score - 85/100",
        "Production Readiness Score = 85",
        "Production Readiness Score 85/100",
        "The production readiness score is 85/100.",
        "| Metric | Value |\n|---|---|\n| Production Readiness Score | 85/100 |",
        "| Metric | Score | Required |\n|:--|--:|--|\n| **Readiness Score** | 85 | ≥75 |",
        "## Readiness Score\n\n| Part | Points | Max |\n|--|--|--|\n| A | 35 | 40 |\n| **Total** | **85** | **100** |",
        "> **Production Readiness Score**: 85/100",
        "Production Readiness Score\t:\u00a085/100",
        "<b>Production Readiness Score</b>: 85/100",
        "**Production Readiness Score**: \x1b[32m85/100\x1b[0m",
        "**Production Readiness Score**: 85/100 ✅ (threshold: 75)",
        "**Production Readiness**: 85/100",
        "```markdown\nProduction Readiness Score: 85/100\n```",
    ],
)
def test_the_score_is_found(line: str) -> None:
    text = line if line.startswith("```") else TITLE + line + "\n"
    found = report(text).document
    assert found.facts.score == 85.0
    assert blocking(found) == []


@pytest.mark.parametrize(
    "line",
    [
        "Production Readiness Score: __/100",
        "Production Readiness Score: [score]/100",
        "Production Readiness Score: ≥75/100",
        "- [ ] Production readiness score: 85/100",
        "<!-- Production Readiness Score: 85/100 -->",
        "~~Production Readiness Score: 85/100~~",
        "```\nProduction Readiness Score: 85/100\n```",
        "## Accessibility\n\n- Score: 98/100",
        "## Lighthouse\n\n| Page | Score |\n|---|---|\n| Total | 98 |",
        "Phase 6 Code Review: APPROVED (score: 88/100)",
        "## Test Execution\n\n| Category | Points | Max |\n|---|---|---|\n| Total | 35 | 40 |",
        "We want a production readiness score above 85.",
    ],
)
def test_what_is_no_statement_of_the_score_is_not_taken(line: str) -> None:
    found = report(TITLE + "**Decision**: READY\n\n" + line + "\n").document
    assert found.facts.score is None
    assert blocking(found) == []


@pytest.mark.parametrize("value", ["good", "85-90", "37/40", "140/100", "85 → 92"])
def test_a_score_that_cannot_be_read_blocks_with_its_line(value: str) -> None:
    found = report(f"{TITLE}Decision: READY\nProduction Readiness Score: {value}\n").document
    assert found.facts.score is None
    (said,) = blocking(found)
    assert said.startswith(f'{REPORT}, line 4: readiness score "{value}" cannot be read. Allowed: points of 100')


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("**Decision**: ✅ READY", "READY"),
        ("Decision: ready", "READY"),
        ("**Production Readiness Decision:** ⚠️ Conditional", "CONDITIONAL"),
        ("## Decision: ❌ NOT_READY", "NOT READY"),
        ("## Production Readiness Decision\n\n✅ **READY**", "READY"),
        ("## Decision\n\n- [ ] READY\n- [x] CONDITIONAL\n- [ ] NOT READY", "CONDITIONAL"),
        ("## Decision\n\n- READY\n- CONDITIONAL\n- NOT READY", None),
        ("## Decision\n\n- READY: 90 and more\n- CONDITIONAL: 75 to 89\n- NOT READY: below 75", None),
        ("**Status**: ✅ READY FOR PRODUCTION", "READY"),
        ("| Item | Value |\n|---|---|\n| Decision | ⚠️ CONDITIONAL |", "CONDITIONAL"),
        ("Production Readiness: READY", "READY"),
        ("Recommendation: CONDITIONAL, deploy with enhanced monitoring", "CONDITIONAL"),
        ("Decision: READY / CONDITIONAL / NOT READY", None),
        ("Decision: Go ahead", "Go ahead"),
        ("Decision: READY once the pager works", "READY once the pager works"),
        ("## Staging\n\n- Status: Ready", None),
        ("## Integration Tests\n\n**Status**: READY", None),
        ("Status: PASS", None),
        ("## Decision\n\nNOT READY - the pager is broken", "NOT READY"),
        ("## Decision\n\nREADY - once the pager works", "READY - once the pager works"),
        ("## Summary\n\nThe feature is NOT READY for production.", "NOT READY"),
        ("## Summary\n\nIf the score is below 75, the feature is not ready.", None),
        ("Decision: READY\n\n## Summary\n\nStatus: NOT READY", "NOT READY"),
    ],
)
def test_decisions(text: str, level: str | None) -> None:
    found = report(f"{TITLE}Production Readiness Score: 91/100\n\n{text}\n").document
    assert found.facts.documented_decision == level
    assert blocking(found) == []


@pytest.mark.parametrize(
    ("text", "approved"),
    [
        ("**UAT Sign-off**: ✅ Approved", True),
        ("UAT sign-off obtained: yes", True),
        ("- [x] UAT sign-off obtained", True),
        ("- [ ] UAT sign-off obtained", False),
        ("- ✅ UAT approval obtained", True),
        ("UAT Approval: APPROVED by Ines Farah", True),
        ("User Acceptance Testing: Approved", True),
        ("| Check | Status |\n|---|---|\n| UAT sign-off | ✅ |", True),
        ("## UAT\n\n**Sign-off**: Approved", True),
        ("## UAT\n\n| Role | Name | Decision |\n|---|---|---|\n| Product Owner | Ines | ✅ Approved |", True),
        (
            "## UAT\n\n| Role | Decision |\n|--|--|\n| Product Owner | Approved |\n| Stakeholder | Rejected |",
            False,
        ),
        ("UAT Sign-off: ❌ Pending", False),
        ("UAT sign-off: not approved", False),
        ("UAT: FAIL", False),
        ("UAT: ✅ PASS", None),
        ("UAT Sign-off: _________", None),
        ("UAT Sign-off: APPROVED / REJECTED", None),
        ("UAT date: 2025-11-10", None),
        ("## UAT\n\nSession with three people.\n\n- Test cases: 12/12 passed", None),
        ("Security sign-off: Approved", None),
        ("We expect UAT sign-off next week.", None),
    ],
)
def test_uat(text: str, approved: bool | None) -> None:
    found = report(f"{TITLE}Production Readiness Score: 91/100\n\n{text}\n").document
    assert found.facts.uat_approved is approved
    assert blocking(found) == []


@pytest.mark.parametrize("value", ["Approved with reservations", "see mail", "N/A", "Approved?"])
def test_an_unclear_sign_off_blocks(value: str) -> None:
    found = report(f"{TITLE}Decision: READY\nUAT Sign-off: {value}\n").document
    assert found.facts.uat_approved is None
    assert "neither approved nor refused" in blocking(found)[0]
    assert "line 4" in blocking(found)[0]


@pytest.mark.parametrize(
    ("text", "critical", "high"),
    [
        ("Critical Issues: 0\nHigh Issues: 2", 0, 2),
        ("- **CRITICAL**: 0\n- **HIGH**: None", 0, 0),
        ("- Open CRITICAL issues: 1\n- Open HIGH issues: 0", 1, 0),
        ("High issues: 3 found, 3 fixed", None, 0),
        ("Total critical issues: 4", None, None),
        ("## Issues: NONE ✅", 0, 0),
        ("No critical or high issues remain.", 0, 0),
        ("No critical issues remain except ISSUE-9.", None, None),
        ("- [ ] No critical issues", None, None),
        ("- No HIGH/CRITICAL security vulnerabilities", None, None),
        ("## Security\n\n- Critical: 0\n- High: 1", None, 1),
        ("### Critical Issues\n_None_ ✅\n\n### High Priority Issues\n_None_", 0, 0),
        ("### Critical Issues (0)\n\n### High Issues (2)", 0, 2),
        (
            "### High Issues\n\n- **ISSUE-1**: slow\n  - Status: RESOLVED\n- **ISSUE-2**: wrong\n  - Status: OPEN",
            None,
            1,
        ),
        ("### High Issues\n\n- ISSUE-1 slow (fixed)\n- ISSUE-2 not fixed", None, 1),
        ("### High Issues", None, None),
        ("| Severity | Count |\n|---|---|\n| 🔴 Critical | 0 |\n| 🟠 High | 1 |", 0, 1),
        ("| Severity | Found | Fixed | Open |\n|--|--|--|--|\n| CRITICAL | 2 | 2 | 0 |\n| HIGH | 3 | 2 | 1 |", 0, 1),
        ("| Severity | Total | Resolved |\n|--|--|--|\n| CRITICAL | 2 | 2 |\n| HIGH | 3 | 2 |", 0, 1),
        ("| Critical | High | Medium |\n|--|--|--|\n| 0 | 1 | 4 |", 0, 1),
        ("| State | Critical | High |\n|--|--|--|\n| Open | 0 | 0 |\n| Fixed | 2 | 5 |", 0, 0),
        (
            "| ID | Severity | Status |\n|--|--|--|\n| 1 | HIGH | Open |\n| 2 | High | Fixed |\n| 3 | CRITICAL | Done",
            0,
            1,
        ),
        ("| ID | Severity | Title |\n|--|--|--|\n| 1 | CRITICAL | a |", 1, None),
        ("Critical Issues: 0\n\n### Critical Issues\n\n- ISSUE-1 data loss", 1, None),
        ("Critical: __\nHigh: __", None, None),
        ("Issues: 0 critical, 1 high, 3 medium", 0, 1),
        ("Open issues: 4 (Critical: 0, High: 2, Medium: 2)", 0, 2),
        ("Issues found: 5 (critical: 0, high: 2)", 0, None),
        ("There are 2 open HIGH issues.", None, 2),
        ("1 critical issue is still open", 1, None),
        ("2 high issues were fixed", None, None),
        ("The high load test passed: 12 of 12", None, None),
    ],
)
def test_open_issues(text: str, critical: int | None, high: int | None) -> None:
    found = report(f"{TITLE}Decision: READY\n\n{text}\n").document
    assert (found.facts.open_critical, found.facts.open_high) == (critical, high)
    assert blocking(found) == []


@pytest.mark.parametrize(
    "text", ["Critical Issues: see Jira", "### Critical Issues\n\nSee the tracker.", "Open HIGH issues: some"]
)
def test_issues_that_cannot_be_counted_block(text: str) -> None:
    found = report(f"{TITLE}Decision: READY\n\n{text}\n").document
    assert "counted" in blocking(found)[0] or "cannot be read" in blocking(found)[0]


def test_a_report_that_contradicts_itself_gives_the_worse_and_names_the_lines() -> None:
    found = report(f"{TITLE}Score: 92/100\n\n## Production Readiness Score: 78/100\n").document
    assert found.facts.score == 78
    (said,) = notes(found)
    assert said.startswith(f"{REPORT}, line 3: readiness score: the file contradicts itself")
    assert "(line 3 says 92, line 5 says 78), 78 is taken" in said


def test_a_text_that_is_no_report_blocks() -> None:
    found = report("# Shopping\n\n- milk\n").document
    assert "states neither a readiness score nor a decision" in (found.facts.unusable or "")


def test_results_performance_and_what_to_watch() -> None:
    found = report(TITLE + RESULTS)
    assert [(one.name, one.total, one.passed, one.failed) for one in found.tests] == [
        ("integration tests", 45, 44, 1),
        ("e2e", 8, 8, 0),
    ]
    assert (found.performance.api_p50_ms, found.performance.api_p95_ms) == (98.0, 231.0)
    assert found.performance.ui_load_s == 1.4
    assert (found.performance.error_rate_percent, found.performance.api_p99_ms) == (None, None)
    assert [(one.topic, one.text) for one in found.document.findings] == [
        (Topic.TESTS, "integration tests: 1 failed"),
        (Topic.PERFORMANCE, "api p95 was 231 ms in the tests, target 200 ms"),
        (Topic.CONDITION, "Watch the queue"),
        (Topic.MONITORING, "p95 of GET /goals"),
        (Topic.ISSUE, "ISSUE-3 flicker"),
    ]


def test_text_from_outside_is_kept_inert() -> None:
    found = report(
        TITLE + "Decision: \x1b[31mNO\u202e idea[@click=app.quit]\n\n## Monitoring\n\n- a\u2066b\x07c\n"
    ).document
    assert found.facts.documented_decision == "NO idea[@click=app.quit]"
    assert [one.text for one in found.findings] == ["abc"]


_PIECES = """# ;## ;- [x] ;- [ ] ;Decision;Score;UAT Sign-off;Critical Issues;: ;85/100;READY;NOT READY;```;<!--;-->
**;~~;Severity;1;p95;ms;===;[a](b);<b>;_;>"""
_pieces = st.sampled_from(
    [*_PIECES.replace("\n", ";").split(";"), "\n", "\n\n", "| ", " |", "\n|--|--|\n", "\\|", "\u2705", ";"]
)


@given(st.lists(_pieces | st.text(max_size=5), max_size=40).map("".join))
@settings(deadline=None)
def test_no_text_makes_reading_fail(text: str) -> None:
    found = report(text)
    for shown in [*(one.words() for one in found.document.problems), *(one.text for one in found.document.findings)]:
        assert shown.isprintable()
    numbers = [one.line for one in statements(text)]
    assert numbers == sorted(numbers)


@given(score=st.integers(0, 89), data=st.data())
def test_a_worse_line_anywhere_is_never_lost(score: int, data: st.DataObject) -> None:
    lines = (SAMPLE / REPORT).read_text("utf-8").split("\n")
    lines.insert(
        data.draw(st.sampled_from([at for at, line in enumerate(lines) if not line])),
        f"\nProduction Readiness Score: {score}/100\n",
    )
    assert report("\n".join(lines)).document.facts.score == score


@pytest.mark.long
@pytest.mark.parametrize(
    "text", ["<!--" * 200_000, "|" * 400_000, "**" * 300_000, "[" * 400_000, "- [x] " * 100_000, "> " * 300_000]
)
@pytest.mark.timeout(20)
def test_long_nonsense_is_read_in_linear_time(text: str) -> None:
    for nonsense in (text, text.replace(" ", "\n")):
        assert report(nonsense).document.facts.score is None
