"""Every source that the session asks: how old its newest datum is and may be, when it answered, its last trouble."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from cpr_cockpit.core.source_row import SourceRow, SourceWord, source_word
from cpr_cockpit.core.view import View
from cpr_cockpit.tui.plain_text import elide_middle
from cpr_cockpit.tui.screens.base import CockpitScreen, title
from cpr_cockpit.tui.shown import Shown, clock
from cpr_cockpit.tui.toned import Row, Span, cell, row
from cpr_cockpit.tui.widgets.ages import age_words
from cpr_cockpit.tui.widgets.rows import Rows
from cpr_cockpit.tui.widgets.signal_cells import Column, width_of

# What needs a person comes first, else the sources stay where they are. A sign and a tone for each word.
_WORDS = {
    SourceWord.NEVER: ("X", "over"),
    SourceWord.STALE: ("X", "over"),
    SourceWord.TROUBLE: ("!", "warn"),
    SourceWord.WAITING: ("~", "run"),
    SourceWord.OK: ("+", "ok"),
    SourceWord.OFF: ("-", "dim"),
}
_ORDER = tuple(_WORDS)
_STATE = Column("state", 9, right=False)
_AGE, _LIMIT, _LAG = Column("age", 7), Column("limit", 7), Column("lag", 7)
_ASKED, _ANSWERED = Column("asked", 8), Column("answered", 8)
_LEAST_NAME, _WIDEST_NAME = 16, 28
# From the richest on; the richest that fits is taken, and its names get what is left over.
_SETS = (
    (_STATE, _AGE, _LIMIT, _LAG, _ASKED, _ANSWERED),
    (_STATE, _AGE, _LIMIT, _ASKED, _ANSWERED),
    (_STATE, _AGE, _LIMIT, _ANSWERED),
    (_STATE, _AGE, _LIMIT),
)
_INDENT = 4


class SourcesScreen(CockpitScreen):
    """A row for each source; what is stale, silent or in trouble stands first, with the trouble's own words."""

    KEY: ClassVar[str] = "sources"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,i", "app.go_back", "Back", show=False)]
    HELP = (
        "Who is asked from the switch on. age: of its newest datum; limit: from there on it is stale, and without "
        "fresh data there is no GO; lag: from event to arrival, as measured; asked: when its last reading came, "
        "whatever came of it; answered: when its last answer did. Below a source its last trouble, also after it has "
        "recovered. esc goes back."
    )

    def panes(self) -> Iterable[Widget]:
        """One pane."""
        yield Rows(id="sources", classes="pane", wrap=True, indent=_INDENT)

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the sources as of now: their ages grow between two Views."""
        pane, rows, now = self.query_one("#sources", Rows), view.window.sources, shown.now
        title(pane, f"SOURCES  {counted(rows, now)}")
        pane.show(lambda width: [*remarks(view), *source_rows(rows, now, width)])


def counted(rows: Sequence[SourceRow], now: float) -> str:
    """How many of each word."""
    words = [source_word(one, now) for one in rows]
    return "  ".join(f"{words.count(word)} {word}" for word in _ORDER if word in words)


def remarks(view: View) -> list[Row]:
    """What has to be known of all of them."""
    if view.phase == "ended":
        return [row(("The run has ended: no source is asked any more.", "dim"))]
    if view.window.t0 is None:
        return [row(("The sources are asked from the switch on.", "dim"))]
    if view.phase != "keeping":
        return []
    words = "After GO: asked, answered and trouble are as of the last check on record."
    return [row((words, "dim"))]


def source_rows(rows: Sequence[SourceRow], now: float, width: int) -> list[Row]:
    """Heads, then each source in one line, and its last trouble below it."""
    if not rows:
        return [row(("No source is known yet.", "dim"))]
    others = next((one for one in _SETS if width_of(one) + _LEAST_NAME <= width), _SETS[-1])
    name = max(_LEAST_NAME, min(_WIDEST_NAME, width - width_of(others)))
    heads = [cell(_STATE.head, _STATE.width), cell("source", name), *(one.head.rjust(one.width) for one in others[1:])]
    drawn = [row(("  ".join(heads), "dim"))]
    for one in sorted(rows, key=lambda each: _ORDER.index(source_word(each, now))):
        drawn.append(_line(one, now, name, others[1:]))
        if one.trouble:
            drawn.append(_trouble(one))
    return drawn


def _line(one: SourceRow, now: float, name: int, columns: Sequence[Column]) -> Row:
    word = source_word(one, now)
    sign, tone = _WORDS[word]
    late = word in (SourceWord.NEVER, SourceWord.STALE)
    age, *others = ("  " + _value(one, column, now).rjust(column.width) for column in columns)
    # The blanks go with the words, and what stands in one tone together: every change of tone costs forty bytes.
    spans: list[Span] = [
        (cell(f"{sign} {word}", _STATE.width) + "  ", tone),
        (cell(elide_middle(one.name, name), name), "strong" if late else ""),
    ]
    figures = "".join(others)
    return row(*spans, (age, tone), (figures, "dim")) if late else row(*spans, (age + figures, "dim"))


def _value(one: SourceRow, column: Column, now: float) -> str:
    if column is _AGE:
        return "none" if one.newest is None else age_words(now - one.newest)
    if column is _LIMIT:
        return "-" if one.stale_after_s is None else age_words(one.stale_after_s)
    if column is _LAG:
        return "-" if one.lag_s is None else lag_words(one.lag_s)
    if column is _ASKED:
        return clock(one.asked_at) or "-"
    return clock(one.answered_at) or "never"


def lag_words(seconds: float) -> str:
    """A lag in few cells; what is short to a hundredth of a second."""
    return f"{seconds:.2g} s" if seconds < 10 else age_words(seconds)


def _trouble(one: SourceRow) -> Row:
    """The last trouble, with its time; what is over is said to be so first."""
    indent = " " * _INDENT
    if one.recovered_at is None:
        return row((f"{indent}! {clock(one.trouble_at)}  {one.trouble}", "warn"))
    return row((f"{indent}recovered {clock(one.recovered_at)}; {clock(one.trouble_at)}  {one.trouble}", "dim"))
