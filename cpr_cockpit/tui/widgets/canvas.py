"""A widget of rows that are composed as a whole and drawn again only where their cells have changed.

Textual sends a changed line from the left edge of its widget up to the last changed cell. What changes every second
far right in a row (ages) is therefore cut out into small widgets of its own: a few bytes instead of a whole row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.events import Resize
from textual.geometry import Region, Size
from textual.strip import Strip

from cpr_cockpit.tui.glyphs import Glyphs, here
from cpr_cockpit.tui.toned import Row, Toned


class Canvas(Toned):
    """Rows of toned words, composed by ``compose_rows`` for the size at hand.

    ``redraw`` composes them again and asks for the changed cells alone: over ssh a line costs, a second screen more.
    """

    # How many cutouts there can be.
    CUTOUTS: ClassVar[int] = 0

    def __init__(self, *, glyphs: Glyphs | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = here() if glyphs is None else glyphs
        self._drawn: list[Row] = []
        self._drawn_for = Size(0, 0)

    def compose(self) -> ComposeResult:
        """The cutouts, without a place yet."""
        yield from (Cutout() for _ in range(self.CUTOUTS))

    def compose_rows(self, width: int, height: int) -> Sequence[Row]:
        """The rows for that many cells, of which there are none here; what is too much is cut off."""
        return ()

    def cutouts(self) -> Sequence[Region]:
        """Cells of the rows composed last that change far more often than what stands left of them."""
        return ()

    @property
    def words(self) -> str:
        """What it shows, without tones."""
        return "\n".join("".join(text for text, _ in one).rstrip() for one in self._drawn)

    def redraw(self) -> None:
        """Compose again; only the cells that changed are sent to the terminal."""
        width, height = self.size
        if not width or not height:
            return
        before = self._drawn
        self._compose_anew()
        holes = self.cutouts()[: self.CUTOUTS]
        changed = [Region(first, y, last - first, 1) for y, first, last in changes(before, self._drawn, width, holes)]
        if changed:
            self.refresh(*changed)
        for place, child in enumerate(self._pieces()):
            child.lay(self._drawn, holes[place] if place < len(holes) else None)

    def _compose_anew(self) -> None:
        width, height = self._drawn_for = self.size
        self._drawn = list(self.compose_rows(width, height))[:height]

    def _pieces(self) -> list[Cutout]:
        return [child for child in self.children if isinstance(child, Cutout)]

    def on_resize(self, event: Resize) -> None:
        """Compose for the new size."""
        self._drawn = []
        self.redraw()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row; a new size is painted before its event arrives here."""
        if self._drawn and self._drawn_for != self.size:
            self._compose_anew()
        return self.strip_of(self._drawn[y] if y < len(self._drawn) else (), self.size.width)


class Cutout(Canvas):
    """A piece of a canvas as a widget of its own, lying over its place."""

    DEFAULT_CSS = """
    Cutout { position: absolute; display: none; width: 1; height: 1; }
    """

    def __init__(self) -> None:
        super().__init__(glyphs=Glyphs.ASCII)
        self._rows: list[Row] = []
        self._hole: Region | None = None

    def lay(self, rows: Sequence[Row], hole: Region | None) -> None:
        """Show that region of the rows; None: nothing."""
        self._rows = [row_of(cells(one, hole.right)[hole.x :]) for one in rows[hole.y : hole.bottom]] if hole else []
        if hole == self._hole:
            self.redraw()
            return
        self._hole = hole
        self.display = hole is not None
        if hole is not None:
            self.styles.offset = hole.offset
            self.styles.width, self.styles.height = hole.size
            self.redraw()

    def compose_rows(self, width: int, height: int) -> Sequence[Row]:
        """What was cut out."""
        return self._rows


def changes(
    before: Sequence[Row], after: Sequence[Row], width: int, holes: Sequence[Region] = ()
) -> Iterator[tuple[int, int, int]]:
    """The rows that differ outside of the holes, each with the first changed cell and the one behind the last."""
    for y, (old, new) in enumerate(zip_longest(before, after, fillvalue=())):
        if old != new:
            was, now = cells(old, width), cells(new, width)
            differing = [
                x
                for x, (one, other) in enumerate(zip(was, now, strict=True))
                if one != other and not any(hole.contains(x, y) for hole in holes)
            ]
            if differing:
                yield y, differing[0], differing[-1] + 1


def cells(spans: Row, width: int) -> list[tuple[str, str]]:
    """The row cell by cell, each with its tone; a wide character has an empty second cell."""
    found: list[tuple[str, str]] = []
    for text, tone in spans:
        for char in text:
            wide = cell_len(char)
            if wide:
                found += [(char, tone), *([("", tone)] * (wide - 1))]
            elif found:
                # A mark belongs to the letter before it: the cell differs when its mark does.
                found[-1] = (found[-1][0] + char, found[-1][1])
    return (found + [(" ", "")] * width)[:width]


def row_of(cells_: Sequence[tuple[str, str]]) -> Row:
    """Cells joined into spans of one tone each."""
    spans: list[tuple[str, str]] = []
    for char, tone in cells_:
        if spans and spans[-1][1] == tone:
            spans[-1] = (spans[-1][0] + char, tone)
        else:
            spans.append((char, tone))
    return tuple(spans)
