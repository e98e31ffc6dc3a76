"""Choosing another strategy before START: a new plan, its card, who chose; refused where it cannot be taken."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.rolling_strategy import why_not
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import BLUE_GREEN, CANARY, FEATURE_FLAG, ROLLING
from cpr_cockpit.core.view_json import view_of
from cpr_cockpit.documents.card import CARD, CARD_DATA
from cpr_cockpit.engine.gate import start_blockers
from cpr_cockpit.engine.showing import Showing
from cpr_cockpit.engine.writer import FILE
from tests.engine.moments import bounded
from tests.engine.stage import Death, Life, Stage
from tests.engine.test_desk import refusal
from tests.engine.world import NEW, OLD

ROUTED = "Sessions may be routed to the slot."
"""What a card says only where its plan routes some."""


def ready(stage: Stage) -> Life:
    """A session whose first plan and card are there."""
    life = stage.begin()
    assert not life.live(lambda: life.run_state.phase is Phase.READY)
    return life


def choose(life: Life, key: str, by: str = "ben") -> dict[str, Any]:
    command = life.command("choose", choice=key, by=by)
    assert not life.live(command.done)
    answer: dict[str, Any] = command.result()
    return answer


def offered(life: Life) -> dict[str, tuple[bool, str]]:
    assert life.run_state.plan is not None
    return {one.key: (one.chosen, one.why_not) for one in life.run_state.plan.choices}


def test_another_strategy_is_another_plan_and_another_card_and_the_journal_tells_who_chose() -> None:
    with Stage(None) as stage:
        life = ready(stage)
        before = life.run_state.card
        assert offered(life) == {
            BLUE_GREEN: (True, ""),
            CANARY: (False, ""),
            ROLLING: (False, why_not(("app",), 1)),
            FEATURE_FLAG: (False, "Strategy feature-flag needs a flag: name it in [strategy]."),
            "control=5": (False, ""),
            "preview=on": (False, ""),
        }
        assert choose(life, CANARY) == {
            "chosen": "canary: 5, 25, 50 % of new sessions first, each judged, then everybody"
        }
        run = life.run_state
        assert run.plan is not None
        assert run.card is not None
        assert before is not None
        assert (run.phase, run.plan.strategy, run.plans) == (Phase.READY, CANARY, 2)
        assert run.card.sha256 != before.sha256
        assert ROUTED in (stage.folder / CARD).read_text()
        assert json.loads((stage.folder / CARD_DATA).read_text())["strategy"] == CANARY
        assert run.chosen is not None
        assert (run.chosen.by, run.chosen.strategy) == ("ben", CANARY)
        assert offered(life)[CANARY] == (True, "")
        # A mark of the plan that there was is made anew.
        assert run.standings["deployment-safety.zero-downtime"].value == "canary by slot swap"
        assert stage.world.calls == []


@pytest.mark.parametrize("by", [PROGRAM, "ana"])
def test_an_item_that_was_found_failed_is_not_made_good_by_another_plan(by: str) -> None:
    with Stage(None) as stage:
        life = ready(stage)
        item = "deployment-safety.rollback-ready"
        life.session.sign(ev.ItemMarked(item=item, mark=Mark.FAILED, by=by, note="the old version is withdrawn"))
        choose(life, CANARY)
        standing = life.run_state.standings[item]
        assert (life.run_state.plans, standing.mark, standing.by) == (2, Mark.FAILED, by)


def test_the_chosen_strategy_is_carried_out_and_so_it_is_after_a_death_before_start() -> None:
    with Stage(None, window_s=60.0) as stage:
        life = ready(stage)
        choose(life, CANARY)
        life.die()
        again = stage.begin()
        stage.sign_and_start(again)
        assert not again.live(lambda: again.run_state.share == 5.0)
        assert again.run_state.chosen is not None
        again.command("rollback", by="ana")
        assert again.live()
        assert again.run_state.ended is not None
        assert again.run_state.ended.decision == "rolled_back"
        assert (stage.world.production, stage.world.slot, stage.world.share) == (OLD, OLD, 0.0)


@bounded(8)
@given(turns=st.integers(0, 30), unwritten=st.integers(0, 3))
def test_a_death_while_it_is_chosen_leaves_one_whole_plan(turns: int, unwritten: int) -> None:
    with Stage(None) as stage:
        life = ready(stage)
        command, begun = life.command("choose", choice=CANARY, by="ben"), life.loop.turns
        assert not life.live(lambda: command.done() or life.loop.turns - begun >= turns)
        life.die(Death(unwritten=unwritten))
        again = stage.begin()
        assert not again.live(lambda: again.run_state.phase is Phase.READY)
        run = again.run_state
        assert run.plan is not None
        wanted = CANARY if run.chosen else BLUE_GREEN
        assert run.plan.strategy == wanted
        assert (ROUTED in (stage.folder / CARD).read_text()) is (wanted == CANARY)


def test_an_option_is_on_or_off_and_said_twice_it_stays() -> None:
    with Stage(None) as stage:
        life = ready(stage)
        choose(life, "control=5")
        assert life.run_state.plan is not None
        assert life.run_state.plan.control == 5.0
        assert offered(life)["control=0"] == (True, "")
        assert "There is no 'control=5' to choose" in refusal(life, "choose", choice="control=5", by="ben")
        choose(life, "control=0")
        assert life.run_state.plan.control == 0.0


def test_after_start_nothing_is_chosen_any_more() -> None:
    with Stage(None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        words = refusal(life, "choose", choice=CANARY, by="ben")
        assert "START was pressed by ana" in words
        assert "Nothing was changed" in words
        assert (life.run_state.chosen, life.run_state.plans) == (None, 1)


def test_start_that_comes_while_the_new_plan_is_made_wins() -> None:
    with Stage(None) as stage:
        stage.world.content_missing = True
        life = ready(stage)
        stage.world.read_s = 0.3
        choosing = life.command("choose", choice=CANARY, by="ben")
        stage.sign_and_start(life)
        assert not life.live(choosing.done)
        assert "START was pressed" in str(choosing.exception())
        # Of the plan that was not taken nothing is in the journal: that there is no artifact was told of the first one.
        assert ["no artifact of" in note.words for _, note in life.run_state.notes] == [True]
        assert life.run_state.plan is not None
        assert life.run_state.plan.strategy == BLUE_GREEN


def test_the_end_that_comes_while_the_new_plan_is_made_is_told() -> None:
    with Stage(None) as stage:
        life = ready(stage)
        stage.world.read_s = 1.0
        choosing = life.command("choose", choice=CANARY, by="ben")
        begun = life.loop.turns
        assert not life.live(lambda: life.loop.turns >= begun + 5)
        life.command("stop")
        assert life.live()
        stage.rest()
        assert str(choosing.exception()) == "The run has ended. Nothing was changed."


def test_of_two_quick_choices_the_last_stands_whichever_takes_longer() -> None:
    with Stage(None) as stage:
        life = ready(stage)
        stage.world.read_s = 1.0
        slow = life.command("choose", choice=CANARY, by="ben")
        at = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > at + 0.5)
        stage.world.read_s = 0.01
        quick = life.command("choose", choice=BLUE_GREEN, by="ana")
        assert not life.live(lambda: slow.done() and quick.done())
        assert quick.result()["chosen"].startswith(BLUE_GREEN)
        run = life.run_state
        assert run.plan is not None
        assert run.chosen is not None
        assert (run.plan.strategy, run.chosen.by, run.plans, run.phase) == (BLUE_GREEN, "ana", 3, Phase.READY)


def test_start_on_a_plan_that_was_not_seen_is_refused() -> None:
    with Stage(None) as stage:
        life = ready(stage)
        choose(life, CANARY)
        for blocker in start_blockers(life.run_state, stage.world.clock.now()):
            if not blocker.item.follows:
                life.command("sign", item=blocker.item.key, by="ana")
        words = refusal(life, "start", by="ana", plan="1")
        assert "it is canary now" in words
        assert life.run_state.started_at is None
        life.command("start", by="ana", plan="2")
        assert not life.live(lambda: life.run_state.started_at is not None)


def test_what_cannot_be_taken_is_shown_with_its_reason_and_refused_with_it() -> None:
    with Stage(None) as stage:
        stage.world.differs = ("app setting Flags:New",)
        stage.world.signs_in = ("production", "green")
        life = ready(stage)
        shown = offered(life)
        assert "app setting Flags:New" in shown[CANARY][1]
        assert "app setting Flags:New" in shown["control=5"][1]
        assert "sign-in is switched on: production, green" in shown["preview=on"][1]
        assert shown[BLUE_GREEN] == (True, "")
        for key in (CANARY, "control=5", "preview=on"):
            words = refusal(life, "choose", choice=key, by="ben")
            assert shown[key][1].rstrip(".") + ". Nothing" in words
            assert "Nothing was changed" in words
        assert (life.run_state.chosen, life.run_state.plans, life.run_state.phase) == (None, 1, Phase.READY)


def test_what_is_read_anew_decides_and_not_what_was_read_for_the_first_plan() -> None:
    with Stage(None) as stage:
        life = ready(stage)
        stage.world.differs = ("identity",)
        assert "identity" in refusal(life, "choose", choice=CANARY, by="ben")
        stage.world.differs = ()
        choose(life, CANARY)


def test_settings_that_cannot_be_read_keep_nobody_from_a_swap() -> None:
    with Stage(None) as stage:
        stage.world.unreadable_settings = True
        life = ready(stage)
        assert "may not be read" in offered(life)[CANARY][1]
        assert offered(life)[BLUE_GREEN] == (True, "")


def test_a_plan_that_takes_long_is_told_by_the_journal() -> None:
    with Stage(None) as stage:
        life = ready(stage)
        stage.world.read_s = 3.0
        assert choose(life, CANARY) == {"chosen": ""}
        assert not life.live(lambda: life.run_state.plans == 2)
        stage.world.differs = ("CORS",)
        assert choose(life, "control=5") == {"chosen": ""}
        assert not life.live(lambda: bool(life.run_state.notes))
        assert "CORS" in life.run_state.notes[-1][1].words


def test_a_card_that_cannot_be_written_keeps_start_away_until_it_can() -> None:
    with Stage(None) as stage:
        life = ready(stage)
        (stage.folder / CARD).unlink()
        (stage.folder / CARD).mkdir()
        assert "START is not possible" in refusal(life, "choose", choice=CANARY, by="ben")
        assert life.run_state.card is None
        assert "not ready" in refusal(life, "start", by="ana")
        (stage.folder / CARD).rmdir()
        choose(life, CANARY)
        assert life.run_state.phase is Phase.READY


def test_the_whole_course_is_remembered_and_not_only_its_name() -> None:
    with Stage(None) as stage:
        stage.change(course=Course(percents=(1.0, 10.0), step_s=600.0, harmless=("identity",)))
        stage.world.differs = ("identity",)
        life = ready(stage)
        choose(life, CANARY)
        assert life.run_state.plan is not None
        assert life.run_state.plan.percents == (1.0, 10.0)
        assert life.run_state.plan.harmless == ("identity",)
        chosen = [one.event for one in life.recorder.records if isinstance(one.event, ev.StrategyChosen)]
        assert Course.from_dict(chosen[0].course) == Course(CANARY, (1.0, 10.0), 600.0, harmless=("identity",))
        assert life.run_state.plan.new_version == NEW


def test_a_journal_that_is_damaged_where_it_was_chosen_is_rolled_back_by_the_card_of_what_was_chosen() -> None:
    with Stage(None, window_s=60.0) as stage:
        life = ready(stage)
        choose(life, CANARY)
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.share == 5.0)
        life.die()
        with closing(sqlite3.connect(stage.folder / FILE, isolation_level=None)) as db:
            db.execute("DROP TRIGGER no_update")
            db.execute("UPDATE events SET hash = 'torn' WHERE body LIKE '%strategy.chosen%'")
        stage.whole_journal = False
        again = stage.begin(rollback_by="ana")
        assert again.live()
        ended = again.run_state.ended
        assert ended is not None
        # The way back of the first plan would have left the share where it was.
        assert (ended.decision, stage.world.share, stage.world.slot) == ("rolled_back", 0.0, OLD)


def test_a_face_is_shown_the_diagram_the_choices_and_which_plan_it_is() -> None:
    with Stage(None, window_s=900.0) as stage:
        life = ready(stage)
        stage.world.differs = ("identity",)
        choose(life, "preview=on")
        showing = Showing(life.session, lambda run: "")
        showing.earlier = {"swap": 41.0, "preview": 20.0, "deploy": 90.0}
        shown = view_of(json.loads(json.dumps(showing.sections())))
        plan = shown.plan
        times = {one.name: one.time for one in plan.stages}
        assert (times["slot"], times["preview"], times["swap"], times["window"]) == ("~90s", "~20s", "~41s", "15m")
        assert [one.name for one in plan.rungs] == ["preview off", "swap back", "old into slot", "proof"]
        assert (plan.strategy, plan.number, plan.fixed) == ("blue-green + preview", 2, "")
        assert {one.key: bool(one.why_not) for one in plan.choices} == {
            BLUE_GREEN: False, CANARY: True, ROLLING: True, FEATURE_FLAG: True, "control=5": True, "preview=off": False
        }  # fmt: skip
        assert shown.panel.start is not None
        stage.world.differs = ()
        stage.sign_and_start(life)
        assert Showing(life.session, lambda run: "").view().plan.fixed == "START was pressed by ana"
