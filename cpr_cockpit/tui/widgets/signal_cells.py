"""What the signal table shows of a signal, and which columns there is room for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from cpr_cockpit.core.view import Signal, State
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.plain_text import clean, elide

_ORDER = {State.FAIL: 0, State.NO_DATA: 1, State.WARN: 2}
_NUMBER = re.compile(r"-?[\d,]*\d(?:\.\d+)?")
# An odd number of levels, so that the middle is no border between two; consoles have no eighths of a block.
_LEVELS = {Glyphs.BRAILLE: "▁▂▃▄▅▆▇", Glyphs.BLOCKS: "_.-=+*#", Glyphs.ASCII: "_.-=+*#"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, its width in cells, and whether it is set to the right."""

    head: str
    width: int
    right: bool = True


_NAME = Column("name", 14, right=False)
_STATE = Column("state", 7, right=False)
_WIDEST_NAME = 24
# Column sets from the richest on; the richest that fits is taken, and its names get what is left over.
SETS: tuple[tuple[Column, ...], ...] = (
    (
        replace(_NAME, width=20),
        Column("now", 9),
        Column("target", 7),
        Column("trigger", 7),
        Column("before", 7),
        Column("trend", 12, right=False),
        Column("n", 6),
        Column("age", 6),
        _STATE,
    ),
    (
        replace(_NAME, width=18),
        Column("now", 9),
        Column("limit", 14),
        Column("before", 8),
        Column("trend", 8, right=False),
        Column("age", 6),
        _STATE,
    ),
    (_NAME, Column("now", 7), Column("limit", 14), Column("age", 6), _STATE),
    (_NAME, Column("now", 7), _STATE),
)


def in_order(signals: Sequence[Signal], now: float) -> list[Signal]:
    """What fails, has no data or warns first; else as given. Further sources stand below those that decide."""
    return sorted(signals, key=lambda one: (one.further, _ORDER.get(State(state_of(one, now)), 3)))


def in_place(places: Sequence[str], given: Sequence[str]) -> list[str]:
    """The keys in the places that they have had; a new one comes behind the one that it was given behind."""
    kept = list(places)
    for at, key in enumerate(given):
        if key not in kept:
            kept.insert(kept.index(given[at - 1]) + 1 if at else 0, key)
    return kept


def in_cells(value: str, width: int) -> str:
    """A value in at most ``width`` cells: its unit gives way before any of its digits."""
    line = clean(value)
    figure = line.partition(" ")[0]
    whole = cell_len(line) > width >= cell_len(figure) and _NUMBER.fullmatch(figure)
    return figure if whole else elide(line, width)


def state_of(signal: Signal, now: float) -> str:
    """Its state, but ``no data`` as soon as it is too old by our own clock: missing is not healthy."""
    if signal.state not in State.__members__.values():
        return State.NONE.value
    age = None if signal.measured_at is None else now - signal.measured_at
    stale = age is not None and signal.stale_after_s is not None and age > signal.stale_after_s
    return State.NO_DATA.value if stale and signal.state != State.FAIL else signal.state


def nearer_limit(signal: Signal, width: int) -> str:
    """The limit that the value meets next, named: its target while that holds, then its trigger."""
    now, target = _number(signal.now), _number(signal.target)
    if signal.target and (not signal.trigger or (now is not None and target is not None and now <= target)):
        return f"target {in_cells(signal.target, width - 7)}"
    return f"trigger {in_cells(signal.trigger, width - 8)}" if signal.trigger else "-"


def _number(text: str) -> float | None:
    found = _NUMBER.search(text)
    return float(found.group().replace(",", "")) if found else None


def trend_line(values: Sequence[float | None], width: int, glyphs: Glyphs) -> str:
    """The newest ``width`` values, a blank where there was no data.

    The scale spans at least half of the most, so that small noise is a level line, not a mountain range.
    """
    newest = values[-width:]
    known = [value for value in newest if value is not None]
    if not known:
        return " " * width
    least, most = min(known), max(known)
    span = max(most - least, abs(most) / 2) or 1.0
    floor, levels = max(0.0, (least + most - span) / 2), _LEVELS[glyphs]
    places = (None if value is None else int((value - floor) / span * len(levels)) for value in newest)
    line = "".join(" " if place is None else levels[max(0, min(len(levels) - 1, place))] for place in places)
    return line.rjust(width)


def set_for(width: int) -> tuple[Column, ...]:
    """The richest set of columns that fits, its names as wide as there is room."""
    name, *others = next((one for one in SETS if width_of(one) <= width), SETS[-1])
    spare = max(0, width - width_of((name, *others)))
    return (replace(name, width=max(name.width, min(_WIDEST_NAME, name.width + spare))), *others)


def width_of(columns: Sequence[Column]) -> int:
    """Cells of a row: two for the cursor's mark, the columns, two between them."""
    return 2 + sum(one.width for one in columns) + 2 * (len(columns) - 1)
