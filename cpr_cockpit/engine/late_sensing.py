"""What sensors read while production serves the new version: the page, and the checks that a team declared for then."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cpr_cockpit.core.due_sensing import after_switch
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.sensing import Sensor
from cpr_cockpit.core.told_by_journal import told_by_journal
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.journeying import mark
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.sensing import sense

log = logging.getLogger(__name__)

_SPARE_S = 0.5
"""Seconds before the end of a stretch at which a round is over, so that whoever decides then sees it."""


class LateSensing:
    """Reads at the switch and once more at the end of each stretch. It blocks nothing, a rollback least. Cancel it."""

    def __init__(self, sensors: Sequence[Sensor], clock: Clock, recorder: Recorder, policy: Policy) -> None:
        self._sensors = after_switch(sensors)
        self._clock = clock
        self._recorder = recorder
        self._policy = policy
        self._took = 0.0

    async def go_on(self) -> None:
        """From T0 to the end of the extended validation; nothing of it is begun once it is rolled back."""
        if not self._sensors:
            return
        run = self._recorder.run
        while run.t0 is None:
            await self._recorder.wait_news()
        for lasts_s in (0.0, self._policy.window_s, self._policy.extended_s):
            begins = run.t0 + lasts_s - self._took * 1.5 - _SPARE_S
            await self._clock.sleep(max(0.0, begins - self._clock.now()))
            if not self._on():
                return
            await self._round()

    def _on(self) -> bool:
        run = self._recorder.run
        return run.ended is None and run.phase is not Phase.ROLLING_BACK

    async def _round(self) -> None:
        began = self._clock.now()
        found = await sense(self._sensors, clock=self._clock)
        self._took = self._clock.now() - began
        if not self._on():
            return
        # What the telemetry of users tells is better evidence than one look of ours.
        told = told_by_journal(self._recorder.run)
        try:
            for one in found:
                if one.name not in told:
                    mark(self._recorder, one, self._clock.now())
        except JournalError:
            log.exception("what was read after the switch could not be recorded")
