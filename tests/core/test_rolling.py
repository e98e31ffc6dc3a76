"""Judging for days: which stretch, what is kept, and that a verdict stands on the newest stretch and hour alone."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.rolling import Stretch
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.verdict import HoldCause, PersonTrigger, VerdictKind
from tests.core.minutes import (
    BAD,
    GOOD,
    HOUR_S,
    MINUTE_S,
    POLL_S,
    QUARTER_S,
    Minutes,
    counted,
    probe,
    reading,
    rolling,
)
from tests.core.observations import T0, WRITTEN

# -- the stretch -------------------------------------------------------------------------------------------------------

windows = st.floats(10.0, 3600.0)


@given(windows, st.floats(0.0, 600.0), st.floats(1.0, 10 * HOUR_S), st.sampled_from((QUARTER_S, HOUR_S)))
def test_the_stretch_is_the_newest_time_whose_data_has_come_in_whole_bins(
    window: float, delay: float, after: float, length_s: float
) -> None:
    policy = WRITTEN.scaled(window)
    now = T0 + after
    found = rolling(policy, delay).newest(now, T0, length_s)
    bins = found.length / policy.bin_s
    assert bins == pytest.approx(round(bins), abs=1e-6)
    assert round(bins) >= 1
    assert found.end == pytest.approx(now - delay, abs=1e-3)
    # As long as asked, but not longer than the time since T0, and by rounding at most half a bin more or less.
    wanted = max(policy.bin_s, min(length_s * policy.scale, now - delay - T0))
    assert abs(found.length - wanted) <= policy.bin_s / 2.0 + 1e-3


@given(st.floats(0.0, 300.0), st.floats(-10.0, 300.0))
def test_the_delay_that_was_measured_takes_the_place_of_the_declared_one(declared: float, measured: float) -> None:
    judge, now = rolling(delay=declared), T0 + HOUR_S
    judge.take_logs(reading([GOOD] * 15, now, 44, lag=measured), judge.newest(now, T0), POLL_S)
    assert judge.newest(now, T0).end == pytest.approx(now - max(0.0, measured), abs=1e-3)


# -- what is kept ------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.floats(1.0, 2000.0), st.integers(0, 2)), max_size=120),
    st.floats(10.0, 900.0),
    st.floats(1.0, 300.0),
)
def test_of_each_source_an_hour_is_kept_and_two_paces_more(
    readings: list[tuple[float, int]], window: float, poll_s: float
) -> None:
    policy = WRITTEN.scaled(window)
    judge, now = rolling(policy), T0
    taken: dict[int, list[float]] = {}
    for pause, which in readings:
        now += pause * policy.scale
        name = f"further {which}"
        judge.take(Observation(Source.CUSTOM, now, now, name=name), poll_s)
        taken.setdefault(which, []).append(now)
    span = HOUR_S * policy.scale + 2.0 * poll_s
    assert judge.kept == sum(sum(at >= times[-1] - span for at in times) for times in taken.values())


def test_a_pace_that_is_much_too_fast_takes_no_more_than_its_room() -> None:
    judge = rolling()
    for number in range(10_000):
        judge.take(probe(T0 + number * 0.01), 1.0)
    assert judge.kept == 4000


def test_readings_of_the_logs_are_not_kept() -> None:
    judge = rolling()
    for minute in range(15, 200):
        now = T0 + MINUTE_S * minute
        judge.take_logs(reading([GOOD] * 15, now, minute - 15), judge.newest(now, T0), POLL_S)
    assert judge.kept == 0
    assert judge.logs is not None
    assert judge.logs.at == T0 + MINUTE_S * 199
    assert judge.stretch == Stretch(T0 + MINUTE_S * 184, QUARTER_S)


# -- the verdict -------------------------------------------------------------------------------------------------------

MOST_MINUTES = 150
histories = st.builds(
    Minutes,
    st.lists(st.sampled_from((GOOD, GOOD, BAD)), min_size=MOST_MINUTES, max_size=MOST_MINUTES),
    st.lists(st.sampled_from((True, True, True, False)), min_size=MOST_MINUTES, max_size=MOST_MINUTES),
    st.lists(st.sampled_from((20.0, 95.0, 95.0)), min_size=MOST_MINUTES, max_size=MOST_MINUTES),
)


@pytest.mark.long
@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(histories, st.integers(65, MOST_MINUTES - 1))
def test_who_watched_for_hours_says_what_one_says_who_was_told_of_the_last_hour_alone(
    history: Minutes, last: int
) -> None:
    long, short = rolling(), rolling()
    said = [history.tell(long, minute) for minute in range(last + 1)][-1]
    begin = last - round((HOUR_S + 2.0 * POLL_S) / MINUTE_S) - 1
    assert [history.tell(short, minute) for minute in range(begin, last + 1)][-1] == said


@pytest.mark.parametrize("length", [6, 9])
def test_a_breach_leaves_the_verdict_when_it_leaves_the_stretch(length: int) -> None:
    failures = [GOOD] * 30 + [BAD] * length + [GOOD] * 60
    calm = Minutes(failures, [True] * 120, [20.0] * 120)
    judge = rolling()
    for minute in range(14, len(failures)):
        verdict = calm.tell(judge, minute)
        inside = sum(failed == BAD for failed in failures[minute - 14 : minute + 1])
        if inside >= 6:
            assert (verdict.kind, verdict.rule) == (VerdictKind.ROLLBACK, "error rate")
        elif inside == 0:
            assert verdict.kind is VerdictKind.GO
        else:
            assert verdict.kind is not VerdictKind.ROLLBACK


def test_an_outage_that_our_probes_tell_is_over_with_the_first_answer() -> None:
    judge = rolling()
    Minutes([GOOD] * 15, [True] * 15, [20.0] * 15).tell(judge, 14)
    now = T0 + QUARTER_S
    for number in range(1, 40):
        judge.take(probe(now + 10.0 * number, ok=False), 10.0)
    down = judge.verdict(now + 400.0)
    assert down is not None
    assert (down.kind, down.rule) == (VerdictKind.ROLLBACK, "complete unavailability")
    later = now + 2 * MINUTE_S
    judge = rolling()
    Minutes([GOOD] * 15, [True] * 15, [20.0] * 15).tell(judge, 14)
    for number in range(1, 12):
        judge.take(probe(now + 10.0 * number, ok=number == 11), 10.0)
    judge.take(counted(later, 2, 15), POLL_S)
    judge.take_logs(reading([GOOD] * 15, later, 2), judge.newest(later, T0), POLL_S)
    up = judge.verdict(later)
    assert up is not None
    assert up.kind is VerdictKind.GO


def test_a_load_is_told_when_it_has_lasted_though_it_began_before_the_stretch() -> None:
    judge = rolling()
    loads = [20.0] * 20 + [95.0] * 40
    busy = Minutes([GOOD] * 60, [True] * 60, loads)
    told = [minute for minute in range(60) if busy.tell(judge, minute).warnings]
    assert told == list(range(35, 60))


# -- what needs a person, and what cannot be read ---------------------------------------------------------------------


@given(st.sampled_from((HoldCause.FOREIGN, HoldCause.SLEPT)), st.integers(15, 40), st.integers(1, 20), st.booleans())
@settings(max_examples=20, deadline=None)
def test_a_hold_stands_through_every_reading_until_it_is_released(
    cause: HoldCause, at: int, readings: int, raised: bool
) -> None:
    history = Minutes([GOOD] * 80, [True] * 80, [20.0] * 80)
    judge = rolling()
    assert history.tell(judge, at - 1).kind is VerdictKind.GO
    judge.hold(cause, "somebody else")
    if raised:
        judge.raise_trigger(PersonTrigger.DATA_CORRUPTION, "ana")
    for minute in range(at, at + readings):
        verdict = history.tell(judge, minute)
        held = (VerdictKind.HOLD, cause) if not raised else (VerdictKind.ROLLBACK, None)
        assert (verdict.kind, verdict.cause) == held
    judge.release(cause)
    after = history.tell(judge, at + readings)
    assert after.kind is (VerdictKind.ROLLBACK if raised else VerdictKind.GO)


@pytest.mark.parametrize("judging", [False, True])
def test_what_is_held_or_raised_counts_at_once_and_before_the_first_reading(judging: bool) -> None:
    judge, history = rolling(), Minutes([GOOD] * 20, [True] * 20, [20.0] * 20)
    assert judge.verdict(T0) is None
    if judging:
        history.tell(judge, 15)
    judge.hold(HoldCause.SLEPT, "away")
    held = judge.verdict(T0 + 16 * MINUTE_S) if judging else history.tell(judge, 15)
    assert held is not None
    assert held.cause is HoldCause.SLEPT
    judge.release(HoldCause.SLEPT)
    # Nothing happens where it was not held.
    judge.release(HoldCause.FOREIGN)
    free = judge.verdict(T0 + 16 * MINUTE_S)
    assert free is not None
    assert free.kind is VerdictKind.GO


@given(st.floats(1.0, 600.0), st.booleans())
def test_a_reading_that_failed_or_came_in_part_leaves_the_last_one_to_grow_old(later: float, partial: bool) -> None:
    judge = rolling()
    Minutes([GOOD] * 20, [True] * 20, [20.0] * 20).tell(judge, 19)
    told, now = judge.stretch, T0 + 20 * MINUTE_S
    judge.take(probe(now + later - 0.5), 10.0)
    judge.take(counted(now + later, 5, 15 + math.floor(later / MINUTE_S)), POLL_S)
    failed = Observation(Source.LOGS, now + later, error="no answer")
    if partial:
        failed = replace(reading([BAD] * 15, now + later, 5), partial="no answer")
    judge.take_logs(failed, Stretch(now, QUARTER_S), POLL_S)
    verdict = judge.verdict(now + later)
    assert verdict is not None
    assert judge.stretch == told
    # 2 x pace + 2 x lag + 2 s, counted from the newest request.
    if later > 2.0 * POLL_S + 2.0:
        assert (verdict.kind, verdict.cause) == (VerdictKind.HOLD, HoldCause.STALE)
        assert "no answer" in verdict.sentence
    else:
        assert verdict.kind is VerdictKind.GO


@pytest.mark.parametrize(("error", "partial"), [("no answer", None), (None, "cut")])
def test_where_the_first_reading_fails_silence_counts_from_then(error: str | None, partial: str | None) -> None:
    judge, now = rolling(), T0 + HOUR_S
    for late in range(0, 400, 10):
        judge.take(probe(now + late), 10.0)
        logs = Observation(Source.LOGS, now + late, error=error, partial=partial)
        judge.take_logs(logs, Stretch(now, QUARTER_S), POLL_S)
        verdict = judge.verdict(now + late)
        assert verdict is not None
        assert verdict.kind is VerdictKind.HOLD
        assert (verdict.cause is HoldCause.STALE) == (late > 2.0 * POLL_S + 2.0)
    assert judge.logs is None


def test_the_verdict_on_a_longer_stretch_leaves_the_running_one_as_it_was() -> None:
    failures = [BAD] * 10 + [GOOD] * 50
    history, judge = Minutes(failures, [True] * 60, [20.0] * 60), rolling()
    running = history.tell(judge, 59)
    assert running.kind is VerdictKind.GO
    now = T0 + HOUR_S
    whole = judge.verdict_on(Stretch(T0, HOUR_S), reading(failures, now), POLL_S, now)
    assert (whole.kind, whole.rule) == (VerdictKind.ROLLBACK, "error rate")
    assert judge.verdict(now) == running
    assert judge.stretch.length == QUARTER_S


@pytest.mark.parametrize(
    ("error", "partial", "cause"), [("no answer", None, HoldCause.STALE), (None, "cut", HoldCause.INCOMPLETE)]
)
def test_a_longer_stretch_that_could_not_be_read_is_no_go_and_leaves_the_running_verdict(
    error: str | None, partial: str | None, cause: HoldCause
) -> None:
    history, judge, now = Minutes([GOOD] * 60, [True] * 60, [20.0] * 60), rolling(), T0 + HOUR_S
    running = history.tell(judge, 59)
    logs = Observation(Source.LOGS, now, error=error, partial=partial)
    whole = judge.verdict_on(Stretch(T0, HOUR_S), logs, POLL_S, now)
    assert (whole.kind, whole.cause) == (VerdictKind.HOLD, cause)
    assert whole.sentence.startswith("the logs of the time since ")
    assert judge.verdict(now) == running
    # What is worse than that is told as it is.
    judge.hold(HoldCause.FOREIGN, "somebody swapped")
    assert judge.verdict_on(Stretch(T0, HOUR_S), logs, POLL_S, now).cause is HoldCause.FOREIGN
    judge.raise_trigger(PersonTrigger.DATA_CORRUPTION, "ana")
    assert judge.verdict_on(Stretch(T0, HOUR_S), logs, POLL_S, now).kind is VerdictKind.ROLLBACK


def test_a_further_figure_above_its_limit_is_a_warning_of_the_newest_reading_alone() -> None:
    judge, history = rolling(), Minutes([GOOD] * 20, [True] * 20, [20.0] * 20)
    for minute, value in ((15, 12.0), (16, 95.0), (17, 12.0)):
        now = T0 + MINUTE_S * (minute + 1)
        further = (Reading("length", value, "messages", limit=50.0),)
        judge.take(Observation(Source.USAGE, now, now, name="queue", readings=further), POLL_S)
        verdict = history.tell(judge, minute)
        assert verdict.warnings == (("queue: length 95 messages",) if value > 50.0 else ())
