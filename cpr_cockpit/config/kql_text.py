"""What can be told of a KQL query without asking anybody: that it is one question, whole, with its two placeholders.

The lexical rules are those of the Kusto documentation (string literals, comments, management commands). Whether tables
and columns exist only the service knows: ``check --environment NAME`` sends the query to it.
"""

from __future__ import annotations

import difflib
import re

from cpr_cockpit.core.custom_kql import END, START

_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*)"
    r"|(?P<text>```.*?```|~~~.*?~~~"
    r'|[hH]?@"(?:""|[^"])*"|[hH]?@\'(?:\'\'|[^\'])*\''
    r'|[hH]?"(?:\\.|[^"\\\n])*"|[hH]?\'(?:\\.|[^\'\\\n])*\')'
    r"|(?P<bad>[hH]?@?[\"']|```|~~~)"
    r"|(?P<slot>\{[A-Za-z_]+\})"
    r"|(?P<bracket>[()\[\]{}])"
    r"|(?P<bar>\|)"
    r"|(?P<other>\w+|.)",
    re.DOTALL,
)
_CLOSES = {")": "(", "]": "[", "}": "{"}
_OPENS = {opening: closing for closing, opening in _CLOSES.items()}


def check_kql(text: str) -> None:
    """ValueError with line, column and a hint where the text cannot be a query of a signal."""
    if not text.strip():
        raise ValueError("is empty: a signal's query begins with a table, such as AppRequests")
    slots = _slots(text)
    missing = [slot for slot in (START, END) if slot not in slots]
    if missing:
        hint = f"| where TimeGenerated >= {START} and TimeGenerated < {END}"
        raise ValueError(f"has no {' and no '.join(missing)}, so it cannot be asked stretch by stretch: write {hint}")


def _slots(text: str) -> set[str]:
    """The placeholders that are neither in a comment nor in a string; ValueError as of `check_kql`."""
    scan = _Scan(text)
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            scan.take(str(match.lastgroup), match[0], match.start())
    scan.end()
    return scan.slots


class _Scan:
    """One pass over the tokens: what is open, how each statement begins, and what has followed the last bar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.slots: set[str] = set()
        self._open: list[tuple[str, int, str]] = []
        self._bar = self._ended = -1
        # First token of the statement, "" before it: a statement begins the text, follows a ; or begins a function.
        self._first = ""

    def take(self, kind: str, sign: str, at: int) -> None:
        """One token that is no space and no comment."""
        if kind == "bad":
            raise self._wrong(at, f"the text that begins with {sign} is never closed", f"close it with {sign[-1]}")
        if not self._first and sign == ".":
            raise self._wrong(at, "a management command begins with .", "a signal only asks: begin with a table")
        if kind == "bar":
            if not self._first or self._bar >= 0:
                raise self._wrong(at, "nothing stands before this |", "remove it, or write the operator before it")
            self._bar = at
        else:
            self._bar = -1
        if sign == ";":
            self._end_statement(at)
            return
        self._first = self._first or sign
        if kind == "slot":
            self.slots.add(sign)
            if near := _meant(sign):
                raise self._wrong(at, f"{sign} is no placeholder", f"write {near}")
        if kind == "bracket":
            self._bracket(sign, at)

    def _end_statement(self, at: int) -> None:
        if self._first != "let":
            raise self._wrong(at, "this ; ends a question", "a signal asks one: write ; after let statements only")
        self._first, self._ended = "", at

    def _bracket(self, bracket: str, at: int) -> None:
        if bracket in _OPENS:
            self._open.append((bracket, at, self._first))
            if bracket == "{":
                self._first = ""
            return
        if not self._open:
            raise self._wrong(at, f"this {bracket} closes nothing", f"remove it, or open it with {_CLOSES[bracket]}")
        opening, _, self._first = self._open.pop()
        if opening != _CLOSES[bracket]:
            raise self._wrong(at, f"this {bracket} closes a {opening}", f"close that with {_OPENS[opening]} first")

    def end(self) -> None:
        """Nothing comes any more."""
        if self._open:
            bracket, at, _ = self._open[-1]
            raise self._wrong(at, f"the bracket {bracket} is never closed", f"close it with {_OPENS[bracket]}")
        if self._bar >= 0:
            raise self._wrong(self._bar, "nothing follows this |", "remove it, or write an operator after it")
        if not self._first and self._ended >= 0:
            raise self._wrong(self._ended, "nothing follows this ;", "write the question that the let statements serve")
        if not self._first:
            raise ValueError("holds nothing but comments: a signal's query begins with a table, such as AppRequests")

    def _wrong(self, at: int, what: str, hint: str) -> ValueError:
        before = self._text[:at]
        line, column = before.count("\n") + 1, at - before.rfind("\n")
        return ValueError(f"cannot be a query: at its line {line}, column {column}, {what}: {hint}")


def _meant(slot: str) -> str:
    """The placeholder that a near miss stands for, "" for a placeholder and for anything else in braces."""
    if slot in (START, END):
        return ""
    return next(iter(difflib.get_close_matches(slot.lower(), (START, END), 1, 0.7)), "")
