"""The operator `summarize`: groups of rows, and what is worked out for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from cpr_cockpit.lab.kql import errors, nodes
from cpr_cockpit.lab.kql.aggregates import AGGREGATES, TAKES_STAR, Aggregate, aggregate
from cpr_cockpit.lab.kql.binding import Columns, Scope, bind, bind_items, given_name
from cpr_cockpit.lab.kql.bound import Bound, column
from cpr_cockpit.lab.kql.frame import Column, Frame


def summarize(frame: Frame, operator: nodes.Summarize, scope: Scope) -> Frame:
    """A row for each group: its keys, then its aggregates. Raises KqlError."""
    keys = Columns(scope.operator)
    bind_items(operator.by, scope, keys)
    check_keys(scope.operator, keys.made.values())
    found = _Aggregates(scope, frozenset(key.name for key in keys.made.values()))
    for item in operator.items:
        found.add_item(item, keys)
    return _evaluate(frame, keys.made, len(operator.by), found)


def check_keys(operator: str, keys: Iterable[Bound]) -> None:
    """Raises KqlError where rows cannot be told apart by a key."""
    for key in keys:
        if key.type == "dynamic":
            raise errors.refused(operator, "a value of the type dynamic is not allowed in this context")


class _Aggregates:
    """The aggregates found in the items: each is worked out for every group, then read like a column of the groups."""

    def __init__(self, scope: Scope, keys: frozenset[str]) -> None:
        self.made: list[tuple[Aggregate, list[str]]] = []
        self._rows = scope
        self._groups = replace(scope, columns={}, aggregate=self._single)
        self._keys = keys

    def add_item(self, item: nodes.Item, columns: Columns) -> None:
        """Bind one item, which may be an aggregate that makes several columns. Raises KqlError."""
        call = item.expression
        if not isinstance(call, nodes.Call) or call.function not in AGGREGATES:
            columns.add(bind(call, self._groups), given_name(item, self._groups))
            return
        bounds = self._add(call)
        if len(item.names) > len(bounds):
            raise errors.refused(self._rows.operator, f"the name '{item.names[len(bounds)]}' has no expression")
        for index, bound in enumerate(bounds):
            columns.add(bound, item.names[index] if index < len(item.names) else "")

    def _add(self, call: nodes.Call) -> list[Bound]:
        arguments = [bind(argument, self._rows) for argument in self._expanded(call)]
        made = aggregate(call.function, arguments)
        first = sum(len(slots) for _, slots in self.made)
        slots = [str(first + index) for index in range(len(made.columns))]
        self.made.append((made, slots))
        return [replace(column(slot, type), name=name) for slot, (name, type) in zip(slots, made.columns, strict=True)]

    def _expanded(self, call: nodes.Call) -> Sequence[nodes.Expression]:
        """The arguments, with a `*` at the end replaced by all columns that are neither keys nor named before it."""
        if call.function not in TAKES_STAR or not call.arguments or call.arguments[-1] != nodes.Star():
            return call.arguments
        named = call.arguments[:-1]
        rest = [nodes.Name(name) for name in self._rows.columns if name not in self._keys]
        return [*named, *(name for name in rest if name not in named)]

    def _single(self, call: nodes.Call) -> Bound:
        bounds = self._add(call)
        if len(bounds) != 1:
            raise errors.wrong_arguments(call.function, "several columns cannot be part of an expression.")
        return bounds[0]


def _evaluate(frame: Frame, columns: dict[str, Bound], key_count: int, found: _Aggregates) -> Frame:
    names = list(columns)
    keys = [columns[name].column(frame) for name in names[:key_count]]
    key_rows, members = _groups(keys)
    made: dict[str, Column] = {}
    for one, slots in found.made:
        per_argument = [_split(argument.column(frame), members) for argument in one.arguments]
        answers = [one.reduce(*group) for group in zip(*per_argument, strict=True)]
        made.update((slot, [answer[index] for answer in answers]) for index, slot in enumerate(slots))
    groups = Frame.of({}, made, len(members))
    result = {name: [row[index] for row in key_rows] for index, name in enumerate(names[:key_count])}
    result.update((name, columns[name].column(groups)) for name in names[key_count:])
    return Frame.of({name: bound.type for name, bound in columns.items()}, result, len(members))


def _groups(keys: Sequence[Column]) -> tuple[list[tuple[Any, ...]], list[list[int] | None]]:
    """The key of each group and the positions of its rows; without keys one group, whose positions are None: all."""
    if not keys:
        return [()], [None]
    found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for index, key in enumerate(zip(*keys, strict=True)):
        found[key].append(index)
    return list(found), list(found.values())


def _split(values: Column, members: list[list[int] | None]) -> list[Column]:
    return [values if rows is None else [values[row] for row in rows] for rows in members]
