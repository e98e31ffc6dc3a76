"""Sensors in a run: all at once, each within its time, and what they read as marks of the checklist."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.core.sensing import Reading, Sensor, State, declared, sharing, together
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Sensors of the program that read at once."""
DECLARED_AT_ONCE = 8
"""The same of those that a team declares, which wait for one another alone."""
AGAIN_S = 60.0
"""Seconds after which a reading is made again before START."""
WAIT_S = 4.0
"""Seconds for which START waits for that."""
EVERY_S = 300.0
"""Seconds between two readings before START."""
SOON_S = 30.0
"""Seconds after which what was not known is read again."""
EXPIRES_S = 2.0 * EVERY_S
"""Seconds, and those that a reading may take, after which it no longer counts: if none comes any more, START blocks."""
LONGEST = 500
_HELD = (State.OK, State.NOTE)
_NOT_KNOWN = "not known: "
_LEFT_OUT = "the machine tells nothing of it any more: for a person"


class Turns:
    """Who may read now: ``AT_ONCE`` of the program's own, and ``DECLARED_AT_ONCE`` of the others."""

    def __init__(self) -> None:
        self._own = asyncio.Semaphore(AT_ONCE)
        self._declared = asyncio.Semaphore(DECLARED_AT_ONCE)

    def of(self, sensor: Sensor) -> asyncio.Semaphore:
        """The turn that this one takes."""
        return self._declared if declared(sensor) else self._own


async def sense(
    sensors: Sequence[Sensor], turns: Turns | None = None, clock: Clock | None = None
) -> tuple[Reading, ...]:
    """One reading of each item, each sensor in its turn. Never raises what a sensor meets: it is ``unknown``.

    ``turns``: what is shared with other callers; None: nothing is. ``clock``: by which the times of readings are kept.
    """
    turns = turns or Turns()

    async def one(sensor: Sensor) -> tuple[Reading, ...]:
        async with turns.of(sensor):
            began = clock.now() if clock is not None else None
            found = await _read(sensor)
        if clock is None or began is None:
            return found
        now = clock.now()
        return tuple(replace(each, at=now, took_s=max(0.0, now - began)) for each in found)

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
    except Exception as error:
        log.exception("a sensor of %s met a defect", ", ".join(sensor.items))
        words = f"a defect of this program ({type(error).__name__})"
    return tuple(Reading(item, State.UNKNOWN, words) for item in sensor.items)


