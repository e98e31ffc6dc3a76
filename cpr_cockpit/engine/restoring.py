"""What earlier sessions of a run have told the judge, told again from the journal.

What this program cannot read, because another version wrote it, is logged and left out: a session must not end of it.
ROLLBACK is the exception: whatever words it has, it stands.
"""

from __future__ import annotations

import logging

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Baseline
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind
from cpr_cockpit.engine.baseline import baseline_of
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.spoken import person_trigger

log = logging.getLogger(__name__)


def restored_baseline(event: ev.BaselineTaken) -> Baseline | None:
    """The baseline of the journal; None where its figures cannot be read."""
    try:
        return baseline_of(event)
    except ValueError:
        log.exception("the baseline in the journal cannot be read; it is judged without one")
        return None


def restore_trigger(judge: Judge, event: ev.TriggerRaised, at: float) -> None:
    """A trigger that a person raised; one that this program does not know is still that person's ROLLBACK."""
    try:
        judge.raise_trigger(person_trigger(event.trigger), event.by)
    except ValueError:
        log.exception("a trigger in the journal cannot be read; that it was raised is enough")
        words = f"{event.trigger}: raised by {event.by}"
        judge.restore(Verdict(VerdictKind.ROLLBACK, None, event.trigger, words, at))


def restore_verdict(judge: Judge, verdict: Verdict, run: Run) -> None:
    """A recorded verdict: ROLLBACK stands, and so does a hold that no figure gave; the rest is judged afresh."""
    judge.restore(verdict)
    if verdict.cause is not None and verdict.rule is None and _is_sessions_own(verdict, run):
        judge.hold(verdict.cause, verdict.sentence)


def _is_sessions_own(verdict: Verdict, run: Run) -> bool:
    """Whether a HOLD is the session's. SUSPICIOUS is also the judge's own doubt, which better data take away."""
    if verdict.cause in (HoldCause.SLEPT, HoldCause.FOREIGN):
        return True
    return verdict.cause is HoldCause.SUSPICIOUS and _noted(verdict.sentence, run)


def note_hold(recorder: Recorder, sentence: str) -> None:
    """Write down that the session itself holds, once for each sentence: its verdict alone would not tell."""
    if _noted(sentence, recorder.run):
        return
    try:
        recorder.record(ev.Noted(by=PROGRAM, words=sentence))
    except JournalError:
        # It holds all the same; only a session after this one would not know why.
        log.exception("a hold could not be recorded: %s", sentence)


def _noted(sentence: str, run: Run) -> bool:
    return any(note.by == PROGRAM and note.words == sentence for _, note in run.notes)
