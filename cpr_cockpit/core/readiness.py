"""The readiness gate: READY, CONDITIONAL or NOT READY, and why.

Source of the limits: the procedure's prerequisites (score of at least 75, all CRITICAL and HIGH issues resolved, UAT
approval, CI green, clean merge) and the framework's own thresholds (ready 90, conditional 75). Scores are points from
0 to 100 and are never rounded. Where documents disagree the worse value counts and the disagreement is reported.
Missing is not healthy: a fact that could block does block as long as nobody knows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Readiness(StrEnum):
    """The gate's answer. NOT READY blocks production; CONDITIONAL needs mitigations and a named approval."""

    READY = "READY"
    CONDITIONAL = "CONDITIONAL"
    NOT_READY = "NOT READY"


@dataclass(frozen=True, slots=True)
class ReadinessFacts:
    """What one source (a document, or CI itself) says; None is what it does not say.

    ``score``: points, 0 to 100; ``open_critical``, ``open_high``: numbers of issues; ``conflicts``: whether a merge
    would meet any; ``documented_decision``: the decision as written; ``unusable``: why the source cannot be relied on
    (missing, truncated, a value that cannot be read), which blocks by itself, whatever other sources say.
    ``principles``: by item, the evidence of each principle that the source marks PASS; the gate does not judge them.
    """

    source: str
    score: float | None = None
    open_critical: int | None = None
    open_high: int | None = None
    uat_approved: bool | None = None
    ci_passing: bool | None = None
    conflicts: bool | None = None
    documented_decision: str | None = None
    unusable: str | None = None
    principles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReadinessRules:
    """Policy: the lowest scores that are READY and CONDITIONAL, and whether CONDITIONAL is refused."""

    ready_from: float = 90.0
    conditional_from: float = 75.0
    require_ready: bool = False


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Sources that disagree on ``fact``: pairs of source and value in words, and the value that the gate took."""

    fact: str
    values: tuple[tuple[str, str], ...]
    taken: str


@dataclass(frozen=True, slots=True)
class ReadinessVerdict:
    """The level, the score that it stands on, and every reason in words.

    ``blockers`` make it NOT READY, ``conditions`` keep it from READY; ``unknown`` names the facts no source gives.
    """

    level: Readiness
    score: float | None
    blockers: tuple[str, ...]
    conditions: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Agreed:
    """The worst of what the sources say."""

    score: float | None
    open_critical: int | None
    open_high: int | None
    uat_approved: bool | None
    ci_passing: bool | None
    conflicts: bool | None
    decision: Readiness | None


_SCORE = "production readiness score"
_CRITICAL = "open CRITICAL issues"
_HIGH = "open HIGH issues"
_UAT = "UAT approval"
_CI = "CI checks"
_CONFLICTS = "merge conflicts"
_DECISION = "documented decision"

_FROM_BEST = (Readiness.READY, Readiness.CONDITIONAL, Readiness.NOT_READY)


def assess(facts: Sequence[ReadinessFacts], rules: ReadinessRules | None = None) -> ReadinessVerdict:
    """Judge what the sources say. No sources at all is NOT READY, with everything unknown.

    A decision that no document states, or that cannot be read, keeps the level from READY without blocking: it is only
    a conclusion, and all that it would be concluded from is asked for by itself.
    """
    rules = rules or ReadinessRules()
    usable, blockers = _possible(facts)
    agreed, contradictions = _agree(usable)
    unknown = tuple(name for name, value in _named(agreed) if value is None)
    bad, middling = _bad_facts(agreed), _score_reasons(agreed.score, rules)
    by_facts = _level_by_facts(agreed.score, bad, middling)
    blockers += [f"{name}: not known" for name in unknown if name != _DECISION]
    blockers += bad + [reason for level, reason in middling if level is Readiness.NOT_READY]
    conditions = [reason for level, reason in middling if level is Readiness.CONDITIONAL] + _unclear_decisions(usable)
    if agreed.decision is Readiness.NOT_READY:
        blockers.append(f"{_DECISION}: NOT READY")
    elif agreed.decision is not Readiness.READY:
        conditions.append(f"{_DECISION}: {agreed.decision or 'not known'}")
    if by_facts is not None and agreed.decision not in (None, by_facts):
        contradictions.append(_against_the_facts(usable, by_facts))
    if rules.require_ready and conditions:
        blockers.append("policy requires READY, and the gate has open conditions")
    level = Readiness.NOT_READY if blockers else Readiness.CONDITIONAL if conditions else Readiness.READY
    return ReadinessVerdict(level, agreed.score, tuple(blockers), tuple(conditions), tuple(contradictions), unknown)


def decision_of(text: str | None) -> Readiness | None:
    """The decision that a document states, in any usual spelling; None for none, or a template's placeholder."""
    return {str(level): level for level in Readiness}.get(" ".join(_words(text)))


def _words(text: str | None) -> list[str]:
    return re.findall(r"[^\W\d_]+", (text or "").upper())


