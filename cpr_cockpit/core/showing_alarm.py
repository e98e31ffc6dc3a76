"""What the panel says while somebody is called: which key answers, and what happens by itself where nobody does."""

from __future__ import annotations

from cpr_cockpit.core import view as vw
from cpr_cockpit.core.alarm import Alarm, Cause, alarm, first_page_at, rolls_back_at
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.verdict import clock_time

SEEN = "m"


def before_sentence(run: Run, stage: Stage) -> str:
    """Which key says that somebody has seen it, before the panel's sentence; "" where nobody is called."""
    found = alarm(run, stage.policy, stage.now)
    if found is None or found.acknowledged or not _called(run, stage, found):
        return ""
    at = rolls_back_at(run, stage.policy, stage.now)
    if at is not None:
        return f"ROLLS BACK BY ITSELF at {clock_time(at)} unless you press {SEEN} (seen) or decide: "
    since = f"nobody has decided since {clock_time(found.since)}, " if found.cause is Cause.OVERDUE else ""
    return f"{since}{SEEN} when you have seen it: "


def answer(run: Run, stage: Stage) -> vw.Control | None:
    """That the alarm was seen; None where nobody is called."""
    found = alarm(run, stage.policy, stage.now)
    if found is None or found.acknowledged or not _called(run, stage, found):
        return None
    return vw.Control(SEEN, "SEEN: call nobody more", enabled=True)


def _called(run: Run, stage: Stage, found: Alarm) -> bool:
    """Whether there is somebody to be called, or something that happens by itself."""
    pages = bool(run.notices.channels) and stage.now >= first_page_at(found, stage.policy)
    return pages or rolls_back_at(run, stage.policy, stage.now) is not None
