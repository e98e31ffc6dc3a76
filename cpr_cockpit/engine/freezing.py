"""Which freeze holds now. START asks for a reason then; ROLLBACK and the watch never look here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from cpr_cockpit.core.freeze import Freeze, Frozen, frozen
from cpr_cockpit.core.safeguard_events import FreezeOverridden
from cpr_cockpit.engine.recorder import Recorder


class Freezes:
    """The freezes of a run; zones are read once."""

    def __init__(self, freezes: Iterable[Freeze]) -> None:
        self._zones = [_placed(one) for one in freezes]

    def at(self, now: float) -> Frozen | None:
        """The one that ends last of those that hold at ``now``; None where none does."""
        found = [frozen(one, now, zone) for one, zone in self._zones]
        return max((one for one in found if one is not None), key=lambda one: one.until, default=None)

    def override(self, recorder: Recorder, now: float, by: str, reason: str) -> None:
        """START is pressed all the same: by whom and why is on record. Nothing where none holds."""
        held = self.at(now)
        if held is not None:
            recorder.record(FreezeOverridden(name=held.name, until=held.until, by=by, reason=reason))


def _placed(freeze: Freeze) -> tuple[Freeze, ZoneInfo]:
    """With its zone. The settings were read where it was known: a data base that vanished since blocks nobody."""
    try:
        return freeze, ZoneInfo(freeze.zone)
    except (KeyError, ValueError, OSError):
        return replace(freeze, zone=f"UTC, for {freeze.zone} is not known here"), ZoneInfo("UTC")
