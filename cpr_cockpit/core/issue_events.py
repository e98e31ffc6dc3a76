"""What persons record of a run beside its course: issues, figures of the business, and that its paperwork is closed.

None of it changes anything of the deployment. All of it may also be written after the run's end, into its afterword.
"""

from __future__ import annotations

from typing import Literal

from cpr_cockpit.core.event import Event

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]
Category = Literal["deployment", "performance", "functional", "security", "infrastructure"]
Status = Literal["OPEN", "MONITORING", "RESOLVED"]
Kind = Literal["tickets", "adoption", "engagement", "conversion", "feedback"]


class IssueRecorded(Event):
    """A person met an issue; ``number`` (from 1) is its own for good: ISSUE-001."""

    type: Literal["issue.recorded"] = "issue.recorded"
    number: int
    by: str
    severity: Severity
    title: str
    category: Category = "deployment"
    impact: str = ""
    resolution: str = ""
    status: Status = "OPEN"


class IssueChanged(Event):
    """More is known of an issue; a field that is "" stays as it was."""

    type: Literal["issue.changed"] = "issue.changed"
    number: int
    by: str
    severity: Severity | Literal[""] = ""
    title: str = ""
    category: Category | Literal[""] = ""
    impact: str = ""
    resolution: str = ""
    status: Status | Literal[""] = ""


class FigureTold(Event):
    """A figure of the business after the switch: support tickets, adoption, engagement, conversion, user feedback.

    ``value`` of ``n`` (None: not told; feedback may be words alone), in ``unit`` ("%" or ""). ``words``: where it was
    read, or what was said. ``by``: the person who entered it, or the program where the query ``source`` was read.
    """

    type: Literal["figure.told"] = "figure.told"
    kind: Kind
    by: str
    value: float | None = None
    n: int | None = None
    unit: str = ""
    words: str = ""
    source: str = ""


class RunClosed(Event):
    """The run's paperwork is closed: all ``items`` of its closing checklist stand, ``waived`` of them by a reason.

    ``words``: what the person who closes it has to say.
    """

    type: Literal["run.closed"] = "run.closed"
    by: str
    items: int
    waived: int = 0
    words: str = ""
