"""The plot of a chart: the envelope of what was measured, over the lines that it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len

from cpr_cockpit.core.view import Series
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.plain_text import elide

Cell = tuple[str, str]
BLANK: Cell = (" ", "")
# Dots of one cell, by columns and rows, and what draws a line of a limit or of the baseline in it.
_GRID = {Glyphs.BRAILLE: (2, 4), Glyphs.BLOCKS: (1, 2), Glyphs.ASCII: (1, 1)}
_BRAILLE_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLOCKS = (" ", "▀", "▄", "█")


@dataclass(frozen=True, slots=True)
class Band:
    """Dots from ``low`` to ``high`` in one column, 0 the lowest row of dots; ``over``: the most is over the limit."""

    low: int
    high: int
    over: bool


def bands(series: Series, length: float, columns: int, rows: int) -> list[Band | None]:
    """The envelope of every dot column; None where nothing was measured. Values over the top end at the top."""
    low: list[float | None] = [None] * columns
    high: list[float | None] = [None] * columns
    for point in series.points:
        first = max(0, int(point.start / length * columns))
        last = min(columns - 1, max(first, _last_column(point.start + point.length, length, columns)))
        for place in range(first, last + 1):
            below, above = low[place], high[place]
            low[place] = point.low if below is None else min(below, point.low)
            high[place] = point.high if above is None else max(above, point.high)
    limit = series.limit
    found = [
        None
        if least is None or most is None
        else Band(dot(least, series.top, rows), dot(most, series.top, rows), limit is not None and most > limit)
        for least, most in zip(low, high, strict=True)
    ]
    return _joined(found)


def _last_column(end: float, length: float, columns: int) -> int:
    place = end / length * columns
    return int(place) - 1 if place == int(place) else int(place)


def _joined(found: list[Band | None]) -> list[Band | None]:
    """Neighbours made to touch, so that a steep rise is one line; each keeps its own least and most."""
    made = list(found)
    for place, (before, now) in enumerate(pairwise(found), start=1):
        if before is not None and now is not None:
            if now.low > before.high + 1:
                made[place] = Band(before.high + 1, now.high, now.over)
            elif now.high < before.low - 1:
                made[place] = Band(now.low, before.low - 1, now.over)
    return made


def dot(value: float, top: float, rows: int) -> int:
    """The row of dots of a value, 0 the lowest; what lies over the axis is on its highest row."""
    share = value / top if top > 0 else 0.0
    return max(0, min(rows - 1, round(share * (rows - 1))))


class Plot:
    """The cells of the plot alone, without titles and axes."""

    def __init__(self, series: Series, length: float, width: int, height: int, glyphs: Glyphs) -> None:
        self._series = series
        self._length = length
        self._width = width
        self._height = height
        self._glyphs = glyphs
        self._across, self._down = _GRID[glyphs]
        self._rows = height * self._down
        self.bands = bands(series, length, width * self._across, self._rows)
        self.cells: list[list[Cell]] = [[BLANK] * width for _ in range(height)]

    def draw(self) -> list[list[Cell]]:
        """Lines first, data over them: what was measured is never hidden."""
        for at, _ in self._series.markers:
            self._upright(at)
        if self._series.before is not None:
            self._level(self._series.before, "┈", period=3, ink=1, tone="axis")
        if self._series.limit is not None:
            self._level(self._series.limit, "─", period=3, ink=2, tone="limit")
        self._data()
        self._label()
        return self.cells

    def row_of_value(self, value: float) -> int:
        """The row of cells, 0 the highest, in which a value is drawn."""
        return self._height - 1 - dot(value, self._series.top, self._rows) // self._down

    def column_of(self, at: float) -> int:
        """The column of cells of a time in seconds after T0."""
        return max(0, min(self._width - 1, int(at / self._length * self._width)))

    def _upright(self, at: float) -> None:
        if at <= 0:
            return
        for line in self.cells:
            line[self.column_of(at)] = (":" if self._glyphs is Glyphs.ASCII else "┊", "axis")

    def _level(self, value: float, line_char: str, *, period: int, ink: int, tone: str) -> None:
        """A line is no row of dots: where it meets the data in one row of cells, both can still be told apart."""
        if value > self._series.top:
            return
        line = self.cells[self.row_of_value(value)]
        char = line_char if self._glyphs is Glyphs.BRAILLE else "." if ink == 1 else "-"
        for x in range(self._width):
            if x % period < ink:
                line[x] = (char, tone)

    def _data(self) -> None:
        for x in range(self._width):
            columns = self.bands[x * self._across : (x + 1) * self._across]
            seen = [band for band in columns if band is not None]
            if not seen:
                continue
            tone = "over" if any(band.over for band in seen) else "data"
            for y in range(self._height):
                char = self._data_char(columns, (self._height - 1 - y) * self._down)
                if char:
                    self.cells[y][x] = (char, tone)

    def _data_char(self, columns: Sequence[Band | None], lowest: int) -> str:
        bits = 0
        for across, band in enumerate(columns):
            for sub in range(self._down):
                level = lowest + self._down - 1 - sub
                if band is not None and band.low <= level <= band.high:
                    bits |= _BRAILLE_BITS[sub][across] if self._glyphs is Glyphs.BRAILLE else 1 << sub
        if not bits:
            return ""
        if self._glyphs is Glyphs.BRAILLE:
            return chr(0x2800 + bits)
        return _BLOCKS[bits] if self._glyphs is Glyphs.BLOCKS else "*"

    def _label(self) -> None:
        """The limit's words at the right end of its line, where no data is."""
        if self._series.limit is None or self._series.limit > self._series.top or not self._series.limit_words:
            return
        text = f" limit {elide(self._series.limit_words, self._width // 3)} "
        line = self.cells[self.row_of_value(self._series.limit)]
        first = self._width - cell_len(text)
        if first > 0 and len(text) == cell_len(text) and all(tone not in ("data", "over") for _, tone in line[first:]):
            line[first:] = [(char, "limit") for char in text]
