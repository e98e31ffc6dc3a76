"""A run as its journal tells it, where the command goes on without one too."""

from __future__ import annotations

from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.output import complain
from cpr_cockpit.core.events import Record
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.documents.card import CARD
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.launch import ERROR_FILE
from cpr_cockpit.engine.writer import FILE, writer_alive

# The settings of a run, without which no session can begin (`wiring.run_config`, which is too heavy for a glance).
SETTINGS = "session.json"
_LOGS = ("cockpit.log", ERROR_FILE, "lab.log")


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


def never_began(folder: Path) -> bool:
    """Whether nothing of a run is in its folder: no settings, no journal, no card, no session."""
    return not any((folder / name).exists() for name in (SETTINGS, FILE, CARD)) and not writer_alive(folder)


def no_journal(folder: Path) -> int:
    """Say that a run has no journal, and what next; 1 where it never began, 3 where nobody can tell what it did."""
    if never_began(folder):
        complain(
            f"Run {folder.name} never began: nothing was started and nothing was changed. Begin a new run: "
            f"cpr-cockpit rehearse, or cpr-cockpit open FEATURE_DIR.{_logs(folder)}"
        )
        return codes.BLOCKED
    complain(f"Run {folder.name} has no journal yet. Nothing was changed by this command.{_logs(folder)}")
    return codes.UNKNOWN


def card_words(folder: Path) -> str:
    """Where the rollback card is; where it was never written, that it was not."""
    card = folder / CARD
    return f"The rollback card: {card}" if card.exists() else "A rollback card was not written."


def _logs(folder: Path) -> str:
    """Where to read on: only files that are there and say something."""
    there = [folder / name for name in _LOGS if (folder / name).is_file() and (folder / name).stat().st_size]
    return f" See {' and '.join(map(str, there))}." if there else ""


def damage_words(error: JournalDamaged) -> str:
    """What a person is told of a damaged journal: where it begins, what holds, what still works."""
    return (
        f"The journal is damaged: event {error.damage.first_bad} is the first bad one ({error.damage.why}). "
        f"{len(error.good)} events before it hold. Nothing was changed. cpr-cockpit rollback and resume still work "
        "on a run that has not ended: they set the journal aside and go by observation."
    )
