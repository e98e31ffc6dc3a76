"""Rolling drills on a lab of three apps: kept, or rolled back at the first gate, and what the lab's clients met."""

from __future__ import annotations

import pytest

from tests.drills.cockpit import Home, LabWatch, kill_session, lab_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

APPS = ["goals-lab", "goals-lab-2", "goals-lab-3"]


def _of(events: list[dict[str, object]], way: str, step: str) -> list[str]:
    """In which apps a step was begun, in order; the first of them has no name in its key."""
    begun = [str(one["step"]) for one in events if one["type"] == "step.intent" and one["way"] == way]
    return [one.partition("@")[2] or APPS[0] for one in begun if one.partition("@")[0] == step]


def test_a_healthy_release_goes_from_app_to_app_and_no_user_notices(home: Home) -> None:
    drill = home.start("drill", "--strategy", "rolling", "--window", "60s", "--json")
    drill.wait_for_type("run.started")
    watch = LabWatch(lab_of(home.folder()))
    ended = drill.end(400.0)
    outcome = ended.outcome
    assert (ended.code, outcome["decision"], outcome["production_version"]) == (0, "kept", "v1.3.0"), ended.err
    assert outcome["swaps"] == 3
    assert outcome["requests"]["failed_otherwise"] == 0
    assert outcome["requests"]["failed_by_defect"] == 0
    assert [entry["version"] for entry in watch.swaps()] == ["v1.3.0"] * 3
    assert _of(ended.events, "forward", "swap") == APPS


def test_a_bad_release_meets_one_app_only_and_is_rolled_back_there(home: Home) -> None:
    ended = home.run("drill", "--strategy", "rolling", "--window", "60s", "--scenario", "errors", "--json")
    outcome = ended.outcome
    assert (ended.code, outcome["decision"], outcome["production_version"]) == (10, "rolled_back", "v1.2.0"), ended.err
    assert outcome["swaps"] == 2
    assert outcome["requests"]["failed_by_defect"] > 0
    assert outcome["requests"]["failed_otherwise"] == 0
    assert outcome["requests"]["on_bad_version_after_rollback"] == 0
    assert _of(ended.events, "forward", "swap") == APPS[:1]
    assert sorted(_of(ended.events, "back", "replace-bad")) == APPS


def test_a_session_that_is_killed_in_the_second_swap_goes_on_and_never_swaps_twice(home: Home) -> None:
    drill = home.start("drill", "--strategy", "rolling", "--window", "60s", "--decide", "rollback", "--json")
    drill.wait_for_type("run.started")
    folder = home.folder()
    watch = LabWatch(lab_of(folder))
    drill.wait_for_type("step.accepted", step="swap@goals-lab-2", way="forward")
    kill_session(folder)
    drill.end()
    ended = home.start("resume", folder.name, "--json").end(400.0)
    outcome = ended.outcome
    assert (ended.code, outcome["decision"], outcome["production_version"]) == (10, "rolled_back", "v1.2.0"), ended.err
    assert [entry["version"] for entry in watch.swaps()] == ["v1.3.0"] * 3 + ["v1.2.0"] * 3
    assert _of(ended.events, "back", "swap-back") == APPS[::-1]
    assert outcome["requests"]["on_bad_version_after_rollback"] == 0
