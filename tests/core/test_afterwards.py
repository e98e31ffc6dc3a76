"""After GO: which check is due at which moment, and when a crossed limit is told, once and as gone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cpr_cockpit.core.afterwards import (
    Crossing,
    Level,
    ScheduledCheck,
    Warned,
    ends_at,
    level,
    next_check,
    redeploy_words,
    schedule,
    stage_at,
    swap_brings_back,
)
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind

T0 = 1_760_000_040.0
HOUR, DAY = 3600.0, 86_400.0
# As the procedure writes it: every 15 minutes in the first hour, hourly to 24 hours, daily to the end of the week.
WRITTEN = (
    *(("first hour", number * 900.0) for number in range(1, 5)),
    *(("first 24 hours", number * HOUR) for number in range(2, 25)),
    *(("first week", number * DAY) for number in range(2, 8)),
)

switches = st.floats(1.7e9, 1.9e9)
scales = st.floats(1.0, 900.0).map(lambda window: window / 900.0)


# -- the schedule ------------------------------------------------------------------------------------------------------


@given(switches, scales)
@example(T0, 1.0)
def test_the_schedule_is_the_procedures(t0: float, scale: float) -> None:
    found = list(schedule(t0, scale))
    assert [one.stage for one in found] == [stage for stage, _ in WRITTEN]
    assert [one.due - t0 for one in found] == pytest.approx([after * scale for _, after in WRITTEN], abs=1e-3)
    assert [one.since for one in found] == [t0, *(one.due for one in found[:-1])]
    assert found[-1].due == ends_at(t0, scale)


@given(switches, scales, st.floats(0.0, 8 * DAY))
def test_the_stage_is_that_of_the_check_to_come(t0: float, scale: float, after: float) -> None:
    now = t0 + after * scale
    coming = [one for one in schedule(t0, scale) if now < one.due]
    assert stage_at(t0, scale, now).name == (coming[0].stage if coming else "first week")


@given(switches, scales, st.floats(0.0, 8 * DAY), st.floats(0.0, 8 * DAY))
def test_of_overdue_checks_the_newest_is_next_else_the_first_that_comes(
    t0: float, scale: float, done: float, after: float
) -> None:
    since, now = t0 + done * scale, t0 + after * scale
    found = next_check(t0, scale, since, now)
    left = [one for one in schedule(t0, scale) if one.due > since]
    if found is None:
        assert not left
        return
    assert found in left
    between = (found.due, now) if found.due <= now else (since, found.due)
    assert not [one for one in left if between[0] < one.due <= between[1] and one != found]


@given(switches, scales, st.lists(st.floats(1.0, 3 * DAY), min_size=1, max_size=60))
def test_whoever_looks_now_and_then_makes_each_check_once_and_skips_only_what_a_later_one_replaces(
    t0: float, scale: float, pauses: Sequence[float]
) -> None:
    made: list[tuple[float, ScheduledCheck]] = []
    now, looked = t0, t0
    for pause in pauses:
        now, before = now + pause * scale, looked
        looked = now
        while (found := next_check(t0, scale, made[-1][1].due if made else t0, now)) and found.due <= now:
            assert found not in [check for _, check in made]
            made.append((now, found))
            # Overdue since the last look, not since an earlier one: nothing is left behind.
            assert found.due > before
    dues = [one.due for _, one in made]
    assert dues == sorted(set(dues))
    replaced = [one for one in schedule(t0, scale) if one.due <= now and one not in [check for _, check in made]]
    for one in replaced:
        assert any(check.due > one.due and check.due <= at and one.due <= at for at, check in made)


# -- how bad a verdict is ----------------------------------------------------------------------------------------------


def _verdict(kind: VerdictKind, cause: HoldCause | None = None, rule: str | None = None, *, rising: bool) -> Verdict:
    return Verdict(kind, cause, rule, "words", T0, pending=("error rate: rising",) if rising else ())


@pytest.mark.parametrize("rising", [False, True])
def test_a_rollback_is_worse_than_a_hold_than_missing_data_than_go(rising: bool) -> None:
    back = level(_verdict(VerdictKind.ROLLBACK, rule="error rate", rising=rising))
    held = level(_verdict(VerdictKind.HOLD, HoldCause.TARGET_MISSED, rising=rising))
    blind = [
        level(_verdict(VerdictKind.HOLD, cause, rising=rising)) for cause in (HoldCause.STALE, HoldCause.INCOMPLETE)
    ]
    calm = level(_verdict(VerdictKind.GO, rising=rising))
    assert (back, held, calm) == ((3, "error rate"), (2, "target missed"), (0, ""))
    assert blind == [(1, "stale"), (1, "incomplete")]


def test_too_few_requests_a_rising_trigger_and_no_verdict_yet_say_nothing_of_a_limit() -> None:
    assert level(_verdict(VerdictKind.HOLD, HoldCause.THIN, rising=False)) is None
    assert level(_verdict(VerdictKind.HOLD, HoldCause.SUSPICIOUS, rising=True)) is None
    assert level(_verdict(VerdictKind.WAIT, rising=False)) is None
    assert level(_verdict(VerdictKind.HOLD, HoldCause.SUSPICIOUS, rising=False)) == (2, "suspicious")
    # What a signal found is a limit that was crossed, whatever else rises.
    assert level(_verdict(VerdictKind.HOLD, HoldCause.SUSPICIOUS, "signal logins", rising=True)) == (2, "suspicious")


# -- when it is told ---------------------------------------------------------------------------------------------------

CALM_S = 900.0
Found = tuple[int, str] | None
LEVELS: tuple[Found, ...] = (None, (0, ""), (1, "stale"), (1, "incomplete"), (2, "foreign"), (3, "error rate"))
HOVER: tuple[Found, ...] = (None, (0, ""), (3, "error rate"))


def _looks(levels: Sequence[Found]) -> st.SearchStrategy[list[tuple[float, Found]]]:
    """Looks at the verdict, 15 seconds to ten minutes apart."""
    steps = st.lists(st.tuples(st.sampled_from((15.0, 60.0, 300.0, 600.0)), st.sampled_from(levels)), max_size=60)

    def dated(pairs: list[tuple[float, Found]]) -> list[tuple[float, Found]]:
        now, found = T0, []
        for pause, one in pairs:
            now += pause
            found.append((now, one))
        return found

    return steps.map(dated)


def _told(looks: Sequence[tuple[float, Found]]) -> list[tuple[float, tuple[int, str]]]:
    """What a watch whose journal takes everything tells, and when."""
    kept = Level(CALM_S, (0, ""))
    told = []
    for now, found in looks:
        if kept.news(found, now):
            assert found is not None
            kept.tell(found)
            told.append((now, found))
    return told


@given(_looks(LEVELS))
def test_a_level_is_told_once_and_again_only_after_another_one(looks: list[tuple[float, Found]]) -> None:
    levels = [(0, ""), *(found for _, found in _told(looks))]
    assert all(one != following for one, following in pairwise(levels))


@given(_looks(LEVELS))
def test_worse_is_told_at_the_look_that_sees_it_and_nothing_else_before_it_has_held(
    looks: list[tuple[float, Found]],
) -> None:
    told, standing = dict(_told(looks)), (0, "")
    for now, found in looks:
        if found is not None and found[0] > standing[0]:
            assert told.get(now) == found
        elif now in told:
            held = [one for at, one in looks if now - CALM_S < at <= now]
            assert found is not None
            assert set(held) == {found}
            assert any(at <= now - CALM_S for at, one in looks if one == found)
        standing = told.get(now, standing)


@given(_looks(LEVELS), st.sampled_from([one for one in LEVELS if one is not None]))
def test_what_stays_is_told_in_the_end(looks: list[tuple[float, Found]], last: tuple[int, str]) -> None:
    end = looks[-1][0] if looks else T0
    stays: list[tuple[float, Found]] = [(end + 60.0 * minute, last) for minute in range(1, 17)]
    told = [found for _, found in _told([*looks, *stays])]
    assert (told[-1] if told else (0, "")) == last


@given(_looks(HOVER), _looks(LEVELS))
def test_a_hovering_figure_is_told_at_most_twice_in_a_quarter_of_an_hour(
    hovering: list[tuple[float, Found]], any_looks: list[tuple[float, Found]]
) -> None:
    # Whatever happens: one step down, and from there the three steps up.
    for looks, most in ((hovering, 2), (any_looks, 4)):
        times = [at for at, _ in _told(looks)]
        assert all(sum(begin <= at < begin + CALM_S for at in times) <= most for begin in times)


@given(st.sampled_from(LEVELS[2:]), st.integers(1, 20))
def test_what_the_journal_refused_is_still_news(found: tuple[int, str], refusals: int) -> None:
    kept = Level(CALM_S, (0, ""))
    assert all(kept.news(found, T0 + 15.0 * look) for look in range(refusals))
    kept.tell(found)
    assert not kept.news(found, T0 + 15.0 * refusals)


# -- warnings ----------------------------------------------------------------------------------------------------------

NAMES = (
    "CPU above 80 % for {} s",
    "memory above 85 % for {} s",
    "queue: length {} messages",
    *("shard 1: length {}", "shard 2: length {}"),  # names that differ in figures alone
    *("dependencies: db p50 {} ms", "dependencies: db p95 {} ms"),
)
# As the figures of further sources are told, with an exponent where they are large or small.
figures = st.floats(-1e9, 1e9).map(lambda value: f"{value:g}")
warning_looks = st.lists(
    st.tuples(st.sampled_from((15.0, 60.0, 300.0, 600.0)), st.sets(st.sampled_from(NAMES)), figures), max_size=60
)


@given(warning_looks)
def test_a_warning_is_told_at_once_and_as_gone_when_it_was_away_for_a_quarter_of_an_hour(
    looks: list[tuple[float, set[str], str]],
) -> None:
    warned, now = Warned(CALM_S), T0
    holding: dict[str, float] = {}
    for pause, names, figure in looks:
        now += pause
        found = warned.news([name.format(figure) for name in sorted(names)], now)
        for crossing in found:
            warned.tell(crossing, now)
        expected = {(name, True) for name in names if name not in holding}
        expected |= {(name, False) for name, at in holding.items() if name not in names and now - at >= CALM_S}
        # Which limit it is does not hang on the figures that it is told with.
        assert {(one.what, one.holds) for one in found} == {(name.format("#"), holds) for name, holds in expected}
        holding.update(dict.fromkeys(names, now))
        for name, holds in expected:
            if not holds:
                del holding[name]


def test_what_is_told_as_gone_names_the_last_figures_and_when_they_were_seen() -> None:
    warned = Warned(CALM_S)
    (crossed,) = warned.news(["CPU above 80 % for 912 s"], T0)
    assert crossed == Crossing("CPU above 80 % for # s", True, "CPU above 80 % for 912 s")
    warned.tell(crossed, T0)
    assert warned.news(["CPU above 80 % for 972 s"], T0 + 60.0) == ()
    assert warned.news([], T0 + 60.0 + CALM_S - 1.0) == ()
    (gone,) = warned.news([], T0 + 60.0 + CALM_S)
    assert gone == Crossing(crossed.what, False, "no longer CPU above 80 % for 972 s (last seen at 08:55:00 UTC)")


@pytest.mark.parametrize("figure", ["1e+06", "1.5e-07", "-3", "999999"])
def test_a_figure_with_an_exponent_is_a_figure_of_the_same_limit(figure: str) -> None:
    warned = Warned(CALM_S)
    warned.tell(warned.news(["queue: length 95 messages"], T0)[0], T0)
    assert warned.news([f"queue: length {figure} messages"], T0 + 1.0) == ()


@given(st.integers(1, 5))
def test_a_crossing_that_the_journal_refused_is_told_again(refusals: int) -> None:
    warned = Warned(CALM_S)
    found = [warned.news(["CPU above 80 % for 900 s"], T0 + look) for look in range(refusals)]
    assert [one.holds for look in found for one in look] == [True] * refusals
    warned.tell(found[-1][0], T0 + refusals)
    later = T0 + refusals + CALM_S
    assert [one.holds for _ in range(refusals) for one in warned.news([], later)] == [False] * refusals


@given(st.integers(0, 200), st.integers(0, 200))
def test_names_that_a_source_makes_up_take_no_more_than_their_room(first: int, second: int) -> None:
    def names(count: int, kind: str) -> list[str]:
        # Letters alone: figures in a name do not make another one of it.
        return [f"{kind} {chr(0x4E00 + number)} is high" for number in range(count)]

    warned = Warned(CALM_S)
    told = warned.news(names(first, "one"), T0)
    for crossing in told:
        warned.tell(crossing, T0)
    assert len(told) == min(first, 64)
    more = warned.news([*names(first, "one"), *names(second, "other")], T0 + 1.0)
    assert len(more) == min(second, 64 - len(told))
    gone = warned.news([], T0 + CALM_S + 1.0)
    assert sum(not one.holds for one in gone) == len(told)


# -- the way back ------------------------------------------------------------------------------------------------------


def test_only_another_versions_answer_says_that_a_swap_brings_nothing_back() -> None:
    silent, old = Sighting(T0, 503, None, None, 30.0), Sighting(T0, 200, "v1.2.0", "a", 30.0)
    assert all(swap_brings_back(look, "v1.2.0") for look in (None, silent, old))
    other = Sighting(T0, 200, "v1.4.0", "a", 30.0)
    assert not swap_brings_back(other, "v1.2.0")
    assert "until 08:54:00 UTC" in redeploy_words(other, "green", "v1.2.0", warm_until=T0)
    assert "it is not warm any more" in redeploy_words(other, "green", "v1.2.0", warm_until=T0 + 1.0)
