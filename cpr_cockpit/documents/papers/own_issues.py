"""The issues that persons recorded in a run, added to those that the file's ``issues`` part has already."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from cpr_cockpit.core.issues import CATEGORIES, SEVERITIES, RecordedIssue
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers.json_edit import value_at
from cpr_cockpit.documents.papers.plain import iso


def own_issues(text: str, run: Run) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Paths and values: the details behind those that are there, the counts raised by as many. EditRefused.

    Nothing where nobody recorded one: what the framework found before the deployment stays as it is. A count that is
    no number, and details that are no list, are left alone.
    """
    if not run.issues:
        return
    details = _value(text, "details", [])
    if isinstance(details, list):
        taken = {one.get("id") for one in details if isinstance(one, dict)}
        yield ("issues", "details"), [*details, *(_detail(one, taken) for one in run.issues.values())]
    for part, names, field in (("by_severity", SEVERITIES, "severity"), ("by_category", CATEGORIES, "category")):
        for name in names:
            more = sum(1 for one in run.issues.values() if getattr(one, field) == name)
            before = _value(text, part, name.lower(), 0)
            if more and isinstance(before, int):
                yield ("issues", part, name.lower()), before + more


def _value(text: str, *path: Any) -> Any:
    *names, default = path
    try:
        return value_at(text, ("issues", *names))
    except KeyError:
        return default


def _detail(one: RecordedIssue, taken: Collection[Any]) -> dict[str, Any]:
    """As the framework's own; an id that stands there for another issue gets the phase behind it."""
    return {
        "id": f"{one.name}-deploy" if one.name in taken else one.name,
        "severity": one.severity,
        "category": one.category,
        "title": one.title,
        "impact": one.impact,
        "resolution": one.resolution,
        "status": one.status,
        "recorded_by": one.by,
        "recorded_at": iso(one.at),
    }
