"""After the way back is proven: the users' error rate beside the baseline. It holds nothing up but the run's end."""

from __future__ import annotations

import asyncio
import logging

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.back_figures import ITEM, LEAST_REQUESTS, Before, at_baseline, told
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

# Beside twice the delay of the logs: how long enough users may take to come; seconds of the procedure's window.
_USERS_S, _FLOOR_S = 60.0, 5.0


class BackFigures:
    """Reads the logs until enough users have been seen, at most for `longest_s`."""

    def __init__(self, scaled: Policy, delay_s: float, ports: Ports, recorder: Recorder) -> None:
        self._scaled = scaled
        self._ports = ports
        self._recorder = recorder
        self.longest_s = 2.0 * delay_s + max(_FLOOR_S, _USERS_S * scaled.scale)

    async def settle(self, stop: asyncio.Event) -> None:
        """Mark the item by what is seen; where too little is seen it stays open, and that is told. Never raises."""
        try:
            reading = asyncio.create_task(self._read())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({reading, stopped}, return_when=asyncio.FIRST_COMPLETED, timeout=self.longest_s)
            for task in (reading, stopped):
                task.cancel()
            ends = await asyncio.gather(reading, stopped, return_exceptions=True)
            if isinstance(ends[0], Exception):
                log.error("the figures after the way back met a defect", exc_info=ends[0])
            if ITEM not in self._recorder.run.standings:
                words = "whether the errors are back at the baseline was not seen: the item stays open"
                self._recorder.record(ev.Noted(by=PROGRAM, words=words))
        except Exception:
            log.exception("the figures after the way back could not be told")

    async def _read(self) -> None:
        run, clock = self._recorder.run, self._ports.clock
        since, plan = self._since(), run.plan
        if plan is None:
            return
        versions = (plan.old_version, plan.new_version)
        while True:
            now = clock.now()
            try:
                seen = await self._ports.telemetry.requests(
                    start=since, end=now + self._scaled.skew_s, bin_s=self._scaled.bin_s, versions=versions
                )
            except PortError as error:
                log.warning("the logs could not be read after the way back: %s", error.what)
            else:
                requests = sum(row.requests for row in seen.whole)
                failures = sum(row.failures for row in seen.whole)
                if requests >= LEAST_REQUESTS and not seen.error and not seen.partial:
                    self._mark(requests, failures, None if seen.measured_at is None else clock.now() - seen.measured_at)
                    return
            await clock.sleep(self._scaled.poll_logs_s)

    def _since(self) -> float:
        """From when on nobody meets the bad version by this run: the end of the last change of the way back."""
        run = self._recorder.run
        ends = [row.ended_at for row in run.steps if row.way == "back" and row.mutates and row.ended_at is not None]
        return max([run.switched_back_at or 0.0, run.decided_at or 0.0, *ends])

    def _mark(self, requests: int, failures: int, age_s: float | None) -> None:
        run = self._recorder.run
        taken, target = run.baseline, self._scaled.target_error_rate
        before = Before(taken.requests, taken.failures, target) if taken is not None else Before(0, 0, target)
        mark = Mark.MEASURED if at_baseline(requests, failures, before) else Mark.FAILED
        words = told(requests, failures, age_s, before)
        self._recorder.record(ev.ItemMarked(item=ITEM, mark=mark, by=PROGRAM, value=words))
