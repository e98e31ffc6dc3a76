"""After GO the session watches on: the procedure's checks, news at once, rollback armed, in bounded room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.afterwards import ends_at, schedule
from cpr_cockpit.core.business import FigureSpec
from cpr_cockpit.core.closing import left
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.standings import standings
from cpr_cockpit.engine.afterwards import Afterwards
from cpr_cockpit.engine.ports import Ports
from tests.engine.stage import Life, Stage
from tests.engine.suspending import suspending
from tests.engine.users import ERRORS, HEALTHY, Behaviour
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


def crossings(life: Life) -> list[tuple[str, bool]]:
    """Every limit that was told of as crossed, or as kept again."""
    return [
        (one.event.what, one.event.holds) for one in life.recorder.records if isinstance(one.event, ev.LimitCrossed)
    ]


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


def test_a_source_that_answers_later_than_the_others_is_not_called_silent_at_the_hand_over(stage: Stage) -> None:
    stage.world.users.counting_s = 0.5
    life = kept(stage)
    decided_at = life.run_state.decided_at or 0.0
    at(life, 3600.0)
    after = [verdict.kind for told_at, verdict in life.run_state.verdicts if told_at > decided_at]
    assert "HOLD" not in after
    stage.world.users.down = True
    assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "HOLD")


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


@pytest.mark.long
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


@pytest.mark.long
def test_the_week_ends_it() -> None:
    with Stage(None, window_s=10.0) as stage:
        life = kept(stage)
        assert life.live()
        ended = life.run_state.ended
        assert ended is not None
        assert (ended.decision, ended.provisional) == ("kept", False)
        assert life.session.clock.now() >= ends_at(life.run_state.t0 or 0.0, 10.0 / 900.0)
        assert crossings(life) == []
        # Of the schedule all but the two up to the decision's half hour, and that one's own check.
        checks = [check for _, check in life.run_state.checks]
        assert [one.due for one in checks[1:]] == [
            one.due for one in list(schedule(life.run_state.t0 or 0.0, 1 / 90))[2:]
        ]
        days = [one.event for one in life.recorder.records if isinstance(one.event, ev.Observed)]
        assert sum(one.body.get("name") == "day" for one in days) == 6
        assert not [one for one in checks if "\n" in one.sentence]


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


def test_the_end_of_the_extended_validation_is_a_check_of_its_own(stage: Stage) -> None:
    life = kept(stage)
    at(life, 3600.0 + 60.0)
    t0 = life.run_state.t0 or 0.0
    extended, *others = [check for _, check in life.run_state.checks]
    assert (extended.stage, extended.since, extended.due) == ("extended validation", t0, t0 + 1800.0 * SCALE)
    assert extended.kind == "GO"
    # What the schedule asks for at the same moment was made with it.
    assert [one.due for one in others] == pytest.approx([t0 + 2700.0 * SCALE, t0 + 3600.0 * SCALE])


@pytest.mark.long
def test_a_crossed_limit_is_told_once_however_many_sessions_see_it_and_again_after_it_was_kept(stage: Stage) -> None:
    slow, p95 = Behaviour(slower=5.0), "p95 above 500 ms for # s"
    life = kept(stage)
    at(life, 2 * 3600.0)
    stage.world.users.behaviours[NEW] = slow
    assert not life.live(lambda: bool(crossings(life)))
    crossed = [one.event for one in life.recorder.records if isinstance(one.event, ev.LimitCrossed)]
    assert crossed[0].sentence.startswith("p95 above 500 ms for ")
    at(life, 4 * 3600.0)
    life.die()
    life = stage.begin(go_on=True)
    at(life, 6 * 3600.0)
    assert crossings(life) == [(p95, True)]
    stage.world.users.behaviours[NEW] = HEALTHY
    at(life, 6 * 3600.0 + 800.0)
    assert crossings(life) == [(p95, True)]
    at(life, 8 * 3600.0)
    assert crossings(life) == [(p95, True), (p95, False)]
    stage.world.users.behaviours[NEW] = slow
    at(life, 9 * 3600.0)
    assert crossings(life) == [(p95, True), (p95, False), (p95, True)]


def test_what_came_back_while_no_session_lived_is_told_as_kept_again(stage: Stage) -> None:
    life = kept(stage)
    at(life, 2 * 3600.0)
    stage.world.users.behaviours[NEW] = Behaviour(slower=5.0)
    assert not life.live(lambda: bool(crossings(life)))
    # Told long ago when the session dies.
    at(life, 4 * 3600.0)
    life.die()
    stage.world.users.behaviours[NEW] = HEALTHY
    again = stage.begin(go_on=True)
    began = again.session.clock.now()
    assert not again.live(lambda: len(crossings(again)) > 1)
    assert [holds for _, holds in crossings(again)] == [True, False]
    # It was not taken for over before this session had watched long enough to see it.
    assert again.session.clock.now() - began >= 900.0 * SCALE


@pytest.mark.long
def test_a_verdict_is_told_when_it_changes_and_never_twice_in_a_row(stage: Stage) -> None:
    life = kept(stage)
    at(life, 2 * 3600.0)
    told = len(life.run_state.verdicts)
    for hour in range(3, 7):
        stage.world.users.behaviours[NEW] = ERRORS if hour % 2 else HEALTHY
        at(life, hour * 3600.0)
        if hour == 5:
            life.die()
            life = stage.begin(go_on=True)
    verdicts = [(one.kind, one.cause, one.rule) for _, one in life.run_state.verdicts[told:]]
    assert [kind for kind, _, _ in verdicts] == ["ROLLBACK", "GO", "ROLLBACK", "GO"]
    assert all(one != following for one, following in pairwise(verdicts))


def test_a_machine_that_slept_holds_until_a_check_has_said_so() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        clock = suspending(stage.world)
        life = kept(stage)
        at(life, 2 * 3600.0 + 600.0)
        made = len(life.run_state.checks)
        clock.suspend(2.2 * 3600.0 * SCALE)
        assert not life.live(lambda: len(life.run_state.checks) > made)
        check = life.run_state.checks[-1][1]
        t0 = life.run_state.t0 or 0.0
        assert check.due == pytest.approx(t0 + 4 * 3600.0 * SCALE)
        assert (check.kind, check.cause) == ("HOLD", "slept")
        assert "nobody watched meanwhile" in check.sentence
        at(life, 5 * 3600.0 + 60.0)
        assert [one.kind for _, one in life.run_state.checks[made:]] == ["HOLD", "GO"]
        assert [one.cause for _, one in life.run_state.verdicts[-2:]] == ["slept", None]


@dataclass
class Desk:
    """A help desk that tells how many tickets came; ``fails`` while it does not answer."""

    spec: FigureSpec = field(default_factory=lambda: FigureSpec("desk", "tickets", every_s=3600.0))
    timeout_s: float = 5.0
    tickets: float = 3.0
    fails: bool = False

    async def read(self, t0: float, now: float) -> tuple[float | None, int | None]:
        if self.fails:
            raise PortError("The desk is closed.")
        return self.tickets, 120


class AtADesk(Stage):
    """With a help desk at the port."""

    desk = Desk()

    def ports(self) -> Ports:
        return replace(super().ports(), figures=(self.desk,))


def test_a_declared_figure_is_told_when_it_is_new_and_what_cannot_be_read_is_told_once() -> None:
    with AtADesk(None, window_s=WINDOW_S) as stage:
        life, desk = kept(stage), stage.desk
        at(life, 3 * 3600.0)
        assert [(one.value, one.n, one.words) for _, one in life.run_state.figures] == [(3.0, 120, "")]
        desk.fails = True
        at(life, 6 * 3600.0)
        desk.fails, desk.tickets = False, 5.0
        at(life, 8 * 3600.0)
        told = [(one.value, one.n, one.words) for _, one in life.run_state.figures]
        assert told == [(3.0, 120, ""), (None, None, "not read: The desk is closed."), (5.0, 120, "")]
        standing = standings(life.run_state, life.session.clock.now())["first-day-business.tickets"]
        assert (standing.mark, standing.value) == ("measured", "5 of 120")


def test_a_kept_run_is_closed_by_its_session_once_everything_stands(stage: Stage) -> None:
    life = kept(stage)
    at(life, 3600.0)
    early = life.command("close", by="ana")
    assert not life.live(early.done)
    assert "items of the closing checklist are open" in str(early.exception())
    now = life.session.clock.now()
    for one in left(life.run_state, standings(life.run_state, now), now):
        life.command("sign", item=one.item.key, by="ana", note="seen")
    closed = life.command("close", by="ana", words="done")
    assert not life.live(closed.done)
    assert closed.exception() is None
    assert life.run_state.closed is not None
    assert (life.run_state.closed[1].by, life.run_state.closed[1].items) == ("ana", 32)
    assert life.run_state.phase is Phase.KEEPING
