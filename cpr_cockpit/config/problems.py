"""What is wrong with the settings, in words: file, line, key, what was found, what is allowed, the nearest match."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from cpr_cockpit.config.places import Key

_LONGEST = 80
# The pattern of a key that takes one of a few words.
_FEW = re.compile(r"\^\(([\w|-]+)\)\$")
_MANY = 8
_KINDS = {
    "missing": "is missing",
    "string_type": "is no text",
    "bool_type": "is neither true nor false",
    "int_type": "is no whole number",
    "int_from_float": "is no whole number",
    "float_type": "is no number",
    "dict_type": "is no table",
    "model_type": "is no table",
    "tuple_type": "is no array of tables",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot be used. ``place``: "cockpit.toml, line 12" or "variable COCKPIT_..."; ``key``: dotted."""

    place: str
    key: str
    what: str
    allowed: str = ""

    def words(self) -> str:
        """One or two sentences."""
        subject = f"{self.place}: {self.key} {self.what}" if self.key else f"{self.place}: {self.what}"
        return f"{subject}." + (f" Allowed: {self.allowed}." if self.allowed else "")


class SettingsError(Exception):
    """The settings cannot be used; ``problems`` says why, one for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(one.words() for one in problems))
        self.problems = tuple(problems)


def dotted(path: Key) -> str:
    """A path for a person; elements of arrays count from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{shown(part)}" if text else shown(part)
    return text


def found(value: object) -> str:
    """What was found in a key's place; a text in quotes, so that "12" is told from 12."""
    return f"found {shown(value)!r}" if isinstance(value, str) else f"found {shown(value)}"


def shown(value: object) -> str:
    """A value from a file, short, printable on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else "a table" if isinstance(value, dict) else repr(value)
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def nearest(name: str, known: Sequence[str]) -> str:
    """Words about the nearest known name, "" where none is near."""
    by_letters = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), by_letters, 1, 0.6)
    return f" (nearest match: {by_letters[near[0]]})" if near else ""


def unknown(name: str, known: Sequence[str]) -> tuple[str, str]:
    """What is wrong with an unknown name, and what is allowed: all of a few, the nearest of many."""
    ordered = sorted(known)
    if len(ordered) > _MANY:
        near = difflib.get_close_matches(name.lower(), ordered, _MANY, 0.0)
        return f"is no key here{nearest(name, known)}", f"{', '.join(sorted(near))} and {len(ordered) - len(near)} more"
    return f"is no key here{nearest(name, known)}", ", ".join(ordered)


def field_at(model: type[BaseModel], path: Key) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The table that the last part of ``path`` stands in, and its field; None for what the types do not name."""
    here: Any = model
    table: type[BaseModel] | None = None
    field: FieldInfo | None = None
    for part in path:
        table, field = None, None
        if isinstance(here, type) and issubclass(here, BaseModel):
            table = here
            field = _fields(here).get(str(part))
            here = _plain(field.annotation) if field else None
        else:
            here = _element(here)
    return table, field


def _fields(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a table by their keys in the file."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _plain(annotation: Any) -> Any:
    """The annotation without its "or None"."""
    options = [one for one in typing.get_args(annotation) if one is not type(None)]
    is_optional = type(None) in typing.get_args(annotation)
    return options[0] if is_optional and options else annotation


def _element(annotation: Any) -> Any:
    """What a mapping's values or a sequence's elements are."""
    arguments = [one for one in typing.get_args(annotation) if one is not Ellipsis]
    return arguments[-1] if arguments else None


def problems_of(error: ValidationError, model: type[BaseModel], place: Callable[[Key], str]) -> tuple[Problem, ...]:
    """Every error of pydantic as a problem; ``place`` says where a path stands.

    A missing key whose misspelling is there is one mistake, so it is one problem.
    """
    errors = error.errors(include_url=False)
    strange = [(one["loc"][:-1], str(one["loc"][-1])) for one in errors if one["type"] == "extra_forbidden"]

    def misspelt(one: Mapping[str, Any]) -> bool:
        near = [name for table, name in strange if table == one["loc"][:-1]]
        return one["type"] == "missing" and bool(difflib.get_close_matches(str(one["loc"][-1]), near, 1, 0.6))

    return tuple(_problem(one, model, place) for one in errors if not misspelt(one))


def _allowed(model: type[BaseModel], path: Key) -> str:
    """What the field says that is allowed; of an element or an entry what the whole says."""
    field = None
    while path and field is None:
        _, field = field_at(model, path)
        path = path[:-1]
    return (field.description or "") if field else ""


def _problem(one: Mapping[str, Any], model: type[BaseModel], place: Callable[[Key], str]) -> Problem:
    path: Key = one["loc"]
    table, field = field_at(model, path)
    allowed = _allowed(model, path)
    if one["type"] == "extra_forbidden":
        known = list(_fields(table)) if table else []
        what, allowed = unknown(str(path[-1]), known)
        return Problem(place(path), dotted(path), what, allowed)
    if one["type"] == "missing":
        return Problem(place(path), dotted(path), _KINDS["missing"], allowed)
    if one["type"] == "value_error":
        what = str(one["ctx"]["error"])
        # What is wrong with a whole table says itself what it found; an element of a list is told as any value.
        if field is None and not isinstance(one["input"], str):
            return Problem(place(path), dotted(path), f"cannot be used: {what}")
    else:
        what = _KINDS.get(one["type"], "is not allowed")
        # A value of a few: the one that was meant is named.
        few = _FEW.fullmatch(str((one.get("ctx") or {}).get("pattern", "")))
        if few is not None and isinstance(one["input"], str):
            what += nearest(one["input"], few[1].split("|"))
    return Problem(place(path), dotted(path), f"{what}, {found(one['input'])}", allowed)
