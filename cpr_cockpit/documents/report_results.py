"""What the test report says was measured, and what it wants watched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cpr_cockpit.documents import words
from cpr_cockpit.documents.markdown import Shape, Statement, key
from cpr_cockpit.documents.parts import Finding, Topic, printable


@dataclass(frozen=True, slots=True)
class TestResult:
    """Numbers of tests of one kind; None is what the report does not say."""

    __test__ = False

    name: str
    line: int
    total: int | None
    passed: int | None
    failed: int | None


@dataclass(frozen=True, slots=True)
class Performance:
    """Measured by the test phase: milliseconds, seconds for the UI, errors in percent. None: not said."""

    api_p50_ms: float | None = None
    api_p95_ms: float | None = None
    api_p99_ms: float | None = None
    ui_load_s: float | None = None
    error_rate_percent: float | None = None


_TARGETS = {"api_p50_ms": 100.0, "api_p95_ms": 200.0, "api_p99_ms": 500.0, "ui_load_s": 2.0, "error_rate_percent": 1.0}
_KINDS = re.compile(r"\b(integration|e2e|end to end)\b")
_MEASURES = (
    (re.compile(r"\bp50\b|\bmedian\b"), "api_p50_ms"),
    (re.compile(r"\bp95\b"), "api_p95_ms"),
    (re.compile(r"\bp99\b"), "api_p99_ms"),
    (re.compile(r"\b(ui|page)( page)? load( time)?\b|^initial page load$"), "ui_load_s"),
    (re.compile(r"\berror rate\b"), "error_rate_percent"),
)
_AMOUNT = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,6})?)\s*(ms|milliseconds|s|sec|seconds|%)(?![a-z])", re.IGNORECASE)
_SHARE = re.compile(r"([0-9]{1,6})\s*(?:/|of|out of)\s*([0-9]{1,6})(?![0-9])", re.IGNORECASE)
_WATCHED = (
    (re.compile(r"\bmonitoring\b|\bwatch\b"), Topic.MONITORING),
    (re.compile(r"^conditions?\b|\bmitigations?\b"), Topic.CONDITION),
    (re.compile(r"\bblockers?\b"), Topic.BLOCKER),
    (re.compile(r"\bconcerns\b"), Topic.UAT),
)


def read_tests(said: Sequence[Statement]) -> tuple[TestResult, ...]:
    """Integration and end-to-end results: "45/45 passed", "44 passed, 1 failed", or a table's columns."""
    found = []
    for one in said:
        if not one.label or not _KINDS.search(one.label) or one.ticked is False:
            continue
        total, passed, failed = _from_row(one) if one.shape is Shape.ROW else _from_text(one.value)
        if total is None and passed is not None and failed is not None:
            total = passed + failed
        if failed is None and total is not None and passed is not None and total >= passed:
            failed = total - passed - _skipped(one)
        if (total, passed, failed) != (None, None, None):
            found.append(TestResult(printable(one.label, 80), one.line, total, passed, failed))
    return tuple(found)


def _from_row(one: Statement) -> tuple[int | None, int | None, int | None]:
    columns = (
        ("total", "tests", "total tests", "count", "executed"),
        ("passed", "pass"),
        ("failed", "fail", "failures"),
    )
    total, passed, failed = (_whole(one.cell(*names)) for names in columns)
    return (total, passed, failed) if (total, passed, failed) != (None, None, None) else _from_text(one.value)


def _from_text(text: str) -> tuple[int | None, int | None, int | None]:
    share = _SHARE.search(text)
    if share:
        return int(share[2]), int(share[1]), None
    counts = {
        word.lower(): int(number)
        for number, word in re.findall(r"\b([0-9]{1,6})\s+(passed|failed|total|tests)\b", text, re.IGNORECASE)
    }
    return counts.get("total", counts.get("tests")), counts.get("passed"), counts.get("failed")


def _skipped(one: Statement) -> int:
    told = re.search(r"\b([0-9]{1,6})\s+skipped\b", one.value, re.IGNORECASE)
    return _whole(one.cell("skipped")) or (int(told[1]) if told else 0)


def _whole(text: str | None) -> int | None:
    return int(text.strip()) if text and re.fullmatch(r"\s*[0-9]{1,6}\s*", text) else None


def read_performance(said: Sequence[Statement]) -> Performance:
    """The measured values; where a measure stands twice the worse one. Targets and limits are no measurements."""
    worst: dict[str, float] = {}
    for one in said:
        name = next((field for pattern, field in _MEASURES if pattern.search(one.label)), None)
        if name is None or re.search(r"\btarget\b|\blimit\b|\bthreshold\b|\bimpact\b", one.label):
            continue
        amount = _measured(one, name)
        if amount is not None:
            worst[name] = max(amount, worst.get(name, 0.0))
    return Performance(**worst)


def _measured(one: Statement, name: str) -> float | None:
    if one.shape is Shape.ROW:
        named = one.cell("actual", "measured", "value", "result", "current")
        text = named if named is not None else next((cell for cell in one.cells[1:] if _AMOUNT.match(cell)), "")
    else:
        text = one.value
    found = _AMOUNT.match(re.sub(r"^[^\w<>≥≤]+", "", text))
    if found is None:
        return None
    amount, unit = float(found[1].replace(",", ".")), found[2].lower()
    if name.endswith("_percent"):
        return amount if unit == "%" else None
    if unit == "%":
        return None
    in_ms = amount if unit.startswith("m") else amount * 1000
    return in_ms / 1000 if name.endswith("_s") else in_ms


def findings_of(
    file: str, said: Sequence[Statement], tests: Sequence[TestResult], performance: Performance
) -> list[Finding]:
    """What becomes a monitoring priority: failed tests, missed targets, and the lists that ask for watching."""
    found = [
        Finding(file, f"line {one.line}", Topic.TESTS, f"{one.name}: {one.failed} failed")
        for one in tests
        if one.failed
    ]
    for name, target in _TARGETS.items():
        value: float | None = getattr(performance, name)
        if value is not None and value > target:
            field, unit = name.rsplit("_", 1)
            unit = "%" if unit == "percent" else unit
            text = f"{field.replace('_', ' ')} was {value:g} {unit} in the tests, target {target:g} {unit}"
            found.append(Finding(file, "", Topic.PERFORMANCE, text))
    return found + _asked(file, said)


def _asked(file: str, said: Sequence[Statement]) -> list[Finding]:
    found = []
    for one in said:
        above = one.section[-1] if one.section else ""
        topic = next((topic for pattern, topic in _WATCHED if pattern.search(above)), None)
        if topic is not None and one.shape is Shape.ITEM and not _nothing(one):
            found.append(Finding(file, one.where, topic, printable(one.text)))
    return found


def _nothing(one: Statement) -> bool:
    return words.blank(one.text) or key(one.text) in ("none", "n a", "no")
