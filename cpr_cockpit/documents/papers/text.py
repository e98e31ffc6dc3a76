"""Markdown that stays what it is whatever a text from outside holds, and one form for every time, span and figure.

Words are passed around raw and made inert exactly once, here, where a line is made of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from cpr_cockpit.core.verdict import percent
from cpr_cockpit.documents.parts import printable

LONGEST = 2000
"""Characters kept of one text: a person's note is no longer."""

NOT_MEASURED = "not measured"

# What Markdown acts on within a line; an underscore or an ampersand only where it would.
_SPECIAL = re.compile(r"[\\`|*\[\]]|<(?=[A-Za-z/!?])|&(?=[A-Za-z0-9#]+;)|~(?=~)|(?<![^\W_])_|_(?![^\W_])")
_AT_START = re.compile(r"[#>+=~_-]|[0-9]{1,9}(?=[.)](?: |$))")


def inert(text: str) -> str:
    """One line without control, escape or bidi characters, in which Markdown finds nothing to act on."""
    line = _inner(text)
    start = _AT_START.match(line)
    if start is None:
        return line
    mark = start[0]
    return f"{mark}\\{line[start.end() :]}" if mark[0].isdigit() else f"\\{line}"


def _inner(text: str) -> str:
    """As `inert`, for a text that never begins a line."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], printable(text, LONGEST))


def heading(level: int, words: str) -> list[str]:
    """A heading and its blank line."""
    return ["#" * level + " " + inert(words), ""]


def paragraph(words: str) -> list[str]:
    """One paragraph and its blank line."""
    return [inert(words), ""]


def code(text: str) -> str:
    """A code span, which no text can leave."""
    return f"`{printable(text).replace('`', chr(39))}`"


def field(name: str, words: str) -> str:
    """A bold name and its value, as the line of a block: the two blanks at the end break the line."""
    return f"**{_inner(name)}**: {_inner(words)}  "


def label(name: str) -> str:
    """A bold name above a list."""
    return f"**{_inner(name)}**:"


def bullet(name: str, words: str) -> str:
    """``- name: words``."""
    return f"- {inert(f'{name}: {words}')}"


def point(words: str) -> str:
    """``- words``."""
    return f"- {inert(words)}"


def points(words: Iterable[str], none: str) -> list[str]:
    """A list and its blank line; the word for an empty one."""
    lines = [point(one) for one in words]
    return [*(lines or [f"_{inert(none)}_"]), ""]


def tick(done: bool, words: str) -> str:
    """A line of a checklist."""
    return f"- [{'x' if done else ' '}] {_inner(words)}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table and its blank line. Every row has as many cells as there are columns."""
    lines = [_row(columns), "|" + "---|" * len(columns)]
    lines += [_row(row) for row in rows]
    return [*lines, ""]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_inner(cell) for cell in cells) + " |"


# -- times and figures -------------------------------------------------------------------------------------------------


def _moment(at: float, form: str) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return f"no time ({at:g})"


def stamp(at: float | None, none: str = NOT_MEASURED) -> str:
    """``2026-11-25 02:20:02 UTC``."""
    return none if at is None else _moment(at, "%Y-%m-%d %H:%M:%S UTC")


def clock(at: float | None, none: str = NOT_MEASURED) -> str:
    """``02:20:02 UTC``."""
    return none if at is None else _moment(at, "%H:%M:%S UTC")


def day(at: float) -> str:
    """``2026-11-25``."""
    return _moment(at, "%Y-%m-%d")


def bare_clock(at: float) -> str:
    """``02:20:02``, for a column that says UTC in its head."""
    return _moment(at, "%H:%M:%S")


def span(seconds: float | None) -> str:
    """``2.5 s``, ``41 s``, ``25.3 min``, ``3.2 h``; says so where it was not measured."""
    if seconds is None or not math.isfinite(seconds):
        return NOT_MEASURED
    if abs(seconds) < 10:
        return f"{seconds:.1f} s"
    if abs(seconds) < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if abs(seconds) < 7200 else f"{seconds / 3600:.1f} h"


def between(start: float | None, end: float | None) -> str:
    """The span from ``start`` to ``end``."""
    return NOT_MEASURED if start is None or end is None else span(end - start)


def ms(value: float | None) -> str:
    """``131 ms``."""
    return NOT_MEASURED if value is None else f"{value:.0f} ms"


def share(failures: int, requests: int) -> str:
    """``2.8 % of 1,023``; says so where there was none."""
    return f"{percent(failures / requests)} of {requests:,}" if requests else NOT_MEASURED


def signed(value: float, unit: str, digits: int = 0) -> str:
    """``+3 ms``, ``-0.2 points``, ``no change`` where it rounds to nothing."""
    text = f"{value:+.{digits}f}"
    return "no change" if float(text) == 0 else f"{text} {unit}"