def _possible(facts: Sequence[ReadinessFacts]) -> tuple[list[ReadinessFacts], list[str]]:
    """The facts without impossible numbers, and a reason to block for each source that is not to be trusted."""
    usable, reasons = [], []
    for one in facts:
        if one.unusable:
            reasons.append(f"{one.source}: {one.unusable}")
        score = one.score is None or 0 <= one.score <= 100
        critical = one.open_critical is None or one.open_critical >= 0
        high = one.open_high is None or one.open_high >= 0
        if not score:
            reasons.append(f"{_SCORE}: {one.source} says {one.score}, which is not 0 to 100")
        if not critical:
            reasons.append(f"{_CRITICAL}: {one.source} says {one.open_critical}, which is no count")
        if not high:
            reasons.append(f"{_HIGH}: {one.source} says {one.open_high}, which is no count")
        usable.append(
            replace(
                one,
                score=one.score if score else None,
                open_critical=one.open_critical if critical else None,
                open_high=one.open_high if high else None,
            )
        )
    return usable, reasons


def _agree(facts: Sequence[ReadinessFacts]) -> tuple[_Agreed, list[Contradiction]]:
    found: list[Contradiction] = []

    def worst(
        name: str,
        value: Callable[[ReadinessFacts], T | None],
        badness: Callable[[T], float],
        words: Callable[[T], str],
    ) -> T | None:
        known = [(one.source, said) for one in facts if (said := value(one)) is not None]
        if not known:
            return None
        taken = max((said for _, said in known), key=badness)
        if any(said != taken for _, said in known):
            found.append(Contradiction(name, tuple((source, words(said)) for source, said in known), words(taken)))
        return taken

    agreed = _Agreed(
        score=worst(_SCORE, lambda one: one.score, lambda score: -score, _points),
        open_critical=worst(_CRITICAL, lambda one: one.open_critical, float, str),
        open_high=worst(_HIGH, lambda one: one.open_high, float, str),
        uat_approved=worst(_UAT, lambda one: one.uat_approved, lambda good: not good, _either("approved", "missing")),
        ci_passing=worst(_CI, lambda one: one.ci_passing, lambda good: not good, _either("passing", "failing")),
        conflicts=worst(_CONFLICTS, lambda one: one.conflicts, float, _either("found", "none")),
        decision=worst(_DECISION, lambda one: decision_of(one.documented_decision), _FROM_BEST.index, str),
    )
    return agreed, found


def _worst_level(levels: Iterable[Readiness]) -> Readiness:
    return max(levels, key=_FROM_BEST.index)


def _named(agreed: _Agreed) -> tuple[tuple[str, object], ...]:
    return (
        (_SCORE, agreed.score),
        (_CRITICAL, agreed.open_critical),
        (_HIGH, agreed.open_high),
        (_UAT, agreed.uat_approved),
        (_CI, agreed.ci_passing),
        (_CONFLICTS, agreed.conflicts),
        (_DECISION, agreed.decision),
    )


def _bad_facts(agreed: _Agreed) -> list[str]:
    found = []
    if agreed.open_critical:
        found.append(f"{_CRITICAL}: {agreed.open_critical}")
    if agreed.open_high:
        found.append(f"{_HIGH}: {agreed.open_high}")
    if agreed.uat_approved is False:
        found.append(f"{_UAT}: missing")
    if agreed.ci_passing is False:
        found.append(f"{_CI}: failing")
    if agreed.conflicts:
        found.append(f"{_CONFLICTS}: found")
    return found


def _score_reasons(score: float | None, rules: ReadinessRules) -> list[tuple[Readiness, str]]:
    if score is None or score >= rules.ready_from:
        return []
    low = score < rules.conditional_from
    level, limit = (Readiness.NOT_READY, rules.conditional_from) if low else (Readiness.CONDITIONAL, rules.ready_from)
    return [(level, f"{_SCORE} {_points(score)}: below {_points(limit)}")]


def _level_by_facts(score: float | None, bad: list[str], reasons: list[tuple[Readiness, str]]) -> Readiness | None:
    """What the known facts say without the documents' own decision; None where they are too few to say anything."""
    if bad:
        return Readiness.NOT_READY
    if score is None:
        return None
    return reasons[0][0] if reasons else Readiness.READY


def _unclear_decisions(facts: Sequence[ReadinessFacts]) -> list[str]:
    """Decisions in words of their own ("BLOCKED"). A template's unfilled choice counts as missing, not as unclear."""
    return [
        f"{_DECISION}: {one.source} says {ascii(one.documented_decision)[:40]}, which is not a level"
        for one in facts
        if not {"READY", "CONDITIONAL", "NOT"}.issuperset(_words(one.documented_decision))
    ]


def _against_the_facts(facts: Sequence[ReadinessFacts], by_facts: Readiness) -> Contradiction:
    said = [(one.source, level) for one in facts if (level := decision_of(one.documented_decision)) is not None]
    said.append(("the facts", by_facts))
    taken = _worst_level(level for _, level in said)
    return Contradiction("decision", tuple((source, str(level)) for source, level in said), str(taken))


def _points(score: float) -> str:
    """Every digit that decides: 89.9999 is not shown as 90."""
    return str(int(score)) if float(score).is_integer() else repr(float(score))


def _either(yes: str, no: str) -> Callable[[bool], str]:
    return lambda value: yes if value else no
