"""A run as its journal tells it, where the command goes on without one too."""

from __future__ import annotations

from pathlib import Path

from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read


def known_run(folder: Path) -> Run | None:
    """The run in ``folder``; None where its journal is missing or cannot be trusted."""
    try:
        return fold(read(folder))
    except (JournalDamaged, JournalError, FileNotFoundError):
        return None
