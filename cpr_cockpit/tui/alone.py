"""What the decision panel says while this face knows better than its newest View: nobody answers, or not yet."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.naming import brief
from cpr_cockpit.core.view import Control, Panel, Shape, View

NO_SESSION = "NO SESSION"
_UNANSWERED = "No session answered within 20 s: it could not be started, or it hangs."


def not_begun(words: str, log: str) -> Panel:
    """Before the first View: ``words`` are what the first attempt said; ``log``: where more of it is."""
    more = f"Its log: {log} " if log else ""
    return Panel(NO_SESSION, Shape.NO_DATA, words or _UNANSWERED, f"{more}This screen goes on trying; q closes it.")


def no_session(view: View, since: str, *, in_production: bool) -> Panel:
    """The session went away: what goes on without it, and how. No key reaches it, so every one names its command."""
    run = brief(view.run)
    sentence = f"Gone since {since} UTC. Go on: cpr-cockpit resume {run}"
    detail = f"Rollback card: {view.plan.card}" if view.plan.card else ""
    by = f"cpr-cockpit rollback {run}"
    rollback = Control("r", "ROLL BACK by command", enabled=False, reason=by) if in_production else None
    return Panel(NO_SESSION, Shape.NO_DATA, sentence, detail, rollback=rollback, worsened=view.panel.worsened)


def going_on(panel: Panel, sent: str) -> Panel:
    """A decision was sent: the word that it was made on is over, and the next one comes from the session."""
    start, go = (None if sent == "START" else panel.start), (None if sent == "GO" else panel.go)
    sentence = "Waiting for the session: what comes of it is shown here."
    return replace(panel, word=f"{sent} SENT", shape=Shape.BUSY, sentence=sentence, detail="", start=start, go=go)
