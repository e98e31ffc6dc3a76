"""How many CRITICAL and HIGH issues the test report leaves open: from labels, tables, lists and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cpr_cockpit.documents import words
from cpr_cockpit.documents.markdown import Shape, Statement, key
from cpr_cockpit.documents.parts import Finding, Problem, Topic, printable, worst_of
from cpr_cockpit.documents.words import Unclear, word_set

SEVERITIES = ("critical", "high")
_AROUND = word_set("open remaining unresolved outstanding issues issue priority severity defects bugs count number of")
_NOTHING = word_set(
    "no open critical high medium low or and issues issue priority severity found remaining remain encountered during",
    "testing deployment identified outstanding unresolved detected were defects known",
)
_GONE = re.compile(r"\b(fixed|resolved|closed|done|verified)\b", re.IGNORECASE)
_NOT_GONE = re.compile(
    r"\b(not|un|never|partially|partly|to be)\b.{0,12}\b(fixed|resolved|closed|done|verified)\b", re.IGNORECASE
)
_SEVERITY = r"(critical|high)(?:[- ](?:priority|severity))?"
_BESIDE = re.compile(rf"\b([0-9]{{1,6}})\s+{_SEVERITY}\b", re.IGNORECASE)
_BEFORE = re.compile(r"\b(critical|high)\s*[:=]\s*([0-9]{1,6})\b", re.IGNORECASE)
_OPEN_BESIDE = re.compile(rf"\b([0-9]{{1,6}})\s+(?:open|unresolved|outstanding)\s+{_SEVERITY}\b", re.IGNORECASE)
_STAY_OPEN = re.compile(
    rf"\b([0-9]{{1,6}})\s+{_SEVERITY}\s+issues?\s+(?:is |are |still )*(?:open|remain|remains|unresolved|outstanding)\b",
    re.IGNORECASE,
)
_OPEN = ("open", "open issues", "remaining", "unresolved", "outstanding", "still open")
_TOTAL = ("count", "total", "number", "found", "issues", "amount", "quantity")
_SETTLED = ("fixed", "resolved", "closed")


@dataclass(frozen=True, slots=True)
class _Count:
    where: str
    severity: str
    number: int


def read_open(file: str, said: Sequence[Statement], problems: list[Problem]) -> tuple[int | None, int | None]:
    """Numbers of open CRITICAL and HIGH issues; the worst where places differ, None where nothing states them.

    Vulnerabilities count too, but that there are none does not say that there are no issues.
    """
    counts = [*_labelled(file, said, problems), *_tables(file, said, problems), *_listed(said), *_denied(said)]
    counts += [*_under_headings(file, said, problems), *_in_sentences(said)]
    taken = []
    for severity in SEVERITIES:
        known: list[tuple[str, int | None]] = [(one.where, one.number) for one in counts if one.severity == severity]
        taken.append(worst_of(file, f"open {severity.upper()} issues", known, float, problems))
    return taken[0], taken[1]


def vulnerabilities(one: Statement) -> bool:
    """Whether the line speaks of vulnerabilities instead of issues."""
    return any(re.search(r"security|vulnerab", name) for name in (*one.section[1:], one.label, *one.header))


def _counted(file: str, one: Statement, severity: str, text: str, problems: list[Problem]) -> Iterator[_Count]:
    try:
        number = words.open_count(text)
    except Unclear:
        what = f'number of {severity.upper()} issues "{printable(text, 60)}" cannot be read'
        problems.append(Problem(file, one.where, what, "Allowed: a number or None."))
        return
    if number is not None and (number or not vulnerabilities(one)):
        yield _Count(one.where, severity, number)


def _severity_in(label: str) -> str | None:
    """The one severity of a label such as "open critical issues"; None for others, "total critical" among them."""
    said = set(label.split())
    named = [severity for severity in SEVERITIES if severity in said]
    return named[0] if len(named) == 1 and _AROUND.issuperset(said - {named[0]}) else None


def _labelled(file: str, said: Sequence[Statement], problems: list[Problem]) -> Iterator[_Count]:
    """Lines such as "Critical Issues: 0", "- HIGH: None", "### High Priority Issues (2)", "## Issues: NONE"."""
    for one in said:
        if one.shape is Shape.ROW or one.ticked is False:
            continue
        numbered = re.fullmatch(r"(.*\D)\(([0-9]{1,6})\)", one.text) if one.shape is Shape.HEADING else None
        label, value = (key(numbered[1]), numbered[2]) if numbered else (one.label, one.value)
        severity = _severity_in(label)
        if severity and value and _countable(label, one, value):
            yield from _counted(file, one, severity, value, problems)
        elif label in ("issues", "open issues") and re.fullmatch(r"\W*none\W*", value, re.IGNORECASE):
            yield from (_Count(one.where, severity, 0) for severity in SEVERITIES)


def _countable(label: str, one: Statement, value: str) -> bool:
    """A bare "High: ..." counts issues only where issues are spoken of, or where a number follows."""
    return (
        len(label.split()) > 1
        or "issue" in " ".join(one.section)
        or re.match(r"\W*([0-9]|none)", value, re.IGNORECASE) is not None
    )


def _in_sentences(said: Sequence[Statement]) -> Iterator[_Count]:
    """Numbers with their severity beside them: "Issues: 0 critical, 1 high", "2 HIGH issues remain open"."""
    for one in said:
        if one.shape is Shape.ROW or one.ticked is False or vulnerabilities(one):
            continue
        spoken = set(one.label.split())
        for number, severity in _OPEN_BESIDE.findall(one.text) or _STAY_OPEN.findall(one.text):
            yield _Count(one.where, severity.lower(), int(number))
        if "issues" not in spoken or not _AROUND.issuperset(spoken - {"found", "total"}):
            continue
        pairs = list(_BESIDE.findall(one.value))
        pairs += [(number, severity) for severity, number in _BEFORE.findall(one.value)]
        for number, severity in pairs:
            # What was found may have been fixed since: only that nothing was found says that nothing is open.
            if int(number) == 0 or spoken.isdisjoint({"found", "total"}):
                yield _Count(one.where, severity.lower(), int(number))


def _tables(file: str, said: Sequence[Statement], problems: list[Problem]) -> Iterator[_Count]:
    """Rows that begin with a severity, and tables whose columns are severities."""
    for one in said:
        if one.shape is not Shape.ROW:
            continue
        severity = _severity_in(one.label)
        if severity:
            yield from _counted(file, one, severity, _row_count(one), problems)
        elif set(SEVERITIES) <= set(one.header) and _row_is_open(one):
            for name in SEVERITIES:
                yield from _counted(file, one, name, one.cell(name) or "", problems)


def _row_count(one: Statement) -> str:
    still = one.cell(*_OPEN)
    if still is not None:
        return still
    total, settled = one.cell(*_TOTAL), one.cell(*_SETTLED)
    if total is None:
        return next((cell for cell in one.cells[1:] if cell), "")
    return f"{total} found, {settled} fixed" if settled and settled.strip().isdigit() else total


def _row_is_open(one: Statement) -> bool:
    first = one.header[0] if one.header else ""
    return first in SEVERITIES or not re.search(r"\b(fixed|resolved|closed|total|found)\b", one.label)


def _listed(said: Sequence[Statement]) -> Iterator[_Count]:
    """Tables of issues with a column for the severity: one that is not called fixed is open."""
    tables: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Statement]] = {}
    for one in said:
        if one.shape is Shape.ROW and "severity" in one.header[1:]:
            tables.setdefault((one.section, one.header), []).append(one)
    for rows in tables.values():
        for severity in SEVERITIES:
            named = [row for row in rows if key(row.cell("severity") or "").split()[:1] == [severity]]
            still = [row for row in named if not _settled(row.cell("status", "state", "resolution") or "")]
            if named:
                yield _Count((still or named)[0].where, severity, len(still))


def _denied(said: Sequence[Statement]) -> Iterator[_Count]:
    """What "no critical or high issues remain" denies; anything more in the sentence makes it say something else."""
    for one in said:
        named = key(one.text).split()
        if named[:1] != ["no"] or one.ticked is False or not _NOTHING.issuperset(named):
            continue
        if not vulnerabilities(one):
            yield from (_Count(one.where, severity, 0) for severity in SEVERITIES if severity in named)


def _under_headings(file: str, said: Sequence[Statement], problems: list[Problem]) -> Iterator[_Count]:
    """A heading such as "Critical Issues" with "None" or a list below it; what is called resolved is not open."""
    for place, one in enumerate(said):
        severity = _severity_in(key(one.text)) if one.shape is Shape.HEADING else None
        if severity is None:
            continue
        below = []
        for other in said[place + 1 :]:
            if other.shape is Shape.HEADING:
                break
            below.append(other)
        if not below or any(other.shape is Shape.ROW for other in below):
            continue
        if re.match(r"\W*(none|no|nil|0|n/a)\b", below[0].text, re.IGNORECASE) and len(_entries(below)) <= 1:
            number: int | None = 0
        else:
            number = sum(not done for _, done in _entries(below)) if _entries(below) else None
        if number is None:
            what = f"what stands under the heading on {severity.upper()} issues cannot be counted"
            problems.append(Problem(file, below[0].where, what, "Allowed: None, or a list of the issues."))
        elif number or not vulnerabilities(one):
            yield _Count(one.where, severity, number)


def _entries(below: Sequence[Statement]) -> list[tuple[Statement, bool]]:
    """The outer list items, each with whether it, or a line of its own, calls it settled."""
    items = [one for one in below if one.shape is Shape.ITEM]
    if not items:
        return []
    outer = min(one.indent for one in items)
    found: list[tuple[Statement, bool]] = []
    for one in below:
        if one.shape is Shape.ITEM and one.indent == outer:
            found.append((one, _settled(one.text)))
        elif found and (one.label == "status" and _settled(one.value)):
            found[-1] = (found[-1][0], True)
    return found


def _settled(text: str) -> bool:
    return _GONE.search(text) is not None and _NOT_GONE.search(text) is None


def known_issues(file: str, said: Sequence[Statement]) -> list[Finding]:
    """Issues of any severity that are still open, from tables and from lists below headings that speak of issues."""
    found = []
    for place, one in enumerate(said):
        if one.shape is Shape.ROW and "severity" in one.header[1:]:
            if not _settled(one.cell("status", "state", "resolution") or "") and not words.blank(one.value):
                found.append(Finding(file, one.where, Topic.ISSUE, printable(one.text)))
        elif one.shape is Shape.HEADING and re.search(r"\bissues\b|\blimitations\b", key(one.text)):
            end = next((at for at in range(place + 1, len(said)) if said[at].shape is Shape.HEADING), len(said))
            for entry, done in _entries(said[place + 1 : end]):
                if not done and not _says_nothing(entry):
                    found.append(Finding(file, entry.where, Topic.ISSUE, printable(entry.text)))
    return found


def _says_nothing(one: Statement) -> bool:
    counted = _severity_in(one.label) or one.label in ("medium", "low", "total", "medium issues", "low issues")
    return (
        bool(counted) or re.match(r"\W*(none|no|n/a)\b", one.text, re.IGNORECASE) is not None or words.blank(one.text)
    )
