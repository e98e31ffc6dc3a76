"""A Markdown document as statements: what stands in it line by line, under which headings, with which label.

Only what reports are made of is understood: headings, "label: value", list items with boxes, tables. Emphasis, links
and HTML are taken off; comments, struck-out text and fenced examples state nothing. Every step is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from cpr_cockpit.documents.parts import printable

LONGEST_LINE = 2_000
"""Characters of a line that are read; nothing that a report states stands further right."""


class Shape(StrEnum):
    """How a statement is written."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Statement:
    """One line, and where it stands.

    ``section``: the headings above it, outermost first, as keys (see `key`); ``label``: its key, "" for none;
    ``indent``: columns before a list item; ``ticked``: the state of an item's box, None without one; ``cells`` and
    ``header``: a table row's texts and its columns' keys.
    """

    line: int
    shape: Shape
    section: tuple[str, ...]
    text: str
    label: str = ""
    value: str = ""
    indent: int = 0
    ticked: bool | None = None
    cells: tuple[str, ...] = ()
    header: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The line in words."""
        return f"line {self.line}"

    def cell(self, *columns: str) -> str | None:
        """The row's text in the first of the columns that the table has."""
        for column in columns:
            if column in self.header and self.header.index(column) < len(self.cells):
                return self.cells[self.header.index(column)]
        return None


_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"(?:[-*+•]|[0-9]{1,3}[.)])\s+(?:\[([ xX])\]\s*)?")
_RULE = re.compile(r"[-:| \t]+")
_FENCE = re.compile(r"\s*(```|~~~)")
_BOLD_LINE = re.compile(r"\*\*([^*]+)\*\*:?")
_LINK = re.compile(r"!?\[([^\[\]]{2,200})\]\([^()\s]{0,500}\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,100}>")
_STRUCK = re.compile(r"~~[^~]*~~")
_EMPHASIS = re.compile(r"(?<![\w_])_([^_]+)_(?![\w_])")
_LABEL = re.compile(r"([^:=\uff1a]{1,80})[:=\uff1a](?!//)\s*(.*)")
_DASHED = re.compile(r"((?:\D|\bp[0-9]{2}){1,80}?)\s+(?:[-\u2013\u2014\u2192]|->|is|was)\s+(.*)")
_NUMBERED = re.compile(r"(\D{1,80}?)\s+([0-9].*)")


def key(text: str) -> str:
    """Words and numbers in lower case, one space between: "**UAT Sign-off**" is "uat sign off"."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def plain(text: str) -> str:
    """A line without its markup."""
    text = _STRUCK.sub("", text)
    text = _TAG.sub(" ", _LINK.sub(r"\1", text)).replace("*", "").replace("`", "")
    text = re.sub(r"\\([\\|_\[\]#-])", r"\1", _EMPHASIS.sub(r"\1", text))
    return printable(text, LONGEST_LINE)


def statements(text: str) -> list[Statement]:
    """Every statement of the document, in order."""
    section: list[tuple[int, str]] = []
    found = []
    for one, level in _shaped(text):
        if level:
            section = [(other, name) for other, name in section if other < level]
        found.append(replace(one, section=tuple(name for _, name in section)))
        if level:
            section.append((level, key(one.text)))
    return found


def _shaped(text: str) -> Iterator[tuple[Statement, int]]:
    """Statements without their section, each with its heading level (0: none)."""
    lines = list(_read_lines(text))
    header: tuple[str, ...] = ()
    for place, (number, line) in enumerate(lines):
        if not line.strip():
            header = ()
            continue
        below = lines[place + 1][1] if place + 1 < len(lines) else ""
        if "|" in line and _RULE.fullmatch(line) and "-" in line:
            continue
        if "|" in below and "-" in below and "|" in line and _RULE.fullmatch(below):
            header = tuple(key(cell) for cell in _cells(line))
        elif "|" in line and (header or line.strip().startswith("|")):
            yield _row(number, line, header), 0
        else:
            yield _line(number, line, below)


def _read_lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines outside comments and fences; a fence around the whole document is only its wrapping."""
    lines = _without_comments(text).split("\n")
    filled = [place for place, line in enumerate(lines) if line.strip()]
    if len(filled) > 1 and re.match(r"\s*(```|~~~)(markdown|md)\s*$", lines[filled[0]], re.IGNORECASE):
        lines[filled[0]] = ""
        if _FENCE.match(lines[filled[-1]]):
            lines[filled[-1]] = ""
    fence = ""
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        elif not fence:
            yield number, re.sub(r"^\s{0,3}(?:>\s?){1,8}", "", line[:LONGEST_LINE].replace("\t", "    "))


def _without_comments(text: str) -> str:
    """HTML comments out, their line ends kept; one that is never closed hides the rest, as it does for a browser."""
    pieces = []
    place = 0
    while (start := text.find("<!--", place)) >= 0:
        end = text.find("-->", start + 4)
        pieces.append(text[place:start])
        pieces.append("\n" * text.count("\n", start, end if end >= 0 else len(text)))
        if end < 0:
            return "".join(pieces)
        place = end + 3
    return "".join([*pieces, text[place:]])


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    cells = re.split(r"(?<!\\)\|", inner)
    if len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return [plain(cell) for cell in cells]


def _row(number: int, line: str, header: tuple[str, ...]) -> Statement:
    cells = tuple(_cells(line))
    value = " | ".join(cell for cell in cells[1:] if cell)
    return Statement(number, Shape.ROW, (), " | ".join(cells), key(cells[0]), value, cells=cells, header=header)


def _line(number: int, line: str, below: str) -> tuple[Statement, int]:
    stripped = line.strip()
    heading = _HEADING.match(stripped)
    bold = _BOLD_LINE.fullmatch(stripped)
    if heading or (below.startswith("===") and not below.strip("= ")) or (bold and ":" not in bold[1].rstrip(":")):
        text = plain(heading[2].rstrip("# ") if heading else stripped)
        level = len(heading[1]) if heading else 7 if bold else 1
        return _labelled(Statement(number, Shape.HEADING, (), text)), level
    item = _ITEM.match(stripped)
    if item is None:
        return _labelled(Statement(number, Shape.TEXT, (), plain(stripped))), 0
    box = None if item[1] is None else item[1] in "xX"
    indent = len(line) - len(line.lstrip())
    text = plain(stripped[item.end() :])
    return _labelled(Statement(number, Shape.ITEM, (), text, indent=indent, ticked=box)), 0


def _labelled(one: Statement) -> Statement:
    for pattern in (_LABEL, _DASHED, _NUMBERED):
        found = pattern.fullmatch(one.text)
        # A colon inside a bracket that opened before it, or behind a dash, belongs to the value.
        inside = found is not None and found[1].count("(") > found[1].count(")")
        if found and key(found[1]) and not inside and not _DASHED.match(found[1]):
            return replace(one, label=key(found[1]), value=found[2].strip())
    return one
