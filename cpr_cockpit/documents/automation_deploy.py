"""``automation-deploy.json``: what phase-8-deploy.ps1 found before the deployment.

The script fills ``metadata``, ``deployment_readiness``, ``issues`` and ``recommendations``; the other parts are often
still the template's, whose zeros and falses are no findings.
"""

from __future__ import annotations

import re
from dataclasses import replace

from cpr_cockpit.core.readiness import Readiness, ReadinessFacts, decision_of
from cpr_cockpit.documents import words
from cpr_cockpit.documents.json_fields import Fields, Section
from cpr_cockpit.documents.json_issues import read_issues
from cpr_cockpit.documents.parts import Document, Finding, Topic, unusable, worst_of
from cpr_cockpit.documents.reading import SourceText

NAME = "automation-deploy.json"

_PHASE_7 = {
    "test_report_exists": False,
    "score": 0,
    "critical_issues": 0,
    "high_issues": 0,
    "uat_approved": False,
}
_CODE = {
    "feature_branch_exists": False,
    "merged_to_main": False,
    "ci_cd_passing": False,
    "code_review_approved": False,
    "release_tagged": False,
    "tag_version": "",
}
_CHECKS = ("build", "unit_tests", "integration_tests", "linting", "security_scan")
_RECOMMENDED = ("monitoring_priorities", "immediate_actions")


def read_automation_deploy(source: SourceText) -> Document:
    """The facts and findings of the file; DocumentError where it is no JSON object."""
    fields = Fields(source)
    readiness = fields.section(
        "deployment_readiness",
        {"production_readiness_score": 0, "prerequisites_met": True, "all_validations_passed": True},
    )
    phase_7 = fields.section("prerequisite_validation.phase_7_complete", _PHASE_7)
    issues = read_issues(fields)
    problems = fields.problems
    score = _worst(fields, "score", (readiness, "production_readiness_score"), (phase_7, "score"))
    critical = [("$.issues", issues.critical), (phase_7.where("critical_issues"), phase_7.count("critical_issues"))]
    high = [("$.issues", issues.high), (phase_7.where("high_issues"), phase_7.count("high_issues"))]
    said = _decision(fields, readiness, phase_7)
    if score is None and said is None:
        what = "states neither a readiness score nor a decision"
        fields.note("$.deployment_readiness", what, "Run phase-8-deploy.ps1 again, or fill it in.", blocks=True)
    facts = ReadinessFacts(
        fields.name,
        score=score,
        open_critical=worst_of(fields.name, "open CRITICAL issues", critical, float, problems),
        open_high=worst_of(fields.name, "open HIGH issues", high, float, problems),
        uat_approved=phase_7.flag("uat_approved"),
        ci_passing=_ci(fields),
        conflicts=_conflicts(fields),
        documented_decision=said,
    )
    findings = issues.findings + _recommended(fields)
    facts = replace(facts, unusable=unusable(problems))
    return Document(facts, fields.feature_id, tuple(problems), findings)


def _worst(fields: Fields, fact: str, *places: tuple[Section, str]) -> float | None:
    said = [(section.where(key), section.score(key)) for section, key in places]
    return worst_of(fields.name, fact, said, lambda points: -points, fields.problems)


def _decision(fields: Fields, readiness: Section, phase_7: Section) -> str | None:
    """The worse of the two places; READY beside a failed validation is no longer a plain READY."""
    said = [
        (readiness.where("phase_7_status"), readiness.decision("phase_7_status")),
        (phase_7.where("status"), phase_7.decision("status")),
    ]
    taken = worst_of(fields.name, "decision", said, words.badness, fields.problems)
    for key in ("prerequisites_met", "all_validations_passed"):
        if readiness.flag(key) is False:
            fields.note(readiness.where(key), "is false", "The file does not say why: look before going on.")
            if decision_of(taken) is Readiness.READY:
                taken = f"READY, but {key} is false"
    return taken


def _ci(fields: Fields) -> bool | None:
    """Whether CI is green: every place that was filled must say so; a check that is pending is not green yet."""
    status = fields.section("ci_cd_status", {"all_checks_passing": False})
    code = fields.section("prerequisite_validation.code_readiness", _CODE, zero_is_blank=True)
    checks = fields.section("ci_cd_status.checks")
    said = [
        (status.where("all_checks_passing"), status.flag("all_checks_passing")),
        (status.where("last_run_status"), status.flag("last_run_status")),
        (code.where("ci_cd_passing"), code.flag("ci_cd_passing")),
    ]
    # One green check says nothing of CI as a whole; one that is not green does.
    said += [(checks.where(name), False) for name in _CHECKS if checks.flag(name) is False]
    return worst_of(fields.name, "CI checks", said, lambda good: not good, fields.problems)


def _conflicts(fields: Fields) -> bool | None:
    """Whether a merge would meet conflicts. The template's own "none" counts only where CI's part was filled too."""
    defaults = {"conflicts_detected": False, "merge_possible": True}
    merge = fields.section("merge_conflict_check", defaults, filled_with=("ci_cd_status",))
    possible = merge.flag("merge_possible")
    said = [
        (merge.where("conflicts_detected"), merge.flag("conflicts_detected")),
        (merge.where("merge_possible"), None if possible is None else not possible),
        (merge.where("conflicting_files"), True if merge.items("conflicting_files") else None),
    ]
    return worst_of(fields.name, "merge conflicts", said, float, fields.problems)


def _recommended(fields: Fields) -> tuple[Finding, ...]:
    part = fields.section("recommendations", decisive=False)
    return tuple(
        Finding(fields.name, where, Topic.MONITORING, text)
        for key in _RECOMMENDED
        for where, text in part.texts(key)
        if not re.fullmatch(r"\W*(none|n/a)\W*", text, re.IGNORECASE)
    )
