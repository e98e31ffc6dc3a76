"""What a screen is given to draw: the newest View and what only this face knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cpr_cockpit.core.view import View
from cpr_cockpit.tui.arming import Arming

# Phases in which production may be touched: the panel is large, rollback one key away.
PRODUCTION = ("deploying", "window", "keeping", "rolling back")


@dataclass(frozen=True, slots=True)
class Shown:
    """``now``: the session's clock, estimated between Views; ``gone_since``: when the session was last heard.

    ``replay``: how a run that was is being played ("replay x10"); "": it is no replay.
    """

    view: View | None
    now: float
    actor: str
    arming: Arming
    run: str = ""
    read_only: bool = False
    status: str = ""
    gone_since: float | None = None
    gone_words: str = ""
    ended: bool = False
    replay: str = ""

    @property
    def production(self) -> bool:
        """Whether production may be touched now."""
        return self.view is not None and self.view.phase in PRODUCTION


def clock(at: float | None) -> str:
    """The time of day in UTC, or blanks of the same width."""
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def ago(seconds: float) -> str:
    """An age in words of few cells."""
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"
