"""``automation-test.json``: what phase 7 measured. Optional; its template's zeros and PASSes are no findings."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.readiness import Readiness, ReadinessFacts, decision_of
from cpr_cockpit.documents import words
from cpr_cockpit.documents.json_fields import Fields, Section
from cpr_cockpit.documents.json_issues import read_issues
from cpr_cockpit.documents.parts import Document, Finding, Topic, printable, unusable, worst_of
from cpr_cockpit.documents.reading import SourceText

NAME = "automation-test.json"

_TOTAL = {"total_score": 0, "percentage": 0.0, "decision": "NOT_READY"}
_SUMMARY = {
    "production_readiness": "NOT_READY",
    "total_issues": 0,
    "critical_issues": 0,
    "high_issues": 0,
    "blockers": [],
    "conditions": [],
    "deployment_approved": False,
}
_SIGNED = ("product_owner_approved", "stakeholders_approved", "acceptance_criteria_met")
_RUNS = (
    ("integration_tests.backend", "total_tests", "backend integration tests", Topic.TESTS),
    ("integration_tests.frontend", "total_tests", "frontend integration tests", Topic.TESTS),
    ("e2e_tests", "total_journeys", "end-to-end journeys", Topic.TESTS),
)
_STATUSES = (
    ("performance_tests", Topic.PERFORMANCE, "performance tests"),
    ("security_tests", Topic.SECURITY, "security tests"),
    ("accessibility_tests", Topic.ACCESSIBILITY, "accessibility tests"),
    ("offline_mode_tests", Topic.TESTS, "offline mode tests"),
    ("i18n_tests", Topic.TESTS, "internationalization tests"),
)
# What the production's own figures, CI and journeys prove of the others is not for a document to say.
_PRINCIPLES = {
    "specification-driven": "principles.specification-driven",
    "api contract consistency": "principles.api-contract-consistency",
    "type safety": "principles.type-safety",
    "offline-first": "principles.offline-first",
    "internationalization": "principles.internationalization",
    "accessibility": "principles.accessibility",
}
_TEXTS = (
    ("recommendations", "post_deployment_monitoring", Topic.MONITORING),
    ("recommendations", "immediate_actions", Topic.MONITORING),
    ("summary", "conditions", Topic.CONDITION),
    ("summary", "blockers", Topic.BLOCKER),
    ("uat.feedback", "concerns", Topic.UAT),
    ("uat.feedback", "action_items", Topic.UAT),
    ("performance_tests", "issues", Topic.PERFORMANCE),
    ("performance_tests.api_performance", "issues", Topic.PERFORMANCE),
    ("performance_tests.ui_performance", "issues", Topic.PERFORMANCE),
    ("security_tests", "issues", Topic.SECURITY),
    ("security_tests.vulnerability_scan", "vulnerabilities", Topic.SECURITY),
    ("accessibility_tests", "issues", Topic.ACCESSIBILITY),
)


def read_automation_test(source: SourceText) -> Document:
    """The facts and findings of the file; DocumentError where it is no JSON object."""
    fields = Fields(source)
    total = fields.section("production_readiness_score", _TOTAL, zero_is_blank=True)
    summary = fields.section("summary", _SUMMARY, zero_is_blank=True)
    issues = read_issues(fields)
    scan = fields.section("security_tests.vulnerability_scan", {"critical": 0, "high": 0})
    said = _decision(fields, total, summary)
    facts = ReadinessFacts(
        fields.name,
        score=_score(fields, total),
        open_critical=_most(fields, "critical", issues.critical, scan, summary),
        open_high=_most(fields, "high", issues.high, scan, summary),
        uat_approved=_uat(fields),
        documented_decision=said,
        principles=_principles(fields),
    )
    findings = issues.findings + _measured(fields) + _told(fields)
    made = replace(facts, unusable=unusable(fields.problems))
    return Document(made, fields.feature_id, tuple(fields.problems), findings)


def _score(fields: Fields, total: Section) -> float | None:
    most = total.number("max_score")
    if most not in (None, 100.0):
        fields.note(total.where("max_score"), f"is {most:g}", "Allowed: 100, points are of 100.", blocks=True)
        return None
    return total.score("total_score")


def _decision(fields: Fields, total: Section, summary: Section) -> str | None:
    said = [
        (total.where("decision"), total.decision("decision")),
        (summary.where("production_readiness"), summary.decision("production_readiness")),
    ]
    taken = worst_of(fields.name, "decision", said, words.badness, fields.problems)
    if decision_of(taken) is Readiness.READY:
        if summary.texts("blockers"):
            taken = "READY, but blockers are listed"
        elif summary.flag("deployment_approved") is False:
            taken = "READY, but not deployment_approved"
    return taken


def _most(fields: Fields, severity: str, issues: int | None, scan: Section, summary: Section) -> int | None:
    """Open issues, or vulnerabilities where there are more. The summary counts all found, so it only fills a gap."""
    found = scan.count(severity)
    said = [("$.issues", issues), (scan.where(severity), found or None)]
    if issues is None:
        said.append((summary.where(f"{severity}_issues"), summary.count(f"{severity}_issues")))
    return worst_of(fields.name, f"open {severity.upper()} issues", said, float, fields.problems)


def _uat(fields: Fields) -> bool | None:
    """Every sign-off that was given must be a yes, the product owner's above all."""
    sign_off = fields.section("uat.sign_off", dict.fromkeys(_SIGNED, False), filled_with=("uat",))
    said = [sign_off.flag(key) for key in _SIGNED]
    if False in said:
        return False
    return True if said[0] else None


def _principles(fields: Fields) -> tuple[tuple[str, str], ...]:
    """Each principle that is marked PASS with evidence; the template marks all of them so, without any."""
    part = Section(fields, "$", fields.root, {}, decisive=False)
    told = [one for one in part.items("constitutional_compliance") if isinstance(one, Section)]
    marked = [((one.word("name") or "").strip().lower(), one) for one in told if one.flag("status")]
    return tuple(
        (_PRINCIPLES[name], printable(evidence, 200))
        for name, one in marked
        if name in _PRINCIPLES and (evidence := (one.word("evidence") or "").strip())
    )


def _measured(fields: Fields) -> tuple[Finding, ...]:
    """What the numbers and statuses of the test sections say went wrong."""
    found = []
    for path, key, name, topic in _RUNS:
        part = fields.section(path, {key: 0, "failed": 0}, decisive=False)
        failed, total = part.count("failed"), part.count(key)
        if failed:
            text = f"{name}: {failed} of {total if total is not None else 'an unknown number'} failed"
            found.append(Finding(fields.name, part.where("failed"), topic, text))
    for path, topic, name in _STATUSES:
        part = fields.section(path, decisive=False)
        if part.flag("overall_status") is False:
            found.append(Finding(fields.name, part.where("overall_status"), topic, f"{name} did not pass"))
    api = fields.section("performance_tests.api_performance", {"overall_avg_ms": 0.0}, decisive=False)
    average, target = api.number("overall_avg_ms"), api.number("target_ms")
    if average is not None and target is not None and average > target:
        text = f"API average {average:g} ms, target {target:g} ms"
        found.append(Finding(fields.name, api.where("overall_avg_ms"), Topic.PERFORMANCE, text))
    return tuple(found)


def _told(fields: Fields) -> tuple[Finding, ...]:
    return tuple(
        Finding(fields.name, where, topic, text)
        for path, key, topic in _TEXTS
        for where, text in fields.section(path, decisive=False).texts(key)
    )
