"""HOLD for what others did, as the journal tells it: until a person has looked, and while nobody can look."""

from __future__ import annotations

from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.verdict import HoldCause, clock_time

# Seconds without any reading of what others could change, of the procedure's window, after which that is told.
UNREAD_S, LEAST_S = 120.0, 20.0


def hold_for_others(judge: Judge, run: Run, policy: Policy, now: float, since: float) -> None:
    """Hold and release; ``since``: from when on this session looks, before which it misses nothing.

    On the way back nothing waits for what others changed before, and their surroundings are read no more.
    """
    back = run.phase is Phase.ROLLING_BACK
    if run.others.words and not back:
        judge.hold(HoldCause.FOREIGN, f"{run.others.words}. Look, then acknowledge it")
    elif run.others.changes:
        judge.release(HoldCause.FOREIGN)
    if back:
        judge.release(HoldCause.STALE)
        return
    heard = run.heard.get((Source.SURROUNDINGS.value, ""))
    if heard is None:
        return
    last = max(since, heard.newest or run.opened_at)
    if now - last > max(LEAST_S, UNREAD_S * policy.scale):
        words = f"whether others change anything could not be read since {clock_time(last)}: {heard.trouble}"
        judge.hold(HoldCause.STALE, words)
    else:
        judge.release(HoldCause.STALE)
