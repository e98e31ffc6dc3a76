"""Two sections of the report: the eleven principles with how each was proven, and the closing checklist."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Item
from cpr_cockpit.core.checklists import PRINCIPLES, QUALITY
from cpr_cockpit.core.closing import closing_lists, state_words, why_not
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers import ending
from cpr_cockpit.documents.papers.figures import latencies, new_version
from cpr_cockpit.documents.papers.marks import Marks
from cpr_cockpit.documents.papers.text import field, heading, ms, paragraph, table

_ALL = (*PRINCIPLES.items,)


def compliance(run: Run, marks: Marks) -> list[str]:
    """Each principle: whether it stands, by what value of this run, and what that proves."""
    stand = sum(marks.stands(item) for item in _ALL)
    lines = [*heading(2, "Constitutional Compliance")]
    lines += [field("Principles", f"{stand} of {len(_ALL)} stand; one that is open was not proven in this run"), ""]
    rows = [(item.text, _state(item, marks), _proof(item, run, marks), item.evidence) for item in _ALL]
    return lines + table(("Principle", "State", "Proven in this run by", "What that proves"), rows)


def _state(item: Item, marks: Marks) -> str:
    standing = marks.standings.get(item.key)
    if standing is None:
        return "open"
    return str(standing.mark) if marks.stands(item) else f"{standing.mark}, does not stand"


def _proof(item: Item, run: Run, marks: Marks) -> str:
    if item.key in marks.standings:
        return marks.words(item)
    if item.key == "principles.performance":
        p95 = next((one for one in latencies(run) if one.name == "p95"), None)
        api = ms(p95.value) if p95 is not None and p95.value is not None else "not measured"
        return f"API p95 {api}, limit 200 ms; UI not measured: limit 1 s here, 2 s in step 8"
    return "nothing"


def closing_checklist(run: Run, marks: Marks) -> list[str]:
    """The procedure's 32 items with their marks; after a rollback they do not apply: what follows it stands above."""
    lines = [*heading(2, "Closing Checklist"), field("Run", _closed(run, marks)), ""]
    if closing_lists(run) != QUALITY:
        why = "was rolled back" if ending.ordered_back(run) else "never met users"
        return lines + paragraph(f"The procedure's 32 items do not apply: {new_version(run)} {why}.")
    for one in QUALITY:
        lines += [*heading(3, one.title), *marks.lines(one)]
    return lines


def _closed(run: Run, marks: Marks) -> str:
    words = state_words(run, marks.standings, marks.now)
    return words if words.startswith("closed") else f"NOT CLOSED: {words or why_not(run)}"
