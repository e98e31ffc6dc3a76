"""The course of a run: timeline, steps, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpr_cockpit.core.rows import Moment
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.verdict import percent
from cpr_cockpit.core.workflow import WORKFLOW
from cpr_cockpit.documents.papers.marks import Marks
from cpr_cockpit.documents.papers.text import (
    NOT_MEASURED,
    bare_clock,
    clock,
    day,
    heading,
    ms,
    paragraph,
    span,
    stamp,
    table,
)

_STATUS = {"keep": "GO", "done": "done", "already": "was so already", "note": "note"}


def timeline(run: Run, marks: Marks) -> list[str]:
    """Every moment of the journal in order, and what of the procedure's rows this run did not do."""
    moments = sorted(run.timeline, key=lambda moment: moment.at)
    one_day = len({day(moment.at) for moment in moments}) <= 1
    rows = [(_when(moment, one_day=one_day), moment.what, moment.detail, _status(moment.status)) for moment in moments]
    on = f" on {day(moments[0].at)}" if moments and one_day else ""
    return [
        *heading(2, "Deployment Timeline"),
        *table((f"Time (UTC{on})", "Event", "Detail", "Status"), rows),
        *paragraph(f"Staging deployment (step 5): {_elsewhere(5, marks)}."),
        *paragraph(f"Staging validation (step 6): {_elsewhere(6, marks)}."),
    ]


def _when(moment: Moment, *, one_day: bool) -> str:
    return bare_clock(moment.at) if one_day else stamp(moment.at).removesuffix(" UTC")


def _status(word: str) -> str:
    return _STATUS.get(word, word.replace("_", " ").upper())


def _elsewhere(number: int, marks: Marks) -> str:
    lists = WORKFLOW[number - 1].checklists
    return f"not carried out by this run, so it has no times here; its checklists: {marks.count(lists)}"


def steps(run: Run) -> list[str]:
    """Each step as it went, with what was uncertain about it."""
    rows = [
        (
            row.title,
            row.way,
            "changes" if row.mutates else "reads",
            str(row.attempts),
            _STATUS.get(row.result, row.result.upper()) if row.result else "NO OUTCOME",
            NOT_MEASURED if row.ended_at is None else span(row.seconds),
            "; ".join((*(f"in doubt: {one}" for one in row.doubts), row.words)),
        )
        for row in run.steps
    ]
    if not rows:
        return [*heading(2, "Steps"), *paragraph("None: no step of the plan was begun.")]
    columns = ("Step", "Way", "Kind", "Attempts", "Result", "Time", "What was seen")
    return [*heading(2, "Steps"), *table(columns, rows)]


def verdicts(run: Run) -> list[str]:
    """Every change of the judge's verdict, and the figures that the last one stands on."""
    if not run.verdicts:
        words = "None: the judge speaks from the switch on." if run.t0 is None else "No verdict is in the journal."
        return [*heading(2, "Verdict"), *paragraph(words)]
    rows = [
        (
            bare_clock(at),
            one.kind,
            one.cause or one.rule or "-",
            one.sentence,
        )
        for at, one in run.verdicts
    ]
    at, last = run.verdicts[-1]
    figures = [_figure(one) for one in last.figures]
    lines = [*heading(2, "Verdict"), *table(("Time (UTC)", "Verdict", "Cause or rule", "Sentence"), rows)]
    if figures:
        lines += paragraph(f"Figures of the verdict {last.kind} at {clock(at)}:")
        lines += table(("Figure", "Value", "Limit", "Before", "n", "Age"), figures)
    return lines


def _figure(one: Mapping[str, Any]) -> tuple[str, ...]:
    unit = str(one.get("unit") or "")
    n = one.get("n")
    age = one.get("age_s")
    return (
        str(one.get("name", "no name")),
        _value(one.get("value"), unit, "no data"),
        _value(one.get("limit"), unit, "-"),
        _value(one.get("before"), unit, "-"),
        "-" if n is None else str(n),
        span(age) if isinstance(age, int | float) else "-",
    )


def _value(value: object, unit: str, none: str) -> str:
    if value is None:
        return none
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if unit == "share":
        return percent(value)
    if unit == "ms":
        return ms(value)
    return span(value) if unit == "s" else f"{value:g} {unit}".strip()
