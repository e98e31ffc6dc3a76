"""The JSON schema of ``cockpit.toml``, made of the same types that read it: editors tell a mistake while it is typed.

It says what one key may hold; what several keys must not say together only reading the file tells.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, BeforeValidator

from cpr_cockpit.config.model import Settings
from cpr_cockpit.config.values import milliseconds, percent, seconds, share

# The file that is shipped; a test holds it to `schema_text`.
FILE = "cockpit.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Numbers that may be written as text with a unit, and how that text looks.
_UNITS = {
    seconds: r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*$",
    milliseconds: r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*$",
    percent: r"^\s*\d+(\.\d+)?\s*%\s*$",
    share: r"^\s*\d+(\.\d+)?\s*%\s*$",
}


def schema() -> dict[str, Any]:
    """The schema as JSON values."""
    made = Settings.model_json_schema()
    tables = {"": made} | dict(made["$defs"])
    for model in _models(Settings, set()):
        properties = tables["" if model is Settings else model.__name__].get("properties", {})
        for name, field in model.model_fields.items():
            pattern = _pattern(field.metadata) or _pattern_in(field.annotation)
            if pattern:
                _with_text(properties[field.alias or name], pattern)
    told = {"$schema": _DIALECT, "title": "cockpit.toml of CPR Cockpit"}
    body: dict[str, Any] = _tidy({name: value for name, value in made.items() if name != "title"})
    return told | body


def schema_text() -> str:
    """The schema as the shipped file has it."""
    return json.dumps(schema(), indent=2) + "\n"


def _models(kind: Any, seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """A table's type with those of all tables in it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind in seen:
            return
        seen.add(kind)
        yield kind
        for field in kind.model_fields.values():
            yield from _models(field.annotation, seen)
    for argument in typing.get_args(kind):
        yield from _models(argument, seen)


def _pattern(metadata: typing.Iterable[Any]) -> str:
    """How a text with a unit looks, where one of these reads it."""
    readers = [one.func for one in metadata if isinstance(one, BeforeValidator)]
    return next((_UNITS[one] for one in readers if one in _UNITS), "")


def _pattern_in(annotation: Any) -> str:
    """The same of what stands within an annotation: an element, or the one that may be left out."""
    found = _pattern(getattr(annotation, "__metadata__", ()))
    return found or next((one for one in map(_pattern_in, typing.get_args(annotation)) if one), "")


def _with_text(part: dict[str, Any], pattern: str) -> None:
    """A number, wherever it stands in this part, may be such a text too."""
    if part.get("type") == "number":
        part["type"], part["pattern"] = ["number", "string"], pattern
    for inner in (*part.get("anyOf", ()), *([part["items"]] if isinstance(part.get("items"), dict) else ())):
        _with_text(inner, pattern)


def _tidy(value: Any) -> Any:
    """Without titles, which say a key's own name again (a key that is called so stays), and marks of our own texts."""
    if isinstance(value, str):
        return value.replace("``", "")
    if isinstance(value, list):
        return [_tidy(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _tidy(one) for name, one in value.items() if not (name == "title" and isinstance(one, str))}
