"""The link to a session: newest Views in, commands out, and a patient reconnection. Imported after the first paint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.message import Message

from cpr_cockpit.engine.face import FaceSource
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.tui.messages import CommandAnswered, RunEnded, SessionLost, SessionMet, Told, ViewArrived

RETRY_S = 1.0

SourceFactory = Callable[[], Awaitable[FaceSource]]
Post = Callable[[Message], object]


class Link:
    """One face's link. ``post`` takes its messages; ``retry_s``: between two attempts to reach the session.

    ``ended``: connects to what may still be written once the run has ended; None: nothing may.
    """

    def __init__(
        self, factory: SourceFactory, post: Post, *, retry_s: float = RETRY_S, ended: SourceFactory | None = None
    ) -> None:
        self._factory = factory
        self._ended = ended
        self._post = post
        self._retry_s = retry_s
        self._source: FaceSource | None = None

    async def run(self) -> None:
        """Show Views until the run has ended; reconnect for as long as it takes."""
        while True:
            try:
                await self._follow()
            except SessionRefused as error:
                self._post(SessionLost(str(error), final=True))
                return
            except (SessionGone, OSError) as error:
                self._post(SessionLost(str(error)))
            else:
                self._post(RunEnded())
                await self._after_end()
                return
            await asyncio.sleep(self._retry_s)

    async def _after_end(self) -> None:
        """What a person writes after the end; where that cannot be, the last View stays."""
        if self._ended is None:
            return
        try:
            await self._follow(self._ended)
        except (SessionGone, SessionRefused, OSError) as error:
            self._post(Told(f"nothing can be signed here any more: {error}"))

    async def _follow(self, factory: SourceFactory | None = None) -> None:
        source = await (factory or self._factory)()
        try:
            self._source = source
            self._post(SessionMet(source.run))
            async for view in source.views():
                self._post(ViewArrived(view))
        finally:
            self._source = None
            await source.close()

    async def send(self, name: str, arguments: dict[str, str]) -> None:
        """Send a command and post its answer; never raises for what a session may do."""
        source, refused = self._source, ""
        try:
            if source is None:
                refused = "not sent: the session cannot be reached"
            else:
                await source.command(name, **arguments)
        except SessionRefused as error:
            refused = f"refused: {error}"
        except (SessionGone, OSError) as error:
            refused = f"no answer: {error} Look at the events before you send it again."
        self._post(CommandAnswered(name, refused))
