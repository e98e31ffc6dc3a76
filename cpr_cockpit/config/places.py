"""Where a key stands in a TOML text: tomllib gives values without places.

The text must be valid TOML already. Members of an inline table are not found: their key is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Key = tuple[str | int, ...]

_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]|[^"\'#\[\]{}\n]+',
    re.DOTALL,
)
_PART = r'\s*(?:"(?:\\.|[^"\\])*"|\'[^\']*\'|[A-Za-z0-9_-]+)\s*'
_DOTTED = re.compile(rf"{_PART}(?:\.{_PART})*")
_ONE = re.compile(_PART)
_OPENS, _CLOSES = frozenset("[{"), frozenset("]}")


def lines_of(text: str) -> dict[Key, int]:
    """The line (from 1) of every table and key, by its path; elements of arrays of tables by their number."""
    found: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for line, statement in _statements(text):
        if statement.startswith("[["):
            path = _resolved(_parts(statement[2:]), counts, last=False)
            counts[path] = counts.get(path, -1) + 1
            table = (*path, counts[path])
            found.setdefault(path, line)
        elif statement.startswith("["):
            table = _resolved(_parts(statement[1:]), counts, last=True)
        else:
            found.setdefault((*table, *_parts(statement)), line)
            continue
        found.setdefault(table, line)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Headers and assignments, comments left out, each with its first line."""
    line = first = 1
    depth, statement = 0, ""
    for piece in _PIECE.findall(text + "\n"):
        if piece == "\n" and depth == 0:
            if statement.strip():
                yield first, statement.strip()
            statement = ""
        elif not piece.startswith("#"):
            if not statement.strip():
                first = line
            statement += piece
            depth += (piece in _OPENS) - (piece in _CLOSES)
        line += piece.count("\n")


def _parts(text: str) -> Key:
    match = _DOTTED.match(text)
    return tuple(_bare(part) for part in _ONE.findall(match[0])) if match else ()


def _bare(part: str) -> str:
    plain = part.strip()
    return plain[1:-1] if plain[:1] in "\"'" else plain


def _resolved(parts: Key, counts: dict[Key, int], *, last: bool) -> Key:
    """The path with the number of the newest element after each array of tables (the last part only if ``last``)."""
    path: Key = ()
    for number, part in enumerate(parts, 1):
        path = (*path, part)
        if path in counts and (last or number < len(parts)):
            path = (*path, counts[path])
    return path


def line_at(lines: dict[Key, int], path: Key) -> int | None:
    """The line of the key, else of the nearest table around it; None for the whole file."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None
