"""Text from outside, made harmless: no markup, no escape sequences, no controls, nothing that reorders a line."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.text import Text

# More marks on one letter than any language needs would climb over the lines above.
_MARKS = 2
# Variation selectors: terminals disagree about the width of what stands before them.
_SELECTORS = range(0xFE00, 0xFE10)


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """The text as one line that only prints: controls and separators become spaces, format characters vanish."""
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind == "Cf" or marks > _MARKS or ord(char) in _SELECTORS:
            continue
        kept.append(char if char.isprintable() else " ")
    return "".join(kept)


def as_markup(text: str) -> str:
    """Markup that shows just these words, where a widget of Textual takes nothing else.

    Textual's own ``escape`` leaves ``[B]``, ``[$x]`` and brackets in brackets as they are.
    """
    return clean(text).replace("[", "\\[")


def plain(text: str, style: str = "") -> Text:
    """Rich text of those words, never read as markup."""
    return Text(clean(text), style=style, no_wrap=True, end="")


def elide(text: str, width: int) -> str:
    """The text in at most ``width`` cells, its end cut off visibly."""
    line = clean(text)
    if cell_len(line) <= width:
        return line
    return set_cell_size(line, max(0, width - 2)).rstrip() + ".." if width > 2 else set_cell_size(line, max(0, width))


def elide_middle(text: str, width: int) -> str:
    """The text in at most ``width`` cells, its middle cut out: beginnings and ends tell names apart."""
    line = clean(text)
    if cell_len(line) <= width or width < 8:
        return elide(line, width)
    tail = (width - 2) // 3
    end = line[-tail:]
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(line, width - 2 - cell_len(end)).rstrip() + ".." + end


def lines_of(text: str) -> list[str]:
    """A whole text as harmless lines."""
    return [clean(line.expandtabs(4)) for line in text.splitlines()]
