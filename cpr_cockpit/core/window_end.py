"""When the critical window ends: T0 plus its length, and what a person has added to it.

A person may wait longer for users who do not come, within what policy allows. Nothing else changes: the judge goes on
by the same rules (its tests hold however long one looks), and ROLLBACK is possible all the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cpr_cockpit.core import view as vw
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.verdict import clock_time
from cpr_cockpit.core.window_events import WindowExtended

if TYPE_CHECKING:
    from cpr_cockpit.core.run import Run

KEY = "w"
PART = 1.0 / 3.0
"""Of the window, that each extension adds: five minutes of fifteen."""


def deadline_of(run: Run, policy: Policy) -> float | None:
    """Epoch seconds; None before T0. ``policy`` is scaled to the window."""
    if run.t0 is None:
        return None
    return max(run.t0 + policy.window_s, run.extended.until if run.extended is not None else 0.0)


def next_end(run: Run, policy: Policy, now: float) -> float:
    """When the window would end if it were extended now; at most so many times its length after T0."""
    deadline = deadline_of(run, policy) or now
    return min(max(deadline, now) + PART * policy.window_s, (run.t0 or now) + policy.longest_window * policy.window_s)


def why_not_longer(run: Run, policy: Policy, now: float) -> str:
    """Why the window cannot be extended now; "" where it can."""
    deadline = deadline_of(run, policy)
    if run.ended is not None or run.decision is not None:
        return "it is decided"
    if deadline is None:
        return "the critical window has not begun"
    if next_end(run, policy, now) <= max(deadline, now) + 1e-3:
        return f"policy allows {policy.longest_window:g} times the window at most (longest_window)"
    return ""


def extend(run: Run, policy: Policy, now: float) -> vw.Control | None:
    """The control of the extension; None where there is no window to be extended."""
    if run.t0 is None or run.decision is not None or run.ended is not None:
        return None
    label = f"WAIT LONGER, to {clock_time(next_end(run, policy, now))}"
    reason = why_not_longer(run, policy, now)
    return vw.Control(KEY, label, enabled=not reason, reason=reason)


def extended_words(run: Run) -> str:
    """``extended to 14:23:10 UTC by ana: 14 users so far``; "" where it was not."""
    event = run.extended
    if event is None:
        return ""
    return f"extended to {clock_time(event.until)} by {event.by}" + (f": {event.words}" if event.words else "")


def _extended(run: Any, at: float, event: WindowExtended) -> None:
    run.extended = event
    run.note_moment(at, "Window extended", extended_words(run), "note")


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {WindowExtended: _extended}
