"""Carries out a ROLLBACK verdict that nobody has acknowledged, where ``unattended = "rollback"`` is configured."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cpr_cockpit.core.alarm import POLICY, rolls_back_at
from cpr_cockpit.core.policy import ROLLBACK_UNATTENDED, Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.journal import JournalError

log = logging.getLogger(__name__)

TICK_S = 0.5
# A tick that took this long: the machine was suspended, or its clock was set.
AWAY_S = 10.0


class Unattended:
    """``run``: the Run as of now; ``roll_back``: by whom, on what words; ``delayed``: after how many seconds away."""

    def __init__(
        self,
        scaled: Policy,
        clock: Clock,
        run: Callable[[], Run],
        roll_back: Callable[[str, str], None],
        delayed: Callable[[float], None],
    ) -> None:
        self._scaled = scaled
        self._clock = clock
        self._run = run
        self._roll_back = roll_back
        self._delayed = delayed
        self._not_before = 0.0

    async def go_on(self) -> None:
        """Returns once it has rolled back; else never: cancel it."""
        if self._scaled.unattended != ROLLBACK_UNATTENDED:
            return
        last = self._clock.now()
        while True:
            now, run = self._clock.now(), self._run()
            if now - last > AWAY_S:
                self._was_away(now - last, now)
            last = now
            at = rolls_back_at(run, self._scaled, now)
            if at is not None and now >= max(at, self._not_before) and run.verdict is not None:
                waited = f"nobody has acknowledged ROLLBACK for {self._scaled.unattended_after_s:.0f} s"
                self._roll_back(POLICY, f"{waited}. {run.verdict.sentence}")
                return
            await self._clock.sleep(TICK_S)

    def _was_away(self, away_s: float, now: float) -> None:
        """While this machine was away nobody could be called, or answer."""
        if rolls_back_at(self._run(), self._scaled, now) is None:
            return
        self._not_before = now + self._scaled.unattended_after_s
        try:
            self._delayed(away_s)
        except JournalError:
            log.exception("that this machine was away for %.0f s could not be recorded", away_s)
