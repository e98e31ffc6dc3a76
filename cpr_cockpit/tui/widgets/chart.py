"""A chart on a fixed axis, from T0 to the end of the window: limit, baseline, markers, and no lost spike.

Every dot column shows the least and the most of what was measured in its time. Where nothing was measured there is
nothing: a gap stays a gap. The axis never moves, so a new point changes a few cells, and only these are sent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import ClassVar

from rich.cells import cell_len
from textual.geometry import Region

from cpr_cockpit.core.view import Series, Signal, Window
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.plain_text import clean, elide
from cpr_cockpit.tui.toned import Row
from cpr_cockpit.tui.widgets.ages import age_words
from cpr_cockpit.tui.widgets.canvas import Canvas, row_of
from cpr_cockpit.tui.widgets.plot import BLANK, Cell, Plot
from cpr_cockpit.tui.widgets.signal_cells import state_of


class ThresholdChart(Canvas):
    """One Series with its title, axes and limit. ``show`` it whenever a View came, ``tick`` it for the ages."""

    CUTOUTS: ClassVar[int] = 1
    DEFAULT_CSS = """
    ThresholdChart { height: 1fr; width: 1fr; min-height: 4; }
    """

    def __init__(
        self,
        *,
        glyphs: Glyphs | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs=glyphs, id=id, classes=classes)
        self._series: Series | None = None
        self._signal: Signal | None = None
        self._window = Window(0.0)
        self._now = 0.0

    def show(self, series: Series | None, window: Window, now: float = 0.0, signal: Signal | None = None) -> None:
        """Draw that Series on the axis of that window; ``signal``: its row of the table, for value, age and state.

        ``now``: the session's time by the face's clock; it is needed for the age alone.
        """
        self._series, self._window, self._now, self._signal = series, window, now, signal
        self.redraw()

    def tick(self, now: float) -> None:
        """Time has passed: only the age changes."""
        self._now = now
        self.redraw()

    def cutouts(self) -> list[Region]:
        """The age: it changes every second."""
        left = 0
        for word, value in pairwise(self._drawn[0] if self._drawn else ()):
            left += cell_len(word[0])
            if word[0].strip() == "age":
                return [Region(left, 0, cell_len(value[0]), 1)]
        return []

    @property
    def value(self) -> str:
        """Its title with the value and the limit: what ``c`` copies."""
        return self.words.split("\n", 1)[0].strip()

    def compose_rows(self, width: int, height: int) -> list[Row]:
        """Title, plot with the y axis at its left, and the clock below."""
        series = self._series
        if series is None or self._window.t0 is None or self._window.length_s <= 0:
            return [(("no chart before T0", "dim"),)]
        labels = _y_labels(series)
        left = max(cell_len(text) for text in labels) + 1
        inner, rows = width - left, height - 2
        if inner < 8 or rows < 1:
            return [self._title(series, width)]
        plot = Plot(series, self._window.length_s, inner, rows, self.glyphs)
        cells = plot.draw()
        axis = _y_axis(labels, left, rows, plot.row_of_value(series.limit) if series.limit is not None else None)
        drawn = [(axis[y], *row_of(cells[y])) for y in range(rows)]
        return [self._title(series, width), *drawn, self._x_axis(plot, left, inner)]

    def _title(self, series: Series, width: int) -> Row:
        signal = self._signal
        state = state_of(signal, self._now) if signal else ""
        now = clean(signal.now) if signal else _newest(series)
        tone = _tone_of_now(series, state)
        # The word stands beside the value: it must not be the colour alone that tells, nor give way to the limit.
        word = state or ("over" if tone == "over" else "")
        spans = [(elide(series.title, 20), "strong"), ("  ", ""), (f"{elide(now, 20)}  {word}".rstrip(), tone)]
        if series.limit_words:
            spans += [("   limit ", "dim"), (elide(series.limit_words, 24), "limit")]
        if series.before is not None:
            spans += [("   before ", "dim"), (_figure(series.before, series.unit), "")]
        if signal is not None and signal.measured_at is not None:
            spans += [("   age ", "dim"), (f"{age_words(self._now - signal.measured_at):<6}", "")]
        return _that_fit(spans, width)

    def _x_axis(self, plot: Plot, left: int, width: int) -> Row:
        """Clock times from T0 to the end, a marker's word beside its time."""
        line: list[Cell] = [BLANK] * (left + width)
        names = {plot.column_of(at): elide(words, 16) for at, words in self._series.markers} if self._series else {}
        count = max(1, min(3, width // 18))
        short = self._window.length_s < 240
        for tick in range(count + 1):
            at = self._window.length_s * tick / count
            column = plot.column_of(at)
            text = f"{datetime.fromtimestamp((self._window.t0 or 0.0) + at, UTC):{'%H:%M:%S' if short else '%H:%M'}}"
            name = names.pop(column, "")
            text = f"{text} {name}" if name else text
            _put(line, min(left + column, left + width - cell_len(text)), text)
        for column, name in names.items():
            _put(line, min(left + column, left + width - cell_len(name)), name)
        return row_of(line)


def _put(line: list[Cell], first: int, text: str) -> None:
    """Write where nothing stands yet, a blank kept at either side."""
    around = line[max(0, first - 1) : first + len(text) + 1]
    if first >= 0 and len(text) == cell_len(text) and all(char == " " for char, _ in around):
        line[first : first + len(text)] = [(char, "axis") for char in text]


def _y_labels(series: Series) -> tuple[str, ...]:
    limit = "" if series.limit is None or series.limit > series.top else _figure(series.limit, series.unit)
    return _figure(series.top, series.unit), limit, _figure(0, series.unit)


def _y_axis(labels: tuple[str, ...], left: int, rows: int, limit_row: int | None) -> list[tuple[str, str]]:
    """The label of every row: top, limit, nought. Without both ends an axis says nothing; the title names the limit."""
    top, limit, nought = labels
    texts = [""] * rows
    texts[0] = top
    if limit_row is not None and limit and (0 < limit_row < rows - 1 or rows == 1):
        texts[limit_row] = limit
    if rows > 1:
        texts[-1] = nought
    return [
        (text.rjust(left - 1) + " ", "limit" if y == limit_row and text == limit else "axis")
        for y, text in enumerate(texts)
    ]


def _figure(value: float, unit: str) -> str:
    """At most three figures: 0.31 %, 10.5 %, 264 ms."""
    number = f"{value:.0f}" if value >= 100 or value == 0 else f"{value:.3g}"
    return f"{number} {elide(unit, 4)}".rstrip()


def _newest(series: Series) -> str:
    return _figure(series.points[-1].typical, series.unit) if series.points else "no data"


def _tone_of_now(series: Series, state: str) -> str:
    if state:
        return {"FAIL": "over", "warn": "warn", "no data": "warn", "ok": "good"}.get(state, "strong")
    over = series.limit is not None and bool(series.points) and series.points[-1].typical > series.limit
    return "over" if over else "strong"


def _that_fit(spans: list[tuple[str, str]], width: int) -> Row:
    """The spans, in pairs of a word and its value, as many as there is room for."""
    kept, used = list(spans[:3]), sum(cell_len(text) for text, _ in spans[:3])
    for word, value in zip(spans[3::2], spans[4::2], strict=True):
        used += cell_len(word[0]) + cell_len(value[0])
        if used > width:
            break
        kept += [word, value]
    return tuple(kept)
