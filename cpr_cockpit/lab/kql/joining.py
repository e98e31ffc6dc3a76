"""The operator `join`, in the kinds inner, innerunique, leftouter, leftanti and leftsemi."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from cpr_cockpit.lab.kql import errors
from cpr_cockpit.lab.kql.binding import Columns
from cpr_cockpit.lab.kql.bound import column
from cpr_cockpit.lab.kql.frame import Column, Frame

KINDS = ("inner", "innerunique", "leftouter", "leftanti", "leftsemi")
_WHOLE = {"int", "long"}
Key = tuple[Any, ...]


def join(kind: str, left: Frame, right: Frame, on: Sequence[tuple[str, str]]) -> Frame:
    """Rows of `left` with those of `right` whose keys are equal; `on` pairs their columns. Raises KqlError.

    A null is equal to nothing. `innerunique` keeps the first row of each key of the left side.
    """
    if kind not in KINDS:
        raise errors.unsupported(f"join kind={kind} (the lab knows {', '.join(KINDS)})")
    for pair in on:
        _check(left, right, *pair)
    keys = _keys(left, [name for name, _ in on])
    matches: dict[Key, list[int]] = defaultdict(list)
    for index, key in enumerate(_keys(right, [name for _, name in on])):
        if None not in key:
            matches[key].append(index)
    if kind in ("leftanti", "leftsemi"):
        wanted = kind == "leftsemi"
        return left.rows_at([index for index, key in enumerate(keys) if (key in matches) is wanted])
    return _combined(left, right, _pairs(kind, keys, matches))


def _check(left: Frame, right: Frame, left_name: str, right_name: str) -> None:
    for frame, name in ((left, left_name), (right, right_name)):
        if name not in frame.schema:
            raise errors.unresolved("join", name)
    types = (left.schema[left_name], right.schema[right_name])
    same = types[0] == types[1] or (left_name != right_name and set(types) == _WHOLE)
    if not same or "dynamic" in types:
        raise errors.refused("join", f"inconsistent data types for join keys: ({types[0]}, {types[1]})")


def _keys(frame: Frame, names: Sequence[str]) -> list[Key]:
    return list(zip(*(frame.column(name) for name in names), strict=True))


def _pairs(kind: str, keys: Sequence[Key], matches: dict[Key, list[int]]) -> list[tuple[int, int | None]]:
    """Positions on the left with positions on the right; None where an outer join found none."""
    pairs: list[tuple[int, int | None]] = []
    seen: set[Key] = set()
    for index, key in enumerate(keys):
        if kind == "innerunique":
            if key in seen:
                continue
            seen.add(key)
        found = matches.get(key, ())
        pairs.extend((index, other) for other in found)
        if not found and kind == "leftouter":
            pairs.append((index, None))
    return pairs


def _combined(left: Frame, right: Frame, pairs: Sequence[tuple[int, int | None]]) -> Frame:
    columns = Columns("join")
    for frame in (left, right):
        for name, type in frame.schema.items():
            columns.add(column(name, type))
    names = list(columns.made)
    made: dict[str, Column] = {}
    for name, source in zip(names, left.schema, strict=False):
        values = left.column(source)
        made[name] = [values[index] for index, _ in pairs]
    for name, (source, type) in zip(names[len(left.schema) :], right.schema.items(), strict=True):
        values, missing = right.column(source), "" if type == "string" else None
        made[name] = [missing if index is None else values[index] for _, index in pairs]
    return Frame.of({name: bound.type for name, bound in columns.made.items()}, made, len(pairs))
