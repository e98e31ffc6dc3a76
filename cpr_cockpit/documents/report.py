"""``deployment-report.md``: every section of the procedure's step 12, all of it from the journal."""

from __future__ import annotations

from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers import afterwards, closing, course, head, merged, validation
from cpr_cockpit.documents.papers.marks import Marks


def render_report(run: Run) -> str:
    """The report's text; what was not measured says so, and what does not apply says why."""
    marks = Marks.of(run)
    parts = [
        *head.head(run),
        *head.key_metrics(run),
        *course.timeline(run, marks),
        *merged.merged(run),
        *course.steps(run),
        *course.verdicts(run),
        *validation.validation(run, marks),
        *afterwards.issue_sections(run),
        *afterwards.rollback_capability(run),
        *afterwards.monitoring_plan(run, marks),
        *closing.communication(run, marks),
        *closing.lessons(run, marks),
        *closing.sign_off(run, marks),
    ]
    return "\n".join(line.rstrip(" ") if not line.startswith("**") else line for line in parts).rstrip() + "\n"
