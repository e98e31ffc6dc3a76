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
    _check_tokens(text)
    missing = [slot for slot in (START, END) if slot not in text]
    if missing:
        hint = f"| where TimeGenerated >= {START} and TimeGenerated < {END}"
        raise ValueError(f"has no {' and no '.join(missing)}, so it cannot be asked stretch by stretch: write {hint}")


def _check_tokens(text: str) -> None:
    scan = _Scan(text)
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            scan.take(str(match.lastgroup), match[0], match.start())
    scan.end()


class _Scan:
    """One pass over the tokens: what is open, and whether an operator has followed the last bar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[tuple[str, int]] = []
        self._bar = -1
        self._began = False

    def take(self, kind: str, sign: str, at: int) -> None:
        """One token that is no space and no comment."""
        if kind == "bad":
            raise self._wrong(at, f"the text that begins with {sign} is never closed", f"close it with {sign[-1]}")
        if not self._began and sign == ".":
            raise self._wrong(at, "a management command begins with .", "a signal only asks: begin with a table")
        if kind == "bar":
            if not self._began or self._bar >= 0:
                raise self._wrong(at, "nothing stands before this |", "remove it, or write the operator before it")
            self._bar = at
        else:
            self._bar = -1
        self._began = True
        if kind == "slot" and (near := _meant(sign)):
            raise self._wrong(at, f"{sign} is no placeholder", f"write {near}")
        if kind == "bracket":
            self._bracket(sign, at)

    def _bracket(self, bracket: str, at: int) -> None:
        if bracket in _OPENS:
            self._open.append((bracket, at))
            return
        if not self._open:
            raise self._wrong(at, f"this {bracket} closes nothing", f"remove it, or open it with {_CLOSES[bracket]}")
        opening, _ = self._open.pop()
        if opening != _CLOSES[bracket]:
            raise self._wrong(at, f"this {bracket} closes a {opening}", f"close that with {_OPENS[opening]} first")

    def end(self) -> None:
        """Nothing comes any more."""
        if self._open:
            bracket, at = self._open[-1]
            raise self._wrong(at, f"the bracket {bracket} is never closed", f"close it with {_OPENS[bracket]}")
        if self._bar >= 0:
            raise self._wrong(self._bar, "nothing follows this |", "remove it, or write an operator after it")
        if not self._began:
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
