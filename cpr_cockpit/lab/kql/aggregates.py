"""The aggregate functions of `summarize`. Types and column names as Microsoft's own parser gives them.

Nulls are left out of every aggregate; what an aggregate of nothing is, is told under "Aggregates default values" of
the documentation of `summarize`. `dcount` is exact here. Percentiles are of the nearest rank: the smallest value such
that at least the asked share of the (weighted) values is not above it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, compress
from typing import Any

from cpr_cockpit.lab.kql import errors
from cpr_cockpit.lab.kql.bound import Bound
from cpr_cockpit.lab.kql.operators import NUMBERS

_ORDERED = (*NUMBERS, "datetime", "timespan")
_MOST_LISTED = 1_048_576


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`columns` holds the suggested name and the type of each column it makes.

    `reduce` takes the values of each of `arguments` for the rows of one group and answers a value for each column.
    """

    columns: tuple[tuple[str, str], ...]
    arguments: tuple[Bound, ...]
    reduce: Callable[..., tuple[Any, ...]]


Maker = Callable[[str, Sequence[Bound]], Aggregate]


def aggregate(function: str, arguments: Sequence[Bound]) -> Aggregate:
    """The aggregate `function`, a key of AGGREGATES, over its arguments. Raises KqlError."""
    least, most, maker = AGGREGATES[function]
    if not least <= len(arguments) <= most:
        expected = str(least) if least == most else f"{least} to {most}"
        raise errors.wrong_arguments(function, f"function expects {expected} argument(s).")
    return maker(function, arguments)


def _expect(function: str, argument: Bound, *types: str) -> None:
    if argument.type not in types:
        raise errors.wrong_arguments(
            function, f"argument of type {argument.type} where the lab takes {' or '.join(types)}."
        )


def _present(values: Sequence[Any]) -> Sequence[Any]:
    return [value for value in values if value is not None] if None in values else values


def _null(type: str) -> Any:
    return "" if type == "string" else None


def _count(_: str, __: Sequence[Bound]) -> Aggregate:
    return Aggregate((("count_", "long"),), (Bound("bool", value=True),), lambda rows: (len(rows),))


def _countif(function: str, arguments: Sequence[Bound]) -> Aggregate:
    _expect(function, arguments[0], "bool")
    name = f"countif_{arguments[0].name}"
    return Aggregate(((name, "long"),), tuple(arguments), lambda flags: (flags.count(True),))


def _one_of(types: tuple[str, ...], answer: Callable[[str], str], reduce: Callable[[Sequence[Any]], Any]) -> Maker:
    """An aggregate of one argument; `answer` tells the type from the argument's, `reduce` sees no nulls."""

    def maker(function: str, arguments: Sequence[Bound]) -> Aggregate:
        argument = arguments[0]
        _expect(function, argument, *types)
        made = (f"{function}_{argument.name}", answer(argument.type))
        return Aggregate((made,), (argument,), lambda values: (reduce(_present(values)),))

    return maker


def _same(type: str) -> str:
    return type


def _widened(type: str) -> str:
    return "long" if type == "int" else type


