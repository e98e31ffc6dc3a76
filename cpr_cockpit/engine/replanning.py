"""Another plan in the place of one that others have made void: it may fetch an artifact, and a face waits seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.preparing import Blocked
from cpr_cockpit.engine.recorder import Recorder

# Seconds for which whoever asked is kept waiting; after that it goes on, and how it ends is told in the journal.
ANSWER_S = 3.0


class Replanning:
    """One at a time."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._going: asyncio.Task[None] | None = None

    async def run(self, make: Callable[[], Awaitable[None]]) -> None:
        """Have ``make`` done; Blocked or PortError where it ends at once, Blocked while another one is under way."""
        if self._going is not None and not self._going.done():
            raise Blocked("It is being made anew already. Nothing was changed.")
        self._going = asyncio.ensure_future(_made(make))
        done, _ = await asyncio.wait({self._going}, timeout=ANSWER_S)
        if done:
            self._going.result()
        else:
            self._going.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            words = error.words() if isinstance(error, PortError) else str(error)
            self._recorder.record(ev.Noted(by=PROGRAM, words=f"the plan could not be made anew: {words}"))

    def cancel(self) -> None:
        """Begin to stop it."""
        if self._going is not None:
            self._going.cancel()

    async def close(self) -> None:
        """Stop it."""
        self.cancel()
        if self._going is not None:
            await asyncio.gather(self._going, return_exceptions=True)


async def _made(make: Callable[[], Awaitable[None]]) -> None:
    await make()
