"""A JSON document as objects that tell what is ambiguous in them; one clear message where it is no JSON."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NoReturn

from cpr_cockpit.documents.parts import Problem, printable
from cpr_cockpit.documents.reading import DocumentError, SourceText


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which keys were given twice: such a value is ambiguous."""

    repeated: frozenset[str] = frozenset()


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    made = JsonObject(pairs)
    if len(made) < len(pairs):
        times = Counter(name for name, _ in pairs)
        made.repeated = frozenset(name for name in made if times[name] > 1)
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def parse(source: SourceText) -> JsonObject:
    """The document's object; DocumentError names the line of what is wrong."""
    try:
        value = json.loads(source.text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise DocumentError(_no_json(source, error)) from None
    except RecursionError:
        raise DocumentError(Problem(source.name, "", "nested too deeply", "This is no such document.")) from None
    except ValueError as error:
        raise DocumentError(Problem(source.name, "", printable(str(error), 120), "Allowed: JSON.")) from None
    if not isinstance(value, JsonObject):
        what = f"is {kind_of(value)}"
        raise DocumentError(Problem(source.name, "line 1", what, "Allowed: one JSON object in braces."))
    return value


def _no_json(source: SourceText, error: json.JSONDecodeError) -> Problem:
    text = source.text.rstrip()
    rest = text[error.pos :]
    # A name, number or escape that was cut off fails where it begins, a little before the end.
    if error.msg.startswith("Unterminated string") or (len(rest) < 10 and not re.search(r"[,:{}\[\]]", rest)):
        where = f"line {text.count(chr(10)) + 1}"
        return Problem(source.name, where, "ends in the middle: truncated", "Write the file again, whole.")
    what = f"no valid JSON at column {error.colno} ({printable(error.msg)})"
    return Problem(source.name, f"line {error.lineno}", what, "Allowed: JSON without comments and trailing commas.")


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return f"{value:g}" if abs(value) < 10**15 else "a huge number"
    return "a list" if isinstance(value, list) else "a text" if isinstance(value, str) else "an object"
