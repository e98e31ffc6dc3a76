"""Checklist items in words: what was marked, by whom, when; an item that nobody marked is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cpr_cockpit.core.checklist import Checklist, Item, Mark, Standing, open_reason
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.standings import standings
from cpr_cockpit.documents.papers.text import stamp, tick

_ITEMS = {item.key: item for one in ALL_CHECKLISTS for item in one.items}


@dataclass(frozen=True, slots=True)
class Marks:
    """How every item stood at the journal's last event."""

    standings: Mapping[str, Standing]
    now: float

    @classmethod
    def of(cls, run: Run) -> Marks:
        """The run's marks, with what follows from them."""
        return cls(standings(run, run.last_at), run.last_at)

    def stands(self, item: Item) -> bool:
        """Whether the item is settled."""
        return open_reason(item, self.standings.get(item.key), self.now) is None

    def words(self, item: Item) -> str:
        """``signed by MK at 2026-11-25 02:19:37 UTC: note``; the reason where the item does not stand."""
        standing = self.standings.get(item.key)
        reason = open_reason(item, standing, self.now)
        if standing is None:
            return "open"
        told = "; ".join(text for text in (standing.value, standing.note) if text.strip())
        who = f"{standing.mark} by {standing.by} at {stamp(standing.at)}"
        words = f"{who}: {told}" if told else who
        return words if reason is None or standing.mark in (Mark.FAILED, Mark.DEFERRED) else f"{reason} ({words})"

    def passed(self, *keys: str) -> bool | None:
        """True: every item was proven or signed; False: one failed; None: one is open, deferred or only waived."""
        said = [self._passed(_ITEMS[key]) for key in keys]
        if any(one is False for one in said):
            return False
        return True if said and all(said) else None

    def _passed(self, item: Item) -> bool | None:
        standing = self.standings.get(item.key)
        if standing is not None and standing.mark is Mark.FAILED:
            return False
        return True if standing is not None and standing.mark is not Mark.WAIVED and self.stands(item) else None

    def count(self, lists: Iterable[Checklist]) -> str:
        """``26 of 26 items stand, marked by MK``."""
        items = [item for one in lists for item in one.items]
        held = [item for item in items if self.stands(item)]
        who = ", ".join(dict.fromkeys(self.standings[item.key].by for item in held))
        return f"{len(held)} of {len(items)} items stand" + (f", marked by {who}" if who else "")

    def lines(self, one: Checklist) -> list[str]:
        """The list with a tick for what stands."""
        return [*(tick(self.stands(item), f"{item.text} - {self.words(item)}") for item in one.items), ""]

    def item(self, key: str) -> str:
        """The words of the item with that key."""
        return self.words(_ITEMS[key])
