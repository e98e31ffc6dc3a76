"""The notices that tell a run's end: sent by its session after it, so that an outcome waits for them for a moment."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.afterword import with_afterword
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.writer import writer_alive

# Seconds for which the session is given time to end; what it tells later stands in the afterword all the same.
WAIT_S, LOOK_S = 3.0, 0.02


async def take_last_notices(folder: Path, run: Run) -> bool:
    """Bring into ``run`` what came of the notices after its end, where that can be read; False: it is not known yet."""
    if not run.notices.sendings:
        return True
    try:
        async with asyncio.timeout(WAIT_S):
            # The lock ends with the process, and nothing tells us of that moment.
            while writer_alive(folder):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        return False
    with contextlib.suppress(JournalDamaged, JournalError, FileNotFoundError):
        records = read(folder)
        for record in with_afterword(folder, records)[len(records) :]:
            if record.event.type.startswith("notice."):
                run.apply(record)
    return True
