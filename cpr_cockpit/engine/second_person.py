"""Two persons for what the policy names: one presses, another one confirms within some minutes, and both are on record.

ROLLBACK never comes here: there is no act of that name, and nobody asks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.safeguard_events import SecondAsked, SecondGiven
from cpr_cockpit.core.safeguards import Safeguards
from cpr_cockpit.core.second import waiting
from cpr_cockpit.engine.recorder import Recorder

# Seconds for which an act waits: whoever comes later looks anew at what it would do.
WAITS_S = 300.0
# What of an act's arguments is kept, and how many characters of each.
_KEPT, _LONGEST = frozenset({"by", "reason", "item", "mark", "note", "choice"}), 2000


class SecondRefused(Exception):
    """There is no second person in it: why, and that nothing was changed."""


class Confirmed(dict[str, Any]):
    """The arguments of an act that a second person confirmed. Only this module makes one: no face can send it."""

    def __init__(self, asked: SecondAsked, second: str) -> None:
        super().__init__(asked.arguments)
        self["by"] = f"{asked.by} with {second}"
        self.asked = asked
        self.second = second


class SecondPerson:
    """``safeguards`` tell which acts need one, and who the people are."""

    def __init__(self, safeguards: Safeguards, recorder: Recorder, clock: Clock) -> None:
        self._safeguards = safeguards
        self._recorder = recorder
        self._clock = clock

    @property
    def _run(self) -> Run:
        return self._recorder.run

    def asked(self, act: str, words: str, arguments: Mapping[str, Any], seen: Mapping[str, str] | None = None) -> bool:
        """Whether the act has to wait: then who wants it is on record. SecondRefused where nobody said who.

        ``seen``: how that is which the act depends on; it comes back with what is confirmed, to be held against how it
        is then.
        """
        if act not in self._safeguards.two_person or isinstance(arguments, Confirmed):
            return False
        said = {name: _plain(value) for name, value in arguments.items() if name in _KEPT}
        by = said.get("by", "")
        if not by.strip():
            raise SecondRefused(
                f"{words} needs two persons, and nobody said who the first one is. Nothing was changed."
            )
        self._record(act, words, by, said | dict(seen or {}))
        return True

    def _record(self, act: str, words: str, by: str, arguments: dict[str, str]) -> SecondAsked:
        others = tuple(one.initials for one in self._safeguards.people if one.name != self._identity(by))
        until = self._clock.now() + WAITS_S
        event = SecondAsked(act=act, by=by, words=words, until=until, arguments=arguments, others=others)
        self._recorder.record(event)
        return event

    def confirmed(self, by: str, initials: str) -> Confirmed:
        """What waits the longest, confirmed by ``initials`` of the people or by whose face it is. SecondRefused."""
        left = waiting(self._run, self._clock.now())
        if not left:
            raise SecondRefused("Nothing waits for a second person. Nothing was changed.")
        asked, typed = left[0], initials.strip()
        own_face = not typed or self._same(typed, by)
        known = {_folded(name) for one in self._safeguards.people for name in (one.initials, one.name)}
        who = self._identity(by if own_face else typed)
        if not who:
            raise SecondRefused("Nobody said who the second person is. Nothing was changed.")
        if self._same(who, asked.by):
            raise SecondRefused(f"{who} pressed it: a second person is somebody else. Nothing was changed.")
        if not own_face and _folded(typed) not in known:
            people = ", ".join(f"{one.initials} ({one.name})" for one in self._safeguards.people) or "nobody"
            raise SecondRefused(
                f"{typed!r} is none of [[people]]: {people}. Nothing was changed. "
                "Or from a face of your own: cpr-cockpit attach --as WHO"
            )
        return Confirmed(asked, who)

    def on_record(self, arguments: Mapping[str, Any]) -> None:
        """Right before a confirmed act is carried out: who confirmed it. Nothing for what needed nobody."""
        if isinstance(arguments, Confirmed):
            asked = arguments.asked
            self._recorder.record(SecondGiven(act=asked.act, words=asked.words, by=arguments.second, asked_by=asked.by))

    def by_script(self, act: str, words: str, actor: str) -> None:
        """A script is both persons, under two names: the record is as it would be with people."""
        if act in self._safeguards.two_person:
            second = Confirmed(self._record(act, words, actor, {}), f"{actor}, second person")
            self.on_record(second)

    def _identity(self, who: str) -> str:
        """The name of one of the people for their initials or name in any letters; else as it was said."""
        wanted = _folded(who)
        for one in self._safeguards.people:
            if wanted in (_folded(one.initials), _folded(one.name)):
                return one.name
        return who.strip()

    def _same(self, one: str, other: str) -> bool:
        return _folded(self._identity(one)) == _folded(self._identity(other))


def _folded(name: str) -> str:
    """One spelling of a name: the case of its letters, its blanks and how accents are written make no other person."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def _plain(value: object) -> str:
    """As a journal can hold it: half a surrogate becomes "?", and nobody writes a book into it."""
    return str(value)[:_LONGEST].encode("utf-8", "replace").decode()
