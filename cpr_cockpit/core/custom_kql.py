"""The two placeholders in a signal's query, and where something stands in the query as its author wrote it."""

from __future__ import annotations

import re

START, END = "{start}", "{end}"
"""Replaced by datetime literals: the stretch [start, end) that is asked about."""


def filled(text: str, start: str, end: str) -> str:
    """The query with the literals in the placeholders' place."""
    return text.replace(START, start).replace(END, end)


def column_in(text: str, line: int, column: int, start: str, end: str) -> int:
    """Where ``column`` (from 1) of a line of the filled query stands in ``text``, as its author wrote it."""
    lines = text.splitlines()
    if not 1 <= line <= len(lines):
        return column
    grown = 0
    for match in re.finditer(f"{re.escape(START)}|{re.escape(END)}", lines[line - 1]):
        literal = start if match[0] == START else end
        place = match.start() + grown
        if column - 1 < place:
            break
        if column - 1 < place + len(literal):
            return match.start() + 1
        grown += len(literal) - len(match[0])
    return column - grown
