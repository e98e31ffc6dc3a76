"""Who decides at the end of the window: a person's command, or the script of a drill."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from cpr_cockpit.core.armed import still_armed
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.window_end import deadline_of
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings

if TYPE_CHECKING:
    from cpr_cockpit.engine.spoken import Spoken

Word = Literal["keep", "rollback", "hold"]
TICK_S = 0.25


class Decider:
    """Waits for the decision; the watch goes on meanwhile. ``watching``: the one that speaks now."""

    def __init__(
        self,
        settings: SessionSettings,
        scaled: Policy,
        clock: Clock,
        recorder: Recorder,
        watching: Callable[[], Spoken],
    ) -> None:
        self._script = settings.script
        self._scaled = scaled
        self._clock = clock
        self._recorder = recorder
        self._watching = watching
        # The newest data are this late at worst; until then a verdict at the deadline may still be coming.
        # After a restart they are counted from then: an old deadline is no reason not to look.
        self._began = clock.now()
        self._grace_s = 2 * scaled.poll_logs_s + 2 * settings.declared_delay_s + 4.0
        self.awaited_extension = False

    def _deadline(self) -> float:
        return deadline_of(self._recorder.run, self._scaled) or self._clock.now() + self._scaled.window_s

    async def urgent(self) -> None:
        """Return when the script rolls back at once, whatever step of the plan runs; without such a script, never."""
        if self._script is None or self._script.decide != "auto":
            await asyncio.Event().wait()
        while self._watching().kind != "ROLLBACK":
            await self._recorder.wait_news()

    async def first(self, keep: asyncio.Event) -> tuple[Word, str]:
        """The decision of the critical window; without a script nothing happens by itself: a person decides."""
        if self._script is None:
            await keep.wait()
            return "keep", self._watching().verdict_sentence
        while True:
            word = self._scripted(self._clock.now())
            if word is not None:
                return word, self._watching().verdict_sentence
            await self._clock.sleep(TICK_S)

    def _scripted(self, now: float) -> Word | None:
        decide = self._script.decide if self._script else "auto"
        kind, deadline = self._watching().kind, self._deadline()
        if decide == "keep":
            return "keep" if now >= deadline else None
        if kind == "ROLLBACK":
            return "rollback"
        if decide == "rollback":
            return "rollback" if now >= deadline else None
        if now >= deadline and kind == "GO":
            return "keep"
        return "hold" if now >= max(deadline, self._began) + self._grace_s else None

    async def extended(self) -> Literal["keep", "rollback"]:
        """After GO: watch on to the end of the extended validation where the script (or a person's run) asks for it.

        Kept on synthetic evidence, a script watches on until then or until enough users have come.
        """
        asked = self._script is None or self._script.extended
        self.awaited_extension = asked
        end = (self._recorder.run.t0 or self._clock.now()) + self._scaled.extended_s
        while self._clock.now() < end and (asked or still_armed(self._recorder.run, self._scaled)):
            if self._script is not None and self._script.decide == "auto" and self._watching().kind == "ROLLBACK":
                return "rollback"
            await self._clock.sleep(TICK_S)
        return "keep"
