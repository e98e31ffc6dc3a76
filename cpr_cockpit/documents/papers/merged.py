"""The report on step 4: pull requests, merge commits, tag, and who did it."""

from __future__ import annotations

from cpr_cockpit.core.code_run import Code, MergeState, Repository
from cpr_cockpit.core.merging import TITLES
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers.text import heading, paragraph, stamp, table

_COLUMNS = ("Repository", "Pull request", "Merged head", "Merge commit", "Tag", "How it stands")
_SHORT = 12


def merged(run: Run) -> list[str]:
    """What this run merged, or why it did not."""
    code = run.code
    if code.state is MergeState.NONE:
        words = "Not carried out by this run: no repository is known at a Git host. Its checklists stand for it."
        return [*heading(2, "Merge to Main"), *paragraph(words)]
    lines = [*heading(2, "Merge to Main"), *paragraph(_summary(code))]
    lines += table(_COLUMNS, (_row(one) for one in code.repositories.values()))
    flows = [
        f"{one.name} {flow.path} ({flow.on})"
        for one in code.repositories.values()
        if one.looked
        for flow in one.looked.workflows
    ]
    if flows:
        lines += paragraph(f"Workflows that deploy by themselves: {', '.join(flows)}.")
    for at, one in code.chosen:
        because = f", because: {one.reason}" if one.reason else ""
        lines += paragraph(f"Chosen at {stamp(at)} by {one.by}: {one.choice}{because}.")
    return lines


def _summary(code: Code) -> str:
    if code.begun is None:
        return "Not begun by this run; the repositories as they were last looked at:"
    by = ", ".join(dict.fromkeys(code.begun_by))
    words = f": {code.rested.words}" if code.rested is not None else ""
    return f"{str(code.state).upper()}, by {code.begun.method}, begun by {by}{words}."


def _row(one: Repository) -> tuple[str, ...]:
    number = one.number or (one.looked.pull if one.looked else 0)
    url = one.url or (one.looked.url if one.looked else "")
    pull = f"#{number} {url}".rstrip() if number else "none"
    return (
        one.name,
        pull,
        one.head[:_SHORT] or "-",
        one.merged_as[:_SHORT] or "not merged",
        one.fact("tag", "tag") or "not tagged",
        _stands(one),
    )


def _stands(one: Repository) -> str:
    """The step that is in trouble, else the last one that is as it should be."""
    wrong = [row for row in one.rows.values() if not row.good]
    last = [row for row in one.rows.values() if row.good]
    for row in (*wrong, *reversed(last)):
        words = row.words or "NO OUTCOME: look at the host"
        return f"{TITLES[row.step]}: {words}"
    return one.looked.trouble if one.looked is not None and one.looked.trouble else "looked at"
