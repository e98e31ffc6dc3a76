"""Who serves production, told from looks alone: the switch that somebody else makes, and the way back from it."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.ports import Sighting

# One answer of another version may be a stray; the second one within this time (seconds) makes it the switch.
CONFIRM_WITHIN_S = 60.0
# So many looks in a row (those without a version do not count) tell that production serves one version alone.
SETTLED_LOOKS = 5
# Where the new version was never seen alone, a share of the traffic may be all that it got: then so many are needed.
UNSETTLED_LOOKS = 120
# So many looks in a row without any version are no single lost answer.
SILENT_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Switch:
    """Production was seen to serve ``version`` since ``t0`` (epoch seconds); ``words``: by which looks."""

    version: str
    t0: float
    words: str


class _Row:
    """How many looks in a row told the same version, and since when."""

    def __init__(self) -> None:
        self.version: str | None = None
        self.since = 0.0
        self.count = 0

    def see(self, look: Sighting) -> None:
        if look.version is None:
            return
        if look.version != self.version:
            self.version, self.since, self.count = look.version, look.at, 0
        self.count += 1


class SwitchFinder:
    """Finds T0: the first sighting of the new version, once a second one confirms it.

    ``old``: what production serves now; it changes where production settles on another version than the one that is
    waited for. ``wanted``: the new version's name, "": whatever other version appears.
    """

    def __init__(self, old: str, wanted: str = "") -> None:
        self.old = old
        self._wanted = wanted
        self._first: dict[str, float] = {}
        self._row = _Row()
        self._slot_held: str | None = None
        self._silent = 0
        self._silent_since = 0.0

    @property
    def silent_since(self) -> float | None:
        """Since when production has told no version (epoch seconds); None while it tells one."""
        return self._silent_since if self._silent >= SILENT_LOOKS else None

    def see(self, production: Sighting, slot: Sighting) -> Switch | None:
        """One look at each; the switch where this look confirms it."""
        if production.version is None:
            return self._without_version(production, slot)
        self._silent = 0
        self._row.see(production)
        if production.version == self.old:
            self._slot_held = slot.version or self._slot_held
            return None
        if self._wanted and production.version != self._wanted:
            if self._row.count >= SETTLED_LOOKS:
                self.old = production.version
            return None
        return self._confirmed(production.version, production.at)

    def _confirmed(self, version: str, at: float) -> Switch | None:
        first = self._first.get(version)
        if first is None or at - first > CONFIRM_WITHIN_S:
            self._first[version] = at
            return None
        return Switch(version, first, f"production answered as {version}, confirmed after {at - first:.0f} s")

    def _without_version(self, production: Sighting, slot: Sighting) -> Switch | None:
        """A new version that answers nobody is known by the slot: it held the new one, and holds the old one now."""
        if self._silent == 0:
            self._silent_since = production.at
        self._silent += 1
        held = self._slot_held
        changed = held not in (None, self.old) and slot.version == self.old
        if held is None or self._silent < SILENT_LOOKS or not changed or (self._wanted and held != self._wanted):
            return None
        words = f"production tells no version, and {self.old} came to where {held} was: swapped"
        return Switch(held, self._silent_since, words)


class ReturnFinder:
    """After the switch: when production serves the old version again, and nothing else.

    ``settled``: production was proven to serve the new version alone.
    """

    def __init__(self, old: str, new: str, *, settled: bool = False) -> None:
        self._old = old
        self._new = new
        self._row = _Row()
        self._settled = settled

    def see(self, production: Sighting) -> Switch | None:
        """One look; the way back where this look settles it."""
        self._row.see(production)
        row = self._row
        if row.version == self._new and row.count >= SETTLED_LOOKS:
            self._settled = True
        if row.version != self._old or row.count < (SETTLED_LOOKS if self._settled else UNSETTLED_LOOKS):
            return None
        return Switch(self._old, row.since, f"{row.count} answers in a row from {self._old}")

    @property
    def stranger(self) -> str:
        """A third version that production settled on; "" where there is none."""
        row = self._row
        known = row.version in (None, self._old, self._new)
        return "" if known or row.count < SETTLED_LOOKS or row.version is None else row.version
