"""From text to syntax tree; what the grammar lacks is refused with its place and, for an operator, its name."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from cpr_cockpit.lab.kql import nodes, values
from cpr_cockpit.lab.kql.errors import KqlError, Place
from cpr_cockpit.lab.kql.grammar import GRAMMAR

OPERATORS = "where, filter, extend, project, summarize, sort, order, take, limit, top, distinct, count, join"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_TYPES = {"date": "datetime", "time": "timespan", "double": "real", "boolean": "bool"}
_OPERATOR_NAME = re.compile(r"[A-Za-z_][\w-]*")
# Read as a table or as a known operator, such a word is only stumbled over at what follows it.
_LACKED = re.compile(
    r"(?:(?:^|[;(])\s*(union|search|range|find|datatable|externaldata|evaluate|set|declare|alias|restrict)"
    r"|\|\s*([a-z]+(?:-[a-z]+)+))$"
)


def parse(text: str) -> nodes.Query:
    """The syntax tree of `text`. Raises KqlError."""
    try:
        query: nodes.Query = _tree().transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise _refusal(text, error) from error
    except VisitError as error:
        raise error.orig_exc from error
    return query


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, start="query", parser="lalr", maybe_placeholders=True)


@cache
def _tree() -> _Tree:
    return _Tree()


def _refusal(text: str, error: UnexpectedInput) -> KqlError:
    at = error.pos_in_stream
    if at is None or at < 0 or at >= len(text) or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return KqlError("SYN0002", "Query could not be parsed: it ends too early", Place(error.line, error.column, ""))
    before = text[:at].rstrip()
    name = _OPERATOR_NAME.match(text, at)
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)
    token = name[0] if name else text[at]
    lacked = _LACKED.search(before)
    if lacked or (before.endswith("|") and name):
        word = (lacked[1] or lacked[2]) if lacked else token
        return KqlError("SYN0002", f"Unknown operator: '{word}'. The lab knows {OPERATORS}", Place(line, column, token))
    if not isinstance(error, UnexpectedCharacters | UnexpectedToken):
        raise error
    return KqlError(
        "SYN0002", f"Query could not be parsed at '{token}' on line [{line},{column}]", Place(line, column, token)
    )


def _typed_literal(token: str) -> nodes.Literal:
    name, _, rest = token.partition("(")
    type = _TYPES.get(name, name)
    text = rest.removesuffix(")").strip()
    try:
        return nodes.Literal(type, None if text == "null" else _typed_value(type, text))
    except ValueError as error:
        raise KqlError("SYN0002", f"'{token}' is not a literal of type {type}") from error


def _typed_value(type: str, text: str) -> Any:
    if type == "datetime":
        return values.parse_datetime(text)
    if type == "timespan":
        return values.parse_timespan(text)
    if type == "real":
        return float(text)
    if type == "bool":
        return _truth(text.lower()) if text else None
    return int(text)


def _truth(text: str) -> bool:
    if text not in ("true", "false", "1", "0"):
        raise ValueError(f"'{text}' is neither true nor false")
    return text in ("true", "1")


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])


class _Tree(Transformer[Token, Any]):
    """One method for each rule of the grammar; `parts` are what the rule is made of."""

    def query(self, parts: list[Any]) -> nodes.Query:
        return nodes.Query(tuple(parts[:-1]), parts[-1])

    def let_value(self, parts: list[Any]) -> nodes.Let:
        return nodes.Let(str(parts[0]), parts[1])

    def let_table(self, parts: list[Any]) -> nodes.Let:
        return nodes.Let(str(parts[0]), self.pipeline(parts[1:]))

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
        return _typed_literal(str(parts[0]))

    def timespan(self, parts: list[Any]) -> nodes.Literal:
        return nodes.Literal("timespan", values.parse_timespan(str(parts[0])))

    def real(self, parts: list[Any]) -> nodes.Literal:
        return nodes.Literal("real", float(parts[0]))

    def long(self, parts: list[Any]) -> nodes.Literal:
        return nodes.Literal("long", int(parts[0]))

    def string(self, parts: list[Any]) -> nodes.Literal:
        return nodes.Literal("string", _unescape(parts[0]))

    def verbatim(self, parts: list[Any]) -> nodes.Literal:
        quote = parts[0][1]
        return nodes.Literal("string", parts[0][2:-1].replace(quote * 2, quote))

    def true(self, _: list[Any]) -> nodes.Literal:
        return nodes.Literal("bool", True)

    def false(self, _: list[Any]) -> nodes.Literal:
        return nodes.Literal("bool", False)
