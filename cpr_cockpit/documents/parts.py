"""What reading a document gives: facts for the gate, problems with their place, findings to watch."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from cpr_cockpit.core.readiness import ReadinessFacts

T = TypeVar("T")

LONGEST = 300
"""Characters kept of one text from outside."""

_MOST_REASONS = 5
_COLOURS = re.compile(r"\x1b\[[0-9;:?]{0,32}[@-~]")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in ``file`` that could not be taken as it stands.

    ``where``: "line 3", a JSON path, or "" for the whole file; ``advice``: what is allowed or what to do;
    ``blocks``: whether the gate must not pass while it stands (a note otherwise).
    """

    file: str
    where: str
    what: str
    advice: str = ""
    blocks: bool = True

    def words(self) -> str:
        """One sentence for a screen or a log."""
        place = f"{self.file}, {self.where}" if self.where else self.file
        return f"{place}: {self.what}." + (f" {self.advice}" if self.advice else "")


class Topic(StrEnum):
    """What a finding is about."""

    MONITORING = "monitoring priority"
    ISSUE = "known issue"
    TESTS = "tests"
    PERFORMANCE = "performance"
    SECURITY = "security"
    ACCESSIBILITY = "accessibility"
    UAT = "UAT feedback"
    CONDITION = "condition"
    BLOCKER = "blocker"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a document wants watched in production; ``where`` as in `Problem`."""

    file: str
    where: str
    topic: Topic
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One read document; ``feature``: the feature that it says it is about."""

    facts: ReadinessFacts
    feature: str | None
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]


def printable(text: str, longest: int = LONGEST) -> str:
    """Text from outside on one line, without control, escape or bidi characters, at most ``longest`` characters."""
    pieces = [" " if sign.isspace() else sign for sign in _COLOURS.sub("", text) if sign.isspace() or _shown(sign)]
    line = " ".join("".join(pieces).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def _shown(sign: str) -> bool:
    return sign.isprintable() and unicodedata.category(sign)[0] != "C"


def unusable(problems: Iterable[Problem]) -> str | None:
    """Why the gate must not pass on this document, None where nothing of it blocks."""
    reasons = [f"{one.where}: {one.what}" if one.where else one.what for one in problems if one.blocks]
    if len(reasons) > _MOST_REASONS:
        reasons = [*reasons[:_MOST_REASONS], f"and {len(reasons) - _MOST_REASONS} more"]
    return "; ".join(reasons) or None


def worst_of(
    file: str, fact: str, said: Sequence[tuple[str, T | None]], badness: Callable[[T], float], problems: list[Problem]
) -> T | None:
    """The worst of what one document says of ``fact`` in several places; a difference is noted with every place."""
    known = [(where, value) for where, value in said if value is not None]
    if not known:
        return None
    taken = max((value for _, value in known), key=badness)
    if any(value != taken for _, value in known):
        places = ", ".join(f"{where} says {_shortly(value)}" for where, value in known[:6])
        what = f"{fact}: the file contradicts itself ({places}), {_shortly(taken)} is taken"
        problems.append(Problem(file, known[0][0], what, "Make them say the same.", blocks=False))
    return taken


def _shortly(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else printable(str(value), 60)
