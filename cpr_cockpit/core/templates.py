"""Texts that refer to what was captured, ``{goal_id}``, and to secrets, ``{secret:login}``; a brace itself is doubled.

Which names a text refers to is known before anything is sent, so that a wrong one is an error of the configuration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NAME = r"[a-z][a-z0-9_]{0,39}"
_PART = re.compile(rf"\{{\{{|\}}\}}|\{{(secret:)?({NAME})\}}|[{{}}]")
Value = str | int | float | bool
"""What can be captured."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that a text refers to; ``secret``: one of the declared secrets, not something captured."""

    name: str
    secret: bool


class Missing(Exception):
    """A text refers to what is not there: its message is the name."""


def references(text: str) -> tuple[Reference, ...]:
    """Every reference of the text in its order; ValueError where a brace stands alone."""
    return tuple(one for one in _parts(text) if isinstance(one, Reference))


def references_in(value: Any) -> tuple[Reference, ...]:
    """The same of every text within a JSON value."""
    if isinstance(value, str):
        return references(value)
    if isinstance(value, Mapping):
        return tuple(one for each in value.values() for one in references_in(each))
    if isinstance(value, list | tuple):
        return tuple(one for each in value for one in references_in(each))
    return ()


def _parts(text: str) -> Iterator[str | Reference]:
    end = 0
    for match in _PART.finditer(text):
        yield text[end : match.start()]
        end = match.end()
        if match[2] is not None:
            yield Reference(match[2], bool(match[1]))
        elif match[0] in ("{{", "}}"):
            yield match[0][0]
        else:
            raise ValueError(
                "holds a brace by itself: {name} stands for what was captured, {secret:name} for a secret, {{ for {"
            )
    yield text[end:]


def filled(
    text: str,
    captured: Mapping[str, Value],
    secrets: Mapping[str, str],
    put: Callable[[str], str] = lambda value: value,
) -> str:
    """The text with what it refers to, each passed through ``put``. Missing names what is not there."""
    return "".join(one if isinstance(one, str) else put(_told(_value(one, captured, secrets))) for one in _parts(text))


def filled_in(value: Any, captured: Mapping[str, Value], secrets: Mapping[str, str]) -> Any:
    """A JSON value with every text in it filled; a text that is one reference alone keeps the kind of what it names."""
    if isinstance(value, str):
        parts = [one for one in _parts(value) if one != ""]
        if len(parts) == 1 and isinstance(parts[0], Reference):
            return _value(parts[0], captured, secrets)
        return filled(value, captured, secrets)
    if isinstance(value, Mapping):
        return {key: filled_in(each, captured, secrets) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [filled_in(each, captured, secrets) for each in value]
    return value


def _value(one: Reference, captured: Mapping[str, Value], secrets: Mapping[str, str]) -> Value:
    known: Mapping[str, Value] = secrets if one.secret else captured
    if one.name not in known:
        raise Missing(f"secret:{one.name}" if one.secret else one.name)
    return known[one.name]


def _told(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
