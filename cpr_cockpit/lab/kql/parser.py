"""From text to syntax tree; what the grammar lacks is refused with its place and, for an operator, its name."""

from __future__ import annotations

import re
from functools import cache

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from cpr_cockpit.lab.kql import nodes
from cpr_cockpit.lab.kql.errors import KqlError, Place, at
from cpr_cockpit.lab.kql.grammar import GRAMMAR
from cpr_cockpit.lab.kql.tree import build

OPERATORS = (
    "where, filter, extend, project, project-away, project-keep, project-rename, summarize, sort, order, take, limit, "
    "top, distinct, count, join, union"
)
_OPERATOR_NAME = re.compile(r"[A-Za-z_][\w-]*")
# Read as a table or as a known operator, such a word is only stumbled over at what follows it.
_LACKED = re.compile(
    r"(?:(?:^|[;(])\s*(search|range|find|datatable|externaldata|evaluate|set|declare|alias|restrict)"
    r"|\|\s*([a-z]+(?:-[a-z]+)+))$"
)


def parse(text: str) -> nodes.Query:
    """The syntax tree of `text`. Raises KqlError."""
    try:
        query = build(_parser().parse(text))
    except UnexpectedInput as error:
        raise _refusal(text, error) from error
    except VisitError as error:
        raise error.orig_exc from error
    return query


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, start="query", parser="lalr", maybe_placeholders=True)


def _refusal(text: str, error: UnexpectedInput) -> KqlError:
    start = error.pos_in_stream
    if (
        start is None
        or start < 0
        or start >= len(text)
        or (isinstance(error, UnexpectedToken) and error.token.type == "$END")
    ):
        line, column = text.count("\n") + 1, len(text) - (text.rfind("\n") + 1)
        said = f"Query could not be parsed: it ends too early{at(line, column)}"
        return KqlError("SYN0002", said, Place(line, column, ""))
    before = text[:start].rstrip()
    name = _OPERATOR_NAME.match(text, start)
    line, column = text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1)
    token = name[0] if name else text[start]
    lacked = _LACKED.search(before)
    if lacked or (before.endswith("|") and name):
        word = (lacked[1] or lacked[2]) if lacked else token
        said = f"Unknown operator: '{word}'. The lab knows {OPERATORS}{at(line, column)}"
        return KqlError("SYN0002", said, Place(line, column, token))
    if not isinstance(error, UnexpectedCharacters | UnexpectedToken):
        raise error
    said = f"Query could not be parsed at '{token}'{at(line, column)}"
    return KqlError("SYN0002", said, Place(line, column, token))
