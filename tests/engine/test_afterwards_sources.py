"""After GO: what further sources are asked, what the team's signals say, and what somebody else or the clock does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cpr_cockpit.core.afterwards import ROLLING_S
from cpr_cockpit.core.blocks import Block
from cpr_cockpit.core.custom import Limit, SignalSpec
from cpr_cockpit.core.ports import Asked, Clock
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.verdict import HoldCause
from cpr_cockpit.engine.afterwards import Afterwards
from tests.engine.stage import Life, Stage
from tests.engine.suspending import suspending
from tests.engine.test_afterwards import SCALE, WINDOW_S, at, kept
from tests.engine.users import Behaviour
from tests.engine.world import NEW, OLD


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage(None, window_s=WINDOW_S) as found:
        yield found


# -- the switch, and the stretch that is told -------------------------------------------------------------------------

ORDERS = SignalSpec("orders", Limit.DROP, 0.5, for_s=300.0, every_s=15.0, delay_s=1.0, rollback=True)


class Orders:
    """A signal that counts a hundred a second while it is ``well``; ``asked``: every question."""

    source, name, poll_s, timeout_s = Source.CUSTOM, ORDERS.name, ORDERS.every_s, 10.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = 0.0
        self.asked: list[Asked] = []
        self.well = True

    async def read(self, asked: Asked) -> Observation:
        """The Reader port: what was before the switch, and what came since the last reading."""
        self.asked.append(asked)
        await self._clock.sleep(0.05)
        before = Block(asked.t0 - 100.0, 100.0, "", 10_000, 0)
        start, self._until = max(asked.start, self._until), asked.now
        length = max(0.01, asked.now - start)
        since = Block(start, length, "", round(100.0 * length) if self.well else 0, 0)
        return Observation(
            self.source, self._clock.now(), asked.now, lag_p95=0.1, name=self.name, blocks=(before, since)
        )


@pytest.fixture
def orders(stage: Stage) -> Orders:
    found = Orders(stage.world.clock)
    stage.world.readers = (found,)
    stage.change(signals=(ORDERS,))
    return found


@pytest.mark.long
def test_readers_are_asked_for_the_newest_stretch_and_told_when_the_switch_was(stage: Stage, orders: Orders) -> None:
    life = kept(stage)
    at(life, 5 * 3600.0)
    life.die()
    life = stage.begin(go_on=True)
    at(life, 6 * 3600.0)
    assert {one.t0 for one in orders.asked} == {life.run_state.t0}
    extended = (life.run_state.t0 or 0.0) + 1800.0 * SCALE
    assert {one.since for one in orders.asked if one.now < extended} == {None}
    lengths = [one.now - one.since for one in orders.asked if one.since is not None]
    assert None not in {one.since for one in orders.asked if one.now > extended + 2.0}
    assert len(lengths) > 50
    assert lengths == pytest.approx([ROLLING_S * SCALE] * len(lengths), abs=WINDOW_S / 15.0 + 1.0)


@pytest.mark.long
def test_a_signal_that_breaks_hours_later_is_told_as_a_rollback(stage: Stage, orders: Orders) -> None:
    life = kept(stage)
    at(life, 2 * 3600.0)
    assert life.run_state.verdict is not None
    assert life.run_state.verdict.kind == "GO"
    orders.well = False
    at(life, 3 * 3600.0 + 60.0)
    assert (life.run_state.verdict.kind, life.run_state.verdict.rule) == ("ROLLBACK", "signal orders")
    assert [check.kind for _, check in life.run_state.checks][-1] == "ROLLBACK"
    orders.well = True
    at(life, 5 * 3600.0)
    assert life.run_state.verdict.kind == "GO"


# -- somebody else ----------------------------------------------------------------------------------------------------


def causes(life: Life) -> list[str | None]:
    """What was told since the decision, each with its cause."""
    decided = life.run_state.decided_at or 0.0
    return [verdict.cause for when, verdict in life.run_state.verdicts if when > decided]


@pytest.mark.long
def test_who_swaps_and_swaps_back_is_told_and_hides_nothing_that_comes_later(stage: Stage) -> None:
    life = kept(stage)
    at(life, 2 * 3600.0)
    told = len(causes(life))
    stage.world.somebody_swaps()
    assert not life.live(lambda: causes(life)[told:] == ["foreign"])
    assert life.run_state.verdict is not None
    assert "did not begin" in life.run_state.verdict.sentence or OLD in life.run_state.verdict.sentence
    stage.world.somebody_swaps()
    at(life, 4 * 3600.0)
    assert causes(life)[told:] == ["foreign", None]
    stage.world.users.down = True
    at(life, 5 * 3600.0)
    assert causes(life)[told:] == ["foreign", None, "stale"]


@pytest.mark.parametrize("stands", [True, False])
def test_after_a_restart_only_what_a_look_still_shows_is_held(stage: Stage, stands: bool) -> None:
    life = kept(stage)
    at(life, 2 * 3600.0)
    told = len(causes(life))
    stage.world.pending_preview = "green"
    assert not life.live(lambda: causes(life)[told:] == ["foreign"])
    life.die()
    stage.world.pending_preview = "green" if stands else None
    life = stage.begin(go_on=True)
    at(life, 4 * 3600.0)
    assert causes(life)[told:] == (["foreign"] if stands else ["foreign", None])
    watch = life.session.watch
    assert isinstance(watch, Afterwards)
    assert watch.kind == ("HOLD" if stands else "GO")


@pytest.mark.long
def test_a_swap_with_preview_that_a_missed_target_hides_at_first_is_told_all_the_same(stage: Stage) -> None:
    life = kept(stage)
    at(life, 2 * 3600.0)
    told = len(causes(life))
    stage.world.users.behaviours[NEW] = Behaviour(slower=1.3)
    assert not life.live(lambda: causes(life)[told:] == ["target missed"])
    stage.world.pending_preview = "green"
    watch = life.session.watch
    assert isinstance(watch, Afterwards)
    assert not life.live(lambda: watch.verdict is not None and watch.verdict.cause is HoldCause.FOREIGN)
    stage.world.pending_preview = None
    at(life, 5 * 3600.0)
    assert causes(life)[told:] == ["target missed", "foreign", "target missed"]


# -- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_clock_that_was_set_back_silences_no_source() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        clock = suspending(stage.world)
        life = kept(stage)
        at(life, 2 * 3600.0)
        watch = life.session.watch
        assert isinstance(watch, Afterwards)
        before, began = watch.later.logs, life.loop.time()
        clock.set_back(600.0)
        assert not life.live(lambda: watch.later.logs is not before)
        assert life.loop.time() - began <= 300.0 * SCALE + 1.0
