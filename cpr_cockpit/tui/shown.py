"""What a screen is given to draw: the newest View and what only this face knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cpr_cockpit.core.view import Panel, View
from cpr_cockpit.tui.alone import going_on, no_session, not_begun
from cpr_cockpit.tui.arming import Arming

# From here on it is said that no session has answered.
ANSWER_S = 20.0
# Phases in which production may be touched: the panel is large, rollback one key away.
PRODUCTION = ("deploying", "window", "keeping", "rolling back")


@dataclass(frozen=True, slots=True)
class Shown:
    """``now``: the session's clock, estimated between Views; ``gone_since``: when the session was last heard.

    ``waited_s``: for the first View, so far; ``log``: the file in which a session that does not answer may say why;
    ``sent``: the decision that was sent and is not in the View yet. ``replay``: how a run that was is being played
    ("replay x10"); "": it is no replay. ``afterword``: after the end signatures, issues and figures may be written.
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
    waited_s: float = 0.0
    log: str = ""
    sent: str = ""
    ended: bool = False
    afterword: bool = False
    replay: str = ""

    @property
    def panel(self) -> Panel | None:
        """The panel of the View, or this face's own where that would mislead; None: nothing is known yet."""
        if self.view is None:
            late = self.gone_words or self.waited_s >= ANSWER_S
            return not_begun(self.gone_words, self.log) if late else None
        if self.gone_since is not None:
            return no_session(self.view, clock(self.gone_since), in_production=self.production)
        return going_on(self.view.panel, self.sent) if self.sent else self.view.panel

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
