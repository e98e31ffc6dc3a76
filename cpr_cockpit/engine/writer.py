"""Who writes a run's journal: looked up without reading it, so that a face starts without the journal's weight."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

FILE = "journal.db"
LOCK = "journal.lock"


def writer_pid(folder: Path) -> int | None:
    """The process that holds the writer's lock; None where none does."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        said = os.read(handle, 32).decode("ascii", errors="replace").strip()
        return int(said) if said.isdigit() else 0
    finally:
        os.close(handle)
    return None


def writer_alive(folder: Path) -> bool:
    """Whether some process holds the writer's lock."""
    return writer_pid(folder) is not None
