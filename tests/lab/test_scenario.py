"""The scenario: when a defect begins, whom it hits, when it ends."""

from __future__ import annotations

import time

import pytest

from cpr_cockpit.lab.models import Defect
from cpr_cockpit.lab.scenario import SCENARIOS, Scenario

OLD, NEW = "v1.2.0", "v1.3.0"
# The scenarios whose version is sound; the defect of the others, by its kind, where it is not called as they are.
SOUND, CALLED = (
    {"healthy", "slow-swap", "foreign-swap"},
    {"swap-refused": "errors", "pool": "dependency", "one-instance": "errors"},
)
AT_START = {"crash-loop", "double-work"}
# What goes wrong with whole processes.
WHOLE = ("outage", "silent", "crash-loop", "double-work")
AT = 1_700_000_000.0


def _chosen(
    name: str, *, window: float = 900.0, share: float | None = None, factor: float | None = None, version: str = NEW
) -> Scenario:
    scenario = Scenario()
    assert not scenario.switched(OLD, AT - 60.0)
    scenario.choose(name, version=version, window=window, share=share, factor=factor)
    return scenario


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - SOUND - AT_START))
def test_a_defect_begins_with_the_switch_to_its_version(name: str) -> None:
    scenario = _chosen(name)
    assert scenario.defect_for(NEW) is None
    assert scenario.defect_for(OLD) is None
    assert scenario.switched(NEW, AT)
    defect = scenario.defect_for(NEW)
    assert defect is not None
    assert (defect.kind, defect.share, defect.factor) == (CALLED.get(name, name), 0.2, 3.0)


@pytest.mark.parametrize("name", ["errors", "slow", "outage", "silent", "one-endpoint"])
def test_a_defect_stays_with_its_version_after_a_rollback(name: str) -> None:
    scenario = _chosen(name, share=0.5, factor=2.0)
    assert scenario.switched(NEW, AT)
    assert not scenario.switched(OLD, AT + 30.0)
    assert scenario.defect_for(NEW) == Defect(name, 0.5, 2.0)
    assert scenario.defect_for(OLD) is None


def test_a_pool_is_exhausted_for_both_versions_while_the_bad_one_serves() -> None:
    scenario = _chosen("pool")
    assert scenario.switched(NEW, AT)
    assert scenario.defect_for(OLD) == scenario.defect_for(NEW) == Defect("dependency", 0.2, 3.0)
    assert scenario.switched(OLD, AT + 30.0)
    assert scenario.defect_for(OLD) is None
    assert scenario.defect_for(NEW) is None


def test_a_second_switch_does_not_begin_it_anew() -> None:
    scenario = _chosen("errors")
    assert [scenario.switched(NEW, AT), scenario.switched(OLD, AT + 1.0), scenario.switched(NEW, AT + 2.0)] == [
        True,
        False,
        False,
    ]
    assert scenario.as_dict()["active_since"] == AT


@pytest.mark.parametrize("name", sorted(SOUND))
def test_a_sound_version_has_no_defect(name: str) -> None:
    scenario = _chosen(name)
    assert not scenario.switched(NEW, AT)
    assert scenario.defect_for(NEW) is None
    assert scenario.as_dict()["active_since"] is None


def test_a_defect_may_be_bound_to_a_flag() -> None:
    scenario = Scenario()
    scenario.choose("slow", version=NEW, window=900.0, share=None, factor=None, flag="goal-suggestions")
    assert scenario.switched(NEW, AT)
    assert scenario.defect_for(NEW) == Defect("slow", 0.2, 3.0, flag="goal-suggestions")
    assert scenario.as_dict()["flag"] == "goal-suggestions"
    scenario.choose("slow", version=NEW, window=900.0, share=None, factor=None)
    assert scenario.defect_for(NEW) == Defect("slow", 0.2, 3.0)


def test_a_release_that_ignores_its_flag_has_one_without_being_told() -> None:
    scenario = _chosen("flag-ignored", share=1.0)
    assert scenario.switched(NEW, AT)
    assert scenario.defect_for(NEW) == Defect("flag-ignored", 1.0, 3.0, flag="goal-suggestions")


@pytest.mark.parametrize(
    ("name", "flag"), [("errors", "dark-mode"), ("errors", ""), *((name, "goal-suggestions") for name in WHOLE)]
)
def test_what_cannot_be_bound_to_a_flag_is_refused_and_changes_nothing(name: str, flag: str) -> None:
    scenario = _chosen("silent")
    before = scenario.as_dict()
    with pytest.raises(ValueError, match="flag"):
        scenario.choose(name, version=NEW, window=900.0, share=None, factor=None, flag=flag)
    assert scenario.as_dict() == before


@pytest.mark.parametrize("name", sorted(AT_START))
def test_what_shows_when_a_version_starts_is_so_before_any_user_meets_it(name: str) -> None:
    scenario = _chosen(name)
    assert scenario.defect_for(NEW) == Defect(name, 0.2, 3.0)
    assert scenario.defect_for(OLD) is None
    assert not scenario.switched(NEW, AT)


