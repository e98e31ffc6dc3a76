"""A few checks read once more before GO, told as a note: they inform, and block neither GO nor ROLLBACK."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.sensing import BEFORE_GO, Sensor, State, telling
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.sensing import sense

log = logging.getLogger(__name__)

SHARE = 0.8
"""Of the critical window, after which they are read: what they tell is there when GO is possible."""
BEGINS = "Before GO"
_LONGEST = 1000
_WELL = (State.OK, State.NOTE)


class BeforeGo:
    """``window_s``: length of the critical window, in seconds."""

    def __init__(self, sensors: Sequence[Sensor], clock: Clock, recorder: Recorder, window_s: float) -> None:
        self._sensors = tuple(one for one in telling(sensors, BEFORE_GO) if set(one.items) & BEFORE_GO)
        self._clock = clock
        self._recorder = recorder
        self._window_s = window_s

    async def go_on(self) -> None:
        """Wait for the window, read them once, and note what they tell; a run that was told has it already."""
        if not self._sensors:
            return
        run = self._recorder.run
        while run.t0 is None:
            await self._recorder.wait_news()
            run = self._recorder.run
        await self._clock.sleep(max(0.0, run.t0 + SHARE * self._window_s - self._clock.now()))
        if self._recorder.run.phase is Phase.WINDOW and not self._told():
            await self._read()

    def _told(self) -> bool:
        events = (one.event for one in self._recorder.records)
        return any(isinstance(one, ev.Noted) and one.by == PROGRAM and one.words.startswith(BEGINS) for one in events)

    async def _read(self) -> None:
        found = [one for one in await sense(self._sensors) if one.name in BEFORE_GO]
        held = [one for one in found if one.state in _WELL]
        words = f"{BEGINS}: {len(held)} of {len(found)} checks hold that were read once more"
        for one in found:
            if one.state not in _WELL:
                words += f"; {one.name} {one.state}: {one.words}"
        if self._recorder.run.phase is not Phase.WINDOW:
            return
        try:
            self._recorder.record(ev.Noted(by=PROGRAM, words=clean(words)[:_LONGEST]))
        except JournalError:
            log.exception("what was read before GO could not be recorded")
