"""Counts the users who were routed to the slot, for as long as their cookies may hold; decides nothing."""

from __future__ import annotations

import logging

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.pinned import pinned_until
from cpr_cockpit.core.ports import Clock, PortError, UserCount
from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

# Between two counts, in seconds of the procedure's window; at least so many.
EVERY_S = 60.0
LEAST_S = 5.0


class PinnedCount:
    """``delay_s``: how late the logs are; after that, and with no session routed any more, the number is final."""

    def __init__(self, users: UserCount, clock: Clock, recorder: Recorder, *, scale: float, delay_s: float) -> None:
        self._users = users
        self._clock = clock
        self._recorder = recorder
        self._every_s = max(LEAST_S, EVERY_S * scale)
        self._delay_s = delay_s

    async def run(self) -> None:
        """Count until cancelled. What cannot be read is asked again; the last number stands meanwhile."""
        while True:
            run = self._recorder.run
            if run.pinned_since is None or self._final(run):
                await self._recorder.wait_news()
                continue
            try:
                await self._count(run, run.pinned_since)
            except (PortError, JournalError) as error:
                log.warning("the users of a share could not be counted: %s", error)
            await self._clock.sleep(self._every_s)

    async def _count(self, run: Run, since: float) -> None:
        # The version that the slot showed to those who were routed: after that it may hold another one.
        version, until = run.routed_version, run.unrouted_at or self._clock.now()
        plan = run.plan
        if plan is None:
            return
        event = ev.PinnedCounted(
            slot=plan.slot, users=await self._users.users(version=version, since=since, until=until)
        )
        if event != self._recorder.run.pinned:
            self._recorder.record(event)

    def _final(self, run: Run) -> bool:
        end = pinned_until(run)
        counted = (
            run.unrouted_at is not None and self._clock.now() >= run.unrouted_at + 2 * self._delay_s + self._every_s
        )
        return counted or (end is not None and self._clock.now() >= end)
