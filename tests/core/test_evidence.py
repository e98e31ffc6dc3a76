"""Evidence: repeated, disordered, future-dated, frozen and partial readings, and bounded memory."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.figures import figures, warnings
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Bin, Observation, Source
from tests.core.observations import NEW, OLD, T0, WRITTEN, evidence, logs, platform, probes, user_bin, whole_of

QUIET = Observation(Source.LOGS, T0 + 5.0, lag_p95=2.0)


def _state_of(found: Evidence, now: float) -> tuple[Any, ...]:
    """All that the judge reads, but for load warnings, which are a matter of order by nature."""
    return (
        found.rows(NEW),
        found.rows(OLD),
        found.complete(NEW),
        found.whole(NEW),
        found.points(),
        found.probes.failing(),
        found.second_host,
        tuple(found.fresh(source, now) for source in Source),
        tuple(found.required(source) for source in Source),
        tuple(found.seen_until(source) for source in Source),
    )


@st.composite
def readings(draw: st.DrawFn) -> list[Observation]:
    """Any readings, each received at a time of its own."""
    told: list[Observation] = []
    for place in range(draw(st.integers(1, 8))):
        at = 60.0 * (place + 1) + draw(st.floats(0, 50))
        indices = sorted(draw(st.sets(st.integers(0, place), max_size=4)))
        rows = [
            user_bin(index, draw(st.integers(0, 90)), version=draw(st.sampled_from([NEW, OLD]))) for index in indices
        ]
        ok = draw(st.booleans())
        one = draw(
            st.sampled_from(
                [
                    logs(rows, at=T0 + at, lag=draw(st.sampled_from([None, 0.0, 20.0]))),
                    platform([(draw(st.integers(0, 90)), 0)] * (place + 1), at=T0 + at),
                    probes(at - 1, at, ok=ok, second_host=draw(st.sampled_from([None, True, False]))),
                    replace(QUIET, at=T0 + at, error="HTTP 503"),
                    replace(QUIET, at=T0 + at, partial="a time-out"),
                    replace(QUIET, at=T0 + at, measured_at=T0 + at + 30.0),
                    replace(QUIET, at=T0 + at, granularity_s=600.0),
                ]
            )
        )
        told.append(one)
    return told


@given(readings(), st.data())
def test_order_and_repetition_of_readings_change_nothing(told: list[Observation], data: st.DataObject) -> None:
    again = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=4))))
    now = T0 + data.draw(st.floats(0, 900))
    assert _state_of(evidence(*again), now) == _state_of(evidence(*told), now)


def test_a_later_answer_replaces_what_an_earlier_one_said_of_a_bin() -> None:
    first, second = logs([user_bin(0, 10, 0)], at=T0 + 61), logs([user_bin(0, 40, 4)], at=T0 + 76)
    for told in ([first, second], [second, first], [first, second, first, second]):
        found = evidence(*told)
        assert [(row.requests, row.failures) for row in found.rows(NEW)] == [(40, 4)]


def test_a_bin_is_complete_once_the_lag_has_passed_since_its_end() -> None:
    early, late = logs([user_bin(0)], at=T0 + 89, lag=30.0), logs([user_bin(0)], at=T0 + 90, lag=30.0)
    assert evidence(early).complete(NEW) == ()
    assert evidence(early).rows(NEW) == (user_bin(0),)
    assert evidence(early, late).complete(NEW) == (user_bin(0),)


def test_before_a_lag_is_measured_the_declared_delay_stands_in() -> None:
    found = evidence(delay=120.0)
    lags = (found.lag(Source.LOGS), found.lag(Source.PLATFORM), found.lag(Source.PROBES_PRODUCTION))
    assert lags == (120.0, WRITTEN.platform_delay_s, 0.0)
    found.take(logs([user_bin(0)], at=T0 + 90, lag=33.0))
    assert found.lag(Source.LOGS) == 33.0


@pytest.mark.parametrize(
    "ahead",
    [
        replace(QUIET, measured_at=T0 + 10.1),
        replace(QUIET, bins=(replace(user_bin(0), newest=T0 + 10.1),)),
        replace(QUIET, bins=(user_bin(1),)),
        replace(QUIET, whole=(replace(user_bin(0), newest=T0 + 10.1),)),
        replace(QUIET, lag_p95=-5.1),
        replace(probes(10.1), at=T0 + 5.0, measured_at=None),
    ],
)
def test_data_dated_ahead_of_our_clock_is_refused_until_an_answer_is_not(ahead: Observation) -> None:
    found = evidence(ahead)
    assert found.rows(NEW) == ()
    assert found.state(ahead.source).received is None
    assert found.fresh(ahead.source, ahead.at).stale
    assert found.fresh(ahead.source, ahead.at).future
    well = probes(6.0) if ahead.source is Source.PROBES_PRODUCTION else logs([user_bin(0)], at=T0 + 61)
    found.take(well)
    assert not found.fresh(ahead.source, well.at).stale


def test_a_little_skew_is_forgiven() -> None:
    found = evidence(replace(QUIET, measured_at=T0 + 10.0, lag_p95=-1.0))
    assert not found.fresh(Source.LOGS, T0 + 5.0).stale
    assert found.lag(Source.LOGS) == 0.0


def test_our_own_clock_gone_back_makes_a_source_stale_until_it_has_caught_up() -> None:
    found = evidence(probes(3600.0))
    assert found.fresh(Source.PROBES_PRODUCTION, T0 + 60).stale
    assert not found.fresh(Source.PROBES_PRODUCTION, T0 + 3601).stale


def test_a_frozen_answer_ages_however_often_it_is_given() -> None:
    found = evidence()
    for at in range(61, 400, 15):
        # The service's own date goes on, and the row of the whole time with it: only the requests have stopped.
        again = logs(
            [user_bin(0)], at=T0 + at, whole=(replace(whole_of([user_bin(0)])[0], length=float(at), newest=None),)
        )
        found.take(replace(again, measured_at=T0 + at))
    fresh = found.fresh(Source.LOGS, T0 + 391)
    assert (fresh.newest, fresh.age_s, fresh.stale) == (T0 + 60, 331.0, True)


def test_the_old_version_s_requests_do_not_keep_the_new_one_s_data_fresh() -> None:
    both = [user_bin(0), user_bin(0, version=OLD), user_bin(4, version=OLD)]
    fresh = evidence(logs(both, at=T0 + 300)).fresh(Source.LOGS, T0 + 300)
    assert (fresh.newest, fresh.stale) == (T0 + 60, True)


def test_a_bin_without_a_date_is_as_new_as_the_reading_can_have_known() -> None:
    bare = replace(user_bin(0), newest=None)
    assert evidence(replace(logs([bare], at=T0 + 30), measured_at=T0 + 25)).fresh(Source.LOGS, T0 + 30).age_s == 5.0
    assert evidence(replace(logs([bare], at=T0 + 30), measured_at=None)).fresh(Source.LOGS, T0 + 30).age_s == 0.0
    assert evidence(replace(logs([bare], at=T0 + 90), measured_at=None)).fresh(Source.LOGS, T0 + 90).age_s == 30.0


@pytest.mark.parametrize("trouble", [{"error": "HTTP 503"}, {"partial": "a time-out"}])
def test_a_failed_or_partial_answer_changes_no_figure_and_says_why(trouble: dict[str, str]) -> None:
    good = logs([user_bin(0)], at=T0 + 61)
    found = evidence(good, replace(logs([user_bin(0), user_bin(1, 9, 9)], at=T0 + 121), **trouble))  # type: ignore[arg-type]
    assert found.rows(NEW) == (user_bin(0),)
    assert found.state(Source.LOGS).received == good.at
    fresh = found.fresh(Source.LOGS, T0 + 121)
    assert next(iter(trouble.values())) in fresh.words
    found.take(good)
    assert found.fresh(Source.LOGS, T0 + 121).words == fresh.words
    found.take(logs([user_bin(0)], at=T0 + 136))
    assert found.fresh(Source.LOGS, T0 + 136).words == ""


def test_a_bin_of_another_length_is_not_taken_and_said() -> None:
    found = evidence(logs([user_bin(0, size=30.0)], at=T0 + 61))
    assert found.rows(NEW) == ()
    assert "a bin of 30 s came where 60 s was asked" in found.fresh(Source.LOGS, T0 + 61).words


def test_requests_from_before_the_switch_are_not_the_window_s() -> None:
    found = evidence(logs([user_bin(-1), user_bin(0)], at=T0 + 61))
    assert [row.start for row in found.rows(NEW)] == [T0]


def test_nothing_of_the_logs_counts_before_the_switch_is_known() -> None:
    found = Evidence(WRITTEN, NEW, OLD, 0.0, (Source.LOGS,))
    found.take(logs([user_bin(0)], at=T0 + 61))
    assert found.rows(NEW) == ()
    assert not found.fresh(Source.LOGS, T0 + 1000).stale


def test_a_switch_seen_at_another_time_forgets_bins_of_the_old_alignment() -> None:
    found = evidence(logs([user_bin(0)], at=T0 + 61))
    found.begin(T0)
    assert found.rows(NEW) == (user_bin(0),)
    found.begin(T0 + 7.0)
    assert (found.rows(NEW), found.whole(NEW), found.fresh(Source.LOGS, T0 + 61).newest) == ((), None, None)


def test_the_whole_is_the_source_s_own_row_of_its_last_good_answer() -> None:
    rows = [user_bin(0, 100, 1), user_bin(1, 50, 2)]
    own = whole_of(rows, p95=131.0)
    found = evidence(logs(rows, whole=own))
    assert found.whole(NEW) == own[0]
    found.take(logs(rows, at=T0 + 135, whole=()))
    summed = found.whole(NEW)
    assert summed is not None
    assert (summed.requests, summed.failures, summed.p95) == (150, 3, None)
    assert evidence().whole(NEW) is None


def test_the_second_host_is_as_last_tried() -> None:
    tried = [probes(1, ok=False, second_host=True), probes(2, ok=False, second_host=False), probes(3, ok=False)]
    for told in (tried, tried[::-1]):
        assert (evidence(*told).second_host.value, evidence(*told).second_host.at) == (False, T0 + 2)


@pytest.mark.parametrize(("granularity", "required"), [(225.0, True), (225.1, False), (900.0, False)])
def test_a_source_that_does_not_fit_four_times_into_the_window_is_not_required(
    granularity: float, required: bool
) -> None:
    found = evidence()
    assert found.required(Source.PLATFORM)
    found.take(replace(platform([(10, 0)]), granularity_s=granularity))
    assert found.required(Source.PLATFORM) is required
    # It is shown all the same.
    assert found.points()
    assert "platform requests" in {figure.name for figure in figures(found, T0 + 60)}


def test_what_is_not_configured_and_the_slot_s_probes_are_never_required() -> None:
    assert not evidence(sources=(Source.LOGS,)).required(Source.PLATFORM)
    assert not evidence(sources=tuple(Source)).required(Source.PROBES_SLOT)


def test_slot_probes_say_nothing_of_production() -> None:
    found = evidence(probes(1, 2, 3, ok=False, second_host=True, source=Source.PROBES_SLOT))
    assert (found.probes.failing(), found.second_host.value) == (None, None)
    assert found.fresh(Source.PROBES_SLOT, T0 + 3).age_s == 0.0


def _size(found: Evidence) -> tuple[int, ...]:
    return (len(found.rows(NEW)), len(found.rows(OLD)), len(found.points()), len(found.probes), len(found.states))


def test_memory_is_bounded_in_the_length_of_the_run() -> None:
    policy = WRITTEN.scaled(30.0)
    found = evidence(policy=policy)
    sizes = []
    for second in range(1, 2000):
        last = int(second / policy.bin_s)
        rows = [user_bin(index, size=policy.bin_s) for index in range(max(0, last - 20), last)]
        strangers = [replace(row, version=f"{row.version}.{second}") for row in rows]
        found.take(logs([*rows, *strangers], at=T0 + second))
        points = tuple(Bin(row.start, row.length, "", 9, 0) for row in rows)
        found.take(Observation(Source.PLATFORM, T0 + second, bins=points, cpu_percent=10.0))
        found.take(probes(second, ok=second % 7 != 0))
        sizes.append(_size(found))
    most = 2 * math.ceil(policy.extended_s / policy.bin_s) + 3
    assert max(sizes) == sizes[-1]
    assert sizes[-1][0] <= most
    assert sizes[-1][2] <= most
    assert sizes[-1][3] == 600
    assert sizes[-1][1] == 0
    assert not any(found.whole(f"{NEW}.{second}") or found.rows(f"{NEW}.{second}") for second in range(1, 2000))


def test_points_finer_than_a_bin_are_kept_for_as_long_as_bins() -> None:
    found = evidence(platform([(5, 0)] * 180, size=10.0))
    assert len(found.points()) == 180


def _loads(*told: tuple[float, float]) -> Evidence:
    found = evidence(sources=(Source.PLATFORM,))
    for minute, cpu in told:
        found.take(Observation(Source.PLATFORM, T0 + 60 * minute, cpu_percent=cpu, memory_percent=50.0))
    return found


def test_high_load_for_fifteen_minutes_is_a_warning_and_a_dip_ends_it() -> None:
    assert warnings(_loads((0, 81.0), (14.9, 90.0))) == ()
    assert warnings(_loads((0, 81.0), (15, 90.0))) == ("CPU above 80 % for 900 s",)
    assert warnings(_loads((0, 81.0), (8, 80.0), (9, 90.0), (15, 90.0))) == ()
    assert warnings(_loads((0, 81.0), (15, 90.0), (7, 10.0))) == ("CPU above 80 % for 900 s",)


@pytest.mark.parametrize(("bins", "p95", "found"), [(10, 501.0, True), (9, 501.0, False), (10, 500.0, False)])
def test_slow_for_ten_minutes_is_a_warning(bins: int, p95: float, found: bool) -> None:
    seen = evidence(logs([user_bin(0), *(user_bin(index, p95=p95) for index in range(1, bins + 1))]))
    assert bool(warnings(seen)) is found


def test_a_short_window_warns_after_its_share_of_the_time() -> None:
    policy: Policy = WRITTEN.scaled(90.0)
    rows = [user_bin(index, p95=600.0, size=policy.bin_s) for index in range(10)]
    assert warnings(evidence(logs(rows), policy=policy)) == ("p95 above 500 ms for 60 s",)


def test_figures_say_none_where_there_is_no_data_never_zero() -> None:
    shown = {figure.name: figure for figure in figures(evidence(), T0 + 10)}
    assert shown["error rate"].value is None
    assert shown["error rate"].n == 0
    assert shown["p95"].value is None
    assert shown["probes failed in a row"].value is None
    assert "platform requests" not in shown
    assert shown["logs age"].value is None


def test_figures_carry_n_age_limit_and_what_was_before() -> None:
    seen = evidence(logs([user_bin(0, 200, 4)]), platform([(201, 4)]), probes(59, 60))
    shown = {figure.name: figure for figure in figures(seen, T0 + 62)}
    rate = shown["error rate"]
    assert (rate.value, rate.n, rate.age_s, rate.limit, rate.before) == (0.02, 200, 2.0, 0.05, 0.003)
    assert (shown["p95"].value, shown["p95"].limit, shown["p95"].before) == (120.0, 200.0, 120.0)
    assert (shown["platform 5xx"].value, shown["platform 5xx"].n) == (4.0, 201)
    assert shown["probes failed in a row"].value == 0.0
    assert shown["logs coverage"].value == 1.0
