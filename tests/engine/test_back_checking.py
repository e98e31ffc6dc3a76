"""The rollback check on the simulated world: when it is made, what it tells, and that it keeps nobody from anything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.rights import Permission
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import CANARY
from cpr_cockpit.engine.back_checking import ITEM
from tests.engine.moments import bounded
from tests.engine.refusing import by_trigger
from tests.engine.roles import OWNER, READER, Roles
from tests.engine.stage import AUTO, Life, Stage
from tests.engine.users import ERRORS
from tests.engine.world import OLD, SLOT, Fault
from tests.engine.worlds import APPS, Apps

WINDOW_S = 90.0
EVERY_S = 3.0  # 30 s of a window of 15 minutes


def roles(stage: Stage) -> Roles:
    found = Roles(stage.world.clock)
    stage.world.rights = found
    return found


def in_window(stage: Stage) -> Life:
    life = stage.begin()
    stage.sign_and_start(life)
    assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
    return life


def later(stage: Stage, life: Life, seconds: float) -> None:
    until = stage.loop.time() + seconds
    assert not life.live(lambda: stage.loop.time() >= until)


def newest(life: Life) -> ev.RollbackChecked:
    assert life.session.back_check is not None
    return life.session.back_check[1]


def test_it_is_made_every_30_s_of_the_procedure_and_told_once() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        asked = roles(stage)
        life = in_window(stage)
        later(stage, life, 60.0)
        found = newest(life)
        assert (found.ready, found.words) == (True, f"slot {SLOT} {OLD}, 200 on 1 of 1")
        assert found.token_s == 3000.0
        gaps = [b - a for a, b in zip(asked.asked, asked.asked[1:], strict=False)]
        assert len(gaps) >= 15
        assert all(EVERY_S - 0.1 <= gap <= EVERY_S + 1.1 for gap in gaps)
        told = [one for one in life.recorder.records if isinstance(one.event, ev.RollbackChecked)]
        assert 1 <= len(told) <= 4, "it is told when it changes, and at a slow pace"
        mark = life.run_state.standings[ITEM]
        assert (mark.mark, mark.value) == ("measured", found.words)


def test_before_the_switch_there_is_nothing_to_check_and_on_the_way_back_none_is_made() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        asked = roles(stage)
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.t0 is not None)
        assert asked.asked == []
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        later(stage, life, 10.0)
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.phase is Phase.ROLLING_BACK)
        count = len(asked.asked)
        assert count
        assert life.live()
        assert len(asked.asked) == count


def test_while_a_share_is_judged_the_old_version_is_looked_for_in_production() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        stage.change(course=Course(CANARY, (5.0, 25.0)))
        roles(stage)
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.session.back_check is not None)
        assert life.run_state.on_share
        assert newest(life).words == f"production {OLD}, 200 on 2 of 2"


def test_of_several_apps_each_that_is_switched_is_looked_at_and_named_where_it_is_not_ready() -> None:
    first, second, third = APPS
    with Apps(script=None, at_once=2) as stage:
        asked = {name: Roles(world.clock) for name, world in stage.worlds.items()}
        for name, world in stage.worlds.items():
            world.rights = asked[name]
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.on_gate)
        later(stage, life, 4.0)
        assert (newest(life).ready, newest(life).words) == (
            True,
            f"slot {SLOT} {OLD} in {first}, {second}, 200 on 2 of 2",
        )
        assert asked[third].asked == [], "nothing is to be undone there yet"
        asked[first].granted_now = READER
        stage.worlds[second].sites[SLOT].instances = {"green-0": OLD, "green-1": None}
        later(stage, life, 5.0)
        found = newest(life)
        assert found.trouble.startswith(f"{first}: RIGHTS HAVE ENDED: nothing grants ")
        assert found.trouble.endswith(f"; {second}: slot {SLOT} does not answer with {OLD} everywhere: 200 on 1 of 2")
        still = "ROLL BACK still swaps; the platform warms the slot first"
        assert found.rung == f"{first}: the rollback card, by somebody who can; {second}: {still}"


def test_after_go_it_goes_on_until_the_slot_may_be_changed() -> None:
    with Stage(None, window_s=30.0) as stage:
        asked = roles(stage)
        life = in_window(stage)
        later(stage, life, 40.0)
        life.command("keep", by="ana", reason="it is well")
        assert not life.live(lambda: life.run_state.phase is Phase.KEEPING)
        count = len(asked.asked)
        later(stage, life, 30.0)
        assert len(asked.asked) > count + 20


def test_rights_that_end_are_told_at_once_with_the_rung_that_is_left() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        asked = roles(stage)
        life = in_window(stage)
        later(stage, life, 10.0)
        asked.granted_now = (
            Permission(("*/read", "Microsoft.Web/sites/*"), ("Microsoft.Web/sites/slots/slotsswap/*",)),
        )
        later(stage, life, 5.0)
        found = newest(life)
        assert not found.ready
        assert found.trouble == "RIGHTS HAVE ENDED: nothing grants Microsoft.Web/sites/slots/slotsswap/action"
        assert found.rung == f"ROLL BACK, then the next rung: all new sessions to slot {SLOT}"
        assert life.run_state.standings[ITEM].mark == "failed"
        asked.granted_now = READER
        later(stage, life, 5.0)
        assert newest(life).rung == "the rollback card, by somebody who can"
        asked.refuses = 403
        later(stage, life, 5.0)
        assert "RIGHTS HAVE ENDED: Reading the rights was refused" in newest(life).trouble
        assert "sign in or have the role activated again" in newest(life).rung
        asked.refuses, asked.granted_now = None, OWNER
        later(stage, life, 5.0)
        assert newest(life).ready
        assert life.run_state.standings[ITEM].mark == "measured"


def test_an_instance_that_does_not_answer_is_found() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = in_window(stage)
        later(stage, life, 5.0)
        site = stage.world.sites[SLOT]
        site.instances = {"green-0": OLD, "green-1": None, "green-2": OLD}
        later(stage, life, 6.0)
        found = newest(life)
        assert found.trouble == f"slot {SLOT} does not answer with {OLD} everywhere: 200 on 2 of 3"
        assert found.rung == "ROLL BACK still swaps; the platform warms the slot first"
        site.answer(OLD)
        later(stage, life, 6.0)
        assert newest(life).words == f"slot {SLOT} {OLD}, 200 on 3 of 3"


def test_another_version_in_the_slot_means_the_kept_zip() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        roles(stage)
        life = in_window(stage)
        stage.world.somebody_deploys("v9.9.9")
        later(stage, life, 10.0)
        found = newest(life)
        assert found.trouble.startswith("others changed something that nobody has looked at: somebody deployed to slot")
        assert found.trouble.endswith(f"; slot {SLOT} answers v9.9.9, not {OLD}")
        assert found.rung == f"ROLL BACK, then the next rung: deploy the kept {OLD} to production"


def test_a_disk_that_refuses_ends_neither_the_check_nor_what_is_shown_of_it() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        asked = roles(stage)
        life = in_window(stage)
        later(stage, life, 5.0)
        by_trigger(stage.folder)
        asked.granted_now = READER
        later(stage, life, 10.0)
        assert not newest(life).ready


SETS = st.sampled_from((OWNER, READER, (), (Permission(("Microsoft.Web/*",), ("*/slotsswap/action",)),)))


@bounded(5)
@given(
    granted=SETS,
    refuses=st.sampled_from((None, None, 401, 403)),
    faults=st.lists(st.sampled_from((Fault.LOST_AFTER, Fault.LATE, Fault.UNSENT, Fault.ERROR_BEFORE)), max_size=2),
    at=st.floats(0.0, 12.0),
)
def test_whatever_it_finds_rollback_is_carried_out_as_without_it(
    granted: tuple[Permission, ...], refuses: int | None, faults: list[Fault], at: float
) -> None:
    """Law 5: the same world, with and without rights that are read, comes to the same end."""
    ends = []
    for checked in (True, False):
        with Stage(None, window_s=WINDOW_S) as stage:
            asked = roles(stage)
            if not checked:
                stage.world.rights = None
            life = in_window(stage)
            asked.granted_now, asked.refuses = granted, refuses
            later(stage, life, at)
            stage.world.faults["swap"] += faults
            life.command("rollback", by="ana")
            decided = stage.loop.time()
            if not life.live(lambda life=life: bool(life.run_state.offered)):  # type: ignore[misc]
                life.command("rollback", by="ana")
                assert life.live()
            assert life.run_state.ended is not None
            sent = [(call.kind, call.slot) for call in stage.world.calls if call.at >= decided]
            ends.append((life.run_state.ended.decision, stage.world.production, stage.world.slot, sent))
    assert ends[0] == ends[1]
    assert ends[0][:3] == ("rolled_back", OLD, OLD)


@bounded(6)
@given(
    wrong=st.lists(
        st.tuples(st.sampled_from(("rights", "slot", "away", "none")), st.floats(3.0, 9.0)), min_size=1, max_size=4
    )
)
def test_it_is_never_ready_while_something_is_wrong(wrong: list[tuple[str, float]]) -> None:
    """Missing is not healthy: what was looked at last, no older than a check takes, decides."""
    with Stage(None, window_s=WINDOW_S) as stage:
        asked = roles(stage)
        life = in_window(stage)
        for what, seconds in wrong:
            asked.granted_now = READER if what == "rights" else OWNER
            stage.world.sites[SLOT].answer(None if what == "slot" else OLD)
            now = stage.loop.time()
            if what == "away":
                stage.world.unreachable.append((now, now + seconds))
            later(stage, life, seconds)
            if seconds >= EVERY_S + 2.0:
                assert newest(life).ready is (what == "none"), (what, newest(life))
            later(stage, life, 0.0)


def test_a_rehearsed_breach_rolls_back_with_rights_gone() -> None:
    with Stage(AUTO, behaviour=ERRORS, window_s=30.0) as stage:
        roles(stage).granted_now = READER
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production) == ("rolled_back", OLD)
