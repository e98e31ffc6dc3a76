"""Expressions with their names resolved and their types known, ready to be worked out over a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from cpr_cockpit.lab.kql.frame import Column, Frame


@dataclass(frozen=True, slots=True)
class Bound:
    """An expression of Kusto type `type`: a constant (`compute` is None) or one value for each row of a table.

    `name` is the column name the expression suggests, empty if it has none.
    """

    type: str
    name: str = ""
    value: Any = None
    compute: Callable[[Frame], Column] | None = None

    @property
    def constant(self) -> bool:
        """Whether the value is the same for all rows."""
        return self.compute is None

    def column(self, frame: Frame) -> Column:
        """The value for each row of `frame`."""
        return [self.value] * frame.size if self.compute is None else self.compute(frame)


def column(name: str, type: str) -> Bound:
    """A column by name."""
    return Bound(type, name, compute=lambda frame: frame.column(name))


def lift(type: str, function: Callable[..., Any], arguments: Sequence[Bound], name: str = "") -> Bound:
    """`function` of each row's arguments; null if one of them is null, and then `function` is not called."""
    if all(argument.constant for argument in arguments):
        return Bound(type, name, _guarded(function)(*(argument.value for argument in arguments)))
    if any(argument.constant and argument.value is None for argument in arguments):
        return Bound(type, name)

    def compute(frame: Frame) -> Column:
        columns = [None if argument.compute is None else argument.compute(frame) for argument in arguments]
        nulls = any(None in values for values in columns if values is not None)
        return list(map(_guarded(function) if nulls else function, *_feeds(arguments, columns)))

    return Bound(type, name, compute=compute)


def lift_with_nulls(type: str, function: Callable[..., Any], arguments: Sequence[Bound], name: str = "") -> Bound:
    """`function` of each row's arguments, nulls included as None."""
    if all(argument.constant for argument in arguments):
        return Bound(type, name, function(*(argument.value for argument in arguments)))

    def compute(frame: Frame) -> Column:
        columns = [None if argument.compute is None else argument.compute(frame) for argument in arguments]
        return list(map(function, *_feeds(arguments, columns)))

    return Bound(type, name, compute=compute)


def _feeds(arguments: Sequence[Bound], columns: Sequence[Column | None]) -> list[Any]:
    return [
        repeat(argument.value) if values is None else values
        for argument, values in zip(arguments, columns, strict=True)
    ]


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    def safe(*values: Any) -> Any:
        return None if None in values else function(*values)

    return safe
