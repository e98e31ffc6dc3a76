"""Writing what a person says of a run: by its session where one lives, else beside the journal of the ended run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cpr_cockpit.core.events import Record
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.engine.afterword import Afterword, write_made
from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.writer import writer_alive


def write(
    folder: Path,
    records: Sequence[Record],
    run: Run,
    make: Callable[[Run], Afterword],
    command: str,
    arguments: dict[str, Any],
) -> None:
    """The event of ``make`` beside the journal of an ended run; else the session is asked for it by ``command``.

    ``make`` is given the run as it stands when nobody else may write: another one may have written since it was read.
    JournalError, JournalDamaged, SessionGone, SessionRefused, and what ``make`` raises: nothing was written.
    """
    if run.ended is not None:
        write_made(folder, records, lambda written: [(time.time(), make(fold(written)))])
        return
    if not writer_alive(folder):
        raise JournalError(f"No session of run {folder.name} lives, and it has not ended: cpr-cockpit resume it.")
    asyncio.run(_by_session(folder, command, arguments))


async def _by_session(folder: Path, command: str, arguments: dict[str, Any]) -> None:
    async with await Client.connect(folder.name) as client:
        await client.command(command, **arguments)
