"""Functions of texts and of dynamic values. Types and suggested column names as Microsoft's own parser gives them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from cpr_cockpit.lab.kql import errors, values
from cpr_cockpit.lab.kql.bound import Bound, lift, lift_with_nulls
from cpr_cockpit.lab.kql.makers import Context, Function, Maker, expect
from cpr_cockpit.lab.kql.operators import regex


def _real(value: float) -> str:
    return format(value, ".15g")


def _dynamic(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


_PRINTERS: dict[str, Callable[[Any], str]] = {
    "string": str,
    "int": str,
    "long": str,
    "real": _real,
    "bool": lambda value: "true" if value else "false",
    "datetime": lambda ticks: values.print_datetime(ticks, full=True),
    "timespan": values.print_timespan,
    "dynamic": _dynamic,
}


def printed(argument: Bound) -> Bound:
    """A value of any type as text; a null is empty."""
    printer = _PRINTERS[argument.type]
    return lift_with_nulls("string", lambda value: "" if value is None else printer(value), [argument], argument.name)


def _to_string(_: Context, arguments: Sequence[Bound]) -> Bound:
    return printed(arguments[0])


def _case_of(function: Callable[[str], str], name: str) -> Maker:
    def maker(_: Context, arguments: Sequence[Bound]) -> Bound:
        expect(name, arguments[0], "string")
        return lift("string", function, arguments)

    return maker


def _strcat(_: Context, arguments: Sequence[Bound]) -> Bound:
    return lift("string", lambda *parts: "".join(parts), [printed(argument) for argument in arguments])


def _strlen(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("strlen", arguments[0], "string")
    return lift("long", len, arguments, f"strlen_{arguments[0].name}")


def _substring(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("substring", arguments[0], "string")
    for argument in arguments[1:]:
        expect("substring", argument, "int", "long")

    def cut(text: str, start: int, length: int | None = None) -> str:
        return text[start:] if length is None else text[start : start + max(0, length)]

    return lift("string", cut, arguments)


def _extract(_: Context, arguments: Sequence[Bound]) -> Bound:
    expression, group, text = arguments
    expect("extract", expression, "string")
    expect("extract", text, "string")
    if not expression.constant or not group.constant or not isinstance(group.value, int):
        raise errors.unsupported("extract() with anything but a constant expression and group")
    found, number = regex(expression.value), group.value
    if not 0 <= number <= found.groups:
        raise errors.wrong_arguments("extract", f"the expression has no group {number}.")

    def first(value: str) -> str:
        match = found.search(value)
        return "" if match is None else match[number] or ""

    return lift("string", first, [text])


def _parse_json(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("parse_json", arguments[0], "string", "dynamic")

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value

    return lift("dynamic", read, arguments, arguments[0].name)


def _array_length(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("array_length", arguments[0], "dynamic")
    return lift("long", lambda value: len(value) if isinstance(value, list) else None, arguments)


def member(value: Bound, key: Bound) -> Bound:
    """A member of a dynamic value by name, or an item of one by its number; null where it has none."""
    if value.type != "dynamic" or key.type not in ("string", "int", "long"):
        raise errors.wrong_types(".", value.type, key.type)

    def find(found: Any, name: Any) -> Any:
        if isinstance(found, dict) and isinstance(name, str):
            return found.get(name)
        if isinstance(found, list) and isinstance(name, int) and -len(found) <= name < len(found):
            return found[name]
        return None

    suggested = f"{value.name}_{key.value}" if value.name and key.constant else ""
    return lift("dynamic", find, [value, key], suggested)


FUNCTIONS: dict[str, Function] = {
    "tostring": (1, 1, _to_string),
    "tolower": (1, 1, _case_of(str.lower, "tolower")),
    "toupper": (1, 1, _case_of(str.upper, "toupper")),
    "strcat": (1, 64, _strcat),
    "strlen": (1, 1, _strlen),
    "substring": (2, 3, _substring),
    "extract": (3, 3, _extract),
    "parse_json": (1, 1, _parse_json),
    "todynamic": (1, 1, _parse_json),
    "array_length": (1, 1, _array_length),
}
