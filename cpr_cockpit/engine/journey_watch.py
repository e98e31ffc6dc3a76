"""The journeys in production: from the switch on, through the window, and once more at the end of each stretch.

A critical one that fails twice in a row is evidence for a person: critical functionality is broken. Where policy lets
journeys stand in for users who are too few, the critical ones are walked between two rounds too, one after another, so
many steps a minute as policy says and no more; and rounds go on while a GO on that evidence is armed.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from cpr_cockpit.core.armed import drives, still_armed
from cpr_cockpit.core.journeys import Journey, JourneyResult, Walked, at, readings_of
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, Clock
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.sensing import State
from cpr_cockpit.core.synthetic import ROUND_FLOOR_S, ROUND_S
from cpr_cockpit.core.verdict import clock_time
from cpr_cockpit.core.window_end import deadline_of
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.journeying import Recording, mark, walk_all
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

AGAIN_S, AGAIN_FLOOR_S = 10.0, 1.0
"""Seconds of the procedure's window before a journey that failed is walked again, and their floor."""
_LOOK_S = 1.0
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
        self._rounded_at = 0.0
        self._every_s = max(ROUND_FLOOR_S, ROUND_S * policy.scale)

    async def go_on(self, raise_: Raise) -> None:
        """From T0 to the end of the extended validation; nothing of it is begun once it is rolled back."""
        run = self._recorder.run
        while run.t0 is None:
            await self._recorder.wait_news()
        last = run.t0 + self._policy.extended_s
        while self._on() and await self._begun_anew(last):
            await self._stretch(raise_)
        if self._on():
            await self._round(raise_, tell_all=True)

    async def _begun_anew(self, last: float) -> bool:
        """Wait until there is something to walk through: the window, a longer one, a round while GO is armed.

        False: that is over.
        """
        while self._on():
            now = self._clock.now()
            if now < self._end_at(self._deadline()) or not self._states:
                return True
            if now >= self._end_at(last):
                break
            if still_armed(self._recorder.run, self._policy) and now >= self._rounded_at + self._every_s:
                return True
            await self._clock.sleep(max(0.1, min(_LOOK_S, self._end_at(last) - now)))
        return False

    def _deadline(self) -> float:
        return deadline_of(self._recorder.run, self._policy) or self._clock.now()

    async def _stretch(self, raise_: Raise) -> None:
        """Round after round until the window's end."""
        while self._on():
            began = self._clock.now()
            at_end = self._end_at(self._deadline())
            failed = await self._round(raise_, tell_all=began >= at_end or not self._states)
            if began >= at_end:
                return
            # Soon once more, to be sure; then no oftener than always: sign-ins that fail may lock the account.
            unsure = failed and 1 in self._failed.values()
            pause = max(AGAIN_FLOOR_S, AGAIN_S * self._policy.scale) if unsure else self._every_s
            wait = min(began + pause, max(self._end_at(self._deadline()), self._clock.now()))
            if not failed:
                await self._drive(wait, raise_)
            await self._clock.sleep(max(0.1, wait - self._clock.now()))

    async def _drive(self, until: float, raise_: Raise) -> None:
        """Walk critical journeys in place of users, one after another, until then or until one fails."""
        while self._on() and drives(self._recorder.run, self._policy, self._clock.now()):
            for app, one in self._critical():
                began = self._clock.now()
                pace_s = 60.0 * len(one.steps) / self._policy.synthetic_steps
                if began + max(pace_s, self._took) > until or not self._on():
                    return
                if not await self._driven(app, one, raise_):
                    return
                await self._clock.sleep(max(0.0, began + pace_s - self._clock.now()))
            if not self._critical():
                return

    def _critical(self) -> list[tuple[str, Journey]]:
        """The critical journeys of every app; of a command nobody knows how many steps it has."""
        found = [(app, self._ports.at(app).journeys) for app in self._apps()]
        return [
            (app, one)
            for app, journeys in found
            if journeys is not None
            for one in at(journeys.declared, PRODUCTION)
            if one.critical and not one.of_command
        ]

    async def _driven(self, app: str, one: Journey, raise_: Raise) -> bool:
        """Whether one journey passed, once."""
        ports = self._ports.at(app)
        if ports.journeys is None:
            return False
        try:
            result = await Recording(self._recorder, self._clock, app).walked(ports.journeys, one.name, PRODUCTION)
        except JournalError:
            log.exception("what a journey told could not be recorded")
            return False
        await self._counted(app, result, raise_, ports.probe.second_host)
        return result.passed

    def _end_at(self, end: float) -> float:
        """When a round must begin to be over by ``end``."""
        return end - self._took * 1.5 - _SPARE_S

    def _on(self) -> bool:
        run = self._recorder.run
        return run.ended is None and run.phase is not Phase.ROLLING_BACK

    async def _round(self, raise_: Raise, *, tell_all: bool) -> bool:
        """Walk all of them; whether a critical one has failed."""
        began, results = self._clock.now(), []
        self._rounded_at = began
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
