"""The syntax tree of a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; `type` is its Kusto type."""

    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A column or a variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with its operands, for example `==` with two or `in` with one and the list that follows."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Star:
    """`*` as an argument: all columns."""


@dataclass(frozen=True, slots=True)
class Member:
    """A part of a dynamic value: `value.key` or `value["key"]`."""

    value: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Rows:
    """The first column of a table as the list that `in` looks into."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Scalar:
    """`toscalar()`: the first value of a table."""

    pipeline: Pipeline


Expression = Literal | Name | Call | Operation | Star | Member | Rows | Scalar


@dataclass(frozen=True, slots=True)
class Item:
    """An expression with the column names given to it: none, one, or several where it makes several columns."""

    names: tuple[str, ...]
    expression: Expression


@dataclass(frozen=True, slots=True)
class Key:
    """A sort key. Unless said otherwise the order is descending, with nulls last."""

    expression: Expression
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Where:
    """Rows for which the condition is true."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Extend:
    """Columns added to those that are there."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """These columns and no others."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Summarize:
    """A row for each group of rows that are equal in `by`."""

    items: tuple[Item, ...]
    by: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """Rows in the order of the keys."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """At most so many rows."""

    count: Expression


@dataclass(frozen=True, slots=True)
class Distinct:
    """`columns` is empty for all of them."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """The number of rows."""


@dataclass(frozen=True, slots=True)
class Join:
    """`on` pairs a column of the left side with one of the right side."""

    kind: str
    right: Pipeline
    on: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Union:
    """Rows of these tables, after those of the table before it, if there is one; see `unions.union`."""

    kind: str
    source_column: str
    tables: tuple[Pipeline, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """`operator` project-away or project-keep, with the names of columns."""

    operator: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rename:
    """Pairs of a new name and an old one."""

    pairs: tuple[tuple[str, str], ...]


Operator = Where | Extend | Project | Summarize | Sort | Take | Distinct | Count | Join | Union | Columns | Rename


@dataclass(frozen=True, slots=True)
class Print:
    """A table of one row."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A source (the name of a table or variable, `print`, `union`, a pipeline) and the operators it runs through."""

    source: str | Print | Union | Pipeline
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True)
class Let:
    """A name for a value or a table."""

    name: str
    value: Expression | Pipeline


@dataclass(frozen=True, slots=True)
class Query:
    """The names a query gives, then what it asks for."""

    lets: tuple[Let, ...]
    pipeline: Pipeline