class Sensing:
    """The readings of a run until START. Sensors that tell the same item are read together; no others wait for them.

    What a person signed stands until it expires, unless an item that held when it was last known fails later on.
    """

    def __init__(self, sensors: Sequence[Sensor], clock: Clock, recorder: Recorder) -> None:
        self._groups = sharing(sensors)
        self._clock = clock
        self._recorder = recorder
        self._turns = Turns()
        self._due = [0.0] * len(self._groups)
        self._read_at: list[float | None] = [None] * len(self._groups)
        # By item, the last state that was not UNKNOWN: of this session, at first of the marks that earlier ones made.
        self._known = _known(recorder, {item for one in sensors for item in one.items})

    async def go_on(self) -> None:
        """Each group every ``EVERY_S`` seconds, every ``SOON_S`` while something of it is not known. Cancel it."""
        await asyncio.gather(*(self._keep(group) for group in range(len(self._groups))))

    async def once(self) -> None:
        """Read and mark everything once; `go_on` goes on from there."""
        await asyncio.gather(*(self._look(group) for group in range(len(self._groups))))

    async def _keep(self, group: int) -> None:
        while True:
            await self._clock.sleep(max(0.0, self._due[group] - self._clock.now()))
            await self._look(group)

    async def again(self, items: Collection[str]) -> None:
        """Read once more what tells these items and was read long ago; what takes too long is left as it stands.

        These readings wait for no other one, and for ``WAIT_S`` seconds at most.
        """
        now, turns = self._clock.now(), Turns()
        old = [
            group
            for group, sensors in enumerate(self._groups)
            if any(set(one.items) & set(items) for one in sensors)
            and ((at := self._read_at[group]) is None or now - at >= AGAIN_S)
        ]
        looks = [asyncio.create_task(self._look(group, turns)) for group in old]
        waiting = asyncio.create_task(self._clock.sleep(WAIT_S))
        try:
            for task in looks:
                await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*looks, waiting):
                task.cancel()
            await asyncio.gather(*looks, waiting, return_exceptions=True)

    async def _look(self, group: int, turns: Turns | None = None) -> None:
        sensors = self._groups[group]
        readings = await sense(sensors, turns or self._turns)
        unknown = any(one.state is State.UNKNOWN for one in readings)
        self._read_at[group] = self._clock.now()
        self._due[group] = self._clock.now() + (SOON_S if unknown else EVERY_S)
        lasts_s = EXPIRES_S + max(one.timeout_s for one in sensors)
        told = {one.name for one in readings if not one.later}
        for reading in readings:
            if reading.name in told:
                self._tell(reading, lasts_s)
        for item in dict.fromkeys(item for one in sensors for item in one.items if item not in told):
            self._leave(item)

    def _tell(self, reading: Reading, lasts_s: float) -> None:
        before = self._known.get(reading.name)
        if reading.state is not State.UNKNOWN:
            self._known[reading.name] = reading.state
        standing = self._recorder.run.standings.get(reading.name)
        fell = before in _HELD and reading.state is State.FAILED
        ended = standing is not None and standing.expires_at is not None and self._clock.now() >= standing.expires_at
        if standing is None or standing.by == PROGRAM or fell or ended:
            held, words = reading.state in _HELD, clean(reading.words)
            self._mark(
                ev.ItemMarked(
                    item=reading.name,
                    mark=Mark.MEASURED if held else Mark.FAILED,
                    by=PROGRAM,
                    value=(words if reading.state is not State.UNKNOWN else f"{_NOT_KNOWN}{words}")[:LONGEST],
                    expires_at=self._clock.now() + lasts_s if held else None,
                    check=clean(reading.check)[:LONGEST],
                )
            )

    def _leave(self, item: str) -> None:
        """An item that no sensor tells any more: what was read of it must neither stand nor block as if it were now."""
        self._known.pop(item, None)
        standing = self._recorder.run.standings.get(item)
        if standing is not None and standing.by == PROGRAM and standing.mark != Mark.DEFERRED:
            self._mark(ev.ItemMarked(item=item, mark=Mark.DEFERRED, by=PROGRAM, value=_LEFT_OUT))

    def _mark(self, mark: ev.ItemMarked) -> None:
        """Into the journal where it is news, or the same was written long ago."""
        run, now = self._recorder.run, self._clock.now()
        standing = run.standings.get(mark.item)
        same = standing is not None and (standing.mark, standing.by, standing.value) == (mark.mark, mark.by, mark.value)
        if same and now - run.marked_at[mark.item] < EXPIRES_S / 3.0:
            return
        try:
            self._recorder.record(mark)
        except JournalError:
            log.exception("what was read of %s could not be recorded", mark.item)


def _known(recorder: Recorder, items: set[str]) -> dict[str, State]:
    """By item, what the newest mark of the program says that tells a state."""
    known: dict[str, State] = {}
    for record in recorder.records:
        mark = record.event
        if not isinstance(mark, ev.ItemMarked) or mark.by != PROGRAM or mark.item not in items:
            continue
        if mark.mark == Mark.MEASURED:
            known[mark.item] = State.OK
        elif mark.mark == Mark.FAILED and not mark.value.startswith(_NOT_KNOWN):
            known[mark.item] = State.FAILED
        elif mark.mark == Mark.DEFERRED:
            known.pop(mark.item, None)
    return known
