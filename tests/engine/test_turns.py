"""The pace of the sources: slower after failures, not for a clock that was set back; and no end by a defect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.blocks import BlockQuestion
from cpr_cockpit.core.ports import Asked, PortError, Sighting
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.signals import Observation, Source, staleness_limit
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.turns import LEAST_PAUSE_S, Turns, pause_s
from cpr_cockpit.engine.watch import Watch
from tests.engine.stage import AUTO, Life, Stage, cancel_all
from tests.engine.suspending import SuspendingClock
from tests.engine.users import FurtherSource, Users
from tests.engine.virtual import VirtualClock, VirtualLoop
from tests.engine.world import LOOK, NEW, OLD, World

POLL_S = 15.0


class Failing(FurtherSource):
    """A further source whose readings with these numbers fail."""

    def __init__(self, clock: VirtualClock, fails: Callable[[int], Exception | None]) -> None:
        super().__init__(clock)
        self._fails = fails
        self.asked_at: list[float] = []

    async def read(self, asked: Asked) -> Observation:
        """The Reader port."""
        self.asked_at.append(self._clock.now())
        error = self._fails(len(self.asked_at))
        if error is not None:
            raise error
        return await super().read(asked)


def lost(*numbers: int) -> Callable[[int], Exception | None]:
    return lambda number: PortError("The answer was lost.") if number in numbers else None


def turned(reader_of: Callable[[VirtualClock], Failing], seconds: float) -> tuple[Failing, list[Observation]]:
    """A reader's turns over so many virtual seconds, and what was taken."""
    loop = VirtualLoop()
    clock = VirtualClock(loop)
    reader, taken = reader_of(clock), list[Observation]()
    turns = Turns(reader, clock, lambda: POLL_S, taken.append)
    loop.create_task(turns.go_on(lambda: Asked(clock.now(), 0.0, OLD, NEW, 900.0, 1.0)))
    loop.run_until_complete(clock.sleep(seconds))
    cancel_all(loop)
    loop.close()
    return reader, taken


def gaps(reader: Failing) -> list[float]:
    times = reader.asked_at
    return [round(later - sooner, 3) for sooner, later in pairwise(times)]


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        ((), [1, 1, 1, 1]),
        ((2,), [1, 1, 1, 1]),
        ((2, 3), [1, 1, 2, 1]),
        ((2, 4, 6), [1, 1, 1, 1, 1, 1]),
        ((1, 2, 3, 4, 5, 6), [1, 2, 4, 8, 8, 8, 1]),
    ],
)
def test_a_source_is_asked_less_often_from_its_second_failure_in_a_row_on(
    failed: tuple[int, ...], expected: list[int]
) -> None:
    reader, _ = turned(lambda clock: Failing(clock, lost(*failed)), POLL_S * sum(expected) + 1.0)
    assert gaps(reader) == [POLL_S * times for times in expected]


def test_one_lost_answer_makes_no_source_stale() -> None:
    _, taken = turned(lambda clock: Failing(clock, lost(2)), 4.0 * POLL_S)
    good = [seen.at for seen in taken if seen.error is None]
    assert len(good) == len(taken) - 1
    longest = max(later - sooner for sooner, later in pairwise(good))
    assert longest <= staleness_limit(POLL_S, 0.05)


def test_a_defect_of_whoever_takes_the_readings_is_not_taken_for_one_of_the_source() -> None:
    loop = VirtualLoop()
    clock = VirtualClock(loop)

    def judge(seen: Observation) -> None:
        raise ArithmeticError("a defect in the judging")

    turns = Turns(Failing(clock, lost()), clock, lambda: POLL_S, judge)
    with pytest.raises(ArithmeticError):
        loop.run_until_complete(turns.go_on(lambda: Asked(clock.now(), 0.0, OLD, NEW, 900.0, 1.0)))
    loop.close()


def test_a_defect_of_a_reader_is_what_it_could_not_read_and_it_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    defects = (KeyError("rows"), ZeroDivisionError(), None)
    _, taken = turned(lambda clock: Failing(clock, lambda number: defects[min(number, 3) - 1]), 4.0 * POLL_S)
    told = [seen.error for seen in taken]
    assert told[2:] == [None] * len(told[2:])
    assert [("KeyError" in (told[0] or "")), ("ZeroDivisionError" in (told[1] or ""))] == [True, True]
    assert all(seen.source is Source.USAGE for seen in taken)
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("now", [-600.0, 0.0, 4.0, 14.99, 15.0, 9999.0])
def test_no_pause_is_longer_than_the_pace_wherever_the_clock_was_set(now: float) -> None:
    assert LEAST_PAUSE_S <= pause_s(15.0, 0.0, now) <= 15.0
    assert pause_s(15.0, 0.0, 4.0) == 11.0
    assert pause_s(15.0, 0.0, 9999.0, 0.1) == 0.1


