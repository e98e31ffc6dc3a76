"""Users who keep a routing cookie: counted while a share is routed and after it, told with what they meet."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.pinned import COOKIE_S, pinned_words, slot_holds
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import CANARY
from tests.engine.stage import AUTO, Stage
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.world import NEW, OLD, World

WINDOW_S = 60.0


@dataclass
class Named:
    """Ten users more for every second that a version was routed to; ``fails``: the logs answer nothing."""

    world: World
    fails: bool = False
    nameless: bool = False
    asked: list[tuple[str, float, float]] = field(default_factory=list)

    async def users(self, *, version: str, since: float, until: float) -> int | None:
        await self.world.clock.sleep(0.05)
        self.asked.append((version, since, until))
        if self.fails:
            raise PortError("The logs do not answer.")
        return None if self.nameless else round((until - since) * 10)


def shared(course: Course, behaviour: Behaviour = HEALTHY, script: ev.Script | None = AUTO) -> tuple[Stage, Named]:
    stage = Stage(script, behaviour=behaviour, window_s=WINDOW_S)
    stage.change(course=course)
    stage.world.user_count = named = Named(stage.world)
    return stage, named


def test_a_share_that_is_rolled_back_leaves_users_on_the_old_version() -> None:
    stage, named = shared(Course(CANARY, (5.0, 25.0)), ERRORS)
    with stage:
        run = stage.whole_run()
        now = stage.world.clock.now()
        assert run.pinned is not None
        assert run.pinned.users is not None
        assert (slot_holds(run), run.ended is not None) == (OLD, True)
        assert {version for version, _, _ in named.asked} == {NEW}
        assert run.unrouted_at is not None
        words = pinned_words(run, now)
        assert words.startswith(f"{run.pinned.users} users keep the cookie of slot green, which leads to {OLD}, until ")
        assert pinned_words(run, run.unrouted_at + COOKIE_S) == ""


def test_what_a_cookie_leads_to_at_every_stage_of_a_canary() -> None:
    stage, _ = shared(Course(CANARY, (5.0,)), script=None)
    with stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.pinned is not None)
        assert slot_holds(life.run_state) == NEW
        assert "until" not in pinned_words(life.run_state, stage.world.clock.now())
        assert not life.live(lambda: life.run_state.finished("keep-warm", "forward"))
        assert slot_holds(life.run_state) == OLD == stage.world.slot
        back = life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.finished("swap-back", "back"))
        assert slot_holds(life.run_state) == NEW
        assert life.live()
        back.result()
        assert slot_holds(life.run_state) == OLD == stage.world.slot


@pytest.mark.long
def test_a_control_that_was_let_go_is_counted_to_its_end_and_then_no_more() -> None:
    stage, named = shared(Course(control=5.0), script=None)
    with stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.pinned is not None)
        assert not life.live(lambda: life.session.watch is not None and life.session.watch.may_keep())
        life.command("keep", by="ana")
        assert not life.live(lambda: life.run_state.unrouted_at is not None)
        run = life.run_state
        assert run.unrouted_at is not None
        assert not life.live(lambda: stage.world.clock.now() > (run.unrouted_at or 0.0) + 60.0)
        asked = len(named.asked)
        assert named.asked[-1] == (OLD, run.pinned_since, run.unrouted_at)
        assert run.pinned is not None
        assert run.pinned.users == round((run.unrouted_at - (run.pinned_since or 0.0)) * 10)
        assert not life.live(lambda: stage.world.clock.now() > (run.unrouted_at or 0.0) + 300.0)
        assert len(named.asked) == asked


@pytest.mark.parametrize("what", ["fails", "nameless"])
def test_users_that_nobody_can_count_are_told_as_unknown_and_keep_nobody(what: str) -> None:
    stage, named = shared(Course(CANARY, (5.0,)), ERRORS)
    setattr(named, what, True)
    with stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert "an unknown number of users keep" in pinned_words(run, stage.world.clock.now())


def test_without_a_share_nobody_is_counted_or_told_of() -> None:
    stage, named = shared(Course())
    with stage:
        run = stage.whole_run()
        assert named.asked == []
        assert pinned_words(run, stage.world.clock.now()) == ""
