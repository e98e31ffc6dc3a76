"""Resource Manager out of reach: told after 30 s of the procedure, and what a person did meanwhile is taken up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.view import View
from cpr_cockpit.engine.showing import Showing
from tests.engine.moments import bounded
from tests.engine.stage import Life, Stage
from tests.engine.world import NEW, OLD, SLOT, Fault

WINDOW_S = 90.0
LIMIT_S = 3.0  # 30 s of a window of 15 minutes


def in_window(stage: Stage) -> Life:
    life = stage.begin()
    stage.sign_and_start(life)
    assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
    until = stage.loop.time() + 5.0
    assert not life.live(lambda: stage.loop.time() >= until)
    return life


def away(stage: Stage, seconds: float) -> None:
    now = stage.loop.time()
    stage.world.unreachable.append((now, now + seconds))


def view(life: Life) -> View:
    return Showing(life.session, lambda run: "").view()


def reaches(run_records: list[ev.Record]) -> list[bool]:
    return [one.event.reached for one in run_records if isinstance(one.event, ev.ManagerReach)]


def test_it_is_told_once_when_the_time_is_over_and_once_when_it_answers_again() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = in_window(stage)
        began = stage.world.clock.now()
        away(stage, 20.0)
        assert not life.live(lambda: life.run_state.manager_lost is not None)
        silent_s = stage.world.clock.now() - began
        assert LIMIT_S - 2.0 <= silent_s <= LIMIT_S + 5.0
        panel = view(life).panel
        assert panel.back.startswith("NO ANSWER OF RESOURCE MANAGER for ")
        assert panel.warns
        assert "rollback-card.md" in panel.back
        assert panel.rollback is not None
        assert panel.rollback.enabled
        assert not life.live(lambda: life.run_state.manager_lost is None)
        assert reaches(life.recorder.records) == [False, True]
        assert any(name == "azure" and "last good answer 0 s ago" in words for name, words in view(life).window.facts)


def test_a_blink_is_not_told() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = in_window(stage)
        away(stage, 1.0)
        until = stage.loop.time() + 20.0
        assert not life.live(lambda: stage.loop.time() >= until)
        assert reaches(life.recorder.records) == []


def swapped_by_hand(stage: Stage, life: Life, away_s: float, by_hand_after_s: float) -> Run:
    """ROLLBACK while Resource Manager is out of our reach; a person, elsewhere, swaps by the card."""
    away(stage, away_s)
    life.command("rollback", by="ana")
    until = stage.loop.time() + by_hand_after_s
    assert not life.live(lambda: stage.loop.time() >= until)
    stage.world.somebody_swaps()
    assert life.live()
    return life.run_state


def test_what_was_swapped_by_hand_ends_the_run_as_rolled_back_outside_it() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = in_window(stage)
        away(stage, 30.0)
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.manager_lost is not None)
        shown = view(life).panel
        assert shown.word == "BACK BY HAND"
        assert f"Production answers {NEW}, slot {SLOT} {OLD}." in shown.sentence
        assert [one.split(" --")[0] for one in shown.commands][-1] == "az webapp deployment slot swap"
        stage.world.somebody_swaps()
        assert not life.live(lambda: stage.world.production == OLD and stage.world.slot == NEW)
        later = stage.loop.time() + 2.0
        assert not life.live(lambda: stage.loop.time() >= later)
        assert f"Production answers {OLD}" in view(life).panel.sentence
        assert all("slot swap" not in one for one in view(life).panel.commands)
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert "swapped back outside this run" in run.ended.reason
        row = run.row("swap-back", "back")
        assert row is not None
        assert (row.result, row.words.split(":")[0]) == ("already", "done outside this run")
        assert [call.kind for call in stage.world.calls].count("swap") == 1, "ours; the person's is not among them"
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)
        assert run.swaps == 1


@bounded(4)
@given(
    away_s=st.floats(2.0, 60.0),
    part=st.floats(0.0, 1.2),
    faults=st.lists(st.sampled_from((Fault.UNSENT, Fault.CONFLICT, Fault.LOST_AFTER, Fault.LOST_BEFORE)), max_size=2),
)
def test_whenever_a_person_swaps_by_hand_nobody_swaps_twice(away_s: float, part: float, faults: list[Fault]) -> None:
    """Law 2, with a person's hand in it: the old version serves everywhere in the end, whoever brought it back."""
    with Stage(None, window_s=WINDOW_S) as stage:
        life = in_window(stage)
        away(stage, away_s)
        stage.world.faults["swap"] += faults
        life.command("rollback", by="ana")
        until = stage.loop.time() + away_s * part
        ended = life.live(lambda: stage.loop.time() >= until)
        by_hand = not ended and stage.world.production == NEW and stage.world.at_rest
        if by_hand:
            # A person looks before they press, as the card says: nothing is under way, and production is bad.
            stage.world.somebody_swaps()
        assert ended or life.live()
        stage.rest()
        run = life.run_state
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        outside = "outside this run" in run.ended.reason
        assert not outside or by_hand, "nothing is called somebody else's that was ours"
        assert [one.production for one in stage.world.switches] == [NEW, OLD]