# -- in a whole session -----------------------------------------------------------------------------------------------


def later(life: Life, seconds: float) -> None:
    until = life.loop.time() + seconds
    assert not life.live(lambda: life.loop.time() >= until)


class Waiting(FurtherSource):
    """A further source that keeps what it was asked."""

    source = Source.WORKERS

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.asked: list[Asked] = []

    async def read(self, asked: Asked) -> Observation:
        """The Reader port."""
        self.asked.append(asked)
        return await super().read(asked)


def test_a_session_that_goes_on_tells_a_reader_what_it_told_last() -> None:
    with Stage(None, window_s=60.0) as stage:
        reader = Waiting(stage.world.clock)
        stage.world.readers = (reader,)
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: len(reader.asked) > 3)
        assert reader.asked[0].known is None
        last, asked = life.run_state.readings["workers"], len(reader.asked)
        life.die()
        life = stage.begin(go_on=True)
        assert not life.live(lambda: len(reader.asked) > asked)
        known = reader.asked[asked].known
        assert known is not None
        assert known.to_dict() == last


class SetBackClock(SuspendingClock):
    """A clock that is set back by ten minutes at the end of every wait of ``during_s`` seconds; 0: of none."""

    during_s = 0.0

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` of virtual time."""
        await super().sleep(seconds)
        self.set_back(seconds)

    def set_back(self, waited_s: float) -> None:
        """Set the clock back where it is to be."""
        if 0.0 < waited_s == self.during_s:
            self.suspend(-600.0)


class SetBackWorld(World):
    """A world whose clock may be set back in the middle of any reading."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__(loop)
        self.set_back_clock = SetBackClock(loop)
        self.clock = self.users.clock = self.set_back_clock

    async def look(self, slot: str, *, by_cookie: bool = False, as_new: bool = False) -> Sighting:
        """The Probe port."""
        seen = await super().look(slot, by_cookie=by_cookie, as_new=as_new)
        self.set_back_clock.set_back(LOOK)
        return seen


@pytest.mark.parametrize(
    ("source", "reading_s"), [("logs", 0.06), ("platform", 0.04), ("usage", 0.05), ("probes_production", LOOK)]
)
def test_a_clock_that_is_set_back_silences_no_source(source: str, reading_s: float) -> None:
    with Stage(None, window_s=60.0) as stage:
        world = stage.world = SetBackWorld(stage.loop)
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW and world.at_rest)
        world.set_back_clock.during_s = reading_s
        later(life, 5.0)
        world.set_back_clock.during_s = 0.0
        later(life, 0.1)
        seq, watch = len(life.recorder.records), life.session.watch
        assert isinstance(watch, Watch)
        look = watch.looks[Source.PROBES_PRODUCTION]
        later(life, 5.0)
        # Good probes are recorded some seconds together; the newest look tells at once.
        told = {one.event.source for one in life.recorder.records[seq:] if isinstance(one.event, ev.Observed)}
        looked = watch.looks[Source.PROBES_PRODUCTION] is not look
        assert looked if source == "probes_production" else source in told


class OddWorld(World):
    """A world with a further source that meets a defect of this program at every reading."""

    def ports(self) -> Ports:
        """The world as a session is given it."""
        own = super().ports()
        odd = Failing(self.clock, lambda number: RuntimeError("not as the reader thought"))
        return replace(own, readers=(odd,))


def test_a_defect_of_a_source_that_is_only_shown_does_not_hold_the_run() -> None:
    with Stage(AUTO, window_s=20.0) as stage:
        stage.world = OddWorld(stage.loop)
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "kept"
        assert "RuntimeError" in str(run.observations["usage"]["error"])


class OddUsers(Users):
    """Logs whose reader meets a defect once it is asked for the new version."""

    async def requests(
        self,
        *,
        start: float,
        end: float,
        bin_s: float,
        versions: Sequence[str],
        blocks: BlockQuestion | None = None,
        flag: str = "",
    ) -> Observation:
        """The Telemetry port."""
        if OLD in versions and NEW in versions:
            raise RuntimeError("not as the reader thought")
        return await super().requests(start=start, end=end, bin_s=bin_s, versions=versions, blocks=blocks)


def test_a_defect_in_what_the_verdict_stands_on_stays_a_hold() -> None:
    with Stage(AUTO, window_s=20.0) as stage:
        world = stage.world
        world.users = OddUsers(world.clock, world.users.timeline)
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "held"
        assert "defect of this program (RuntimeError)" in run.ended.reason
