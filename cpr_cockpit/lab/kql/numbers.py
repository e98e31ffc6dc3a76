"""Functions of numbers. Types and suggested column names as Microsoft's own parser gives them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from cpr_cockpit.lab.kql import errors
from cpr_cockpit.lab.kql.bound import Bound, lift
from cpr_cockpit.lab.kql.makers import Context, Function, Maker, expect
from cpr_cockpit.lab.kql.operators import NUMBERS


def _round(_: Context, arguments: Sequence[Bound]) -> Bound:
    value = arguments[0]
    expect("round", value, *NUMBERS)
    for digits in arguments[1:]:
        expect("round", digits, "int", "long")

    def rounded(number: float, digits: int = 0) -> float:
        return round(number, digits) if math.isfinite(number) else number

    return lift(value.type, rounded, arguments, value.name)


def _abs(_: Context, arguments: Sequence[Bound]) -> Bound:
    value = arguments[0]
    expect("abs", value, *NUMBERS, "timespan")
    return lift("long" if value.type == "int" else value.type, abs, arguments, value.name)


def _ceiling(_: Context, arguments: Sequence[Bound]) -> Bound:
    expect("ceiling", arguments[0], "real")

    def upwards(number: float) -> float:
        return float(math.ceil(number)) if math.isfinite(number) else number

    return lift("real", upwards, arguments, arguments[0].name)


def _extreme(name: str, best: Callable[..., Any]) -> Maker:
    def maker(_: Context, arguments: Sequence[Bound]) -> Bound:
        types = {argument.type for argument in arguments}
        if types <= set(NUMBERS):
            type = "real" if "real" in types else "long"
        elif types in ({"datetime"}, {"timespan"}):
            type = arguments[0].type
        else:
            raise errors.wrong_arguments(name, f"arguments of the types {', '.join(sorted(types))}.")
        return lift(type, lambda *found: best(found), arguments)

    return maker


def _tests(name: str, test: Callable[[float], bool]) -> Maker:
    def maker(_: Context, arguments: Sequence[Bound]) -> Bound:
        expect(name, arguments[0], *NUMBERS)
        return lift("bool", lambda number: test(float(number)), arguments)

    return maker


FUNCTIONS: dict[str, Function] = {
    "round": (1, 2, _round),
    "abs": (1, 1, _abs),
    "ceiling": (1, 1, _ceiling),
    "min_of": (2, 64, _extreme("min_of", min)),
    "max_of": (2, 64, _extreme("max_of", max)),
    "isnan": (1, 1, _tests("isnan", math.isnan)),
    "isfinite": (1, 1, _tests("isfinite", math.isfinite)),
}
