"""The journeys in production: from the switch on, through the window, and once more at the end of each stretch.

A critical one that fails twice in a row is evidence for a person: critical functionality is broken.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from cpr_cockpit.core.journeys import JourneyResult, Walked, at, readings_of
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, Clock
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.sensing import State
from cpr_cockpit.core.verdict import clock_time
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.journeying import Recording, mark, walk_all
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

EVERY_S, AGAIN_S = 60.0, 10.0
"""Seconds of the procedure's window between two rounds, and before one that failed is walked again."""
FLOOR_S, AGAIN_FLOOR_S = 5.0, 1.0
_SPARE_S = 0.5

Raise = Callable[[str, str], None]
"""``raise_(journey, sentence)``: critical functionality is broken, as a journey tells."""


class JourneyWatch:
    """Walks the journeys of production. Cancel it."""

    def __init__(self, ports: Ports, apps: Callable[[], tuple[str, ...]], recorder: Recorder, policy: Policy) -> None:
        self._ports = ports
        self._apps = apps
        self._recorder = recorder
        self._policy = policy
        self._clock: Clock = ports.clock
        self._failed: dict[tuple[str, str], int] = {}
        self._states: dict[str, State] = {}
        self._took = 0.0

    async def go_on(self, raise_: Raise) -> None:
        """From T0 to the end of the extended validation; nothing of it is begun once it is rolled back."""
        run = self._recorder.run
        while run.t0 is None:
            await self._recorder.wait_news()
        deadline, last = run.t0 + self._policy.window_s, run.t0 + self._policy.extended_s
        every = max(FLOOR_S, EVERY_S * self._policy.scale)
        while self._on():
            began = self._clock.now()
            at_end = self._end_at(deadline)
            failed = await self._round(raise_, tell_all=began >= at_end or not self._states)
            if began >= at_end:
                break
            # Soon once more, to be sure; then no oftener than always: sign-ins that fail may lock the account.
            unsure = failed and 1 in self._failed.values()
            pause = max(AGAIN_FLOOR_S, AGAIN_S * self._policy.scale) if unsure else every
            wait = min(began + pause, max(self._end_at(deadline), self._clock.now()))
            await self._clock.sleep(max(0.1, wait - self._clock.now()))
        await self._clock.sleep(max(0.0, self._end_at(last) - self._clock.now()))
        if self._on():
            await self._round(raise_, tell_all=True)

    def _end_at(self, end: float) -> float:
        """When a round must begin to be over by ``end``."""
        return end - self._took * 1.5 - _SPARE_S

    def _on(self) -> bool:
        run = self._recorder.run
        return run.ended is None and run.phase is not Phase.ROLLING_BACK

    async def _round(self, raise_: Raise, *, tell_all: bool) -> bool:
        """Walk all of them; whether a critical one has failed."""
        began, results = self._clock.now(), []
        try:
            for app in self._apps():
                results += await self._walked(app, raise_)
            self._mark(results, tell_all=tell_all)
        except JournalError:
            log.exception("what journeys told could not be recorded")
        except Exception:
            # Whoever relies on the journeys must not lose them to one round that went wrong.
            log.exception("a round of journeys ended by a defect of this program")
        self._took = self._clock.now() - began
        return any(one.critical and one.walked is Walked.FAILED for one in results)

    async def _walked(self, app: str, raise_: Raise) -> list[JourneyResult]:
        journeys = self._ports.at(app).journeys
        if journeys is None:
            return []
        declared = at(journeys.declared, PRODUCTION)
        results = await walk_all(journeys, declared, PRODUCTION, Recording(self._recorder, self._clock, app))
        for one in results:
            await self._counted(app, one, raise_, self._ports.at(app).probe.second_host)
        return results

    async def _counted(
        self, app: str, one: JourneyResult, raise_: Raise, second_host: Callable[[], Awaitable[bool]]
    ) -> None:
        """A journey that could not be begun tells nothing, and neither does one where our own network is gone."""
        key = (app, one.name)
        if one.passed:
            self._failed.pop(key, None)
        elif one.critical and one.walked is Walked.FAILED and not (one.unreached and not await second_host()):
            self._failed[key] = self._failed.get(key, 0) + 1
            if self._failed[key] == 2 and self._on():
                where = f" in {app}" if app else ""
                raise_(
                    one.name, f"journey {one.name}{where} failed twice in a row by {clock_time(one.at)}: {one.words}"
                )

    def _mark(self, results: list[JourneyResult], *, tell_all: bool) -> None:
        """What is news of the items, all of them where a stretch begins or ends."""
        for reading in readings_of(results, PRODUCTION, self._policy.target_p95_ms):
            if tell_all or self._states.get(reading.name) is not reading.state:
                mark(self._recorder, reading, self._clock.now())
            self._states[reading.name] = reading.state
