"""The plan of a release shown by a feature flag, and of a flag as the kill switch beside another strategy."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cpr_cockpit.core.feature_flag import arm
from cpr_cockpit.core.flags import RANDOM, TARGETING, FlagFacts, cannot_be_raised, cannot_be_set_off
from cpr_cockpit.core.plan import PRODUCTION, ActKind, Plan, PlanFacts
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import BLUE_GREEN, CANARY, FEATURE_FLAG
from cpr_cockpit.engine.preparing import plan_event, plan_of

FACTS = PlanFacts("v1", "v1", slot_exists=True)
FLAG = "goals"


def plan(course: Course) -> Plan:
    return plan_by(course, "green", "v2", FACTS, baseline_s=60.0, artifact=True)


BY_FLAG = plan(Course(FEATURE_FLAG, flag=FLAG, step_s=100.0))


def test_the_flag_is_proven_off_before_the_swap_and_raised_only_after_the_dark_release_was_judged() -> None:
    keys = [step.key for step in BY_FLAG.forward]
    assert keys[keys.index("prove-dark") + 1] == "swap"
    assert keys[keys.index("keep-warm") + 1 :] == [
        "watch-dark",
        *(f"{what}-{share}" for share in (5, 25, 50) for what in ("flag", "prove-flag", "watch-flag")),
        "flag-100",
        "prove-flag-100",
    ]
    assert BY_FLAG.step("prove-dark").act.slot == "green"


def test_every_raise_begins_where_the_one_before_it_ended_and_is_undone_by_off() -> None:
    raised = [step for step in BY_FLAG.forward if step.act.kind is ActKind.SET_FLAG]
    assert raised[0].act.before == 0.0
    assert all(one.act.percent == other.act.before for one, other in pairwise(raised))
    for step in raised:
        assert step.act.mutates
        assert [act.kind for act in step.undo.acts] == [ActKind.FLAG_OFF, ActKind.PROVE_FLAG]
        assert (step.undo.acts[1].slot, step.undo.acts[1].percent) == (PRODUCTION, 0.0)


def test_the_way_back_is_the_flag_then_what_blue_green_does() -> None:
    swap = plan(Course(BLUE_GREEN))
    assert [step.key for step in BY_FLAG.flag_back] == ["flag-off", "prove-flag-off", "prove-calm"]
    assert [step.act for step in BY_FLAG.slots_back] == [step.act for step in swap.back]
    assert BY_FLAG.back == (*BY_FLAG.flag_back, *BY_FLAG.slots_back)
    assert BY_FLAG.lower == swap.lower


@pytest.mark.parametrize("course", [Course(BLUE_GREEN), Course(CANARY), Course(BLUE_GREEN, control=5.0)], ids=str)
def test_as_a_kill_switch_it_is_one_act_before_all_others(course: Course) -> None:
    without = plan(course)
    beside = plan(Course(course.strategy, control=course.control, flag=FLAG))
    assert beside.back[1:] == without.back
    assert (beside.back[0].act.kind, beside.back[0].act.flag) == (ActKind.FLAG_OFF, FLAG)
    assert beside.forward == without.forward


@pytest.mark.parametrize(
    "course",
    [
        Course(FEATURE_FLAG, flag=FLAG, percents=(10.0, 90.0), step_s=77.0),
        Course(FEATURE_FLAG, flag=FLAG, percents=()),
        Course(CANARY, flag=FLAG),
    ],
    ids=str,
)
def test_the_journal_keeps_the_whole_plan(course: Course) -> None:
    made = plan(course)
    event = plan_event(made, 60.0, artifact=True)
    again = plan_of(event)
    assert (again.forward, again.back) == (made.forward, made.back)
    assert event.flag == FLAG
    assert [step.key for step in event.back if step.flag] == [step.key for step in made.flag_back]


@pytest.mark.parametrize(
    "course",
    [
        Course(FEATURE_FLAG),
        Course(FEATURE_FLAG, flag=FLAG, control=5.0),
        Course(FEATURE_FLAG, flag=FLAG, percents=(50.0, 5.0)),
        Course(FEATURE_FLAG, flag=FLAG, percents=(5.0, 100.0)),
    ],
    ids=str,
)
def test_what_cannot_be_is_no_plan(course: Course) -> None:
    with pytest.raises(ValueError, match="flag"):
        plan(course)


def test_both_sides_of_a_flag_have_names_of_their_own() -> None:
    assert arm("v2", FLAG, on=True) == "v2 with goals on"
    assert arm("v2", FLAG, on=False) == "v2 with goals off"


SOUND = FlagFacts(FLAG, True, False, 0.0, (TARGETING,))


@pytest.mark.parametrize(
    ("flag", "share", "raised", "off"),
    [
        (SOUND, 0.0, "", ""),
        (FlagFacts(FLAG, False), 0.0, "does not exist: create it", "does not exist: correct the name"),
        (FlagFacts(FLAG, True, True, 25.0, (TARGETING,)), 25.0, "", ""),
        (FlagFacts(FLAG, True, True), 100.0, "", ""),
        (FlagFacts(FLAG, True, False, None, (RANDOM,)), 0.0, f"replace it by {TARGETING}", ""),
        (FlagFacts(FLAG, True, True, 25.0, (TARGETING,), locked=True), 25.0, "is locked", "is locked"),
    ],
)
def test_what_a_flag_is_and_what_keeps_it_from_being_changed(
    flag: FlagFacts, share: float, raised: str, off: str
) -> None:
    assert flag.share == share
    assert raised in cannot_be_raised(flag)
    assert bool(raised) == bool(cannot_be_raised(flag))
    assert off in cannot_be_set_off(flag)
    assert bool(off) == bool(cannot_be_set_off(flag))
