"""Sensors in a run: all at once, each within its time, and what they read as marks of the checklist."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.core.sensing import Reading, Sensor, State, together
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.recorder import Recorder

AT_ONCE = 8
EVERY_S = 300.0
"""Seconds between two rounds before START."""
SOON_S = 30.0
"""Seconds after which what was not known is read again."""
EXPIRES_S = 2.0 * EVERY_S
"""Seconds after which what a sensor read no longer counts: rounds that do not come any more block START."""
LONGEST = 500


async def sense(sensors: Sequence[Sensor]) -> tuple[Reading, ...]:
    """One reading of each item, ``AT_ONCE`` sensors at a time. Never raises what a sensor meets: it is ``unknown``."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(sensor: Sensor) -> tuple[Reading, ...]:
        async with turn:
            return await _read(sensor)

    found = await asyncio.gather(*(one(sensor) for sensor in sensors))
    return together(reading for several in found for reading in several)


async def _read(sensor: Sensor) -> tuple[Reading, ...]:
    try:
        async with asyncio.timeout(sensor.timeout_s):
            return await sensor.read()
    except TimeoutError:
        words = f"no answer within {sensor.timeout_s:g} s"
    except PortError as error:
        words = error.words()
    except OSError as error:
        words = f"cannot be read ({error.strerror or error})"
    return tuple(Reading(item, State.UNKNOWN, words) for item in sensor.items)


class Sensing:
    """The rounds of a run until START. What a person signed stands, unless what is read turns out failed later on."""

    def __init__(self, sensors: Sequence[Sensor], clock: Clock, recorder: Recorder) -> None:
        self._sensors = sensors
        self._clock = clock
        self._recorder = recorder
        self._told: dict[str, State] = {}

    async def go_on(self) -> None:
        """A round every ``EVERY_S`` seconds; between them, every ``SOON_S``, what was not known."""
        while self._sensors:
            await self.round()
            next_round = self._clock.now() + EVERY_S
            while (left := next_round - self._clock.now()) > 0.0:
                await self._clock.sleep(min(SOON_S, left))
                if left > SOON_S:
                    await self.round(State.UNKNOWN)

    async def round(self, only: State | None = None) -> None:
        """Read and mark everything once; ``only``: what some item was told as when it was read last."""
        chosen = [
            one for one in self._sensors if only is None or any(self._told.get(item) is only for item in one.items)
        ]
        for reading in await sense(chosen):
            before = self._told.get(reading.name)
            self._told[reading.name] = reading.state
            if self._counts(reading, before):
                self._recorder.record(self._mark(reading))

    def _counts(self, reading: Reading, before: State | None) -> bool:
        standing = self._recorder.run.standings.get(reading.name)
        if standing is None or standing.by == PROGRAM:
            return True
        return before is State.OK and reading.state is State.FAILED

    def _mark(self, reading: Reading) -> ev.ItemMarked:
        held = reading.state in (State.OK, State.NOTE)
        words = clean(reading.words)[:LONGEST]
        return ev.ItemMarked(
            item=reading.name,
            mark=Mark.MEASURED if held else Mark.FAILED,
            by=PROGRAM,
            value=words if reading.state is not State.UNKNOWN else f"not known: {words}"[:LONGEST],
            expires_at=self._clock.now() + EXPIRES_S if held else None,
        )
