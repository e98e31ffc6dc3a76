"""Journeys in whole runs, in virtual time: on the slot before the switch, in production after it, on staging."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from cpr_cockpit.core.events import Script
from cpr_cockpit.core.journey_events import JourneyTold, JourneyWalked
from cpr_cockpit.core.journeys import Heard, JourneyResult
from cpr_cockpit.core.journeys_seen import passes_again
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.sensing import State
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.engine.own_sensors import own_sensors
from cpr_cockpit.engine.sensing import sense
from tests.engine.journeys import GOALS, Walks
from tests.engine.stage import AUTO, Death, Life, Stage
from tests.engine.world import NEW, OLD, SLOT

LOGIN, ENDPOINTS = "production-critical-path.login", "extended-functional.authentication"


def staged(stage: Stage, wrong: Callable[[str, str], str] = lambda name, place: "") -> Walks:
    """The journeys of this stage, in its plan too."""
    walks = Walks(stage.world.clock, wrong=wrong)
    stage.world.journeys = walks
    stage.change(course=Course(journeys=tuple(one.name for one in walks.declared)))
    return walks


def walked(run: Run, place: str) -> JourneyWalked:
    return run.journeys.newest[place, "", "goals"]


def test_journeys_are_walked_on_the_slot_before_the_switch_and_in_production_after_it() -> None:
    with Stage(Script(extended=True), window_s=20.0) as stage:
        walks = staged(stage)
        life = stage.begin()
        assert life.live()
        life.end()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "kept"
        row = run.row("journeys", "forward")
        assert row is not None
        assert (row.result, row.words) == ("done", "2 of 2 journeys, 3 steps as expected")
        assert run.t0 is not None
        assert len(walks.begun(SLOT)) == 1
        assert walks.begun(SLOT)[0] < run.t0
        began = [at - run.t0 for at in walks.begun(PRODUCTION)]
        assert began[0] == pytest.approx(0.0, abs=0.1)
        in_window = [at for at in began if at < 20.0]
        assert len(in_window) == 5
        assert in_window[-1] == pytest.approx(20.0 - 0.3 * 1.5 - 0.5, abs=0.1)
        assert [at for at in began if at >= 20.0] == [pytest.approx(40.0 - 0.95, abs=0.1)]
        assert run.journeys.steps == 3 * 6
        told = [record.event for record in life.recorder.records if isinstance(record.event, JourneyTold)]
        assert told[0].lines == ("goals begins",)


def test_what_journeys_are_evidence_of_is_marked_with_value_time_and_number() -> None:
    with Stage(window_s=10.0) as stage:
        staged(stage)
        run = stage.whole_run()
        for item, journey in ((LOGIN, "goals"), (ENDPOINTS, "refusals")):
            standing = run.standings[item]
            assert (standing.mark, standing.by) == ("measured", "cockpit")
            assert standing.value.startswith(f"{journey}: as expected, n ")
            assert "the slowest 84 ms, at " in standing.value


def test_the_figures_of_productions_validation_are_marked_with_target_and_number() -> None:
    with Stage(Script(extended=True), window_s=20.0) as stage:
        run = stage.whole_run()
        for item in ("health", "error-rate", "no-5xx"):
            assert run.standings[f"production-health.{item}"].mark == "measured"
        assert "answered 5xx, or aborted or timed out, read at" in run.standings["production-health.no-5xx"].value
        health = run.standings["production-health.health"].value
        assert "own probes since the switch answered 200 with a version, the last at " in health
        for item in ("extended-performance.api", "extended-performance.no-degradation"):
            standing = run.standings[item]
            assert standing.mark == "measured"
            assert standing.value.startswith("p95 ")
            assert " of n " in standing.value


def test_a_journey_that_fails_on_the_slot_ends_the_run_before_users_come() -> None:
    with Stage() as stage:
        walks = staged(stage, lambda name, place: "create: answered 500" if name == "goals" else "")
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert "goals: create: answered 500" in run.ended.reason
        assert stage.world.switches == []
        assert (len(walks.begun(SLOT)), len(walks.begun(SLOT, "refusals"))) == (2, 1)
        assert walks.begun(PRODUCTION) == []


def test_a_journey_that_fails_once_on_the_slot_is_walked_again() -> None:
    with Stage() as stage:
        seen: list[str] = []
        staged(stage, lambda name, place: "create: answered 503" if not seen and not seen.append(place) else "")  # type: ignore[func-returns-value]
        run = stage.whole_run()
        assert run.finished("journeys", "forward")
        assert run.ended is not None
        assert run.ended.decision == "kept"


def _broken(name: str, place: str) -> str:
    return "login: answered 500" if (name, place) == ("goals", PRODUCTION) else ""


def test_a_critical_journey_that_fails_twice_in_production_makes_a_person_look() -> None:
    with Stage(window_s=30.0) as stage:
        walks = staged(stage, _broken)
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "held"
        assert run.verdict is not None
        assert (run.verdict.kind, run.verdict.cause) == ("HOLD", "suspicious")
        assert run.verdict.sentence.startswith("critical functionality: journey goals failed twice in a row by ")
        first, second = walks.begun(PRODUCTION)[:2]
        assert second - first == pytest.approx(1.0, abs=0.1)
        assert len(walks.begun(PRODUCTION)) <= 9
        assert run.standings[LOGIN].mark == "failed"
        assert stage.world.production == NEW


def test_a_person_who_is_held_sees_that_it_passes_again() -> None:
    with Stage(None, window_s=30.0) as stage:
        walks = staged(stage, _broken)
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "HOLD")
        assert life.run_state.verdict is not None
        held = life.run_state.verdict.sentence
        assert passes_again(life.run_state.journeys, held) == ""
        walks.wrong = lambda name, place: ""
        assert not life.live(lambda: walked(life.run_state, PRODUCTION).walked == "passed")
        assert passes_again(life.run_state.journeys, held).startswith(" It passes again since ")
        walks.wrong = _broken
        assert not life.live(lambda: walked(life.run_state, PRODUCTION).walked == "failed")
        assert passes_again(life.run_state.journeys, held) == ""


def test_what_a_person_signed_stands_and_what_speaks_against_it_is_told() -> None:
    with Stage(None, window_s=30.0) as stage:
        staged(stage, _broken)
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.t0 is not None)
        life.command("sign", item=LOGIN, by="ana")
        assert not life.live(lambda: any(LOGIN in note.words for _, note in life.run_state.notes))
        assert (life.run_state.standings[LOGIN].mark, life.run_state.standings[LOGIN].by) == ("signed", "ana")
        [against] = [note.words for _, note in life.run_state.notes if LOGIN in note.words]
        assert against.startswith(f"{LOGIN} was signed by ana, and was measured: goals, login: login: answered 500")


def test_where_policy_says_so_it_is_rolled_back() -> None:
    with Stage(window_s=30.0) as stage:
        staged(stage, _broken)
        stage.change(policy=Policy(rollback_on_journey=True))
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert run.verdict is not None
        assert run.verdict.sentence == "critical functionality: raised by journey goals"
        assert stage.world.production == OLD


def test_one_failure_and_those_of_our_own_network_raise_nothing() -> None:
    with Stage(window_s=30.0) as stage:
        walks = staged(stage)
        walks.wrong = lambda name, place: _broken(name, place) if len(walks.begun()) % 2 else ""
        assert stage.whole_run().exit_code() == 0
    with Stage(window_s=30.0) as stage:
        walks = staged(stage, _broken)
        walks.unreached, stage.world.network_down = True, False
        life = stage.begin()
        assert not life.live(lambda: life.run_state.t0 is not None)
        stage.world.network_down = True
        assert not life.live(lambda: len(walks.begun()) > 3)
        assert not any(note.words.startswith("critical") for _, note in life.run_state.notes)


def test_a_critical_journey_that_is_not_declared_so_is_told_and_holds_nobody() -> None:
    with Stage(window_s=30.0) as stage:
        walks = staged(stage, _broken)
        walks.declared = (replace(GOALS, critical=False),)
        stage.change(course=Course(journeys=("goals",)))
        run = stage.whole_run()
        assert run.exit_code() == 0
        assert walked(run, PRODUCTION).walked == "failed"


def test_a_hold_by_a_journey_outlives_the_session() -> None:
    with Stage(window_s=30.0) as stage:
        walks = staged(stage, _broken)
        life = stage.begin()
        assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "HOLD")
        life.die(Death())
        walks.wrong = lambda name, place: ""
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "held"


def test_a_rollback_does_not_wait_for_a_journey() -> None:
    with Stage(None, window_s=30.0) as stage:
        walks = staged(stage)
        life: Life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: len(walks.begun()) > 0)
        pressed = stage.loop.time()
        life.command("rollback", by="ana")
        assert life.live()
        assert stage.world.switches[-1].production == OLD
        assert stage.world.switches[-1].at - pressed < 5.0
        begun = len(walks.begun())
        stage.rest()
        assert len(walks.begun()) == begun


class Hangs(Walks):
    async def walk(self, name: str, place: str, heard: Heard) -> JourneyResult:
        self.walked.append((self.clock.now(), name, place))
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # it never comes


def test_a_rollback_does_not_wait_for_a_journey_on_the_slot() -> None:
    with Stage(None, window_s=30.0) as stage:
        staged(stage)
        hangs = stage.world.journeys = Hangs(stage.world.clock)
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: bool(hangs.begun(SLOT)))
        pressed = stage.loop.time()
        life.command("rollback", by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert stage.loop.time() - pressed < 10.0
        assert stage.world.production == OLD


def test_journeys_on_staging_are_items_of_step_6() -> None:
    with Stage(AUTO) as stage:
        walks = staged(stage)
        walks.staging = True
        sensors = own_sensors(stage.ports(), Course, (), Policy(), 10.0)
        found = {one.name: one for one in stage.loop.run_until_complete(sense(sensors))}
        assert found["staging-journey.critical-journeys"].state is State.OK
        assert found["staging-api-feature.authentication"].state is State.OK
        assert found["staging-performance.api"].words.startswith("the slowest 84 ms of n 3, from this machine")
        walks.wrong = lambda name, place: "login: answered 500" if name == "goals" else ""
        found = {one.name: one for one in stage.loop.run_until_complete(sense(sensors))}
        assert found["staging-journey.critical-journeys"].state is State.FAILED
        assert "goals: login: answered 500, n 1, at " in found["staging-journey.critical-journeys"].words
