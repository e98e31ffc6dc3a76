"""Writing what a person says of a run: by its session where one lives, else beside the journal of the ended run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cpr_cockpit.core.events import Record
from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.afterword import Afterword, write_after
from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.writer import writer_alive


def write(
    folder: Path, records: Sequence[Record], run: Run, event: Afterword, command: str, arguments: dict[str, Any]
) -> None:
    """``event`` beside the journal of an ended run; else the session is asked for it by ``command``.

    JournalError, JournalDamaged, SessionGone, SessionRefused: nothing was written.
    """
    if run.ended is not None:
        write_after(folder, records, [(time.time(), event)])
        return
    if not writer_alive(folder):
        raise JournalError(f"No session of run {folder.name} lives, and it has not ended: cpr-cockpit resume it.")
    asyncio.run(_by_session(folder, command, arguments))


async def _by_session(folder: Path, command: str, arguments: dict[str, Any]) -> None:
    async with await Client.connect(folder.name) as client:
        await client.command(command, **arguments)
