"""Rows of toned words: the common coin of lines and lists. A tone is a meaning; the theme gives it a colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from cpr_cockpit.tui.plain_text import clean, elide
from cpr_cockpit.tui.tones import tone_styles

Span = tuple[str, str]
Row = tuple[Span, ...]

# How a state's or a mark's word is toned; a word that is not here is plain.
_OF_WORD = {
    "ok": "ok", "done": "ok", "already": "ok", "signed": "ok", "measured": "ok", "derived": "ok", "READY": "ok",
    "warn": "warn", "open": "warn", "deferred": "warn", "waived": "warn", "expired": "warn", "no data": "warn",
    "CONDITIONAL": "warn", "stopped": "warn", "FAIL": "fail", "failed": "fail", "NOT READY": "fail",
    "run": "run", "running": "run", "waiting": "dim", "-": "dim",
}  # fmt: skip


def tone_of(word: str) -> str:
    """The tone of a state's word."""
    return _OF_WORD.get(word, "")


def row(*spans: Span | str) -> Row:
    """A row of spans, cleaned; a bare string has no tone."""
    return tuple((clean(one), "") if isinstance(one, str) else (clean(one[0]), one[1]) for one in spans)


def row_width(spans: Row) -> int:
    """Cells that the row takes."""
    return sum(cell_len(text) for text, _ in spans)


def row_text(spans: Row) -> str:
    """The row's words alone."""
    return "".join(text for text, _ in spans).rstrip()


def cell(text: str, width: int) -> str:
    """The text in exactly ``width`` cells, elided or padded, for columns."""
    short = elide(text, width)
    return short + " " * (width - cell_len(short))


def chip(word: str, width: int) -> Row:
    """A state's word in its tone, then blanks: a chip is as long as its word."""
    text = elide(word, width)
    return (text, tone_of(word)), (" " * (width - cell_len(text)), "")


def wrapped(spans: Row, width: int, indent: int = 0) -> list[Row]:
    """The row broken at blanks into lines of at most ``width`` cells, all but the first indented."""
    lines: list[list[Span]] = [[]]
    used, room = 0, max(8, width)
    for whole, tone in _words(spans):
        word, length = whole, cell_len(whole)
        fits_a_line = cell_len(word.rstrip()) <= room - indent
        if fits_a_line and used + cell_len(word.rstrip()) > room and used > (indent if len(lines) > 1 else 0):
            lines.append([(" " * indent, "")] if indent else [])
            used, word = indent, word.lstrip()
            length = cell_len(word)
        if used + length > room:
            # The blanks after a line's last word are no reason to break it.
            word = word.rstrip()
            length = cell_len(word)
        while used + length > room:
            head = _fitting(word, room - used)
            lines[-1].append((head, tone))
            lines.append([(" " * indent, "")] if indent else [])
            word, used = word[len(head) :], indent
            length = cell_len(word)
        lines[-1].append((word, tone))
        used += length
    return [tuple(line) for line in lines]


def _fitting(word: str, room: int) -> str:
    taken = 0
    for place, char in enumerate(word):
        taken += cell_len(char)
        if taken > room:
            return word[: max(1, place)]
    return word


def _words(spans: Row) -> Iterator[Span]:
    """Every word with the blanks that follow it, so that none is lost or invented."""
    for text, tone in spans:
        start = 0
        for place in range(1, len(text)):
            if text[place] != " " and text[place - 1] == " ":
                yield text[start:place], tone
                start = place
        if text:
            yield text[start:], tone


class Toned(Widget):
    """A widget that draws rows of toned words."""

    def strip_of(self, spans: Row, width: int, *, base: Style | None = None) -> Strip:
        """The row as a strip of exactly ``width`` cells; ``base`` lies over every span (a cursor)."""
        ground, styles = self.rich_style, tone_styles(self.app)
        segments = []
        for text, tone in spans:
            style = ground + styles[tone] if tone in styles else ground
            segments.append(Segment(text, style + base if base is not None else style))
        strip = Strip(segments)
        filler = ground + base if base is not None else ground
        if strip.cell_length > width:
            strip = strip.crop(0, max(0, width - 2))
            strip = Strip([*strip, Segment("..", filler)])
        return strip.extend_cell_length(width, filler).crop(0, width)


class Line(Toned):
    """One line, left and right; drawn again only when its words have changed."""

    DEFAULT_CSS = """
    Line { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._left: Row = ()
        self._right: Row = ()

    def say(self, left: Row, right: Row = ()) -> None:
        """Show these words; the right ones give way where there is no room."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    @property
    def words(self) -> str:
        """What it shows, without tones."""
        return " ".join(part for part in (row_text(self._left), row_text(self._right)) if part)

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.size.width
        room = width - row_width(self._left)
        right = self._right if row_width(self._right) < room else ()
        gap = (" " * (room - row_width(right)), "")
        return self.strip_of((*self._left, gap, *right) if right else self._left, width)


def table(rows: Sequence[Sequence[Span]], widths: Sequence[int], gap: int = 2) -> list[Row]:
    """Rows of cells as aligned rows."""
    blank = (" " * gap, "")
    made = []
    for one in rows:
        spans: list[Span] = []
        for (text, tone), width in zip(one, widths, strict=True):
            spans += [(cell(text, width), tone), blank]
        made.append(tuple(spans[:-1]))
    return made
