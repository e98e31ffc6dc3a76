"""The issues that persons recorded in a run: how they are numbered, what is asked of one, how they fold.

The report's own issues, which follow from the journal, stand beside them (`documents.papers.issues`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, get_args

from cpr_cockpit.core.event import Event
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.issue_events import Category, IssueChanged, IssueRecorded, Severity, Status

SEVERITIES: tuple[str, ...] = get_args(Severity)
CATEGORIES: tuple[str, ...] = get_args(Category)
STATUSES: tuple[str, ...] = get_args(Status)
LONGEST_TITLE = 200
LONGEST_TEXT = 2000
_TEXTS = {"title": LONGEST_TITLE, "impact": LONGEST_TEXT, "resolution": LONGEST_TEXT}
_WORDS = {"severity": SEVERITIES, "category": CATEGORIES, "status": STATUSES}


class IssueError(ValueError):
    """What was asked of an issue is not possible: a sentence that says what is."""


@dataclass(slots=True)
class RecordedIssue:
    """One issue as it stands; ``at`` and ``by``: when it was recorded, and by whom."""

    number: int
    at: float
    by: str
    severity: str
    title: str
    category: str
    impact: str
    resolution: str
    status: str
    changed_at: float | None = None
    changed_by: str = ""

    @property
    def name(self) -> str:
        """``ISSUE-001``."""
        return issue_name(self.number)

    @property
    def line(self) -> str:
        """All of it that fits a line: name, severity, state, title."""
        return f"{self.name} {self.severity} {self.status} {self.category}: {self.title}"


def issue_name(number: int) -> str:
    """``ISSUE-001``, as in the procedure's report."""
    return f"ISSUE-{number:03d}"


def number_of(text: str) -> int:
    """The number that ``ISSUE-001``, ``001`` or ``1`` means; IssueError for anything else."""
    digits = text.strip().upper().removeprefix("ISSUE-")
    if not digits.isdecimal() or not digits.isascii() or len(digits) > 6 or int(digits) == 0:
        raise IssueError(f"{clean(text)[:40]!r} is no number of an issue, such as ISSUE-001, nor a severity.")
    return int(digits)


def recorded(issues: Mapping[int, RecordedIssue], by: str, told: Mapping[str, str]) -> IssueRecorded:
    """The event of a new issue, with the next number; IssueError where severity or title is missing or wrong."""
    fields = _fields(told)
    for name in ("severity", "title"):
        if not fields.get(name):
            raise IssueError(f"An issue needs a {name}{_allowed(name)}.")
    return IssueRecorded.model_validate({"number": max(issues, default=0) + 1, "by": by, **fields})


def changed(issues: Mapping[int, RecordedIssue], by: str, number: int, told: Mapping[str, str]) -> IssueChanged:
    """The event of what is new of an issue; IssueError where there is no such issue, or nothing is new of it."""
    issue = issues.get(number)
    if issue is None:
        there = ", ".join(one.name for one in issues.values()) or "none"
        raise IssueError(f"There is no {issue_name(number)} in this run; there are: {there}.")
    fields = {name: value for name, value in _fields(told).items() if value != getattr(issue, name)}
    if not fields:
        raise IssueError(f"{issue.name} is so already: nothing is new of it.")
    return IssueChanged.model_validate({"number": number, "by": by, **fields})


def told_in(line: str) -> dict[str, str]:
    """What one line tells of an issue: a new one by its severity, one that is there by its number.

    ``low the logo is cut``; ``3 resolved pool restarted``; ``3 impact: nobody could save``; IssueError where it begins
    with neither.
    """
    first, _, rest = line.strip().partition(" ")
    if first.upper() in SEVERITIES:
        return {"severity": first, "title": rest}
    told = {"number": str(number_of(first))}
    word, _, after = rest.strip().partition(" ")
    if word.upper() in STATUSES:
        told["status"], rest = word, after
    name, colon, value = rest.partition(":")
    if colon and name.strip().lower() in (*_TEXTS, "severity", "category"):
        told[name.strip().lower()] = value
    elif rest.strip():
        told["resolution"] = rest
    return told


def _fields(told: Mapping[str, str]) -> dict[str, str]:
    """What was told, cleaned and bounded; a word in whatever case."""
    fields = {name: clean(told.get(name, "")).strip()[:longest] for name, longest in _TEXTS.items()}
    for name, allowed in _WORDS.items():
        word = clean(told.get(name, "")).strip()
        found = next((one for one in allowed if one.lower() == word.lower()), None)
        if word and found is None:
            raise IssueError(f"{word[:40]!r} is no {name} of an issue{_allowed(name)}.")
        fields[name] = found or ""
    return {name: value for name, value in fields.items() if value}


def _allowed(name: str) -> str:
    return f": {', '.join(_WORDS[name])}" if name in _WORDS else ""


# -- folding -----------------------------------------------------------------------------------------------------------


class Folding(Protocol):
    """The Run, as far as this needs it."""

    issues: dict[int, RecordedIssue]

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """A row of the timeline."""


def _recorded(run: Folding, at: float, event: IssueRecorded) -> None:
    issue = RecordedIssue(
        event.number,
        at,
        event.by,
        event.severity,
        event.title,
        event.category,
        event.impact,
        event.resolution,
        event.status,
    )
    run.issues[event.number] = issue
    run.note_moment(at, issue.name, f"{event.severity}: {event.title}, by {event.by}", "note")


def _changed(run: Folding, at: float, event: IssueChanged) -> None:
    issue = run.issues.get(event.number)
    if issue is None:
        return
    news = {name: getattr(event, name) for name in (*_TEXTS, *_WORDS) if getattr(event, name)}
    for name, value in news.items():
        setattr(issue, name, value)
    issue.changed_at, issue.changed_by = at, event.by
    told = "; ".join(f"{name} {value}" for name, value in news.items())
    run.note_moment(at, issue.name, f"{told}, by {event.by}", "note")


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {IssueRecorded: _recorded, IssueChanged: _changed}
