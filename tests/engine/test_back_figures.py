"""After the way back: the users' errors are held against the baseline, and the way back waits for nothing of it."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.back_figures import ITEM
from cpr_cockpit.core.run import Phase
from cpr_cockpit.engine.showing import Showing
from tests.engine.stage import Life, Stage
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.world import NEW, OLD

WINDOW_S = 90.0


def rolled_back(stage: Stage) -> Life:
    """Rolled back by a person, up to the proof."""
    life = stage.begin()
    stage.sign_and_start(life)
    assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
    life.command("rollback", by="ana")
    assert not life.live(lambda: life.run_state.proven_back)
    return life


@pytest.mark.parametrize(
    ("afterwards", "mark", "begin"), [(HEALTHY, "measured", "0.0 % of "), (Behaviour(fails=10), "failed", "1")]
)
def test_the_errors_after_it_are_held_against_those_before(afterwards: Behaviour, mark: str, begin: str) -> None:
    with Stage(None, behaviour=ERRORS, window_s=WINDOW_S) as stage:
        life = rolled_back(stage)
        proven = stage.loop.time()
        stage.world.users.behaviours[OLD] = afterwards
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        found = life.run_state.standings[ITEM]
        assert (found.mark, found.by) == (mark, "cockpit")
        assert found.value.startswith(begin)
        assert "before, n " in found.value
        assert stage.loop.time() - proven < 10.0


def test_while_it_is_looked_at_the_panel_says_what_is_proven_and_the_follow_ups_can_be_signed() -> None:
    with Stage(None, behaviour=ERRORS, window_s=WINDOW_S) as stage:
        life = rolled_back(stage)
        stage.world.users.down = True
        panel = Showing(life.session, lambda run: "").view().panel
        assert panel.word == "ROLLED BACK"
        assert panel.sentence.startswith(f"{OLD} serves, proven.")
        assert panel.rollback is not None
        assert panel.rollback.reason == "proven"
        life.command("sign", item="post-rollback.root-cause", by="ana", note="a null")
        life.command("sign", item="rollback-follow-up.release-withdrawn", by="ben")
        later = stage.loop.time() + 1.0
        assert not life.live(lambda: stage.loop.time() >= later)
        rows = {one.key: (one.state, one.text) for one in Showing(life.session, lambda run: "").view().checks}
        assert rows[ITEM] == ("open", "Errors back at baseline")
        assert rows["post-rollback.root-cause"] == ("ok", "Document root cause: signed by ana")
        assert rows["rollback-follow-up.release-withdrawn"][0] == "ok"
        assert rows["rollback-follow-up.revert-or-flag"][0] == "open"
        assert life.live()


def test_without_telemetry_the_item_stays_open_and_the_run_ends_all_the_same() -> None:
    with Stage(None, behaviour=ERRORS, window_s=WINDOW_S) as stage:
        life = rolled_back(stage)
        proven = stage.loop.time()
        stage.world.users.down = True
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        assert ITEM not in run.standings
        assert "the item stays open" in run.notes[-1][1].words
        assert 5.0 <= stage.loop.time() - proven < 12.0


def test_whoever_does_not_want_to_wait_ends_it() -> None:
    with Stage(None, behaviour=ERRORS, window_s=WINDOW_S) as stage:
        life = rolled_back(stage)
        stage.world.users.down = True
        proven = stage.loop.time()
        stopped = life.command("stop")
        assert life.live()
        stopped.result()
        assert stage.loop.time() - proven < 1.0
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"


def test_a_session_that_dies_while_it_looks_ends_rolled_back_by_the_next_one() -> None:
    with Stage(None, behaviour=ERRORS, window_s=WINDOW_S) as stage:
        life = rolled_back(stage)
        stage.world.users.down = True
        life.die()
        again = stage.begin()
        assert again.live()
        assert again.run_state.ended is not None
        assert again.run_state.ended.decision == "rolled_back"
        assert [one.production for one in stage.world.switches] == [NEW, OLD]
