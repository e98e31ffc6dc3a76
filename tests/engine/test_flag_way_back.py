"""The way back of a feature flag: never overwritten forwards, never left on, and nothing of it keeps the slots up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import FEATURE_FLAG
from cpr_cockpit.engine.flagging import READ_S
from cpr_cockpit.engine.writer import FILE
from tests.engine.flags import FLAG
from tests.engine.moments import Moment, Troubles, bounded, deaths, lived, troubles
from tests.engine.stage import Death, Stage
from tests.engine.test_feature_flag import flagged, sent
from tests.engine.test_turns import later
from tests.engine.users import ERRORS, HEALTHY, SILENT, Behaviour
from tests.engine.world import NEW, OLD, Fault, forward_switches

MOMENTS = st.builds(
    Moment,
    st.sampled_from(
        (
            "intent swap",
            "released.dark",
            "intent watch-dark",
            "intent flag-5",
            "accepted flag-5",
            "flag.seen",
            "outcome flag-5",
            "intent watch-flag-5",
            "verdict",
            "intent flag-25",
            "intent flag-100",
            "traffic.switched",
            "outcome prove-flag-100",
            "decision",
            "intent flag-off",
            "outcome flag-off",
            "intent prove-calm",
            "outcome prove-calm",
            "rung.offered",
            "intent swap-back",
        )
    ),
    st.integers(0, 60),
)
flag_faults = st.lists(st.sampled_from(Fault), max_size=4)


def off_or_said(stage: Stage, ended: ev.RunEnded) -> None:
    """A rollback that says it is done has left the flag off."""
    if ended.decision == "rolled_back":
        assert not stage.world.flags.flag.enabled, ended.reason
    if ended.decision == "partial":
        assert "is not off" in ended.reason or not stage.world.flags.flag.enabled


@bounded(4)
@given(
    trouble=troubles(st.sampled_from(Fault), within_s=150.0),
    flag=flag_faults,
    ends=st.lists(st.tuples(MOMENTS, deaths), max_size=2),
    with_flag=st.sampled_from((HEALTHY, ERRORS, ERRORS)),
    ignored=st.booleans(),
)
def test_no_fault_and_no_death_leaves_the_flag_on_after_a_rollback(
    trouble: Troubles, flag: list[Fault], ends: list[tuple[Moment, Death]], with_flag: Behaviour, ignored: bool
) -> None:
    with flagged(with_flag) as stage:
        trouble.befall(stage.world)
        stage.world.faults["flag"] += flag
        stage.world.flags.ignored = ignored
        run = lived(stage, ends)
        stage.rest()
        world, ended = stage.world, run.ended
        assert ended is not None
        forward = forward_switches(world.switches)
        assert forward <= 1
        assert len(world.switches) - forward <= forward
        off_or_said(stage, ended)
        raised = [percent for enabled, percent in world.flags.written if enabled]
        assert raised == [5.0, 25.0, 50.0, 100.0][: len(raised)], "a share was skipped, or written twice"
        if ended.decision == "kept":
            assert (world.production, world.slot, world.flags.flag.share) == (NEW, OLD, 100.0)
        elif ended.decision == "rolled_back":
            dark = "stays dark" in ended.reason
            assert world.production == (NEW if dark else OLD)
            assert world.slot == OLD
        if with_flag is ERRORS:
            assert ended.decision != "kept"


@bounded(5)
@given(
    moment=MOMENTS,
    away=st.sampled_from((0.0, 5.0, 400.0)),
    flag=flag_faults,
    with_flag=st.sampled_from((HEALTHY, ERRORS)),
    untold=st.booleans(),
    blind=st.booleans(),
    end=st.none() | st.tuples(MOMENTS, deaths),
)
def test_nothing_about_the_flag_blocks_a_rollback_by_command(
    moment: Moment,
    away: float,
    flag: list[Fault],
    with_flag: Behaviour,
    untold: bool,
    blind: bool,
    end: tuple[Moment, Death] | None,
) -> None:
    with flagged(with_flag, ev.Script(decide="keep")) as stage:
        life = stage.begin()
        has_come, latest = moment.of(life), stage.loop.time() + 200.0
        if life.live(lambda: has_come() or stage.loop.time() >= latest):
            return
        world, now = stage.world, stage.loop.time()
        world.flags.away.append((now, now + away))
        world.faults["flag"] += flag
        world.flags.untold, world.users.down = untold, blind
        command = life.command("rollback", by="ana")
        if end is not None and not life.live(end[0].of(life)):
            life.die(end[1])
            life = stage.begin(rollback_by="ana")
        assert life.live()
        stage.rest()
        ended = life.run_state.ended
        assert ended is not None
        if command.done() and not command.cancelled() and command.exception() is not None:
            return
        assert ended.decision in ("rolled_back", "partial"), ended.reason
        off_or_said(stage, ended)
        if "stays dark" not in ended.reason:
            assert (world.production, world.slot) == (OLD, OLD)
        if ended.decision == "partial":
            assert away > 100.0 or flag


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("intent watch-flag-5", marks=pytest.mark.long),
        "outcome watch-flag-25",
        pytest.param("intent flag-100", marks=pytest.mark.long),
    ],
)
def test_a_foreign_change_is_not_overwritten_forwards(moment: str) -> None:
    with flagged() as stage:
        life = stage.begin()
        assert not life.live(Moment(moment, 0).of(life))
        written = len(stage.world.flags.written)
        stage.world.flags.somebody_sets(enabled=True, percent=77.0)
        assert life.live()
        ended = life.run_state.ended
        assert ended is not None
        assert ended.decision == "held"
        assert len(stage.world.flags.written) == written
        assert stage.world.flags.flag.share == 77.0
        assert any("77 %" in (one.sentence or "") for _, one in life.run_state.verdicts) or "77 %" in ended.reason


def test_somebody_elses_flag_holds_over_a_death_until_a_person_has_looked() -> None:
    with flagged(script=None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.finished("prove-flag-5", "forward"))
        stage.world.flags.somebody_sets(percent=60.0)
        assert not life.live(lambda: bool(life.run_state.others.words))
        words = f"the flag {FLAG} is on for 60 % of the users, on for 5 % of the users by what this run knows"
        assert life.run_state.others.words == words
        life.die()
        life = stage.begin()
        at = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > at + 5.0)
        assert life.run_state.verdict is not None
        assert (life.run_state.verdict.cause, life.run_state.others.words) == ("foreign", words)
        looked = life.command("acknowledge", by="ana", words="the others wait for the newsletter")
        assert not life.live(looked.done)
        looked.result()
        assert not life.live(lambda: stage.loop.time() > at + 15.0)
        assert life.run_state.verdict.cause != "foreign"
        assert life.run_state.others.words == ""


def test_a_flag_that_somebody_raises_again_while_its_calm_is_proven_is_not_said_to_be_off() -> None:
    with flagged(ERRORS) as stage:
        life = stage.begin()
        assert not life.live(Moment("intent prove-calm", 0).of(life))
        # Nothing of it shows in the figures.
        stage.world.users.with_flag = HEALTHY
        stage.world.flags.somebody_sets(enabled=True, percent=25.0)
        assert life.live()
        row = life.run_state.row("prove-calm", "back")
        assert row is not None
        assert row.result != "done"
        assert stage.world.production == OLD


@pytest.mark.parametrize("hangs", [False, True])
def test_a_flag_of_which_nobody_can_read_that_it_still_is_off_is_not_said_to_be_off(hangs: bool) -> None:
    with flagged(ERRORS, None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.flag == 5.0)
        life.command("rollback", by="ana")
        assert not life.live(Moment("intent prove-calm", 0).of(life))
        stage.world.users.with_flag = HEALTHY
        stage.world.flags.somebody_sets(enabled=True, percent=25.0)
        if hangs:
            stage.world.flags.hung = frozenset({"read"})
            asked = stage.loop.time() + 23.0
            assert not life.live(lambda: stage.loop.time() >= asked)
            # A person who waits no longer is heard while the store is asked.
            life.command("rollback", by="ana")
            assert not life.live(lambda: stage.loop.time() >= asked + READ_S + 1.0)
        else:
            stage.world.flags.away.append((stage.loop.time(), 1e9))
            assert not life.live(lambda: life.run_state.rung_waits)
        row = life.run_state.row("prove-calm", "back")
        assert row is not None
        assert row.result == "failed"
        assert ("not awaited" if hangs else "still is off cannot be read") in row.words


def test_a_change_that_came_between_is_read_again_on_the_way_back() -> None:
    with flagged(ERRORS) as stage:
        life = stage.begin()
        assert not life.live(Moment("intent flag-off", 0).of(life))
        stage.world.flags.somebody_sets(percent=30.0)
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        row = life.run_state.row("flag-off", "back")
        assert row is not None
        assert (row.attempts, row.seconds < 2.0) == (2, True)
        assert (stage.world.flags.flag.enabled, stage.world.flags.flag.percent) == (False, 30.0)


def test_a_person_is_offered_the_swap_back_and_takes_it() -> None:
    with flagged(ERRORS, None) as stage:
        stage.world.flags.ignored = True
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(
            lambda: life.run_state.flag == 25.0 or life.run_state.first_rollback_verdict_at is not None
        )
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.rung_waits)
        assert life.run_state.flag_offered
        until = stage.loop.time() + 60.0
        assert not life.live(lambda: stage.loop.time() > until)
        assert stage.world.production == NEW, "nobody has taken the next rung yet"
        life.command("rollback", by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)


def test_who_presses_the_rung_of_the_flag_twice_has_not_taken_the_one_below_the_swap() -> None:
    with flagged(ERRORS, None) as stage:
        stage.world.flags.ignored = True
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(Moment("intent watch-flag-5", 0).of(life))
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.rung_waits)
        stage.world.faults["swap"] = [Fault.REFUSED] * 12
        for _ in range(2):
            later(life, 0.02)
            life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.offered_at == "swap-back")
        later(life, 5.0)
        assert life.run_state.row("route-old", "back") is None


@pytest.mark.parametrize(("hangs", "moment"), [(False, "doubtful flag-5"), (True, "intent flag-5")])
def test_a_store_that_is_gone_while_the_flag_is_raised_keeps_the_swap_back_up_for_less_than_a_minute(
    hangs: bool, moment: str
) -> None:
    with flagged(script=None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        stage.world.faults["flag"] = [] if hangs else [Fault.LOST_BEFORE]
        assert not life.live(Moment(moment, 0).of(life))
        if hangs:
            stage.world.flags.hung = frozenset({"read", "write"})
        else:
            stage.world.flags.away.append((stage.loop.time(), 1e9))
        life.command("rollback", by="ana")
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("partial", OLD, OLD)
        assert "is not off" in run.ended.reason
        assert run.decided_at is not None
        assert run.switched_back_at is not None
        assert run.switched_back_at - run.decided_at < 60.0


@pytest.mark.parametrize("what", ["intent flag-off", "intent prove-flag-off", "intent prove-calm"])
def test_a_person_need_not_wait_until_it_is_known_whether_the_flag_helped(what: str) -> None:
    with flagged(ERRORS, None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.flag == 5.0)
        life.command("rollback", by="ana")
        assert not life.live(Moment(what, 5).of(life))
        taken = life.command("rollback", by="ana")
        assert life.live()
        assert taken.result() == {"already": False}
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)


def test_while_the_calm_is_judged_the_figures_that_are_shown_go_on() -> None:
    with flagged() as stage:
        stage.change(course=Course(FEATURE_FLAG, (50.0,), flag=FLAG))
        life = stage.begin()
        assert not life.live(lambda: life.run_state.t0 is not None)
        life.command("rollback", by="ana")
        assert not life.live(Moment("intent prove-calm", 0).of(life))
        later = stage.loop.time() + 5.0
        assert not life.live(lambda: stage.loop.time() >= later)
        watch = life.session.watch
        assert watch is not None
        assert watch.looks[Source.PROBES_PRODUCTION].at > stage.world.clock.now() - 3.0


def test_what_only_a_person_can_see_is_not_said_to_have_ended_with_the_flag() -> None:
    with flagged(HEALTHY) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.flag == 25.0)
        life.command("raise", trigger="data corruption", by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert (life.run_state.ended.decision, stage.world.production) == ("rolled_back", OLD)
        calm = life.run_state.row("prove-calm", "back")
        assert calm is not None
        assert "no figure tells whether that ended: data corruption" in calm.words


def test_without_telemetry_nobody_can_say_that_the_flag_helped_and_the_swap_back_follows() -> None:
    with flagged(ERRORS) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.ROLLING_BACK)
        stage.world.users.down = True
        assert life.live()
        assert life.run_state.ended is not None
        assert (life.run_state.ended.decision, stage.world.production) == ("rolled_back", OLD)


def test_a_silent_feature_is_held_and_never_grows() -> None:
    with flagged(behaviour=SILENT) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "held"
        assert "flag" not in sent(stage)


@bounded(4)
@given(moment=MOMENTS, destroyed=st.booleans(), torn=st.booleans(), fault=st.sampled_from((None, *Fault)))
def test_where_the_journal_is_lost_the_whole_way_back_is_taken_and_the_flag_is_off(
    moment: Moment, destroyed: bool, torn: bool, fault: Fault | None
) -> None:
    with flagged(ERRORS) as stage:
        life = stage.begin()
        has_come, latest = moment.of(life), stage.loop.time() + 200.0
        stage.world.faults["flag"] += [fault] if fault else []
        if life.live(lambda: has_come() or stage.loop.time() >= latest):
            return
        life.die(Death(torn=torn))
        if destroyed:
            (stage.folder / FILE).unlink()
        else:
            (stage.folder / FILE).write_bytes(b"no database")
        stage.whole_journal = False
        life = stage.begin(rollback_by="ana")
        assert life.live()
        stage.rest()
        ended = life.run_state.ended
        assert ended is not None
        assert ended.decision == "rolled_back", ended.reason
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)
        assert not stage.world.flags.flag.enabled
