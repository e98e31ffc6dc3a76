"""Sets single values in a JSON text and leaves every other character as it is: keys, order, blanks, line ends.

Works on text that is known to be valid JSON. Only the objects on the way to a value are looked into.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_BLANKS = " \t\r\n"
_DECODER = json.JSONDecoder()


class EditRefused(Exception):
    """The value cannot be set without touching what somebody else wrote; the text says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object, by offsets into the text."""

    key: str
    key_start: int
    key_end: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Style:
    """How the text is laid out: ``step``: one level of indentation ("" on one line); ``colon``: with its blanks."""

    newline: str
    step: str
    colon: str


def root(text: str) -> int:
    """Where the outermost object begins."""
    return _skip(text, 0)


def members(text: str, start: int) -> list[Member]:
    """The members of the object that begins at ``start``."""
    found = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, key_end = _DECODER.raw_decode(text, at)
        value = _skip(text, _skip(text, key_end) + 1)
        _, end = _DECODER.raw_decode(text, value)
        found.append(Member(key, at, key_end, value, end))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def value_at(text: str, path: Sequence[str]) -> Any:
    """The value at the path; KeyError where there is none. EditRefused where a key on the way stands twice."""
    member = find(text, path)
    if member is None:
        raise KeyError(".".join(path))
    return _DECODER.raw_decode(text, member.start)[0]


def put(text: str, path: Sequence[str], value: Any, *, ascii_only: bool = False) -> str:
    """The text with ``value`` at the path; members that are missing on the way are added at the end of their object.

    A value that is there already stays in its spelling. EditRefused where something on the way is no object, or where
    a key stands twice.
    """
    style = style_of(text)
    here = root(text)
    for depth, key in enumerate(path):
        found = _only(text, here, key)
        if found is None:
            for name in reversed(path[depth + 1 :]):
                value = {name: value}
            return _insert(text, here, key, value, style, ascii_only=ascii_only)
        if depth == len(path) - 1:
            return _replace(text, found, value, style, ascii_only=ascii_only)
        if text[found.start] != "{":
            raise EditRefused(f"{'.'.join(path[: depth + 1])} is no object")
        here = found.start
    raise EditRefused("no path was given")


def put_first(text: str, key: str, value: Any, *, ascii_only: bool = False) -> str:
    """The text with a new first member of the outermost object, or with that member's value set where it is there."""
    here, style = root(text), style_of(text)
    if _only(text, here, key) is not None:
        return put(text, [key], value, ascii_only=ascii_only)
    present = members(text, here)
    if not present:
        return _insert(text, here, key, value, style, ascii_only=ascii_only)
    lead = text[here + 1 : present[0].key_start]
    written = json.dumps(key) + style.colon + _dumped(value, style, lead, ascii_only=ascii_only)
    return f"{text[: here + 1]}{lead}{written},{text[here + 1 :]}"


def style_of(text: str) -> Style:
    """Read from the first member."""
    here = root(text)
    present = members(text, here)
    if not present:
        return Style("\n", "    ", ": ")
    lead = text[here + 1 : present[0].key_start]
    newline = "\r\n" if "\r\n" in lead else "\n" if "\n" in lead else ""
    return Style(newline, lead.rpartition("\n")[2] if newline else "", text[present[0].key_end : present[0].start])


def _skip(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at


def _lead(text: str, at: int) -> str:
    """The blanks before ``at``."""
    begin = at
    while begin and text[begin - 1] in _BLANKS:
        begin -= 1
    return text[begin:at]


def find(text: str, path: Sequence[str]) -> Member | None:
    """The member at the path, None where there is none; EditRefused where a key on the way stands twice."""
    here, found = root(text), None
    for key in path:
        if here < 0:
            return None
        found = _only(text, here, key)
        if found is None:
            return None
        here = found.start if text[found.start] == "{" else -1
    return found


def _only(text: str, start: int, key: str) -> Member | None:
    same = [one for one in members(text, start) if one.key == key]
    if len(same) > 1:
        raise EditRefused(f"{key} stands twice in one object")
    return same[0] if same else None


def _replace(text: str, found: Member, value: Any, style: Style, *, ascii_only: bool) -> str:
    present = _DECODER.raw_decode(text, found.start)[0]
    if type(present) is type(value) and present == value:
        return text
    lead = _lead(text, found.key_start)
    return text[: found.start] + _dumped(value, style, lead, ascii_only=ascii_only) + text[found.end :]


def _insert(text: str, start: int, key: str, value: Any, style: Style, *, ascii_only: bool) -> str:
    present = members(text, start)
    if present:
        last = present[-1]
        lead = _lead(text, last.key_start)
        colon = text[last.key_end : last.start]
        written = json.dumps(key) + colon + _dumped(value, style, lead, ascii_only=ascii_only)
        return f"{text[: last.end]},{lead}{written}{text[last.end :]}"
    outer = text[text.rfind("\n", 0, start) + 1 : start]
    indent = outer[: len(outer) - len(outer.lstrip(" \t"))]
    lead = style.newline + indent + style.step if style.newline else ""
    written = json.dumps(key) + style.colon + _dumped(value, style, lead, ascii_only=ascii_only)
    close = text.index("}", start)
    return f"{text[: start + 1]}{lead}{written}{style.newline + indent if lead else ''}{text[close:]}"


def _dumped(value: Any, style: Style, lead: str, *, ascii_only: bool) -> str:
    """The value as text; lines after the first are indented like the member that it belongs to."""
    if "\n" not in lead:
        return json.dumps(value, ensure_ascii=ascii_only)
    plain = json.dumps(value, ensure_ascii=ascii_only, indent=style.step, separators=(",", style.colon))
    return plain.replace("\n", style.newline + lead.rpartition("\n")[2])
