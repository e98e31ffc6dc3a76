"""Checklist items, what became of them, and what they block.

An item is data from the written procedure; a standing is the latest mark that a machine or a person gave it. An item
blocks only the points at or after the one that it is due for, and nothing at all blocks ROLLBACK: that is why ``Due``
has no such point. All times are epoch seconds, UTC; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How an item can be proven at its best: read by a machine, concluded from other facts, or told by a person."""

    MEASURED = "measured"
    DERIVED = "derived"
    SIGNED = "signed"


class Due(StrEnum):
    """The points at which items block, in the order of time; ``step-N`` is the moment in which step N is left.

    GO is the decision at T0 + 15 min, FINAL the end of the extended validation at T0 + 30 min when a provisional GO
    becomes final, CLOSE the end of the run's paperwork. First day and first week end after the run was closed.
    Compares by time, not by spelling.
    """

    STEP_1 = "step-1"
    STEP_2 = "step-2"
    STEP_3 = "step-3"
    STEP_4 = "step-4"
    STEP_5 = "step-5"
    STEP_6 = "step-6"
    START = "START"
    GO = "GO"
    FINAL = "final"
    FIRST_HOUR = "first-hour"
    CLOSE = "close"
    FIRST_DAY = "first-day"
    FIRST_WEEK = "first-week"

    @property
    def rank(self) -> int:
        """Place in time, from 0."""
        return _RANK[self.value]

    # A StrEnum would compare by spelling ("GO" < "START" < "close" < "step-1") without a word of warning.
    def __lt__(self, other: str) -> bool:
        """Whether this point comes before the other."""
        return self.rank < Due(other).rank

    def __le__(self, other: str) -> bool:
        """Whether it comes no later than the other."""
        return self.rank <= Due(other).rank

    def __gt__(self, other: str) -> bool:
        """Whether it comes after the other."""
        return self.rank > Due(other).rank

    def __ge__(self, other: str) -> bool:
        """Whether it comes no earlier than the other."""
        return self.rank >= Due(other).rank


_RANK: dict[str, int] = {due.value: rank for rank, due in enumerate(Due)}


class Applies(StrEnum):
    """When a checklist is in force: always, or only in a conditional deployment, or only before or after a rollback."""

    ALWAYS = "always"
    CONDITIONAL = "conditional"
    NOT_ROLLED_BACK = "not-rolled-back"
    ROLLED_BACK = "rolled-back"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a checklist.

    ``key`` is stable ("infrastructure.ssl-certificates-valid"); ``text`` is the procedure's, without its emphasis
    marks; ``evidence`` says what its evidence proves, and where that is easily overrated, what it does not prove.
    ``follows`` names items from which a derived one follows.
    """

    key: str
    text: str
    due: Due
    kind: Kind
    evidence: str
    step: int
    follows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checklist:
    """Items that belong together, in the procedure's order, and the step (1 to 12) in which they are worked through."""

    key: str
    title: str
    step: int
    items: tuple[Item, ...]
    applies: Applies = Applies.ALWAYS


class Mark(StrEnum):
    """What was said of an item. An item without a mark is open."""

    MEASURED = "measured"
    DERIVED = "derived"
    SIGNED = "signed"
    FAILED = "failed"
    DEFERRED = "deferred"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Standing:
    """The latest mark of the item with the key ``item``.

    ``by``: initials, or the program's name; ``value``: what was read ("61 days left"); ``note``: the reason or remark;
    ``expires_at``: from then on it no longer counts (None: it never expires, as a
    reading of something past does not); ``check``: the team's own check that read it.
    """

    item: str
    mark: Mark
    by: str
    at: float
    value: str = ""
    note: str = ""
    expires_at: float | None = None
    check: str = ""


@dataclass(frozen=True, slots=True)
class Blocker:
    """An item that stands in the way, and why, in words."""

    item: Item
    reason: str


def items_of(checklists: Iterable[Checklist]) -> Iterator[Item]:
    """All items, in order."""
    for checklist in checklists:
        yield from checklist.items


def applying(checklists: Iterable[Checklist], *, conditional: bool, rolled_back: bool) -> tuple[Checklist, ...]:
    """The checklists in force in a deployment whose gate said CONDITIONAL, or that was rolled back."""
    situations = {Applies.ALWAYS, Applies.ROLLED_BACK if rolled_back else Applies.NOT_ROLLED_BACK}
    if conditional:
        situations.add(Applies.CONDITIONAL)
    return tuple(one for one in checklists if one.applies in situations)


