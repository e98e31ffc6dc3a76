"""GitHub's filter patterns of branches and tags.

Source: GitHub's documentation, "Workflow syntax", the filter pattern cheat sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class _Sign:
    """One sign of a pattern: which characters it takes, whether it may take none, and whether several."""

    takes: Callable[[str], bool]
    none: bool = False
    several: bool = False


def matches(name: str, pattern: str) -> bool:
    """Whether the whole name is of that pattern. Its time grows with the product of both lengths, whatever they are."""
    signs = tuple(_signs(pattern))
    # After each character: how many signs may lie behind.
    reached = _beyond({0}, signs)
    for char in name:
        took = [at for at in reached if at < len(signs) and signs[at].takes(char)]
        reached = _beyond({at + 1 for at in took} | {at for at in took if signs[at].several}, signs)
    return len(signs) in reached


def _beyond(reached: set[int], signs: Sequence[_Sign]) -> set[int]:
    """Also those that are reached without a character."""
    found = set(reached)
    for at, sign in enumerate(signs):
        if at in found and sign.none:
            found.add(at + 1)
    return found


def _signs(pattern: str) -> Iterator[_Sign]:
    at = 0
    while at < len(pattern):
        sign, at = _next(pattern, at)
        if pattern[at : at + 1] == "?":
            sign, at = replace(sign, none=True), at + 1
        elif pattern[at : at + 1] == "+":
            sign, at = replace(sign, several=True), at + 1
        yield sign


def _next(pattern: str, at: int) -> tuple[_Sign, int]:
    """The sign that begins there, and where it ends."""
    char, end = pattern[at], pattern.find("]", at)
    if pattern.startswith("**", at):
        return _Sign(lambda _: True, none=True, several=True), at + 2
    if char == "*":
        return _Sign(lambda told: told != "/", none=True, several=True), at + 1
    if char == "[" and end > at:
        inside = pattern[at + 1 : end]
        return _Sign(lambda told: _listed(told, inside)), end + 1
    if char == "\\" and at + 1 < len(pattern):
        char, at = pattern[at + 1], at + 1
    return _Sign(lambda told: told == char), at + 1


def _listed(char: str, inside: str) -> bool:
    """Whether brackets hold it, alone or in a range."""
    ranges = [inside[at - 1 : at + 2] for at in range(1, len(inside) - 1) if inside[at] == "-"]
    return char in inside or any(one[0] <= char <= one[2] for one in ranges)
