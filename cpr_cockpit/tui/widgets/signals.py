"""The signal table: what is measured, what it is held against, and how old it is. What fails comes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from cpr_cockpit.core.view import Signal, State
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.plain_text import clean, elide, elide_middle
from cpr_cockpit.tui.toned import Row, Span, row_width, tone_of
from cpr_cockpit.tui.widgets.ages import age_words
from cpr_cockpit.tui.widgets.canvas import Canvas
from cpr_cockpit.tui.widgets.signal_cells import (
    SETS,
    Column,
    in_cells,
    in_order,
    in_place,
    nearer_limit,
    set_for,
    state_of,
    trend_line,
    width_of,
)


class SignalTable(Canvas, can_focus=True):
    """The table. ``show`` it with every View, ``tick`` it every second: then only ages are drawn again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("home", "move(-1000)", "First", show=False),
        Binding("end", "move(1000)", "Last", show=False),
    ]
    CUTOUTS: ClassVar[int] = 2
    DEFAULT_CSS = """
    SignalTable { height: 1fr; width: 1fr; min-height: 2; }
    """

    class Moved(Message):
        """Another signal is under the cursor."""

        def __init__(self, table: SignalTable, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> SignalTable:
            """The table."""
            return self.table

    def __init__(
        self,
        *,
        glyphs: Glyphs | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs=glyphs, id=id, classes=classes)
        self._signals: tuple[Signal, ...] = ()
        # Every key that was ever shown, in its place: rows do not change places while one reads.
        self._places: list[str] = []
        self._now = 0.0
        self._key = ""
        self._first = 0
        self._holes: list[Region] = []

    def show(self, signals: Sequence[Signal], now: float) -> None:
        """Draw these signals; ``now``: the session's time by the face's clock."""
        given = {one.key: one for one in signals}
        self._places = in_place(self._places, list(given))
        self._signals, self._now = tuple(given[key] for key in self._places if key in given), now
        self.redraw()

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._now = now
        self.redraw()

    @property
    def selected(self) -> Signal | None:
        """The signal under the cursor."""
        ordered = in_order(self._signals, self._now)
        return next((one for one in ordered if one.key == self._key), ordered[0] if ordered else None)

    @property
    def value(self) -> str:
        """The selected signal in one line: what ``c`` copies."""
        one = self.selected
        if one is None:
            return ""
        parts = (
            f"{one.name} {one.now}", f"target {one.target}" if one.target else "",
            f"trigger {one.trigger}" if one.trigger else "", f"before {one.before}" if one.before else "",
            "" if one.n is None else f"n {one.n}", _age(one, self._now), state_of(one, self._now),
        )  # fmt: skip
        return clean(", ".join(part for part in parts if part))

    def watch_has_focus(self, value: bool) -> None:
        """Show or hide the cursor."""
        super().watch_has_focus(value)
        self.redraw()

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        ordered = in_order(self._signals, self._now)
        if not ordered:
            return
        place = next((place for place, one in enumerate(ordered) if one.key == self._key), 0)
        self._key = ordered[max(0, min(len(ordered) - 1, place + step))].key
        self.redraw()
        self.post_message(self.Moved(self, self._key))

    def compose_rows(self, width: int, height: int) -> Sequence[Row]:
        """Heads and rows; two blocks side by side where the rows do not fit below each other but do so."""
        self._holes = []
        ordered = in_order(self._signals, self._now)
        if not ordered:
            return [(("no signals before T0", "dim"),)]
        room = height - 1
        half = (width - 3) // 2
        if len(ordered) > room >= 1 and half >= width_of(SETS[2]):
            return self._in_two(ordered, half, room)
        columns = set_for(width)
        self._scroll(ordered, room)
        shown = ordered[self._first : self._first + room]
        rows = [_heads(columns), *(self._row(one, columns) for one in shown)]
        self._cut_ages(columns, 0, len(shown))
        left_out = len(ordered) - self._first - len(shown)
        if left_out > 0 and room >= 2:
            self._cut_ages(columns, 0, len(shown) - 1)
            rows[-1] = ((f"  ({left_out + 1} more: {_summary(ordered[self._first + room - 1 :], self._now)})", "dim"),)
        return rows

    def _in_two(self, ordered: list[Signal], half: int, room: int) -> list[Row]:
        columns = set_for(half)
        self._scroll(ordered, 2 * room)
        shown = ordered[self._first : self._first + 2 * room]
        each = max(room, -(-len(shown) // 2))
        left, right = [_heads(columns)], [_heads(columns)]
        left += [self._row(one, columns) for one in shown[:each]]
        right += [self._row(one, columns) for one in shown[each:]]
        self._cut_ages(columns, 0, len(left) - 1)
        self._cut_ages(columns, half + 3, len(right) - 1)
        rows = []
        for place, spans in enumerate(left):
            gap = " " * max(1, half + 3 - row_width(spans))
            rows.append((*spans, (gap, ""), *right[place]) if place < len(right) else spans)
        return rows

    def cutouts(self) -> Sequence[Region]:
        """The ages: they change every second."""
        return self._holes

    def _cut_ages(self, columns: Sequence[Column], left: int, rows: int) -> None:
        heads = [one.head for one in columns]
        if "age" in heads and rows > 0:
            before = columns[: heads.index("age")]
            first = left + 2 + sum(one.width + 2 for one in before)
            self._holes = [hole for hole in self._holes if hole.x != first]
            self._holes.append(Region(first, 1, columns[heads.index("age")].width, rows))

    def _scroll(self, ordered: list[Signal], room: int) -> None:
        """Keep the cursor in sight; without the focus the failing rows at the top stay in sight."""
        place = next((place for place, one in enumerate(ordered) if one.key == self._key), 0) if self.has_focus else 0
        # The last line may be the one that tells what is left out.
        visible = max(1, room - 1) if len(ordered) > room else room
        self._first = max(0, min(place, self._first)) if place < self._first else max(self._first, place - visible + 1)
        # A pane that has grown shows as many rows as it can.
        self._first = min(self._first, max(0, len(ordered) - room)) if self.has_focus else 0

    def _row(self, one: Signal, columns: Sequence[Column]) -> Row:
        cursor = self.has_focus and one is self.selected
        spans: list[Span] = [("> " if cursor else "  ", "strong")]
        for column in columns:
            text, tone = self._cell(one, column)
            if column.head == "state":
                # A state's chip is as long as its word.
                spans.append((text, tone))
            else:
                # The blanks between columns go with the words: every change of tone costs forty bytes.
                spans.append((_set(text, column) + "  ", tone))
        return tuple(spans)

    def _cell(self, one: Signal, column: Column) -> Span:
        state, width = state_of(one, self._now), column.width
        if column.head == "name":
            return elide_middle(one.name, width), "strong" if state == State.FAIL else ""
        if column.head == "now":
            return in_cells(one.now, width), {"FAIL": "over", "warn": "warn", "no data": "warn"}.get(state, "strong")
        if column.head == "limit":
            return nearer_limit(one, width), "dim"
        if column.head == "trend":
            return trend_line(one.trend, width, self.glyphs), "data"
        if column.head == "n":
            return elide("" if one.n is None else f"{one.n:,}", width), "dim"
        if column.head == "age":
            return _age(one, self._now), "warn" if state == State.NO_DATA else "dim"
        if column.head == "state":
            return elide(state, width), tone_of(state)
        text = {"target": one.target, "trigger": one.trigger, "before": one.before}[column.head]
        return in_cells(text or "-", width), "dim"


def _age(one: Signal, now: float) -> str:
    return "never" if one.measured_at is None else age_words(now - one.measured_at)


def _set(text: str, column: Column) -> str:
    filler = " " * max(0, column.width - cell_len(text))
    return filler + text if column.right else text + filler


def _heads(columns: Sequence[Column]) -> Row:
    return (("  " + "  ".join(_set(one.head, one) for one in columns), "dim"),)


def _summary(rest: Sequence[Signal], now: float) -> str:
    """How the rows that are not shown stand."""
    counted: dict[str, int] = {}
    for one in rest:
        state = state_of(one, now)
        counted[state] = counted.get(state, 0) + 1
    return ", ".join(f"{count} {state}" for state, count in counted.items())
