"""A feature's folder: the documents that the gate stands on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.documents import automation_deploy, automation_test, test_report
from cpr_cockpit.documents.parts import Document, Finding, Problem, printable, unusable
from cpr_cockpit.documents.reading import DocumentError, SourceText, read_text
from cpr_cockpit.documents.report_results import Performance, TestResult

_NUMBERED = re.compile(r"[0-9]{4}-[a-z0-9-]+", re.IGNORECASE)
_ISSUE = re.compile(r"[A-Z]{2,12}-[0-9]{1,6}\b")


@dataclass(frozen=True, slots=True)
class FeatureDocuments:
    """What the folder's documents say.

    ``facts``: in the gate's order, one for each document that must be there or is; ``findings``: what to watch;
    ``tests`` and ``performance``: the test report's results.
    """

    facts: tuple[ReadinessFacts, ...]
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    tests: tuple[TestResult, ...]
    performance: Performance


def read_feature(folder: Path) -> FeatureDocuments:
    """Read the folder's documents. Never fails: what cannot be read is a problem, and a fact that blocks the gate."""
    reports: list[test_report.TestReport] = []

    def report(source: SourceText) -> Document:
        reports.append(test_report.read_test_report(source))
        return reports[0].document

    names = _names(folder)
    read = [
        _read(folder, names, automation_deploy.NAME, automation_deploy.read_automation_deploy),
        _read(folder, names, test_report.NAME, report),
    ]
    if _actual(names, automation_test.NAME) is not None:
        read.append(_read(folder, names, automation_test.NAME, automation_test.read_automation_test))
    documents = _of_one_feature(folder, read)
    return FeatureDocuments(
        tuple(one.facts for one in documents),
        tuple(problem for one in documents for problem in one.problems),
        _each_once(finding for one in documents for finding in one.findings),
        reports[0].tests if reports else (),
        reports[0].performance if reports else Performance(),
    )


def _each_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The first of those that name the same issue, or say the same: the documents repeat each other."""
    kept: dict[str, Finding] = {}
    for one in findings:
        issue = _ISSUE.match(one.text)
        kept.setdefault(issue[0] if issue else one.text.casefold(), one)
    return tuple(kept.values())


def _names(folder: Path) -> list[str] | None:
    """The names in the folder; None where it cannot be listed."""
    try:
        return sorted(one.name for one in folder.iterdir())
    except (OSError, ValueError):
        return None


def _actual(names: list[str] | None, wanted: str) -> str | None:
    """The file's name as it is spelled there: some systems do not keep the case."""
    if names is None or wanted in names:
        return wanted if names else None
    return next((name for name in names if name.lower() == wanted), None)


def _read(folder: Path, names: list[str] | None, wanted: str, read: Callable[[SourceText], Document]) -> Document:
    if names is None:
        advice = f"Give the folder that holds {automation_deploy.NAME} and {test_report.NAME}."
        what = f"missing: {printable(str(folder), 120)} is no folder that can be read"
        return _refused(wanted, Problem(wanted, "", what, advice))
    actual = _actual(names, wanted)
    if actual is None:
        near = difflib.get_close_matches(wanted, names, 1, 0.75)
        hint = f" Is it {printable(near[0], 80)}? Then rename it." if near else ""
        return _refused(wanted, Problem(wanted, "", "missing", f"Put it into the feature folder.{hint}"))
    try:
        return read(read_text(folder / actual, wanted))
    except DocumentError as error:
        return _refused(wanted, error.problem)


def _refused(name: str, problem: Problem) -> Document:
    return Document(ReadinessFacts(name, unusable=unusable([problem])), None, (problem,), ())


def _folder_name(folder: Path) -> str:
    """The folder's own name, also where it is given as "." or as a link."""
    try:
        return folder.resolve().name
    except (OSError, ValueError, RuntimeError):
        return folder.name


def _of_one_feature(folder: Path, documents: list[Document]) -> list[Document]:
    """Papers of another feature must not open this one's gate: they block, and say so."""
    name = _folder_name(folder)
    named = name if _NUMBERED.fullmatch(name) else None
    feature = named or next((one.feature for one in documents if one.feature), None)
    checked = []
    for one in documents:
        if feature and one.feature and one.feature.lower() != feature.lower():
            what = f"is about {printable(one.feature, 80)}, not {printable(feature, 80)}"
            problems = (*one.problems, Problem(one.facts.source, "", what, "Put this feature's own document there."))
            checked.append(replace(one, problems=problems, facts=replace(one.facts, unusable=unusable(problems))))
        else:
            checked.append(one)
    return checked
