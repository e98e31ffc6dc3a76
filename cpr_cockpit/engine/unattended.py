"""Carries out a ROLLBACK verdict that nobody has acknowledged, where ``unattended = "rollback"`` is configured."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cpr_cockpit.core.alarm import POLICY, rolls_back_at
from cpr_cockpit.core.policy import ROLLBACK_UNATTENDED, Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Run

log = logging.getLogger(__name__)

TICK_S = 0.5


class Unattended:
    """``run``: the Run as of now; ``roll_back``: by whom, on what words."""

    def __init__(
        self, scaled: Policy, clock: Clock, run: Callable[[], Run], roll_back: Callable[[str, str], None]
    ) -> None:
        self._scaled = scaled
        self._clock = clock
        self._run = run
        self._roll_back = roll_back

    async def go_on(self) -> None:
        """Returns once it has rolled back; else never: cancel it."""
        if self._scaled.unattended != ROLLBACK_UNATTENDED:
            return
        while True:
            now, run = self._clock.now(), self._run()
            at = rolls_back_at(run, self._scaled, now)
            if at is not None and now >= at and run.verdict is not None:
                waited = f"nobody has acknowledged ROLLBACK for {self._scaled.unattended_after_s:.0f} s"
                self._roll_back(POLICY, f"{waited}. {run.verdict.sentence}")
                return
            await self._clock.sleep(TICK_S)
