"""The scalar functions of the language. Types and suggested column names as Microsoft's own parser gives them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cpr_cockpit.lab.kql import errors, numbers, texts, values
from cpr_cockpit.lab.kql.bound import Bound, lift, lift_with_nulls
from cpr_cockpit.lab.kql.makers import Context, Function, Maker, expect
from cpr_cockpit.lab.kql.operators import NUMBERS, comparable

INGESTION = "_ingestion"
_WIDTH = {"int": 32, "long": 64}
_PERIODS = {
    "second": values.TICKS,
    "minute": 60 * values.TICKS,
    "hour": 3600 * values.TICKS,
    "day": 86_400 * values.TICKS,
}


def call(context: Context, name: str, arguments: Sequence[Bound]) -> Bound:
    """The function `name`, a key of FUNCTIONS, over its arguments. Raises KqlError."""
    least, most, maker = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        expected = str(least) if least == most else f"{least} to {most}"
        raise errors.wrong_arguments(name, f"function expects {expected} argument(s).")
    return maker(context, arguments)


def _now(context: Context, arguments: Sequence[Bound]) -> Bound:
    for offset in arguments:
        expect("now", offset, "timespan")
        return lift("datetime", lambda ticks: context.now + ticks, [offset])
    return Bound("datetime", value=context.now)


def _ago(context: Context, arguments: Sequence[Bound]) -> Bound:
    expect("ago", arguments[0], "timespan")
    return lift("datetime", lambda ticks: context.now - ticks, arguments)


def _ingestion_time(context: Context, _: Sequence[Bound]) -> Bound:
    if not context.has_ingestion_time:
        raise errors.unsupported("ingestion_time() of rows that are no longer those of a table")
    return Bound("datetime", "$IngestionTime", compute=lambda frame: frame.column(INGESTION))


def _is_empty(wanted: bool) -> Maker:
    return lambda _, arguments: lift_with_nulls(
        "bool", lambda value: (value is None or value == "") is wanted, arguments
    )


def _is_null(wanted: bool) -> Maker:
    return lambda _, arguments: lift_with_nulls("bool", lambda value: (value is None) is wanted, arguments)


def _to_whole(type: str) -> Maker:
    def maker(_: Context, arguments: Sequence[Bound]) -> Bound:
        argument = arguments[0]
        expect(f"to{type}", argument, "string", "bool", "dynamic", *NUMBERS)
        limit = 1 << (_WIDTH[type] - 1)

        def convert(value: Any) -> int | None:
            try:
                whole = int(value)
            except (ValueError, OverflowError, TypeError):
                return None
            return whole if -limit <= whole < limit else None

        return lift(type, convert, arguments, argument.name)

    return maker


def _to_real(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("todouble", arguments[0], "string", "bool", "dynamic", *NUMBERS)

    def convert(value: Any) -> float | None:
        try:
            return float(value)
        except (ValueError, TypeError):
            return None

    return lift("real", convert, arguments, arguments[0].name)


def _to_bool(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("tobool", arguments[0], "string", "bool", "dynamic", *NUMBERS)

    def convert(value: Any) -> bool | None:
        if isinstance(value, str):
            return {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
        return bool(value) if isinstance(value, (bool, int, float)) else None

    return lift("bool", convert, arguments, arguments[0].name)


def _to_timespan(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("totimespan", arguments[0], "string", "timespan")
    if arguments[0].type == "timespan":
        return arguments[0]

    def convert(value: str) -> int | None:
        try:
            return values.parse_timespan(value)
        except ValueError:
            return None

    return lift("timespan", convert, arguments, arguments[0].name)


def _to_datetime(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("todatetime", arguments[0], "string", "datetime")
    if arguments[0].type == "datetime":
        return arguments[0]

    def convert(value: str) -> int | None:
        try:
            return values.parse_datetime(value)
        except ValueError:
            return None

    return lift("datetime", convert, arguments, arguments[0].name)


def _not(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("not", arguments[0], "bool")
    return lift("bool", lambda value: not value, arguments)


def _common(function: str, choices: Sequence[Bound]) -> str:
    types = {choice.type for choice in choices}
    if len(types) == 1:
        return types.pop()
    if types <= set(NUMBERS):
        return "real" if "real" in types else "long"
    raise errors.wrong_arguments(function, f"arguments of different types ({', '.join(sorted(types))}).")


def _iff(context: Context, arguments: Sequence[Bound]) -> Bound:
    return _case(context, arguments)


def _case(_: Context, arguments: Sequence[Bound]) -> Bound:
    """Conditions and values in turns, then the value for all else."""
    if len(arguments) % 2 == 0:
        raise errors.wrong_arguments("case", "function expects an odd number of arguments.")
    for condition in arguments[:-1:2]:
        expect("case", condition, "bool")
    type = _common("case", [*arguments[1::2], arguments[-1]])

    def choose(*values: Any) -> Any:
        for condition, value in zip(values[:-1:2], values[1::2], strict=True):
            if condition:
                return value
        return values[-1]

    return lift_with_nulls(type, choose, arguments)


def _coalesce(_: Context, arguments: Sequence[Bound]) -> Bound:
    def first(*values: Any) -> Any:
        return next((value for value in values if value is not None and value != ""), values[-1])

    return lift_with_nulls(_common("coalesce", arguments), first, arguments)


def _datetime_diff(_: Context, arguments: Sequence[Bound]) -> Bound:
    """Borders of the period that lie between the two times, negative where the second is the later one."""
    period, first, second = arguments
    expect("datetime_diff", period, "string")
    size = _PERIODS.get(str(period.value).lower()) if period.constant else None
    if size is None:
        raise errors.wrong_arguments("datetime_diff", f"the lab knows the periods {', '.join(_PERIODS)}.")
    for argument in (first, second):
        expect("datetime_diff", argument, "datetime")
    return lift("long", lambda a, b: a // size - b // size, [first, second])


def _bin(context: Context, arguments: Sequence[Bound]) -> Bound:
    value, size = arguments
    return _bin_at(context, [value, size, Bound(value.type, value=0)])


def _bin_at(_: Context, arguments: Sequence[Bound]) -> Bound:
    """The greatest fixed point plus a whole number of sizes that is not above the value."""
    value, size, fixed = arguments
    type = _bin_type(value, size)
    if not comparable(fixed.type, value.type):
        raise errors.wrong_arguments("bin_at", f"fixed point of type {fixed.type} for values of type {value.type}.")
    if not size.constant or not size.value or size.value < 0:
        raise errors.wrong_arguments("bin", "the bin size must be a constant above zero.")
    step = size.value
    if type == "real":
        return lift(type, lambda v, at: at + math.floor((v - at) / step) * step, [value, fixed], value.name)
    return lift(type, lambda v, at: v - (v - at) % step, [value, fixed], value.name)


def _bin_type(value: Bound, size: Bound) -> str:
    if value.type in ("datetime", "timespan") and size.type == "timespan":
        return value.type
    if value.type not in NUMBERS or size.type not in NUMBERS:
        raise errors.wrong_arguments("bin", f"values of type {value.type} have no bins of type {size.type}.")
    return "real" if "real" in (value.type, size.type) else "long"


FUNCTIONS: dict[str, Function] = {
    "now": (0, 1, _now),
    "ago": (1, 1, _ago),
    "ingestion_time": (0, 0, _ingestion_time),
    "isempty": (1, 1, _is_empty(True)),
    "isnotempty": (1, 1, _is_empty(False)),
    "isnull": (1, 1, _is_null(True)),
    "isnotnull": (1, 1, _is_null(False)),
    "toint": (1, 1, _to_whole("int")),
    "tolong": (1, 1, _to_whole("long")),
    "todouble": (1, 1, _to_real),
    "toreal": (1, 1, _to_real),
    "tobool": (1, 1, _to_bool),
    "totimespan": (1, 1, _to_timespan),
    "todatetime": (1, 1, _to_datetime),
    "datetime_diff": (3, 3, _datetime_diff),
    "not": (1, 1, _not),
    "iff": (3, 3, _iff),
    "iif": (3, 3, _iff),
    "case": (3, 64, _case),
    "coalesce": (2, 64, _coalesce),
    "bin": (2, 2, _bin),
    "floor": (2, 2, _bin),
    "bin_at": (3, 3, _bin_at),
    **numbers.FUNCTIONS,
    **texts.FUNCTIONS,
}