def _average(function: str, arguments: Sequence[Bound]) -> Aggregate:
    argument = arguments[0]
    _expect(function, argument, *_ORDERED)
    number = argument.type in NUMBERS

    def reduce(values: Sequence[Any]) -> tuple[Any, ...]:
        present = _present(values)
        if not present:
            return (None,)
        return (sum(present) / len(present),) if number else (sum(present) // len(present),)

    made = (f"{function}_{argument.name}", "real" if number else argument.type)
    return Aggregate((made,), (argument,), reduce)


def _distinct_count(function: str, arguments: Sequence[Bound]) -> Aggregate:
    """The accuracy that may be asked for only ever allows for less than the exact number."""
    argument = arguments[0]
    if argument.type == "dynamic":
        raise errors.wrong_arguments(function, "the lab does not compare dynamic values.")
    if len(arguments) > 1 and (not arguments[1].constant or arguments[1].value not in range(5)):
        raise errors.wrong_arguments(function, "the accuracy must be a constant from 0 to 4.")
    made = (f"{function}_{argument.name}", "long")
    return Aggregate((made,), (argument,), lambda values: (len(set(_present(values))),))


def _where(base: Maker) -> Maker:
    """An aggregate of the rows for which its last argument is true."""

    def maker(function: str, arguments: Sequence[Bound]) -> Aggregate:
        *taken, condition = arguments
        _expect(function, condition, "bool")
        inner = base(function, taken)

        def reduce(*columns: Sequence[Any]) -> tuple[Any, ...]:
            *values, flags = columns
            return inner.reduce(*(list(compress(column, flags)) for column in values))

        return Aggregate(inner.columns, (*inner.arguments, condition), reduce)

    return maker


def _percentile_names(function: str, value: Bound, ranks: Sequence[Bound]) -> tuple[tuple[str, str], ...]:
    names = []
    for rank in ranks:
        _expect(function, rank, *NUMBERS)
        if not rank.constant or rank.value is None or not 0 <= rank.value <= 100:
            raise errors.wrong_arguments(function, "a percentile must be a constant from 0 to 100.")
        digits = str(int(rank.value)) if rank.value == int(rank.value) else str(rank.value).replace(".", "_")
        names.append((f"percentile_{value.name}_{digits}", _widened(value.type)))
    return tuple(names)


def _rank(percentile: float, total: int) -> int:
    """The rank, from 1, of the value that is the percentile of `total` values."""
    # Rounded first: the product of a share such as 99.9 may lie a hair above the whole number that it is.
    return max(1, math.ceil(round(percentile * total / 100, 6)))


def _percentiles(function: str, arguments: Sequence[Bound]) -> Aggregate:
    value, *ranks = arguments
    _expect(function, value, *_ORDERED)
    columns = _percentile_names(function, value, ranks)
    asked = [rank.value for rank in ranks]

    def reduce(values: Sequence[Any]) -> tuple[Any, ...]:
        ordered = sorted(_present(values))
        return tuple(ordered[_rank(rank, len(ordered)) - 1] if ordered else None for rank in asked)

    return Aggregate(columns, (value,), reduce)


def _weighted_percentiles(function: str, arguments: Sequence[Bound]) -> Aggregate:
    value, weight, *ranks = arguments
    _expect(function, value, *_ORDERED)
    _expect(function, weight, "int", "long")
    columns = _percentile_names(function, value, ranks)
    asked = [rank.value for rank in ranks]

    def reduce(values: Sequence[Any], weights: Sequence[Any]) -> tuple[Any, ...]:
        pairs = sorted(
            (v, w) for v, w in zip(values, weights, strict=True) if v is not None and w is not None and w > 0
        )
        upto = list(accumulate(w for _, w in pairs))
        return tuple(pairs[bisect_left(upto, _rank(rank, upto[-1]))][0] if pairs else None for rank in asked)

    return Aggregate(columns, (value, weight), reduce)


def _extreme_row(best: Callable[..., Any], prefix: str) -> Maker:
    """The row with the greatest or the smallest value of the first argument; of equals, the first."""

    def maker(function: str, arguments: Sequence[Bound]) -> Aggregate:
        value = arguments[0]
        _expect(function, value, *_ORDERED)
        made = [(value.name or prefix, value.type)]
        for number, shown in enumerate(arguments[1:], 1):
            made.append((shown.name or f"{prefix}{value.name}_arg{number}", shown.type))

        def reduce(values: Sequence[Any], *shown: Sequence[Any]) -> tuple[Any, ...]:
            candidates = [index for index, found in enumerate(values) if found is not None]
            if not candidates:
                return tuple(_null(type) for _, type in made)
            at = best(candidates, key=values.__getitem__)
            return (values[at], *(column[at] for column in shown))

        return Aggregate(tuple(made), tuple(arguments), reduce)

    return maker


def _any_row(_: str, arguments: Sequence[Bound]) -> Aggregate:
    made = tuple((argument.name or f"any_arg{index}", argument.type) for index, argument in enumerate(arguments))

    def reduce(*columns: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(column[0] if column else _null(type) for column, (_, type) in zip(columns, made, strict=True))

    return Aggregate(made, tuple(arguments), reduce)


def _list(prefix: str, *, distinct: bool) -> Maker:
    """All values of a group, each once if `distinct`, in the order of the rows; at most as many as asked for."""

    def maker(function: str, arguments: Sequence[Bound]) -> Aggregate:
        argument = arguments[0]
        if argument.type in ("datetime", "timespan", "dynamic"):
            raise errors.wrong_arguments(function, f"the lab makes no list of values of the type {argument.type}.")
        most = arguments[1].value if len(arguments) > 1 else _MOST_LISTED
        if not isinstance(most, int):
            raise errors.wrong_arguments(function, "the greatest length must be a constant whole number.")

        def reduce(values: Sequence[Any]) -> tuple[Any, ...]:
            present = _present(values)
            return (list(dict.fromkeys(present) if distinct else present)[:most],)

        return Aggregate(((f"{prefix}_{argument.name}", "dynamic"),), (argument,), reduce)

    return maker


_sum = _one_of((*NUMBERS, "timespan"), _widened, sum)
_least = _one_of(_ORDERED, _same, lambda values: min(values, default=None))
_greatest = _one_of(_ORDERED, _same, lambda values: max(values, default=None))

TAKES_STAR = frozenset({"arg_max", "arg_min", "take_any"})
AGGREGATES: dict[str, tuple[int, int, Maker]] = {
    "count": (0, 0, _count),
    "countif": (1, 1, _countif),
    "sum": (1, 1, _sum),
    "sumif": (2, 2, _where(_sum)),
    "min": (1, 1, _least),
    "minif": (2, 2, _where(_least)),
    "max": (1, 1, _greatest),
    "maxif": (2, 2, _where(_greatest)),
    "avg": (1, 1, _average),
    "avgif": (2, 2, _where(_average)),
    "dcount": (1, 2, _distinct_count),
    "dcountif": (2, 2, _where(_distinct_count)),
    "percentile": (2, 2, _percentiles),
    "percentiles": (2, 64, _percentiles),
    "percentilew": (3, 3, _weighted_percentiles),
    "percentilesw": (3, 64, _weighted_percentiles),
    "arg_max": (1, 64, _extreme_row(max, "max_")),
    "arg_min": (1, 64, _extreme_row(min, "min_")),
    "take_any": (1, 64, _any_row),
    "make_list": (1, 2, _list("list", distinct=False)),
    "make_list_if": (2, 2, _where(_list("list", distinct=False))),
    "make_set": (1, 2, _list("set", distinct=True)),
    "make_set_if": (2, 2, _where(_list("set", distinct=True))),
}
