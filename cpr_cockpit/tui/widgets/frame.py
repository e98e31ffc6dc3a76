"""The frame of the decision panel: every shape has a border of its own, so that it is told without a colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cpr_cockpit.core.view import Shape
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.plain_text import elide
from cpr_cockpit.tui.toned import Row, row_width


class Border(NamedTuple):
    """Corners from the upper left on, clockwise, then the level and the upright line."""

    upper_left: str
    upper_right: str
    lower_right: str
    lower_left: str
    level: str
    upright: str


ARMED = "armed"
_LINES = {
    Shape.CALM: Border(*"╭╮╯╰─│"),
    Shape.GO: Border(*"┏┓┛┗━┃"),
    Shape.LOOK: Border(*"┏┓┛┗╍╏"),
    Shape.NO_DATA: Border(*"┌┐┘└┈┊"),
    Shape.BREACH: Border(*"╔╗╝╚═║"),
    Shape.BUSY: Border(*"▛▜▟▙▀▌"),
    Shape.FINAL: Border(*"┌┐┘└─│"),
    ARMED: Border(*"██████"),
}
_ASCII = {
    Shape.CALM: Border(*"....-|"),
    Shape.GO: Border(*"++++=|"),
    Shape.LOOK: Border(*"????~!"),
    Shape.NO_DATA: Border(*"......"),
    Shape.BREACH: Border(*"####=#"),
    Shape.BUSY: Border(*"******"),
    Shape.FINAL: Border(*"++++-|"),
    ARMED: Border(*"@@@@@@"),
}
_TONES = {
    Shape.CALM: "run",
    Shape.GO: "good",
    Shape.LOOK: "warn",
    Shape.NO_DATA: "warn",
    Shape.BREACH: "over",
    Shape.BUSY: "run",
    Shape.FINAL: "strong",
    ARMED: "key",
}


def border_of(shape: str, glyphs: Glyphs) -> Border:
    """The border of a shape; one that is not known is drawn as a calm one."""
    table = _ASCII if glyphs is Glyphs.ASCII else _LINES
    return table.get(shape, table[Shape.CALM])


def tone_of_shape(shape: str) -> str:
    """The tone of a shape's border and letters."""
    return _TONES.get(shape, "run")


def framed(
    rows: Sequence[Row], shape: str, width: int, height: int, glyphs: Glyphs, *, title: str = "", foot: str = ""
) -> list[Row]:
    """The rows in their frame, exactly ``width`` by ``height`` cells, two blanks beside them."""
    border, tone = border_of(shape, glyphs), tone_of_shape(shape)
    inner = width - 6
    right = "▐" if border.upright == "▌" else border.upright
    below = "▄" if border.level == "▀" else border.level
    made = [_edge(border.upper_left, border.level, border.upper_right, title, tone, width)]
    for y in range(height - 2):
        spans = rows[y] if y < len(rows) else ()
        filler = (" " * max(0, inner - row_width(spans)), "")
        made.append(((border.upright, tone), ("  ", ""), *spans, filler, ("  ", ""), (right, tone)))
    made.append(_edge(border.lower_left, below, border.lower_right, foot, tone, width))
    return made


def _edge(first: str, level: str, last: str, words: str, tone: str, width: int) -> Row:
    text = f" {elide(words, width - 8)} " if words else ""
    filling = level * max(0, width - 4 - row_width(((text, ""),)))
    return ((first + level * 2, tone), (text, "strong"), (filling + last, tone))
