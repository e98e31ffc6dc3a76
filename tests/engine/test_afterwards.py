"""After GO the session watches on: the procedure's checks, news at once, rollback armed, in bounded room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.afterwards import ends_at, schedule
from cpr_cockpit.core.run import Phase
from cpr_cockpit.engine.afterwards import Afterwards
from tests.engine.stage import Life, Stage
from tests.engine.users import ERRORS, HEALTHY
from tests.engine.world import NEW, OLD

WINDOW_S = 30.0
SCALE = WINDOW_S / 900.0


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage(None, window_s=WINDOW_S) as found:
        yield found


def kept(stage: Stage) -> Life:
    """A session that a person has told to keep the new version, in its first minutes after the decision."""
    life = stage.begin()
    stage.sign_and_start(life)
    assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "GO")
    done = life.command("keep", by="ana")
    assert not life.live(done.done)
    done.result()
    assert not life.live(lambda: isinstance(life.session.watch, Afterwards))
    return life


def at(life: Life, seconds: float) -> None:
    """Live on until so many seconds of the procedure after T0."""
    t0 = life.run_state.t0
    assert t0 is not None
    assert not life.live(lambda: life.session.clock.now() >= t0 + seconds * SCALE)


def test_the_checks_of_the_schedule_come_at_their_moments(stage: Stage) -> None:
    life = kept(stage)
    at(life, 4 * 3600.0 + 60.0)
    t0 = life.run_state.t0 or 0.0
    due = [one.due for one in schedule(t0, SCALE) if t0 + 1900.0 * SCALE < one.due < t0 + 4 * 3600.0 * SCALE + 1.0]
    checks = life.run_state.checks
    assert [check.due for _, check in checks if check.due > t0 + 1900.0 * SCALE] == pytest.approx(due)
    assert {check.stage for _, check in checks} >= {"first hour", "first 24 hours"}
    assert all(check.kind in ("GO", "WAIT") and check.sentence for _, check in checks)
    assert life.run_state.phase is Phase.KEEPING


def test_a_fault_hours_later_is_told_at_once_and_rollback_still_works(stage: Stage) -> None:
    life = kept(stage)
    at(life, 2 * 3600.0)
    before = life.session.clock.now()
    stage.world.users.behaviours[NEW] = ERRORS
    assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "ROLLBACK")
    # A reading of the calm pace may just have come, and the written trigger has its own time.
    assert life.session.clock.now() - before < (300.0 + 360.0 + 120.0) * SCALE + 10.0
    back = life.command("rollback", by="ana")
    assert life.live(), "the run did not end"
    back.result()
    ended = life.run_state.ended
    assert ended is not None
    assert (ended.decision, ended.production_version) == ("rolled_back", OLD)


def test_a_limit_that_is_kept_again_is_told_once(stage: Stage) -> None:
    life = kept(stage)
    at(life, 2 * 3600.0)
    stage.world.users.down = True
    assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.cause == "stale")
    stage.world.users.down = False
    assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "GO")
    told = [verdict.kind for _, verdict in life.run_state.verdicts][-2:]
    assert told == ["HOLD", "GO"]


def test_a_day_takes_no_more_room_than_an_hour(stage: Stage) -> None:
    life = kept(stage)
    at(life, 3 * 3600.0)
    watch = life.session.watch
    assert isinstance(watch, Afterwards)
    early, written = watch.kept_readings, len(life.recorder.records)
    at(life, 24 * 3600.0)
    assert watch.kept_readings <= early + 5
    # Twenty-one checks, each with what it stands on: one observation of each source.
    assert len(life.recorder.records) - written <= 21 * 12


@pytest.mark.parametrize(("seconds", "provisional"), [(1000.0, True), (3600.0, False)])
def test_stop_ends_it_and_only_before_the_end_of_the_extended_validation_provisionally(
    stage: Stage, seconds: float, provisional: bool
) -> None:
    life = stage.begin()
    stage.sign_and_start(life)
    assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "GO")
    life.command("keep", by="ana")
    at(life, seconds)
    life.command("stop")
    assert life.live()
    ended = life.run_state.ended
    assert ended is not None
    assert (ended.decision, ended.provisional) == ("kept", provisional)


def test_the_week_ends_it() -> None:
    with Stage(None, window_s=10.0) as stage:
        life = kept(stage)
        assert life.live()
        ended = life.run_state.ended
        assert ended is not None
        assert (ended.decision, ended.provisional) == ("kept", False)
        assert life.session.clock.now() >= ends_at(life.run_state.t0 or 0.0, 10.0 / 900.0)
        assert not [one for one in life.recorder.records if isinstance(one.event, ev.LimitCrossed)]


def test_after_a_crash_it_goes_on(stage: Stage) -> None:
    life = kept(stage)
    at(life, 2 * 3600.0)
    made = len(life.run_state.checks)
    life.die()
    again = stage.begin(go_on=True)
    t0 = again.run_state.t0 or 0.0
    assert not again.live(lambda: again.session.clock.now() >= t0 + 4 * 3600.0 * SCALE + 5.0)
    assert len(again.run_state.checks) > made
    assert stage.world.users.behaviours[NEW] is HEALTHY
    assert again.run_state.phase is Phase.KEEPING
