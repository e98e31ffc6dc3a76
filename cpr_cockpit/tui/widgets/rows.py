"""A list of rows on the line API: a cursor, its place kept, and only the lines that changed are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cpr_cockpit.tui.toned import Row, Toned, row, row_text, wrapped
from cpr_cockpit.tui.widgets.canvas import changes

Builder = Callable[[int], Sequence[Row]]
# Cells of a line before the first layout, which builds again.
_USUAL = 80
_CURSOR = Style(reverse=True)


class Rows(ScrollView, Toned, can_focus=True):
    """Rows with a cursor, or a text that scrolls; ``wrap`` breaks long rows, their later lines indented."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "end(0)", "First", show=False),
        Binding("end", "end(1)", "Last", show=False),
    ]
    DEFAULT_CSS = """
    Rows {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    """

    class Moved(Message):
        """The cursor stands on another row now."""

        def __init__(self, rows: Rows, index: int) -> None:
            super().__init__()
            self.rows = rows
            self.index = index

        @property
        def control(self) -> Rows:
            """The list."""
            return self.rows

    def __init__(
        self,
        *,
        cursor: bool = False,
        wrap: bool = False,
        indent: int = 0,
        empty: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.index = 0
        self._cursor = cursor
        self._wrap = wrap
        self._indent = indent
        self._empty = empty
        self._rows: tuple[Row, ...] = ()
        self._build: Builder | None = None
        self._headings: frozenset[int] = frozenset()
        # What is drawn: each line with the row that it belongs to.
        self._lines: list[tuple[int, Row]] = []

    # -- what it is given --------------------------------------------------------------------------------------------

    def show(
        self, rows: Sequence[Row] | Builder, index: int | None = None, headings: frozenset[int] = frozenset()
    ) -> None:
        """Show these rows; ``index`` moves the cursor with them (without it, the cursor stays where it is).

        Columns that depend on the width come as a builder: it is given the cells of a line, now and after each resize.
        The cursor does not rest on ``headings``.
        """
        self._headings = headings
        self._build = rows if callable(rows) else None
        self._take(rows(self.room or _USUAL) if callable(rows) else rows)
        if index is not None and index != self.index:
            self._put_cursor(index, tell=False)
        self.index = self._resting(min(self.index, max(0, len(self._rows) - 1)), 1)

    def _take(self, rows: Sequence[Row]) -> None:
        wanted = tuple(rows) or ((row((self._empty, "dim")),) if self._empty else ())
        same = wanted == self._rows
        self._rows = wanted
        if not same:
            self._lay_out()

    @property
    def room(self) -> int:
        """Cells of one line, for columns."""
        return self.scrollable_content_region.width

    @property
    def value(self) -> str:
        """The words under the cursor, or all of them where there is none: what ``c`` copies."""
        if self._cursor and self._rows:
            return row_text(self._rows[self.index])
        return "\n".join(row_text(one) for one in self._rows)

    @property
    def shown(self) -> list[str]:
        """Every row's words."""
        return [row_text(one) for one in self._rows]

    def rest_on(self, index: int) -> None:
        """Put the cursor on that row, which comes into view, as a person would."""
        self._put_cursor(index)

    # -- drawing -----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        before, width = self._lines, self.room
        self._lines = []
        for place, one in enumerate(self._rows):
            parts = wrapped(one, width, self._indent) if self._wrap and width else [one]
            self._lines += [(place, part) for part in parts]
        if len(before) != len(self._lines):
            self.virtual_size = Size(width, len(self._lines))
            self.refresh()
            return
        for y, first, last in changes([one for _, one in before], [one for _, one in self._lines], width):
            self._refresh_line(y, first, last)
        for y, (old, new) in enumerate(zip(before, self._lines, strict=True)):
            if old[0] != new[0]:
                # It may be the cursor's line now, or no longer.
                self._refresh_line(y)

    def _refresh_line(self, y: int, first: int = 0, last: int | None = None) -> None:
        """Ask for the changed cells alone: over ssh a line costs."""
        top = y - self.scroll_offset.y
        if 0 <= top < self.size.height:
            self.refresh(Region(first, top, (self.size.width if last is None else last) - first, 1))

    def on_resize(self, event: Resize) -> None:
        """Build and break the rows again for the new width."""
        if self._build is not None and self.room:
            self._take(self._build(self.room))
        self._lines = []
        self._lay_out()
        self.virtual_size = Size(self.room, len(self._lines))
        self._show_cursor()

    def render_line(self, y: int) -> Strip:
        """One line, the cursor's in reverse while the list has the focus, underlined by a mark otherwise."""
        width = self.room
        place = y + self.scroll_offset.y
        if place >= len(self._lines):
            return self.strip_of((), width)
        owner, spans = self._lines[place]
        if self._cursor and owner == self.index and self.has_focus:
            # One reversed bar: words in colours of their own would make it a patchwork.
            bare = ((row_text(spans), ""),)
            return self.strip_of(bare, width, base=_CURSOR)
        return self.strip_of(spans, width)

    def watch_has_focus(self, value: bool) -> None:
        """Show or hide the cursor."""
        super().watch_has_focus(value)
        self._refresh_row(self.index)

    def _refresh_row(self, index: int) -> None:
        for y, (owner, _) in enumerate(self._lines):
            if owner == index:
                self._refresh_line(y)

    # -- moving ------------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """One row on, or one line where there is no cursor."""
        if self._cursor:
            self._put_cursor(self.index + step)
        else:
            self.scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        """One page on."""
        height = max(1, self.size.height - 1)
        if self._cursor:
            self._put_cursor(self.index + step * height)
        else:
            self.scroll_relative(y=step * height, animate=False)

    def action_end(self, last: int) -> None:
        """To the first or the last row."""
        if self._cursor:
            self._put_cursor(len(self._rows) - 1 if last else 0)
        elif last:
            self.scroll_end(animate=False)
        else:
            self.scroll_home(animate=False)

    def _put_cursor(self, index: int, *, tell: bool = True) -> None:
        old = self.index
        self.index = self._resting(max(0, min(index, len(self._rows) - 1)), 1 if index >= old else -1)
        if old == self.index:
            return
        self._refresh_row(old)
        self._refresh_row(self.index)
        self._show_cursor()
        if tell:
            self.post_message(self.Moved(self, self.index))

    def _resting(self, index: int, step: int) -> int:
        """The nearest row from ``index`` on that is no heading; back again where there is none."""
        for way in (step, -step):
            place = index
            while 0 <= place < len(self._rows):
                if place not in self._headings:
                    return place
                place += way
        return index

    def _show_cursor(self) -> None:
        lines = [y for y, (owner, _) in enumerate(self._lines) if owner == self.index]
        if self._cursor and lines and self.size.height:
            # The heading above comes into view with the first row under it.
            above = 1 if lines[0] and self._lines[lines[0] - 1][0] in self._headings else 0
            region = Region(0, lines[0] - above, 1, len(lines) + above)
            self.scroll_to_region(region, animate=False, force=True)
