"""The ``issues`` part of the framework's JSON files: how many CRITICAL and HIGH ones are open, and what to watch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cpr_cockpit.documents.json_fields import Fields, Section
from cpr_cockpit.documents.parts import Finding, Topic

_ZEROS = {"critical": 0, "high": 0, "medium": 0, "low": 0}
_GONE = frozenset({"FIXED", "RESOLVED", "CLOSED", "DONE", "VERIFIED"})


@dataclass(frozen=True, slots=True)
class Issues:
    """Numbers of open issues (None: not said) and what is open, as findings."""

    critical: int | None
    high: int | None
    findings: tuple[Finding, ...]


def read_issues(fields: Fields) -> Issues:
    """Count what is open: the totals by severity, less those that the details call fixed. Deferred is not fixed."""
    totals = fields.section("issues.by_severity", _ZEROS)
    details = [one for one in fields.section("issues").items("details") if isinstance(one, Section)]
    return Issues(
        _open(fields, "critical", totals, details), _open(fields, "high", totals, details), _watched(fields, details)
    )


def _open(fields: Fields, severity: str, totals: Section, details: list[Section]) -> int | None:
    listed = [one for one in details if _severity(one) == severity.upper()]
    total = totals.count(severity)
    if total is None and not listed:
        return None
    gone = sum(_gone(one) for one in listed)
    still = max((total or 0) - gone, len(listed) - gone, 0)
    if total is not None and listed and total != len(listed):
        what = f"says {total}, and $.issues.details lists {len(listed)}"
        fields.note(totals.where(severity), f"{what}: {still} open taken", "Make them say the same.")
    return 0 if still and len(listed) == gone and _all_settled(fields, total or 0) else still


def _all_settled(fields: Fields, total: int) -> bool:
    """Whether the summary by status says that nothing is left open: the totals then count what was found."""
    status = fields.section("issues.by_status", {"open": 0, "fixed": 0, "deferred": 0})
    fixed = status.count("fixed") or 0
    return status.count("open") == 0 and not status.count("deferred") and fixed >= total > 0


def _severity(issue: Section) -> str:
    return (issue.word("severity") or issue.word("priority") or "").upper()


def _gone(issue: Section) -> bool:
    words = re.findall(r"[A-Z]+", (issue.word("status") or "").upper())
    return bool(_GONE.intersection(words)) and not {"NOT", "PARTIALLY", "PARTLY"}.intersection(words)


def _watched(fields: Fields, details: list[Section]) -> tuple[Finding, ...]:
    found = [
        Finding(fields.name, one.path, Topic.ISSUE, one.in_words())
        for one in details
        if not _gone(one) and one.in_words()
    ]
    return tuple(found)
