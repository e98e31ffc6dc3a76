"""The test report's UAT sign-off. That tests passed is not that somebody signed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cpr_cockpit.documents import words
from cpr_cockpit.documents.markdown import Shape, Statement, key
from cpr_cockpit.documents.parts import Problem, printable, worst_of
from cpr_cockpit.documents.words import Said, word_set

_ALLOWED = word_set(
    "uat user acceptance testing test tests sign off signoff signed approval approved obtained status result decision",
    "product owner owners stakeholder stakeholders overall from the by and complete completed final received business",
)
_ASKS = word_set("sign signoff signed approval approved obtained decision")
_SIGNING = re.compile(r"\b(approved?|signed|sign-?off|accepted|granted|obtained|rejected|refused)\b", re.IGNORECASE)
_COLUMNS = ("status", "decision", "approval", "approved", "result", "sign off", "signoff", "signed", "outcome")


def read_uat(file: str, said: Sequence[Statement], problems: list[Problem]) -> bool | None:
    """Whether UAT was approved: every sign-off that the report names must be a yes; None where it names none."""
    found: list[tuple[str, bool | None]] = []
    for one in said:
        if not _about(one):
            continue
        text = _text(one)
        answer = _answer(one, text)
        if answer is Said.UNCLEAR:
            what = f'UAT sign-off "{printable(text, 60)}" is neither approved nor refused'
            problems.append(Problem(file, one.where, what, "Allowed: Approved, or Not approved."))
        elif answer in (Said.YES, Said.NO):
            found.append((one.where, answer is Said.YES))
    return worst_of(file, "UAT approval", found, lambda good: not good, problems)


def _about(one: Statement) -> bool:
    """Whether the line is one that a sign-off stands on: by its label (or its text, without one), here or above it."""
    said = set((one.label or key(one.text)).split())
    if not said or not _ALLOWED.issuperset(said - {"not", "yet", "pending"}):
        return False
    if one.shape is Shape.HEADING and not one.value:
        return False
    if "uat" in said or {"user", "acceptance"} <= said:
        return True
    return any("uat" in name.split() or "user acceptance" in name for name in one.section)


def _text(one: Statement) -> str:
    if one.shape is not Shape.ROW:
        return one.value if one.label else one.text
    answer = one.cell(*_COLUMNS)
    if answer is not None:
        return answer
    told = (Said.YES, Said.NO)
    return next((cell for cell in one.cells[1:] if words.approval(cell) in told), "")


def _answer(one: Statement, text: str) -> Said:
    asked = not _ASKS.isdisjoint((one.label or key(one.text)).split())
    if one.ticked is False:
        return Said.NO if asked else Said.BLANK
    if not one.label:
        if words.approval(text) is Said.NO:
            return Said.NO
        surely = one.ticked or one.shape is not Shape.TEXT or words.approval(text) is Said.YES
        return Said.YES if asked and surely and _SIGNING.search(text) else Said.BLANK
    answer = words.approval(text)
    if answer is Said.YES and not asked and not _SIGNING.search(text):
        return Said.BLANK
    if answer is Said.UNCLEAR and not (asked and one.shape is not Shape.ROW) and not _SIGNING.search(text):
        return Said.BLANK
    return answer
