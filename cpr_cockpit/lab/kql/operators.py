"""The operators of the language: which types they take, what they answer, as Microsoft's own parser has it."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from cpr_cockpit.lab.kql import errors
from cpr_cockpit.lab.kql.bound import Bound, lift, lift_with_nulls

NUMBERS = ("int", "long", "real")
_ORDERED = (*NUMBERS, "bool", "datetime", "timespan")
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MEMBERSHIP = ("in", "in~")
_CASELESS = {"=~": True, "!~": False}


def apply(name: str, operands: Sequence[Bound]) -> Bound:
    """The operator `name` over its operands. Raises KqlError for types it is not defined for."""
    positive = name.removeprefix("!") if name not in ("!=", "!~") else name
    if positive in MEMBERSHIP:
        return _negated(name, _member(positive, operands))
    if name in _ANY_OF:
        return _any_of(name, operands)
    if name == "matches regex":
        return _matches(*operands)
    if positive == "between":
        return _negated(name, _between(operands))
    if name in ("and", "or"):
        return _logic(name, operands)
    if name in _COMPARE:
        return _comparison(name, *operands)
    if name in _CASELESS:
        return _caseless(name, *operands)
    if positive in _TEXT:
        return _negated(name, _text(positive, *operands))
    if name == "negate":
        return _negation(operands[0])
    return _arithmetic(name, *operands)


def _negated(name: str, bound: Bound) -> Bound:
    return lift("bool", operator.not_, [bound]) if name.startswith("!") else bound


def comparable(left: str, right: str) -> bool:
    """Whether `==` is defined between the two types."""
    numbers = (*NUMBERS, "bool")
    return left == right != "dynamic" or (left in numbers and right in numbers)


def _comparison(name: str, left: Bound, right: Bound) -> Bound:
    ordered = name not in ("==", "!=")
    if not comparable(left.type, right.type) or (ordered and left.type not in _ORDERED):
        raise errors.wrong_types(name, left.type, right.type)
    return lift("bool", _COMPARE[name], [left, right])


def _caseless(name: str, left: Bound, right: Bound) -> Bound:
    _strings(name, left, right)
    same = _CASELESS[name]
    return lift("bool", lambda a, b: (a.casefold() == b.casefold()) is same, [left, right])


def _strings(name: str, *operands: Bound) -> None:
    if any(operand.type != "string" for operand in operands):
        raise errors.wrong_types(name, *(operand.type for operand in operands))


def _logic(name: str, operands: Sequence[Bound]) -> Bound:
    if any(operand.type != "bool" for operand in operands):
        raise errors.wrong_types(name, *(operand.type for operand in operands))
    decisive = name == "or"

    def three_valued(left: bool | None, right: bool | None) -> bool | None:
        if left is decisive or right is decisive:
            return decisive
        return None if left is None or right is None else not decisive

    return lift_with_nulls("bool", three_valued, operands)


@cache
def _term(text: str, *, exact: bool) -> re.Pattern[str]:
    flags = re.NOFLAG if exact else re.IGNORECASE
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])", flags)


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "has": lambda text, part: _term(part, exact=False).search(text) is not None,
    "has_cs": lambda text, part: _term(part, exact=True).search(text) is not None,
    "contains": lambda text, part: part.casefold() in text.casefold(),
    "contains_cs": lambda text, part: part in text,
    "startswith": lambda text, part: text.casefold().startswith(part.casefold()),
    "startswith_cs": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.casefold().endswith(part.casefold()),
    "endswith_cs": lambda text, part: text.endswith(part),
}


def _text(name: str, left: Bound, right: Bound) -> Bound:
    _strings(name, left, right)
    return lift("bool", _TEXT[name], [left, right])


def _choices(name: str, tested: Bound, choices: Sequence[Bound]) -> list[Any]:
    """The values of a list: constants, dynamic lists of them, or a table's column. Raises KqlError."""
    found: list[Any] = []
    for choice in choices:
        if not choice.constant:
            raise errors.unsupported(f"a list of '{name}' with anything but constants")
        if choice.type == "dynamic" and isinstance(choice.value, list):
            found.extend(choice.value)
            continue
        if not comparable(tested.type, choice.type):
            raise errors.wrong_types(name, tested.type, choice.type)
        found.extend(choice.value if isinstance(choice.value, frozenset) else (choice.value,))
    return found


