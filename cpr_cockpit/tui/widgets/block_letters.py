"""Words in block letters, five rows tall or three, in blocks or in ASCII."""

from __future__ import annotations

from collections.abc import Mapping

from cpr_cockpit.tui.glyphs import Glyphs

# Every letter is five pixels tall and as wide as its rows; "#" is ink.
_FONT: Mapping[str, tuple[str, ...]] = {
    "A": (" ## ", "#  #", "####", "#  #", "#  #"),
    "B": ("### ", "#  #", "### ", "#  #", "### "),
    "C": (" ###", "#   ", "#   ", "#   ", " ###"),
    "D": ("### ", "#  #", "#  #", "#  #", "### "),
    "E": ("####", "#   ", "### ", "#   ", "####"),
    "F": ("####", "#   ", "### ", "#   ", "#   "),
    "G": (" ###", "#   ", "# ##", "#  #", " ###"),
    "H": ("#  #", "#  #", "####", "#  #", "#  #"),
    "I": ("###", " # ", " # ", " # ", "###"),
    "J": ("  ##", "   #", "   #", "#  #", " ## "),
    "K": ("#  #", "# # ", "##  ", "# # ", "#  #"),
    "L": ("#   ", "#   ", "#   ", "#   ", "####"),
    "M": ("#   #", "## ##", "# # #", "#   #", "#   #"),
    "N": ("#   #", "##  #", "# # #", "#  ##", "#   #"),
    "O": (" ## ", "#  #", "#  #", "#  #", " ## "),
    "P": ("### ", "#  #", "### ", "#   ", "#   "),
    "Q": (" ## ", "#  #", "#  #", "# ##", " ###"),
    "R": ("### ", "#  #", "### ", "# # ", "#  #"),
    "S": (" ###", "#   ", " ## ", "   #", "### "),
    "T": ("#####", "  #  ", "  #  ", "  #  ", "  #  "),
    "U": ("#  #", "#  #", "#  #", "#  #", " ## "),
    "V": ("#   #", "#   #", "#   #", " # # ", "  #  "),
    "W": ("#   #", "#   #", "# # #", "## ##", "#   #"),
    "X": ("#   #", " # # ", "  #  ", " # # ", "#   #"),
    "Y": ("#   #", " # # ", "  #  ", "  #  ", "  #  "),
    "Z": ("####", "  # ", " #  ", "#   ", "####"),
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    " ": ("  ", "  ", "  ", "  ", "  "),
    ",": ("  ", "  ", "  ", " #", "# "),
    ".": (" ", " ", " ", " ", "#"),
    ":": (" ", "#", " ", "#", " "),
    "+": ("   ", " # ", "###", " # ", "   "),
    "-": ("   ", "   ", "###", "   ", "   "),
}
LETTERS = frozenset(_FONT)
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def pixels(word: str) -> tuple[str, ...] | None:
    """Five rows of pixels, a blank column between letters; None where a letter is not in the font."""
    if not word or not LETTERS.issuperset(word.upper()):
        return None
    letters = [_FONT[char] for char in word.upper()]
    return tuple(" ".join(letter[y] for letter in letters) for y in range(5))


def block_letters(word: str, width: int, height: int, glyphs: Glyphs) -> tuple[str, ...] | None:
    """The word as large as fits into the cells: five rows, or three of half blocks; None where there is no room.

    Pixels are square on most terminals: two cells wide in five rows, one cell and half a row in three.
    """
    rows = pixels(word)
    if rows is None:
        return None
    ink = "#" if glyphs is Glyphs.ASCII else "█"
    if height >= 5 and 2 * len(rows[0]) <= width:
        return tuple("".join(2 * (ink if pixel == "#" else " ") for pixel in row) for row in rows)
    if glyphs is not Glyphs.ASCII:
        return _halved(rows) if height >= 3 and len(rows[0]) <= width else None
    fits = height >= 5 and len(rows[0]) <= width
    return tuple(row.replace("#", ink) for row in rows) if fits else None


def _halved(rows: tuple[str, ...]) -> tuple[str, ...]:
    padded = (*rows, " " * len(rows[0]))
    pairs = (zip(padded[y], padded[y + 1], strict=True) for y in (0, 2, 4))
    return tuple("".join(_HALVES[upper == "#", lower == "#"] for upper, lower in pair) for pair in pairs)
