"""The total table of the panel's words and shapes."""

from __future__ import annotations

from cpr_cockpit.core.view import Shape

_PREPARING = ("PREPARING", Shape.CALM)
_BREACH = ("ROLL BACK NOW", Shape.BREACH)
_NO_DATA = frozenset({"stale", "incomplete"})
_SHARES = ("share", "part", "flag", "dark")
_GOING_BACK = frozenset({"rolling back", "refused", "flag failed", "by hand", "proven back"})
_ENDED = {
    "kept": ("KEPT", Shape.FINAL),
    "rolled_back": ("ROLLED BACK", Shape.FINAL),
    "partial": ("SKEW", Shape.LOOK),
    "advised": ("BACK BY HAND", Shape.BREACH),
    "held": ("HELD", Shape.LOOK),
    "stopped": ("STOPPED", Shape.FINAL),
    "failed": ("FAILED", Shape.BREACH),
}
_BY_PHASE = {
    "foreign": ("LOOK", Shape.LOOK),
    "preparing": _PREPARING,
    "checking": ("CHECKLISTS OPEN", Shape.CALM),
    "ready": ("READY TO START", Shape.CALM),
    "deploying": ("DEPLOYING", Shape.BUSY),
    "switching": ("SWITCHING", Shape.BUSY),
    "share": ("CANARY", Shape.CALM),
    "part": ("ROLLING", Shape.CALM),
    "flag": ("FLAG", Shape.CALM),
    "dark": ("DARK", Shape.CALM),
    "waiting": ("WAITING", Shape.CALM),
    "by hand": ("BACK BY HAND", Shape.BREACH),
    "rolling back": ("ROLLING BACK", Shape.BUSY),
    "refused": ("SWAP REFUSED", Shape.BREACH),
    "flag failed": ("NEXT RUNG", Shape.BREACH),
    "proven back": ("ROLLED BACK", Shape.FINAL),
    "keeping": ("KEPT", Shape.GO),
}


def panel_word(
    phase: str, *, decision: str | None, verdict: str | None, cause: str | None, overdue: bool, early: bool
) -> tuple[str, Shape]:
    """The panel's word and shape: total over phase, decision of an ended run, verdict, cause and the clock.

    ``overdue``: the window's end has passed without a decision; ``early``: policy allows GO before it.
    """
    if decision is not None:
        return _ENDED.get(decision, ("FAILED", Shape.BREACH))
    # Too few requests are no reason to look at what was kept; data that stopped are one, and so is a missed target.
    calm = phase == "keeping" and (verdict not in ("HOLD", "ROLLBACK") or cause == "thin")
    if phase not in (*_SHARES, "window", "keeping") or calm:
        return _BY_PHASE.get(phase, _PREPARING) if verdict != "ROLLBACK" or phase in _GOING_BACK else _BREACH
    if verdict == "ROLLBACK":
        return _BREACH
    if verdict == "HOLD":
        return ("NO DATA", Shape.NO_DATA) if cause in _NO_DATA else ("LOOK", Shape.LOOK)
    if phase in _SHARES:
        return _BY_PHASE[phase]
    if verdict == "GO" and (overdue or early):
        return ("GO POSSIBLE", Shape.GO)
    if overdue:
        # The window is over and its last seconds' data is on the way; without any verdict nobody knows that.
        return ("DECIDING", Shape.CALM) if verdict == "WAIT" else ("OVERDUE", Shape.LOOK)
    return ("KEEP WATCHING", Shape.CALM)
