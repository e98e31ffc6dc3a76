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


Expression = Literal | Name | Call | Operation


@dataclass(frozen=True, slots=True)
class Item:
    """An expression with the column names given to it: none, one, or several for functions that make several columns."""

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
    condition: Expression


@dataclass(frozen=True, slots=True)
class Extend:
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Project:
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Summarize:
    items: tuple[Item, ...]
    by: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Take:
    count: Expression


@dataclass(frozen=True, slots=True)
class Distinct:
    """`columns` is empty for all of them."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    pass


@dataclass(frozen=True, slots=True)
class Join:
    """`on` pairs a column of the left side with one of the right side."""

    kind: str
    right: Pipeline
    on: tuple[tuple[str, str], ...]


Operator = Where | Extend | Project | Summarize | Sort | Take | Distinct | Count | Join


@dataclass(frozen=True, slots=True)
class Print:
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A source (the name of a table or variable, `print`, or another pipeline) and the operators it runs through."""

    source: str | Print | Pipeline
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    value: Expression | Pipeline


@dataclass(frozen=True, slots=True)
class Query:
    lets: tuple[Let, ...]
    pipeline: Pipeline
