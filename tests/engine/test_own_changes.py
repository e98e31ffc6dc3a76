"""What a run changes itself, by whatever strategy, is never told as somebody else's; and what is voided together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import CANARY, FEATURE_FLAG
from cpr_cockpit.engine.gate import start_blockers
from tests.engine.flags import FLAG
from tests.engine.stage import Life, Stage
from tests.engine.test_choosing import ready
from tests.engine.test_desk import refusal
from tests.engine.test_pipeline import piped
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.worlds import APPS, Apps

WINDOW_S = 60.0


def by(course: Course) -> Callable[[Behaviour], Stage]:
    """A stage that goes this way."""

    def stage(behaviour: Behaviour) -> Stage:
        made = Stage(behaviour=behaviour, window_s=WINDOW_S)
        made.change(course=course)
        return made

    return stage


WAYS: dict[str, Callable[[Behaviour], Stage]] = {
    "preview": by(Course(preview=True)),
    "canary": by(Course(CANARY, (5.0, 25.0), control=5.0)),
    "feature flag": by(Course(FEATURE_FLAG, (5.0, 50.0), flag=FLAG)),
    "pipeline": lambda behaviour: piped(behaviour)[0],
    "several apps": lambda behaviour: Apps(behaviour=behaviour),
}


@pytest.mark.parametrize("behaviour", [HEALTHY, ERRORS], ids=["forth", "and back"])
@pytest.mark.parametrize("way", WAYS)
def test_what_a_run_changes_itself_is_nobody_elses(way: str, behaviour: Behaviour) -> None:
    with WAYS[way](behaviour) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == ("kept" if behaviour is HEALTHY else "rolled_back"), run.ended.reason
        assert [change.words for change in run.others.changes] == []
        assert not any("somebody" in moment.detail for moment in run.timeline)


def test_a_change_in_the_first_of_several_apps_waits_for_a_look_as_in_the_only_one() -> None:
    with Apps(script=None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.row("gate-1", "forward") is not None)
        stage.worlds[APPS[0]].somebody_swaps()
        assert not life.live(lambda: bool(life.run_state.voided))
        sent = [name for name in stage.sent("swap") if name != APPS[0]]
        at = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > at + 120.0)
        assert [name for name in stage.sent("swap") if name != APPS[0]] == sent


def voided(stage: Stage) -> Life:
    """Planned, and somebody deployed to production since."""
    life = ready(stage)
    for blocker in start_blockers(life.run_state, stage.world.clock.now()):
        if not blocker.item.follows:
            life.command("sign", item=blocker.item.key, by="ana")
    stage.world.somebody_deploys("v1.2.1", "production")
    assert not life.live(lambda: bool(life.run_state.voided) and stage.world.production == "v1.2.1")
    return life


def test_a_void_plan_is_looked_at_before_another_strategy_is_chosen() -> None:
    with Stage(None) as stage:
        life = voided(stage)
        assert "The plan is void" in refusal(life, "choose", choice=CANARY, by="ben")
        assert life.run_state.chosen is None
        assert "The plan is void" in refusal(life, "start", by="ana", plan="1")
        looked = life.command("acknowledge", by="ana", words="the hotfix of this morning")
        assert not life.live(looked.done)
        looked.result()
        assert life.run_state.plan is not None
        assert (life.run_state.plan.old_version, life.run_state.plans) == ("v1.2.1", 2)
        chosen = life.command("choose", choice=CANARY, by="ben")
        assert not life.live(chosen.done)
        chosen.result()
        assert life.run_state.plan.strategy == CANARY
        assert life.run_state.phase is Phase.READY


def test_a_start_that_saw_the_plan_before_it_was_made_anew_begins_nothing() -> None:
    with Stage(None) as stage:
        life = voided(stage)
        looked = life.command("acknowledge", by="ana", words="seen")
        assert not life.live(looked.done)
        looked.result()
        assert life.run_state.plans == 2
        assert "The plan has changed since this screen showed it" in refusal(life, "start", by="ana", plan="1")
        assert life.run_state.started_at is None
        assert stage.world.calls == []
