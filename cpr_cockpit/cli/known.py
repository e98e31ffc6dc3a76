"""A run as its journal tells it, where the command goes on without one too."""

from __future__ import annotations

from pathlib import Path

from cpr_cockpit.core.events import Record
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read


def known_run(folder: Path) -> Run | None:
    """The run in ``folder``; None where its journal is missing, empty or cannot be trusted."""
    records = known_records(folder)
    return fold(records) if records else None


def known_records(folder: Path) -> tuple[Record, ...]:
    """The events of the run in ``folder``; none where its journal is missing or cannot be trusted."""
    try:
        return read(folder)
    except (JournalDamaged, JournalError, FileNotFoundError):
        return ()


def damage_words(error: JournalDamaged) -> str:
    """What a person is told of a damaged journal: where it begins, what holds, what still works."""
    return (
        f"The journal is damaged: event {error.damage.first_bad} is the first bad one ({error.damage.why}). "
        f"{len(error.good)} events before it hold. Nothing was changed. cpr-cockpit rollback and resume still work "
        "on a run that has not ended: they set the journal aside and go by observation."
    )
