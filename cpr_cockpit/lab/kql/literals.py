"""Literals: from their text to a value of their type."""

from __future__ import annotations

import json
import re
from typing import Any

from lark import Token

from cpr_cockpit.lab.kql import nodes, values
from cpr_cockpit.lab.kql.errors import KqlError, Place, at

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_TYPES = {"date": "datetime", "time": "timespan", "double": "real", "boolean": "bool"}


def _no_literal(token: Token, type: str) -> KqlError:
    line, column = token.line or 1, (token.column or 1) - 1
    return KqlError(
        "SYN0002", f"Failed to parse {type} literal: '{token}'{at(line, column)}", Place(line, column, str(token))
    )


def typed(token: Token) -> nodes.Literal:
    """A literal that names its type, as `datetime(2026-02-02)`. Raises KqlError."""
    name, _, rest = token.partition("(")
    type = _TYPES.get(name, name)
    text = rest.removesuffix(")").strip()
    try:
        return nodes.Literal(type, None if text == "null" else _typed_value(type, text))
    except ValueError as error:
        raise _no_literal(token, type) from error


def dynamic(token: Token) -> nodes.Literal:
    """A list or an object of JSON. Raises KqlError."""
    try:
        text = token.partition("(")[2].rpartition(")")[0]
        return nodes.Literal("dynamic", json.loads(_QUOTED.sub(_as_json, text)))
    except ValueError as error:
        raise _no_literal(token, "dynamic") from error


def _as_json(quoted: re.Match[str]) -> str:
    """A text in single quotes, which JSON does not know, in double ones."""
    return quoted[0] if quoted[0].startswith('"') else json.dumps(unescaped(quoted[0]))


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


def unescaped(text: str) -> str:
    """The text between its quotes."""
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])