def test_one_instance_of_a_version_has_the_defect() -> None:
    scenario = _chosen("one-instance", share=1.0)
    assert scenario.switched(NEW, AT)
    assert [scenario.defect_for(NEW, worker) for worker in range(3)] == [Defect("errors", 1.0, 3.0), None, None]
    assert scenario.defect_for(OLD, 0) is None


def test_only_the_version_under_deployment_cannot_be_swapped_out() -> None:
    scenario = _chosen("swap-refused")
    assert [scenario.refuses_to_swap_out(version) for version in (OLD, NEW)] == [False, True]
    assert not _chosen("errors").refuses_to_swap_out(NEW)


def test_swaps_are_slow_in_one_scenario() -> None:
    assert [name for name in SCENARIOS if _chosen(name).slow_swaps] == ["slow-swap"]


def test_somebody_else_swaps_after_a_third_of_the_window_in_production() -> None:
    scenario = _chosen("foreign-swap", window=30.0)
    assert scenario.foreign_swap_at is None
    scenario.switched(NEW, AT)
    scenario.switched(NEW, AT + 5.0)
    assert scenario.foreign_swap_at == AT + 10.0
    scenario.switched(OLD, AT + 8.0)
    assert scenario.foreign_swap_at is None
    before = time.time()
    serving = _chosen("foreign-swap", window=30.0, version=OLD).foreign_swap_at
    assert serving is not None
    assert before + 10.0 <= serving <= time.time() + 10.0


def test_a_defect_begins_at_whichever_app_serves_the_version_first() -> None:
    scenario = _chosen("errors")
    assert not scenario.switched(OLD, AT, "two")
    assert [scenario.switched(NEW, AT + at, app) for at, app in ((1.0, "two"), (2.0, "one"))] == [True, False]
    assert scenario.as_dict()["active_since"] == AT + 1.0
    # Chosen anew while only one app of several serves the version: at once.
    assert not scenario.switched(OLD, AT + 3.0, "one")
    scenario.choose("slow", version=NEW, window=900.0, share=None, factor=None)
    assert scenario.as_dict()["active_since"] is not None


def test_an_app_that_users_have_left_serves_nobody() -> None:
    scenario = _chosen("healthy")
    scenario.switched(NEW, AT, "two")
    scenario.left("two")
    scenario.choose("slow", version=NEW, window=900.0, share=None, factor=None)
    assert scenario.as_dict()["active_since"] is None


def test_somebody_else_swaps_the_app_that_has_served_the_version_longest() -> None:
    scenario = _chosen("foreign-swap", window=30.0)
    assert scenario.foreign_swap_app == ""
    scenario.switched(NEW, AT + 2.0, "one")
    scenario.switched(NEW, AT, "two")
    assert (scenario.foreign_swap_app, scenario.foreign_swap_at) == ("two", AT + 10.0)
    scenario.left("two")
    assert (scenario.foreign_swap_app, scenario.foreign_swap_at) == ("one", AT + 12.0)


@pytest.mark.parametrize(("window", "spike"), [(900.0, 150.0), (60.0, 10.0), (1800.0, 150.0)])
def test_a_dependency_hits_every_version_and_ends(window: float, spike: float) -> None:
    scenario = _chosen("dependency", window=window)
    assert scenario.switched(NEW, AT)
    for version in (OLD, NEW):
        assert scenario.defect_for(version) == Defect("dependency", 0.2, 3.0, until=AT + spike)


def test_choosing_for_the_version_that_serves_begins_at_once() -> None:
    before = time.time()
    scenario = _chosen("slow", version=OLD)
    assert before <= scenario.as_dict()["active_since"] <= time.time()
    assert scenario.defect_for(OLD) == Defect("slow", 0.2, 3.0)


def test_choosing_again_ends_what_was_before() -> None:
    scenario = _chosen("errors")
    assert scenario.switched(NEW, AT)
    scenario.choose("healthy", version=NEW, window=900.0, share=None, factor=None)
    assert scenario.defect_for(NEW) is None


@pytest.mark.parametrize(
    ("name", "window", "share", "factor", "word"),
    [
        ("fire", 900.0, None, None, "fire"),
        ("errors", 0.0, None, None, "window"),
        ("errors", float("nan"), None, None, "window"),
        ("errors", 900.0, 1.5, None, "share"),
        ("errors", 900.0, float("nan"), None, "share"),
        ("slow", 900.0, None, 0.0, "factor"),
        ("slow", 900.0, None, float("inf"), "factor"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    name: str, window: float, share: float | None, factor: float | None, word: str
) -> None:
    scenario = _chosen("silent")
    before = scenario.as_dict()
    with pytest.raises(ValueError, match=word):
        scenario.choose(name, version=NEW, window=window, share=share, factor=factor)
    assert scenario.as_dict() == before
