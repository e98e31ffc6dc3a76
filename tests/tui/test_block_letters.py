from __future__ import annotations

import string

import pytest

from cpr_cockpit.core.panel_words import panel_word
from cpr_cockpit.tui.glyphs import Glyphs, glyphs_of
from cpr_cockpit.tui.widgets.block_letters import LETTERS, block_letters, pixels

WORDS = [
    "KEEP WATCHING", "ROLL BACK NOW", "GO POSSIBLE", "NO DATA", "LOOK", "OVERDUE", "DECIDING", "CANARY", "SWITCHING",
    "SWAP REFUSED", "ROLLING BACK", "KEPT", "ROLLED BACK", "HELD", "SKEW", "HALF MERGED", "STOPPED", "FAILED",
    "PREPARING", "READY TO START", "DEPLOYING", "WAITING", "BACK BY HAND",
]  # fmt: skip


def test_the_font_has_every_letter_and_digit_all_different() -> None:
    assert set(string.ascii_uppercase + string.digits + " ,:") <= LETTERS
    drawn = [pixels(char) for char in sorted(set(string.ascii_uppercase + string.digits) - {"0", "O"})]
    assert len(set(drawn)) == len(drawn)
    assert all(rows is not None and len(rows) == 5 and len({len(row) for row in rows}) == 1 for rows in drawn)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("glyphs", list(Glyphs))
def test_every_word_of_the_panel_fits_160_columns_in_five_rows(word: str, glyphs: Glyphs) -> None:
    rows = block_letters(word, 154, 5, glyphs)
    assert rows is not None
    assert len(rows) == 5
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows[0]) <= 154
    assert all(row.isascii() for row in rows) is (glyphs is Glyphs.ASCII)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_fits_80_columns_in_three_rows(word: str) -> None:
    rows = block_letters(word, 74, 4, Glyphs.BLOCKS)
    assert rows is not None
    assert len(rows) == 3
    assert set("".join(rows)) <= set(" ▀▄█")


def test_three_rows_hold_the_same_pixels() -> None:
    rows, small = pixels("GO"), block_letters("GO", 20, 3, Glyphs.BRAILLE)
    assert rows is not None
    assert small is not None
    upper = ["".join("#" if char in "▀█" else " " for char in row) for row in small]
    lower = ["".join("#" if char in "▄█" else " " for char in row) for row in small]
    assert (upper[0], lower[0], upper[1], lower[1], upper[2]) == rows


@pytest.mark.parametrize(
    ("word", "width", "height", "glyphs"),
    [
        ("KEEP WATCHING", 40, 9, Glyphs.BRAILLE),
        ("KEEP WATCHING", 160, 2, Glyphs.BRAILLE),
        ("KEEP WATCHING", 74, 3, Glyphs.ASCII),
        ("", 160, 9, Glyphs.BRAILLE),
        ("[b]漢[/b]", 160, 9, Glyphs.BRAILLE),
    ],
)
def test_no_room_or_no_letter_no_block(word: str, width: int, height: int, glyphs: Glyphs) -> None:
    assert block_letters(word, width, height, glyphs) is None


def test_the_words_here_are_those_of_the_table() -> None:
    found = {
        panel_word(phase, decision=decision, verdict=verdict, cause=cause, overdue=overdue, early=False)[0]
        for phase in ("preparing", "ready", "deploying", "switching", "window", "keeping", "rolling back")
        for decision in (None, "kept", "rolled_back", "partial", "held", "stopped", "failed")
        for verdict in (None, "WAIT", "GO", "HOLD", "ROLLBACK")
        for cause in (None, "stale", "thin")
        for overdue in (False, True)
    }
    assert found <= set(WORDS)
    assert len(found) > 12


@pytest.mark.parametrize(
    ("term", "encoding", "expected"),
    [
        ("xterm-256color", "utf-8", Glyphs.BRAILLE),
        ("tmux-256color", "UTF8", Glyphs.BRAILLE),
        ("linux", "utf-8", Glyphs.BLOCKS),
        ("xterm", "ascii", Glyphs.ASCII),
        ("xterm", "ANSI_X3.4-1968", Glyphs.ASCII),
        ("xterm", "latin-1", Glyphs.ASCII),
        ("xterm", "no such encoding", Glyphs.ASCII),
        ("xterm", None, Glyphs.ASCII),
    ],
)
def test_what_a_terminal_can_draw(term: str, encoding: str | None, expected: Glyphs) -> None:
    assert glyphs_of({"TERM": term}, encoding) is expected
