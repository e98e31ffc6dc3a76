"""Choices of a command before there is a screen: an option names one, a person picks one, or nobody is there to ask."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cpr_cockpit.cli.output import say

_MOST = 30
Option = TypeVar("Option")


class NoChoice(Exception):
    """Nothing was chosen: why, what there is, and what to do."""


@dataclass(frozen=True, slots=True)
class Chooser:
    """``yes``: of several the first is taken. ``read`` asks for a line; "" where nobody answers."""

    yes: bool
    read: Callable[[str], str]
    attended: bool

    def one(
        self, what: str, found: Sequence[Option], names: Callable[[Option], tuple[str, ...]], told: str, option: str
    ) -> Option:
        """One of ``found``; ``names``: by which each is known, the first one is shown; ``told``: by the option."""
        if told:
            return _named(what, found, names, told)
        if not found:
            raise NoChoice(f"There is no {what} that this sign-in sees.")
        if len(found) == 1 or self.yes:
            return found[0]
        if not self.attended:
            raise NoChoice(f"There are several {what}s: {_listed(found, names)}. Name one with {option}, or: --yes")
        return self._asked(what, found, names)

    def _asked(self, what: str, found: Sequence[Option], names: Callable[[Option], tuple[str, ...]]) -> Option:
        say(f"Which {what}?")
        for number, one in enumerate(found[:_MOST], 1):
            say(f"  {number:>2}  {', '.join(names(one))}")
        while True:
            answer = self.read("number or name: ").strip()
            if not answer:
                raise NoChoice(f"No {what} was chosen.")
            if answer.isdecimal() and 1 <= int(answer) <= len(found):
                return found[int(answer) - 1]
            try:
                return _named(what, found, names, answer)
            except NoChoice as error:
                say(str(error))

    def agreed(self, question: str) -> bool:
        """Whether somebody says yes."""
        if self.yes:
            return True
        return self.attended and self.read(f"{question} [y/N] ").strip().casefold() in ("y", "yes")


def _named(what: str, found: Sequence[Option], names: Callable[[Option], tuple[str, ...]], told: str) -> Option:
    known = {name.casefold(): one for one in reversed(found) for name in names(one)}
    if told.casefold() in known:
        return known[told.casefold()]
    near = difflib.get_close_matches(told.casefold(), known, 1, 0.6)
    hint = f" (nearest match: {near[0]})" if near else ""
    raise NoChoice(f"There is no {what} {told!r}{hint}. There are: {_listed(found, names) or 'none'}.")


def _listed(found: Sequence[Option], names: Callable[[Option], tuple[str, ...]]) -> str:
    shown = ", ".join(names(one)[0] for one in found[:_MOST])
    return f"{shown} and {len(found) - _MOST} more" if len(found) > _MOST else shown


def at_the_terminal(*, yes: bool) -> Chooser:
    """Whoever sits before this process."""

    def read(question: str) -> str:
        try:
            return input(question)
        except EOFError:
            return ""

    return Chooser(yes, read, sys.stdin.isatty() and sys.stdout.isatty())
