"""Tables put together by `union`, and the operators that keep, drop or rename columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cpr_cockpit.lab.kql import errors
from cpr_cockpit.lab.kql.frame import Column, Frame
from cpr_cockpit.lab.kql.functions import INGESTION

KINDS = ("outer", "inner")


def union(kind: str, source_column: str, tables: Sequence[tuple[str, Frame]]) -> Frame:
    """All rows of the tables (name and rows), one table after another. Raises KqlError.

    `kind` outer: every column of any of them, null or empty where a table lacks it; inner: the columns that all have.
    `source_column`: the name of a column that tells the table, or "".
    """
    if kind not in KINDS:
        raise errors.refused("union", f"the kind '{kind}' is unknown")
    frames = [frame for _, frame in tables]
    schema = _schema(kind, frames)
    hidden = {INGESTION: "datetime"} if all(frame.has(INGESTION) for frame in frames) else {}
    sources: dict[str, Callable[[], Column]] = {
        name: _joined(name, type, frames) for name, type in {**schema, **hidden}.items()
    }
    if source_column:
        names = [name for name, frame in tables for _ in range(frame.size)]
        schema, sources[source_column] = {source_column: "string"} | schema, lambda: names
    return Frame(schema, sum(frame.size for frame in frames), sources)


def _schema(kind: str, frames: Sequence[Frame]) -> dict[str, str]:
    schema: dict[str, str] = {}
    for frame in frames:
        for name, type in frame.schema.items():
            if schema.setdefault(name, type) != type:
                raise errors.unsupported(
                    f"a union in which the column '{name}' has the types {schema[name]} and {type}"
                )
    if kind == "inner":
        return {name: type for name, type in schema.items() if all(name in frame.schema for frame in frames)}
    return schema


def _joined(name: str, type: str, frames: Sequence[Frame]) -> Callable[[], Column]:
    missing = "" if type == "string" else None
    return lambda: [
        value for frame in frames for value in (frame.column(name) if frame.has(name) else [missing] * frame.size)
    ]


def without(frame: Frame, operator: str, names: Sequence[str]) -> Frame:
    """The table without these columns. Raises KqlError."""
    _check(frame, operator, names)
    return _kept(frame, {name: name for name in frame.schema if name not in names})


def only(frame: Frame, operator: str, names: Sequence[str]) -> Frame:
    """The table with these columns alone, in its own order. Raises KqlError."""
    _check(frame, operator, names)
    return _kept(frame, {name: name for name in frame.schema if name in names})


def renamed(frame: Frame, operator: str, pairs: Sequence[tuple[str, str]]) -> Frame:
    """The table with columns under new names; pairs are (new, old). Raises KqlError."""
    _check(frame, operator, [old for _, old in pairs])
    new = {old: name for name, old in pairs}
    kept = {new.get(name, name): name for name in frame.schema}
    if len(kept) < len(frame.schema):
        raise errors.refused(operator, "a column with a new name is there already")
    return _kept(frame, kept)


def _check(frame: Frame, operator: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.schema:
            raise errors.unresolved(operator, name)


def _kept(frame: Frame, columns: Mapping[str, str]) -> Frame:
    """Columns by their new name and their old one; the time of ingestion stays."""

    def source(name: str) -> Callable[[], Column]:
        return lambda: frame.column(name)

    sources = {new: source(old) for new, old in columns.items()}
    if frame.has(INGESTION):
        sources[INGESTION] = source(INGESTION)
    return Frame({new: frame.schema[old] for new, old in columns.items()}, frame.size, sources)
