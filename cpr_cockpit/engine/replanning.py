"""Another plan in the place of the one that there is: it may fetch an artifact, and a face waits seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.planning import Blocked
from cpr_cockpit.engine.recorder import Recorder

# Seconds for which whoever asked is kept waiting; after that it goes on, and how it ends is told in the journal.
ANSWER_S = 3.0

Made = TypeVar("Made")


class Replanning:
    """One at a time, in the order in which they were asked for: what was asked for last is what stands in the end."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._last: asyncio.Task[Any] | None = None
        self._going: set[asyncio.Task[Any]] = set()
        self._anew: asyncio.Task[Any] | None = None

    async def anew(self, make: Callable[[], Awaitable[None]]) -> None:
        """Have the same plan made anew; Blocked or PortError where it ends at once, Blocked while that is under way."""
        if self._anew is not None and not self._anew.done():
            raise Blocked("It is being made anew already. Nothing was changed.")
        self._anew = self._begun(make)
        await self._answered(self._anew, "the plan could not be made anew: ")

    async def another(self, make: Callable[[], Awaitable[Made]]) -> Made | None:
        """Have another plan made: what came of it, or None where that takes longer. Blocked or PortError as above."""
        return await self._answered(self._begun(make), "")

    def _begun(self, make: Callable[[], Awaitable[Made]]) -> asyncio.Task[Made]:
        task = self._last = asyncio.create_task(_made_after(self._last, make))
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return task

    async def _answered(self, task: asyncio.Task[Made], failure: str) -> Made | None:
        done, _ = await asyncio.wait({task}, timeout=ANSWER_S)
        if task.cancelled():
            raise Blocked("The run has ended. Nothing was changed.")
        if done:
            return task.result()
        task.add_done_callback(lambda task: self._ended(task, failure))
        return None

    def _ended(self, task: asyncio.Task[Any], failure: str) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._recorder.run.ended:
            words = error.words() if isinstance(error, PortError) else str(error)
            self._recorder.record(ev.Noted(by=PROGRAM, words=f"{failure}{words}"))

    def cancel(self) -> None:
        """Begin to stop them."""
        for task in self._going:
            task.cancel()

    async def close(self) -> None:
        """Stop them."""
        self.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)


async def _made_after(before: asyncio.Task[Any] | None, make: Callable[[], Awaitable[Made]]) -> Made:
    if before is not None:
        # What became of it was told to whoever asked for it.
        await asyncio.wait({before})
    return await make()