def _member(name: str, operands: Sequence[Bound]) -> Bound:
    tested, *choices = operands
    found = _choices(name, tested, choices)
    if name == "in~":
        _strings(name, tested)
        folded = frozenset(str(choice).casefold() for choice in found)
        return lift("bool", lambda value: value.casefold() in folded, [tested])
    return lift("bool", frozenset(found).__contains__, [tested])


_ANY_OF: dict[str, Callable[..., bool]] = {"has_any": any, "has_all": all}


def _any_of(name: str, operands: Sequence[Bound]) -> Bound:
    tested, *choices = operands
    _strings(name, tested)
    terms = [_term(str(choice), exact=False) for choice in _choices(name, tested, choices)]
    count = _ANY_OF[name]
    return lift("bool", lambda text: count(term.search(text) is not None for term in terms), [tested])


def _matches(tested: Bound, expression: Bound) -> Bound:
    _strings("matches regex", tested, expression)
    if not expression.constant:
        raise errors.unsupported("'matches regex' with anything but a constant")
    found = regex(expression.value)
    return lift("bool", lambda text: found.search(text) is not None, [tested])


@cache
def regex(text: str) -> re.Pattern[str]:
    """A regular expression of the language. Raises KqlError where it is none."""
    try:
        return re.compile(text)
    except re.error as error:
        raise errors.wrong_arguments("regex", f"'{text}' is no regular expression ({error}).") from error


def _between(operands: Sequence[Bound]) -> Bound:
    tested, low, high = operands
    if tested.type == low.type == "datetime" and high.type == "timespan":
        high = _arithmetic("+", low, high)
    for bound in (low, high):
        if not comparable(tested.type, bound.type) or tested.type not in _ORDERED:
            raise errors.wrong_types("between", tested.type, low.type, high.type)
    return lift("bool", lambda value, least, most: least <= value <= most, [tested, low, high])


def _negation(operand: Bound) -> Bound:
    if operand.type not in (*NUMBERS, "timespan"):
        raise errors.wrong_types("-", operand.type)
    return lift("long" if operand.type == "int" else operand.type, operator.neg, [operand])


def _arithmetic(name: str, left: Bound, right: Bound) -> Bound:
    numbers = left.type in NUMBERS and right.type in NUMBERS
    if numbers:
        return _numeric(name, left, right)
    type = _TIME.get((name, left.type, right.type)) or _TIME.get((name, _number(left.type), _number(right.type)))
    if type is None:
        raise errors.wrong_types(name, left.type, right.type)
    if name == "/":
        return lift(type, _real_quotient if type == "real" else _ticks_quotient, [left, right])
    if name == "*":
        return lift(type, lambda a, b: round(a * b), [left, right])
    return lift(type, operator.add if name == "+" else operator.sub, [left, right])


def _number(type: str) -> str:
    return "number" if type in NUMBERS else type


_TIME = {
    ("+", "datetime", "timespan"): "datetime",
    ("+", "timespan", "datetime"): "datetime",
    ("+", "timespan", "timespan"): "timespan",
    ("-", "datetime", "timespan"): "datetime",
    ("-", "datetime", "datetime"): "timespan",
    ("-", "timespan", "timespan"): "timespan",
    ("*", "timespan", "number"): "timespan",
    ("*", "number", "timespan"): "timespan",
    ("/", "timespan", "timespan"): "real",
    ("/", "timespan", "number"): "timespan",
}


def _numeric(name: str, left: Bound, right: Bound) -> Bound:
    real = "real" in (left.type, right.type)
    if name == "/":
        return lift("real" if real else "long", _real_quotient if real else _whole_quotient, [left, right])
    if name == "%":
        return lift("real" if real else "long", _remainder, [left, right])
    function = {"+": operator.add, "-": operator.sub, "*": operator.mul}[name]
    return lift("real" if real else "long", function, [left, right])


def _real_quotient(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


def _whole_quotient(left: int, right: int) -> int | None:
    """Towards zero; null where the divisor is zero."""
    if not right:
        return None
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: float, right: float) -> float | None:
    """Never negative, as the language has it; null where the divisor is zero."""
    return left % abs(right) if right else None


def _ticks_quotient(left: int, right: float) -> int | None:
    return round(left / right) if right else None