def blockers(
    checklists: Iterable[Checklist],
    standings: Mapping[str, Standing],
    due: Due,
    now: float,
    passed: Due | None = None,
) -> list[Blocker]:
    """What keeps ``due`` from being passed: every item due at or before it that does not stand at the time ``now``.

    Without ``passed`` everything is asked again, as before START: what has expired blocks. With it, what was due up to
    that point is settled, so that a signature for START that expires overnight does not block CLOSE the next day.
    """
    found = []
    for item in items_of(checklists):
        settled = passed is not None and item.due <= passed
        if not settled and item.due <= due and (reason := open_reason(item, standings.get(item.key), now)) is not None:
            found.append(Blocker(item, reason))
    return found


def complete(checklist: Checklist, standings: Mapping[str, Standing], now: float) -> bool:
    """Whether every item stands, whatever it is due for. A deferred item leaves its list unfinished."""
    return all(open_reason(item, standings.get(item.key), now) is None for item in checklist.items)


def open_reason(item: Item, standing: Standing | None, now: float) -> str | None:
    """Why the item does not stand, or None if it does.

    A person may sign for what a machine could have measured; a machine never stands in for a person's signature.
    """
    if standing is None:
        return f"open: {_sources(item)}" if item.follows else "open"
    if standing.mark in (Mark.FAILED, Mark.DEFERRED):
        return _told(str(standing.mark), standing)
    if standing.expires_at is not None and _expired(standing, now):
        return f"expired {_duration(now - standing.expires_at)} ago: {_told(str(standing.mark), standing)}"
    return _flaw(item, standing)


def _flaw(item: Item, standing: Standing) -> str | None:
    if standing.mark is Mark.WAIVED:
        return None if standing.note.strip() else _told("waived without a reason", standing)
    if standing.mark is Mark.SIGNED:
        return None if standing.by.strip() else "signed without initials"
    if item.kind is Kind.SIGNED:
        return f"{standing.mark} only: needs a person's signature"
    return None


def derive(
    checklists: Iterable[Checklist], standings: Mapping[str, Standing], now: float, by: str
) -> dict[str, Standing]:
    """``standings`` with those added that follow from others; ``by`` is the program's name.

    What follows is as old as the newest of its sources and expires with the first of them; a waived source makes it
    waived, for the same reason. Sources must be among ``checklists``. A person's mark is left alone until it expires,
    failed and deferred for good; a recorded *derived* is never trusted but concluded again, and dropped if its sources
    no longer stand. So the result need not be recorded: it is a view.
    """
    items = {item.key: item for item in items_of(checklists)}
    known = dict(standings)
    settled: set[str] = set()

    def settle(item: Item) -> None:
        if item.key in settled:
            return
        settled.add(item.key)
        for key in item.follows:
            if key in items:
                settle(items[key])
        present = known.get(item.key)
        if not item.follows or (present and present.mark is not Mark.DERIVED and not _expired(present, now)):
            return
        if all(_stands(key, items, known, now) for key in item.follows):
            known[item.key] = _following(item, [known[key] for key in item.follows], by)
        elif present and present.mark is Mark.DERIVED:
            del known[item.key]

    for item in items.values():
        settle(item)
    return known


def _stands(key: str, items: Mapping[str, Item], standings: Mapping[str, Standing], now: float) -> bool:
    return key in items and open_reason(items[key], standings.get(key), now) is None


def _following(item: Item, sources: list[Standing], by: str) -> Standing:
    waived = [source for source in sources if source.mark is Mark.WAIVED]
    expiries = [source.expires_at for source in sources if source.expires_at is not None]
    return Standing(
        item=item.key,
        mark=Mark.WAIVED if waived else Mark.DERIVED,
        by=", ".join(dict.fromkeys(source.by for source in waived)) if waived else by,
        at=max(source.at for source in sources),
        value=_sources(item),
        note="; ".join(f"{source.item} waived: {source.note}" for source in waived),
        expires_at=min(expiries) if expiries else None,
    )


def _sources(item: Item) -> str:
    rest = len(item.follows) - 3
    return "follows from " + ", ".join(item.follows[:3]) + (f" and {rest} more" if rest > 0 else "")


def _expired(standing: Standing, now: float) -> bool:
    """``not now < ...`` rather than ``>=``: a time that is no number counts as past."""
    lasting = standing.mark in (Mark.FAILED, Mark.DEFERRED)
    return not lasting and standing.expires_at is not None and not now < standing.expires_at


def _told(word: str, standing: Standing) -> str:
    detail = "; ".join(text for text in (_plain(standing.value), _plain(standing.note)) if text)
    who = f"{word} by {_plain(standing.by)}" if standing.by.strip() else word
    return f"{who}: {detail}" if detail else who


def _plain(text: str) -> str:
    """Notes and values come from outside: no control, escape or bidi character goes into a reason."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"
