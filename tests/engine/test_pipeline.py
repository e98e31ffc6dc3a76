"""A run whose new version is laid into the slot by the team's pipeline: the same plan, and never started twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.pipeline import PIPELINE
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import NEW_ARTIFACT
from cpr_cockpit.engine.zips import digest
from tests.engine.moments import Moment, Troubles, bounded, deaths, lived, troubles
from tests.engine.pipelines import COMMIT, TeamPipeline
from tests.engine.stage import Death, Stage
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.world import NEW, OLD, Call, Fault


def piped(behaviour: Behaviour = HEALTHY, *, commit: str = COMMIT) -> tuple[Stage, TeamPipeline]:
    stage = Stage(behaviour=behaviour)
    stage.change(course=Course(deploy=PIPELINE), commit=commit)
    stage.world.commits[NEW] = COMMIT
    pipeline = TeamPipeline(stage.world, sha256=digest(stage.settings.artifacts / NEW_ARTIFACT))
    stage.world.pipeline = pipeline
    return stage, pipeline


def sent(stage: Stage) -> list[str]:
    return [call.kind for call in stage.world.calls]


def test_the_pipeline_lays_it_into_the_slot_and_all_else_is_the_same() -> None:
    stage, _ = piped()
    with stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("kept", NEW, OLD)
        assert sent(stage) == ["pipeline", "swap"]
        built = run.row("prove-built", "forward")
        assert built is not None
        assert built.facts["commit"] == COMMIT


def test_what_the_pipeline_has_told_of_its_commit_is_enough_where_the_application_tells_none() -> None:
    stage, _ = piped()
    del stage.world.commits[NEW]
    with stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "kept"


def test_the_way_back_needs_no_pipeline() -> None:
    stage, _ = piped(ERRORS)
    with stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        assert sent(stage) == ["pipeline", "swap", "swap", "deploy"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"commit": "0" * 40}, f"built from commit {'0' * 40}, and the tag points to {COMMIT}"),
        ({"commit": ""}, "built from commit that it does not tell"),
        ({"sha256": "0" * 64}, "not the one that this run was opened with"),
        ({"sha256": ""}, "not the one that this run was opened with"),
    ],
)
def test_what_was_built_otherwise_never_reaches_production(change: dict[str, str], words: str) -> None:
    stage, pipeline = piped()
    for name, value in change.items():
        setattr(pipeline, name, value)
    with stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production) == ("failed", OLD)
        assert words in run.ended.reason
        assert stage.world.switches == []


def test_without_a_commit_to_compare_it_is_only_told() -> None:
    stage, pipeline = piped(commit="")
    pipeline.commit = "1" * 40
    with stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "kept"


def test_a_pipeline_that_fails_ends_it_before_production() -> None:
    stage, _ = piped()
    stage.world.faults["pipeline"] = [Fault.FAILS]
    with stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production) == ("failed", OLD)
        assert sent(stage) == ["pipeline"]


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.ERROR_AFTER, Fault.NO_OPERATION, Fault.LATE, Fault.VANISHES])
def test_a_lost_answer_starts_no_second_pipeline(fault: Fault) -> None:
    stage, _ = piped()
    stage.world.faults["pipeline"] = [fault]
    with stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "kept"
        assert sent(stage) == ["pipeline", "swap"]


MOMENTS = st.builds(
    Moment,
    st.sampled_from(("intent deploy", "accepted deploy", "doubtful deploy", "outcome deploy", "intent prove-built")),
    st.integers(0, 60),
)


@bounded(6)
@given(
    first=st.sampled_from(Fault),
    trouble=troubles(st.sampled_from(Fault), within_s=60.0),
    ends=st.lists(st.tuples(MOMENTS, deaths), max_size=2),
)
def test_no_fault_and_no_death_has_two_pipelines_at_work(
    first: Fault, trouble: Troubles, ends: list[tuple[Moment, Death]]
) -> None:
    stage, _ = piped()
    with stage:
        world = stage.world
        world.faults["pipeline"] = [first]
        trouble.befall(world)
        witness = world.witness

        def seen(call: Call) -> None:
            witness(call)
            assert call.kind != "pipeline" or not world.pipeline_at_work, f"{call} left while one is at work"

        world.witness = seen
        run = lived(stage, ends)
        stage.rest()
        assert run.ended is not None
        assert (world.production, run.ended.decision) in ((NEW, "kept"), (OLD, "failed"), (OLD, "rolled_back"))
