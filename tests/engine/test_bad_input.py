"""What can be wrong with what a run is given, and where it goes: told with what serves now and what can be done."""

from __future__ import annotations

import json
import zipfile

import pytest

from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.strategy import NEW_ARTIFACT
from tests.engine.moments import Moment
from tests.engine.stage import Stage
from tests.engine.users import ERRORS
from tests.engine.world import NEW, OLD, SCALED, SLOT, Fault

TAG = "5f1d2c3b4a59687766554433221100ffeeddccbb"
OTHER = "0badc0de0badc0de0badc0de0badc0de0badc0de"


def built_from(stage: Stage, commit: str) -> None:
    """The new version's zip says so."""
    with zipfile.ZipFile(stage.settings.artifacts / NEW_ARTIFACT, "a") as archive:
        archive.writestr("build.json", json.dumps({"commit": commit}))


def ended(stage: Stage) -> Run:
    run = stage.whole_run()
    assert run.ended is not None
    stage.rest()
    return run


def reason(run: Run) -> str:
    assert run.ended is not None
    return run.ended.reason


def sent(stage: Stage) -> list[str]:
    return [call.kind for call in stage.world.calls]


# -- built from another commit than the tag ----------------------------------------------------------------------------


def test_a_zip_that_was_built_from_another_commit_goes_nowhere() -> None:
    with Stage() as stage:
        stage.change(commit=TAG)
        built_from(stage, OTHER)
        run = ended(stage)
        assert run.exit_code() == 1
        assert f"new.zip was built from commit {OTHER}, and the tag points to {TAG}" in reason(run)
        assert "Nothing was changed" in reason(run)
        assert sent(stage) == []


@pytest.mark.parametrize("zip_tells", [True, False])
def test_a_slot_that_tells_another_commit_is_never_swapped(zip_tells: bool) -> None:
    with Stage() as stage:
        stage.change(commit=TAG)
        if zip_tells:
            built_from(stage, TAG)
        stage.world.commits[NEW] = OTHER
        run = ended(stage)
        assert run.exit_code() == 40
        assert f"what slot {SLOT} serves was built from commit {OTHER}" in reason(run)
        assert f"Production was not switched, it serves {OLD}." in reason(run)
        assert "begin a new run" in reason(run)
        assert sent(stage) == ["deploy"]


def test_where_nothing_tells_the_commit_it_is_not_believed() -> None:
    with Stage() as stage:
        stage.change(commit=TAG)
        run = ended(stage)
        assert "nothing tells from which commit" in reason(run)
        assert sent(stage) == ["deploy"]


@pytest.mark.parametrize(("by_zip", "by_slot"), [(TAG, None), (None, TAG), (TAG, TAG[:8].upper()), (None, TAG[:7])])
def test_the_right_commit_in_either_place_and_in_short_is_enough(by_zip: str | None, by_slot: str | None) -> None:
    with Stage() as stage:
        stage.change(commit=TAG[:12])
        if by_zip:
            built_from(stage, by_zip)
        if by_slot:
            stage.world.commits[NEW] = by_slot
        assert (ended(stage).ended or Run()).decision == "kept"


def test_without_a_tag_nobody_asks_for_a_commit() -> None:
    with Stage() as stage:
        built_from(stage, OTHER)
        assert (ended(stage).ended or Run()).decision == "kept"


@pytest.mark.parametrize("content", [None, b"<html>404 Not Found</html>", b""])
def test_a_zip_that_is_missing_or_none_is_told_with_what_serves(content: bytes | None) -> None:
    with Stage() as stage:
        path = stage.settings.artifacts / NEW_ARTIFACT
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        run = ended(stage)
        assert run.ended is not None
        assert (run.ended.decision, run.exit_code()) == ("failed", 1)
        assert (run.ended.production_version, run.ended.slot_version) == (OLD, OLD)
        assert ("is missing" if content is None else "not a readable zip") in reason(run)
        assert f"Nothing was changed. Build the artifact of {NEW} again." in reason(run)


# -- a slot that holds a third version ---------------------------------------------------------------------------------


def test_a_third_version_in_the_slot_is_told_before_start() -> None:
    with Stage(None, slot="v1.1.0") as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        assert life.run_state.plan is not None
        assert any("slot green holds v1.1.0, which is neither version" in one for one in life.run_state.plan.remarks)


@pytest.mark.long
def test_a_third_version_that_came_into_the_slot_is_not_swapped_in_on_the_way_back() -> None:
    with Stage(behaviour=ERRORS, window_s=30.0) as stage:
        life = stage.begin()
        assert not life.live(Moment("traffic.switched", 0).of(life))
        assert not life.live(lambda: stage.world.at_rest)
        stage.world.somebody_deploys("v1.1.0")
        assert life.live()
        run = life.run_state
        stage.rest()
        assert run.ended is not None
        # The old version comes back by its kept zip; whose the third one is nobody knows, so it is left and told.
        assert stage.world.production == OLD
        assert [one.production for one in stage.world.switches] == [NEW]
        assert (run.ended.decision, stage.world.slot) == ("partial", "v1.1.0")
        assert f"fresh answers from {OLD}" in run.ended.reason
        assert "slot green: v1.1.0 by host" in run.ended.reason
        assert "Go on by hand with" in run.ended.reason


