"""A writer of a journal as a process of its own: ``hold`` opens it and waits; ``write`` appends as fast as it can."""

from __future__ import annotations

import sys
from pathlib import Path

from cpr_cockpit.core.events import Noted
from cpr_cockpit.engine.journal import Journal, JournalBusy
from tests.engine.children import tell


def main(what: str, folder: str) -> None:
    try:
        journal = Journal(Path(folder))
    except JournalBusy as error:
        tell(f"busy: {error}")
        return
    tell("open")
    if what == "hold":
        sys.stdin.readline()
        journal.close()
        return
    while True:
        record = journal.append(Noted(by="writer", words="w" * 200), 1.0)
        tell(record.seq)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
