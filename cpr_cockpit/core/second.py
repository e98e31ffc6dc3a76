"""The second person: which act waits for one, and what the panel says of it. Nothing here ever holds ROLLBACK."""

from __future__ import annotations

from cpr_cockpit.core import view as vw
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.safeguard_events import SecondAsked
from cpr_cockpit.core.safeguards import GO, START
from cpr_cockpit.core.verdict import clock_time

CONFIRM = "h"
# More initials than these do not help a tired person.
_NAMED = 4
# What the line of a small screen has room for; the whole words are in the prompt and in the journal.
_SHORT = {START: "START", GO: "GO"}


def waiting(run: Run, now: float) -> tuple[SecondAsked, ...]:
    """The acts that may be confirmed yet, the oldest first: none that START, GO, ROLLBACK or the end overtook."""
    if run.ended is not None or run.phase is Phase.ROLLING_BACK:
        return ()
    over = {START: run.started_at is not None, GO: run.decision is not None}
    return tuple(one for one in run.guards.waiting(now) if not over.get(one.act, False))


def sentence(run: Run, now: float) -> str:
    """Who wants what, and who can confirm it; "" where nothing waits."""
    left = waiting(run, now)
    if not left:
        return ""
    first = left[0]
    named = f" ({', '.join(first.others[:_NAMED])}{', ...' if len(first.others) > _NAMED else ''})"
    more = f" And {len(left) - 1} more." if len(left) > 1 else ""
    who = named if first.others else ""
    until = f"until {clock_time(first.until)}. {CONFIRM}: confirm.{more}"
    return f"{first.by} pressed {_SHORT.get(first.act, first.words)}, waiting for a second person{who} {until} "


def confirm(run: Run, now: float) -> vw.Control | None:
    """To confirm what waits the longest; None where nothing waits."""
    left = waiting(run, now)
    if not left:
        return None
    first = left[0]
    label = f"CONFIRM {first.words}, pressed by {first.by}: your initials"
    return vw.Control(
        CONFIRM, label, enabled=True, details=(f"asked for by {first.by}", f"until {clock_time(first.until)}")
    )
