"""From what the grammar has found to the syntax tree."""

from __future__ import annotations

from functools import cache
from typing import Any

from lark import Token, Transformer, Tree

from cpr_cockpit.lab.kql import literals, nodes, values


def build(found: Tree[Token]) -> nodes.Query:
    """The query of what the parser has found. Raises VisitError around the KqlError of a literal that is none."""
    query: nodes.Query = _tree().transform(found)
    return query


@cache
def _tree() -> _Tree:
    return _Tree()


class _Tree(Transformer[Token, Any]):
    """One method for each rule of the grammar; `parts` are what the rule is made of."""

    def query(self, parts: list[Any]) -> nodes.Query:
        return nodes.Query(tuple(parts[:-1]), parts[-1])

    def let_value(self, parts: list[Any]) -> nodes.Let:
        return nodes.Let(str(parts[0]), parts[1])

    def let_table(self, parts: list[Any]) -> nodes.Let:
        return nodes.Let(str(parts[0]), parts[1])

    def pipeline(self, parts: list[Any]) -> nodes.Pipeline:
        source = str(parts[0]) if isinstance(parts[0], Token) else parts[0]
        operators: list[nodes.Operator] = []
        for part in parts[1:]:
            operators.extend(part if isinstance(part, tuple) else (part,))
        return nodes.Pipeline(source, tuple(operators))

    def print(self, parts: list[Any]) -> nodes.Print:
        return nodes.Print(parts[0])

    def where(self, parts: list[Any]) -> nodes.Where:
        return nodes.Where(parts[0])

    def extend(self, parts: list[Any]) -> nodes.Extend:
        return nodes.Extend(parts[0])

    def project(self, parts: list[Any]) -> nodes.Project:
        return nodes.Project(parts[0])

    def summarize(self, parts: list[Any]) -> nodes.Summarize:
        return nodes.Summarize(parts[0], parts[1] if len(parts) > 1 else ())

    def summarize_by(self, parts: list[Any]) -> nodes.Summarize:
        return nodes.Summarize((), parts[0])

    def sort(self, parts: list[Any]) -> nodes.Sort:
        return nodes.Sort(parts[0])

    def take(self, parts: list[Any]) -> nodes.Take:
        return nodes.Take(parts[0])

    def top(self, parts: list[Any]) -> tuple[nodes.Operator, ...]:
        return (nodes.Sort((parts[1],)), nodes.Take(parts[0]))

    def distinct(self, parts: list[Any]) -> nodes.Distinct:
        return nodes.Distinct(tuple(str(name) for name in parts))

    def count(self, _: list[Any]) -> nodes.Count:
        return nodes.Count()

    def join(self, parts: list[Any]) -> nodes.Join:
        return nodes.Join(str(parts[0] or "innerunique"), parts[1], tuple(parts[2:]))

    def union(self, parts: list[Any]) -> nodes.Union:
        *parameters, tables = parts
        asked = dict(parameters)
        return nodes.Union(asked.get("kind", "outer"), asked.get("withsource", ""), tuple(tables))

    def union_kind(self, parts: list[Any]) -> tuple[str, str]:
        return ("kind", str(parts[0]))

    def union_source(self, parts: list[Any]) -> tuple[str, str]:
        return ("withsource", str(parts[0]))

    def union_fuzzy(self, _: list[Any]) -> tuple[str, str]:
        return ("isfuzzy", "")

    def tables(self, parts: list[Any]) -> list[nodes.Pipeline]:
        return parts

    def columns(self, parts: list[Any]) -> nodes.Columns:
        return nodes.Columns(str(parts[0]), tuple(str(name) for name in parts[1:]))

    def rename(self, parts: list[Any]) -> nodes.Rename:
        return nodes.Rename(tuple(parts[1:]))

    def renaming(self, parts: list[Any]) -> tuple[str, str]:
        return (str(parts[0]), str(parts[1]))

    def matches(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation("matches regex", tuple(parts))

    def member_of(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation(str(parts[1]), (parts[0], nodes.Rows(parts[2])))

    def rest(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation("%", tuple(parts))

    def path(self, parts: list[Any]) -> nodes.Member:
        return nodes.Member(parts[0], nodes.Literal("string", str(parts[1])))

    def item_of(self, parts: list[Any]) -> nodes.Member:
        return nodes.Member(parts[0], parts[1])

    def scalar(self, parts: list[Any]) -> nodes.Scalar:
        return nodes.Scalar(parts[0])

    def table(self, parts: list[Any]) -> nodes.Pipeline:
        return nodes.Pipeline(str(parts[0]), ())

    def on_same(self, parts: list[Any]) -> tuple[str, str]:
        return (str(parts[0]), str(parts[0]))

    def on_pair(self, parts: list[Any]) -> tuple[str, str]:
        return (str(parts[0]), str(parts[1]))

    def items(self, parts: list[Any]) -> tuple[nodes.Item, ...]:
        return tuple(parts)

    def item(self, parts: list[Any]) -> nodes.Item:
        return nodes.Item((), parts[0])

    def named(self, parts: list[Any]) -> nodes.Item:
        return nodes.Item(tuple(str(name) for name in parts[:-1]), parts[-1])

    def keys(self, parts: list[Any]) -> tuple[nodes.Key, ...]:
        return tuple(parts)

    def key(self, parts: list[Any]) -> nodes.Key:
        expression, direction, place = parts
        descending = direction != "asc"
        return nodes.Key(expression, descending, place == "first" if place else not descending)

    def or_(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation("or", tuple(parts))

    def and_(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation("and", tuple(parts))

    def binary(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation(str(parts[1]), (parts[0], parts[2]))

    def equal(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation("==", tuple(parts))

    def member(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation(str(parts[1]), (parts[0], *parts[2:]))

    def range(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation(str(parts[1]), (parts[0], *parts[2:]))

    def times(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation("*", tuple(parts))

    def divided(self, parts: list[Any]) -> nodes.Operation:
        return nodes.Operation("/", tuple(parts))

    def signed(self, parts: list[Any]) -> nodes.Expression:
        return parts[1] if parts[0] == "+" else nodes.Operation("negate", (parts[1],))

    def name(self, parts: list[Any]) -> nodes.Name:
        return nodes.Name(str(parts[0]))

    def call(self, parts: list[Any]) -> nodes.Call:
        return nodes.Call(str(parts[0]), tuple(part for part in parts[1:] if part is not None))

    def star(self, _: list[Any]) -> nodes.Star:
        return nodes.Star()

    def typed(self, parts: list[Any]) -> nodes.Literal:
        return literals.typed(parts[0])

    def dynamic(self, parts: list[Any]) -> nodes.Literal:
        return literals.dynamic(parts[0])

    def timespan(self, parts: list[Any]) -> nodes.Literal:
        return nodes.Literal("timespan", values.parse_timespan(str(parts[0])))

    def real(self, parts: list[Any]) -> nodes.Literal:
        return nodes.Literal("real", float(parts[0]))

    def long(self, parts: list[Any]) -> nodes.Literal:
        return nodes.Literal("long", int(parts[0]))

    def string(self, parts: list[Any]) -> nodes.Literal:
        return nodes.Literal("string", literals.unescaped(parts[0]))

    def verbatim(self, parts: list[Any]) -> nodes.Literal:
        quote = parts[0][1]
        return nodes.Literal("string", parts[0][2:-1].replace(quote * 2, quote))

    def true(self, _: list[Any]) -> nodes.Literal:
        return nodes.Literal("bool", True)

    def false(self, _: list[Any]) -> nodes.Literal:
        return nodes.Literal("bool", False)
