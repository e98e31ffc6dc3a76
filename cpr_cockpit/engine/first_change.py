"""Right before the first change of the way forth somebody looks once more whether anything may be begun at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.engine.pursuit import Pursuit
from cpr_cockpit.engine.recorder import Recorder

Guard = Callable[[], Awaitable[str]]
"""Tells why nothing may be begun, "" where nothing is in the way; PortError."""


class FirstChange:
    """``guard`` None: nobody looks. The way back never comes here."""

    def __init__(self, guard: Guard | None, recorder: Recorder, clock: Clock, poll_s: float) -> None:
        self._guard = guard
        self._recorder = recorder
        self._clock = clock
        self._poll_s = poll_s
        self._let_through = guard is None

    def is_due(self, pursuit: Pursuit) -> bool:
        """Whether this would be the first change, and nobody has looked yet."""
        if self._let_through or pursuit.way == "back":
            return False
        return not any(row.mutates and row.way == "forward" for row in self._recorder.run.steps)

    async def why_not(self, pursuit: Pursuit) -> str:
        """Why it may not be sent; "" where it may. What cannot be read is read again, while there is time."""
        while self._guard is not None:
            try:
                why = await self._guard()
            except PortError as error:
                if self._clock.now() >= pursuit.deadline:
                    return error.words()
                await self._clock.sleep(self._poll_s)
            else:
                self._let_through = not why
                return why
        return ""
