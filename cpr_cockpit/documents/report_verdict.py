"""The test report's readiness score and decision, however they are spelled."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cpr_cockpit.core.readiness import Readiness, decision_of
from cpr_cockpit.documents import words
from cpr_cockpit.documents.markdown import Shape, Statement, key
from cpr_cockpit.documents.parts import Problem, printable, worst_of
from cpr_cockpit.documents.words import Unclear, word_set

_SCORE = frozenset(
    {
        "production readiness score",
        "readiness score",
        "overall score",
        "total score",
        "production readiness",
        "production score",
        "overall readiness score",
    }
)
_BARE_SCORE = frozenset({"score", "total", "overall", "readiness", "grand total"})
_DECISION = frozenset(
    {
        "decision",
        "production readiness decision",
        "readiness decision",
        "deployment decision",
        "production decision",
        "overall decision",
        "go no go",
        "go no go decision",
        "production readiness status",
        "readiness status",
        "readiness level",
        "deployment readiness",
        "readiness",
    }
)
_WEAK_DECISION = frozenset(
    {"status", "overall status", "recommendation", "production readiness", "verdict", "result", "conclusion", "summary"}
)
_GENERAL = word_set("summary overview readiness decision overall conclusion verdict score")
_SPECIAL = word_set(
    "accessibility performance security coverage lighthouse review uat acceptance integration e2e usability staging",
    "environment load template example legend criteria scale threshold thresholds",
)
_POINTS = ("score", "points", "actual", "earned", "result", "value", "achieved")
_MOST = ("max", "max points", "maximum", "max score", "out of", "possible", "weight")
_LEADING = re.compile(r"^(?:the|our|final|calculated|current|actual) ")
_DENIED = re.compile(
    r"^(?!.*\bif\b).*\b(?:feature|release|version|product|application|it) is (?:currently |still )?not[ _]ready\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"[<>≥≤]")


def read_score(file: str, said: Sequence[Statement], problems: list[Problem]) -> float | None:
    """Points of 100; the worst where several places state it, None where none does."""
    title = _title(said)
    found: list[tuple[str, float | None]] = []
    for one in said:
        text = _score_text(one, title)
        if text is None or _COMPARED.match(text.lstrip()) or one.ticked is False:
            continue
        try:
            found.append((one.where, words.score(text)))
        except Unclear:
            what = f'readiness score "{printable(text, 60)}" cannot be read'
            problems.append(Problem(file, one.where, what, "Allowed: points of 100, such as 85/100, 85 % or 85."))
    return worst_of(file, "readiness score", found, lambda points: -points, problems)


def _score_text(one: Statement, title: str) -> str | None:
    label = _LEADING.sub("", one.label)
    if label in _SCORE:
        wanted = True
    elif label in _BARE_SCORE:
        in_table = one.shape is not Shape.ROW or any(column in _POINTS for column in one.header)
        wanted = in_table and (label == "score" or _about_readiness(one)) and _general(one, title)
    else:
        wanted = False
    if not wanted:
        return None
    text = _points_of_row(one) if one.shape is Shape.ROW else one.value
    if label == "production readiness" and not re.search(r"[0-9]", text):
        return None
    return text


def _points_of_row(one: Statement) -> str:
    points = one.cell(*_POINTS)
    if points is None:
        points = next((cell for cell in one.cells[1:] if cell), "")
    most = one.cell(*_MOST)
    plain_number = re.fullmatch(r"[0-9.,]+", points.strip()) and most and re.fullmatch(r"[0-9.,]+", most.strip())
    return f"{points}/{most}" if plain_number else points


def _about_readiness(one: Statement) -> bool:
    return bool(one.section) and not {"readiness", "score"}.isdisjoint(one.section[-1].split())


def _title(said: Sequence[Statement]) -> str:
    return next((key(one.text) for one in said if one.shape is Shape.HEADING), "")


def _general(one: Statement, title: str) -> bool:
    """Whether a line stands where a report speaks of itself as a whole: under its title, a summary, a decision."""
    if not one.section:
        return True
    if any(not _SPECIAL.isdisjoint(name.split()) for name in one.section[1:]):
        return False
    here = one.section[-1]
    return (here == title and _SPECIAL.isdisjoint(here.split())) or not _GENERAL.isdisjoint(here.split())


def read_decision(file: str, said: Sequence[Statement], problems: list[Problem]) -> str | None:
    """The level in its usual spelling, the words as written where they are none, None where nothing states one."""
    title = _title(said)
    found: list[tuple[str, str | None]] = []
    for one in said:
        text = _decision_text(one, title)
        if text is not None:
            found.append((one.where, words.decision(text)))
    if all(text is None for _, text in found):
        found = _below_headings(said)
    found += [
        (one.where, str(Readiness.NOT_READY)) for one in said if _DENIED.search(one.text) and _general(one, title)
    ]
    return worst_of(file, "decision", found, words.badness, problems)


def _decision_text(one: Statement, title: str) -> str | None:
    label = _LEADING.sub("", one.label)
    if one.shape is Shape.ROW:
        value = one.cell("decision", "status", "result", "value") or next((cell for cell in one.cells[1:] if cell), "")
    else:
        value = one.value
    levelled = re.search(r"\b(READY|CONDITIONAL|NOT_READY)", value.upper()) is not None
    if not value or one.ticked is False:
        return None
    if label in _DECISION and (levelled or label not in ("readiness", "deployment readiness")):
        return value if levelled or _general(one, title) else None
    return value if label in _WEAK_DECISION and levelled and _general(one, title) else None


def _below_headings(said: Sequence[Statement]) -> list[tuple[str, str | None]]:
    """Levels that stand alone on a line below a heading on the decision, or as a heading. All three are a legend."""
    alone = []
    levels = set()
    for one in said:
        under = bool(one.section) and not {"decision", "readiness", "verdict"}.isdisjoint(one.section[-1].split())
        if not under or one.shape is Shape.ROW or one.ticked is False or _COMPARED.search(one.text):
            continue
        text = words.decision(one.text)
        level = decision_of(one.label) or decision_of(text)
        if level is not None:
            levels.add(level)
            alone.append((one, text))
    chosen = [(one.where, text) for one, text in alone if one.ticked]
    if chosen:
        return chosen
    return [(one.where, text) for one, text in alone] if len(levels) < 3 else []