# -- a pending preview left by someone else ----------------------------------------------------------------------------


def test_a_pending_preview_of_somebody_else_is_told_before_anything_is_planned() -> None:
    with Stage() as stage:
        stage.world.pending_preview, stage.world.preview_on = "production", SLOT
        run = ended(stage)
        assert run.exit_code() == 1
        for words in ("a preview of a swap of slot green with production", "reset it", OLD, "Nothing was changed"):
            assert words in reason(run)
        assert sent(stage) == []


def test_a_preview_that_came_after_start_keeps_the_slot_as_it_is() -> None:
    with Stage() as stage:
        life = stage.begin()
        assert not life.live(Moment("run.started", 0).of(life))
        stage.world.pending_preview, stage.world.preview_on = "production", SLOT
        assert life.live()
        assert "this run did not begin" in reason(life.run_state)
        assert sent(stage) == []


# -- a swap refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.SCALED, Fault.SCALED_LATER])
def test_a_swap_during_which_the_plan_was_scaled_is_sent_once_more_after_a_look(fault: Fault) -> None:
    with Stage() as stage:
        stage.world.faults["swap"] = [fault]
        run = ended(stage)
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production) == ("kept", NEW)
        first, second = (call.at for call in stage.world.calls if call.kind == "swap")
        # Only once nothing was seen of it for a while.
        assert second - first >= 3.0
        assert [one.production for one in stage.world.switches] == [NEW]


def test_a_swap_that_is_answered_so_and_takes_effect_is_not_sent_again() -> None:
    with Stage() as stage:
        stage.world.faults["swap"] = [Fault.SCALED_LATER, Fault.LOST_AFTER]
        run = ended(stage)
        assert run.ended is not None
        assert run.ended.decision == "kept"
        assert [one.production for one in stage.world.switches] == [NEW]
        assert sent(stage).count("swap") == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.REFUSED, "The request is not valid"),
        (Fault.FAILS, "could not be started"),
        (Fault.FORBIDDEN, "does not have authorization"),
    ],
)
def test_a_swap_that_is_refused_for_good_is_told_with_what_serves(fault: Fault, words: str) -> None:
    with Stage() as stage:
        stage.world.faults["swap"] = [fault] * 9
        run = ended(stage)
        assert run.ended is not None
        assert (run.ended.decision, run.ended.production_version) == ("failed", OLD)
        assert words in reason(run)
        assert f"production serves {OLD}, slot green serves {NEW}" in reason(run)
        assert sent(stage).count("swap") == 1
        assert SCALED not in reason(run)


# -- rights that ended -------------------------------------------------------------------------------------------------


def test_rights_that_end_before_the_switch_end_the_run_with_what_serves() -> None:
    with Stage() as stage:
        life = stage.begin()
        assert not life.live(Moment("intent baseline", 0).of(life))
        stage.world.forbidden.append((stage.loop.time(), stage.loop.time() + 7000.0))
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert (run.ended.decision, run.ended.production_version) == ("failed", OLD)
        assert "does not have authorization" in reason(run)
        assert "Ask for the role" in reason(run)
        assert "swap" not in sent(stage)


@pytest.mark.long
def test_rights_that_end_on_the_way_back_are_told_at_once_and_it_goes_on_when_they_are_back() -> None:
    with Stage(None, behaviour=ERRORS, window_s=30.0) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW and stage.world.at_rest)
        begun = stage.loop.time()
        stage.world.forbidden.append((begun, begun + 300.0))
        life.command("rollback", by="ana")
        assert not life.live(lambda: any("authorization" in note.words for _, note in life.run_state.notes))
        assert stage.loop.time() - begun < 10.0
        words = life.run_state.notes[-1][1].words
        for part in (f"production serves {NEW}", f"slot green serves {OLD}", "Ask for the role", "rollback card"):
            assert part in words
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production, stage.world.slot) == ("rolled_back", OLD, OLD)
        assert [one.production for one in stage.world.switches] == [NEW, OLD]
        assert sum("authorization" in note.words for _, note in run.notes) <= 2


def test_who_may_look_and_no_longer_change_is_led_to_the_card() -> None:
    with Stage(behaviour=ERRORS, window_s=30.0) as stage:
        for kind, first in (("swap", [Fault.SLOW_ANSWER]), ("deploy", [Fault.SLOW_ANSWER]), ("route", [])):
            stage.world.faults[kind] = [*first, *([Fault.FORBIDDEN] * 40)]
        run = ended(stage)
        assert run.ended is not None
        assert (run.ended.decision, run.ended.production_version) == ("failed", NEW)
        assert "does not have authorization" in reason(run)
        assert "Go on by hand with" in reason(run)
        assert "rollback-card.md" in reason(run)
