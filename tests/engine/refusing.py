"""Ways in which a real journal comes to refuse what is written to it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cpr_cockpit.engine.writer import FILE


def by_trigger(folder: Path) -> None:
    """The database refuses every insertion."""
    with closing(sqlite3.connect(folder / FILE)) as db:
        db.execute("CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no room'); END")


def by_removal(folder: Path) -> None:
    """Somebody removes the run's folder."""
    shutil.rmtree(folder)


def by_a_file_in_the_way(folder: Path) -> None:
    """The folder is gone, and a file has its name: nothing can be made there."""
    by_trigger(folder)
    folder.rename(folder.with_name(folder.name + "-gone"))
    folder.write_text("not a folder")


WAYS: tuple[Callable[[Path], None], ...] = (by_trigger, by_removal, by_a_file_in_the_way)
