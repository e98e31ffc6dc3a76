"""Walking the declared journeys: on staging before START, on the slot before the switch; all of it in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.events import ItemMarked, Noted
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.journey_events import JourneyTold, JourneyWalked, StepWalked
from cpr_cockpit.core.journeys import STAGING, Journey, JourneyResult, Journeys, at, items_at, readings_of, wrong_words
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.sensing import Reading as Sensed
from cpr_cockpit.core.sensing import State as Sense
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.acts import Reading, State
from cpr_cockpit.engine.reach import ended
from cpr_cockpit.engine.recorder import Recorder

LINES_S = 1.0
"""Seconds for which a command's lines are gathered before they are written down."""
_COMMAND_KEPT_S = 900.0
"""Seconds for which what a command on staging found is not asked for again: a suite may take minutes."""
_SPARE_S = 60.0
_LONGEST = 500


async def walk_all(
    journeys: Journeys, declared: Sequence[Journey], place: str, listen: Listener
) -> list[JourneyResult]:
    """Walk them, those of one account one after another: signing in again may end a session. In their order."""
    accounts: dict[str, list[Journey]] = {}
    for one in declared:
        accounts.setdefault(one.account, []).append(one)

    async def of_one(mine: Sequence[Journey]) -> list[JourneyResult]:
        return [await listen.walked(journeys, one.name, place) for one in mine]

    found = await asyncio.gather(*(of_one(mine) for mine in accounts.values()))
    by_name = {one.name: one for several in found for one in several}
    return [by_name[one.name] for one in declared]


class Listener:
    """Walks a journey and tells nobody."""

    async def walked(self, journeys: Journeys, name: str, place: str) -> JourneyResult:
        """One journey."""
        return await journeys.walk(name, place, lambda lines: None)


class Recording(Listener):
    """Walks a journey, and writes down its end and what its command says meanwhile. JournalError."""

    def __init__(self, recorder: Recorder, clock: Clock, app: str = "") -> None:
        self._recorder = recorder
        self._clock = clock
        self._app = app

    async def walked(self, journeys: Journeys, name: str, place: str) -> JourneyResult:
        """One journey."""
        lines: list[str] = []

        def tell() -> None:
            if lines:
                told = tuple(lines)
                lines.clear()
                self._recorder.record(JourneyTold(place=place, name=name, lines=told))

        async def pour() -> None:
            while True:
                await self._clock.sleep(LINES_S)
                tell()

        pouring = asyncio.create_task(pour())
        try:
            result = await journeys.walk(name, place, lines.extend)
        finally:
            await ended(pouring)
        tell()
        self._recorder.record(walked_event(result, place, self._app))
        return result


def walked_event(result: JourneyResult, place: str, app: str = "") -> JourneyWalked:
    """A result as the journal holds it."""
    return JourneyWalked(
        place=place,
        app=app,
        name=result.name,
        account=result.account,
        critical=result.critical,
        walked=result.walked.value,
        words=clean(result.words)[:_LONGEST],
        ended_at=result.at,
        ms=round(result.ms, 1),
        steps=tuple(
            StepWalked(
                name=one.name,
                walked=one.walked.value,
                words=clean(one.words)[:_LONGEST],
                ms=round(one.ms, 1),
                proves=tuple(one.proves),
            )
            for one in result.steps
        ),
        shown=dict(result.shown),
        console_errors=result.console_errors,
        load_ms=result.load_ms,
        artifacts=result.artifacts,
    )


class JourneysOnSlot:
    """The check of the step that walks the journeys on the slot: one that fails twice in a row ends it."""

    def __init__(self, journeys: Journeys | None, act: Act, recorder: Recorder, clock: Clock) -> None:
        self._journeys = journeys
        self._act = act
        self._listen = Recording(recorder, clock, act.app)
        self._failed: set[str] = set()

    async def look(self) -> Reading:
        """Done when all passed; at first all are walked, then those that have failed."""
        if self._journeys is None:
            return Reading(State.REFUSED, "no journey is declared any more, and the plan names some")
        wanted = [one for one in self._journeys.declared if one.name in self._act.names]
        again = [one for one in wanted if one.name in self._failed] or wanted
        results = await walk_all(self._journeys, again, self._act.slot, self._listen)
        facts = {one.name: f"{one.walked.value}, {one.words}" for one in results}
        failed = {one.name for one in results if not one.passed}
        if not failed:
            steps = sum(len(one.steps) for one in wanted)
            return Reading(State.DONE, f"{len(wanted)} of {len(wanted)} journeys, {steps} steps as expected", facts)
        for_good = bool(failed & self._failed)
        self._failed = failed
        return Reading(State.REFUSED if for_good else State.TO_DO, wrong_words(results), facts)


class StagingJourneys:
    """The sensor that walks the journeys at the staging address: what they are evidence of, as items of step 6.

    ``elsewhere``: items of which another sensor is better evidence.
    """

    def __init__(self, journeys: Journeys, clock: Clock, policy: Policy, elsewhere: Collection[str] = ()) -> None:
        self._journeys = journeys
        self._clock = clock
        self._policy = policy
        self._declared = at(journeys.declared, STAGING)
        self._kept: dict[str, JourneyResult] = {}
        self.items = tuple(one for one in items_at(self._declared, STAGING) if one not in elsewhere)
        self.timeout_s = sum(one.timeout_s for one in self._declared) + _SPARE_S

    async def read(self) -> tuple[Sensed, ...]:
        """Walk them; what a command found lately stands, with its time."""
        now = self._clock.now()
        lately = {name for name, one in self._kept.items() if one.passed and now - one.at < _COMMAND_KEPT_S}
        wanted = [one for one in self._declared if one.name not in lately]
        fresh = {one.name: one for one in await walk_all(self._journeys, wanted, STAGING, Listener())}
        self._kept |= {one.name: fresh[one.name] for one in wanted if one.of_command}
        results = [fresh.get(one.name) or self._kept[one.name] for one in self._declared]
        found = readings_of(results, STAGING, self._policy.target_p95_ms)
        return tuple(one for one in found if one.name in self.items)


def mark(recorder: Recorder, reading: Sensed, now: float) -> None:
    """What was read of an item after START, as a mark of the program; what a person has signed stands.

    Where what was read speaks against that, a note says so. JournalError.
    """
    standing = recorder.run.standings.get(reading.name)
    held = reading.state in (Sense.OK, Sense.NOTE)
    words = clean(reading.words if reading.state is not Sense.UNKNOWN else f"not known: {reading.words}")[:_LONGEST]
    if standing is not None and standing.by != PROGRAM:
        if reading.state is Sense.FAILED and standing.mark is not Mark.FAILED:
            against = f"{reading.name} was {standing.mark} by {standing.by}, and was measured: {words}"
            recorder.record(Noted(by=PROGRAM, words=against[:_LONGEST]))
        return
    kind = Mark.MEASURED if held else Mark.FAILED
    check = clean(reading.check)[:_LONGEST]
    recorder.record(ItemMarked(item=reading.name, mark=kind, by=PROGRAM, value=words, check=check))
