"""The written triggers, verbatim: what fires, what does not yet, and what only a person can decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.signals import Baseline, Bin, Observation, Source
from cpr_cockpit.core.triggers import Finding, degradation, error_rate, runs_above, unavailable
from cpr_cockpit.core.verdict import HoldCause, Rule, VerdictKind
from tests.core.observations import BEFORE, NEW, OLD, T0, WRITTEN, evidence, logs, platform, probes, user_bin

BAD, GOOD = (100, 6), (100, 5)
"""6 % is above the limit of 5 %, 5 % is not."""


def _rows(*counts: tuple[int, int], size: float = 60.0) -> list[Bin]:
    return [user_bin(index, requests, failures, size=size) for index, (requests, failures) in enumerate(counts)]


def _errors(*counts: tuple[int, int], before: Baseline | None = BEFORE) -> Finding | None:
    return error_rate(evidence(logs(_rows(*counts)), before=before))


def _kind(found: Finding | None) -> VerdictKind | None:
    return None if found is None else found.kind


# -- error rate above 5 % for more than five minutes -----------------------------------------------------------------


def test_five_bins_above_do_not_fire_and_six_do() -> None:
    assert _kind(_errors(*[BAD] * 5)) is VerdictKind.WAIT
    fired = _errors(*[BAD] * 6)
    assert fired is not None
    assert (fired.kind, fired.rule, fired.cause) == (VerdictKind.ROLLBACK, Rule.ERROR_RATE, None)
    assert fired.sentence == (
        "36 of 600 requests to v1.3.0 failed since 08:54:00 UTC (6.0 %): "
        "above 5.0 % for longer than 300 s, before 0.3 %"
    )


def test_exactly_five_percent_is_not_above() -> None:
    assert _errors(*[GOOD] * 15) is None
    assert _kind(_errors(*[BAD] * 5, GOOD, *[BAD] * 5)) is VerdictKind.WAIT
    assert _errors(*[BAD] * 5, GOOD) is None


def test_a_streak_that_was_long_enough_fires_also_when_it_is_over() -> None:
    assert _kind(_errors(GOOD, *[BAD] * 6, GOOD, GOOD)) is VerdictKind.ROLLBACK


def test_while_it_rises_the_sentence_says_when_it_would_fire() -> None:
    rising = _errors(GOOD, BAD, BAD)
    assert rising is not None
    assert rising.sentence == (
        "12 of 200 requests failed since 08:55:00 UTC (limit 5.0 %); the written trigger would fire at 09:01:00 UTC"
    )
    assert _errors((30, 2)) is None  # two failures are not yet a beginning


def test_a_bin_without_requests_neither_fires_nor_excuses() -> None:
    gap = [*_rows(*[BAD] * 3), *(user_bin(index, *BAD) for index in (4, 5, 6))]
    assert _kind(error_rate(evidence(logs(gap)))) is VerdictKind.ROLLBACK
    told_empty = [*gap, replace(user_bin(3, 0), version=NEW)]
    assert _kind(error_rate(evidence(logs(told_empty)))) is VerdictKind.ROLLBACK


def test_a_bin_counts_only_when_it_is_complete() -> None:
    early = logs(_rows(*[BAD] * 6), at=T0 + 389, lag=30.0)
    assert _kind(error_rate(evidence(early))) is VerdictKind.WAIT
    assert _kind(error_rate(evidence(early, replace(early, at=T0 + 390)))) is VerdictKind.ROLLBACK


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        ([(3, 1)] * 2 + [(4, 1)] * 4, VerdictKind.ROLLBACK),  # 6 failures in 22 requests
        ([(3, 1)] * 6, VerdictKind.HOLD),  # 18 requests
        ([(3, 1)] * 7, VerdictKind.ROLLBACK),  # 21 requests
    ],
)
def test_below_the_minimum_of_requests_it_is_thin(counts: Sequence[tuple[int, int]], kind: VerdictKind) -> None:
    found = _errors(*counts)
    assert found is not None
    assert found.kind is kind
    assert found.cause is (HoldCause.THIN if kind is VerdictKind.HOLD else None)


def test_below_the_minimum_of_failures_it_is_thin() -> None:
    policy = replace(WRITTEN, error_min_failures=7)
    found = error_rate(evidence(logs(_rows(*[(10, 1)] * 6)), policy=policy))
    assert found is not None
    assert (found.kind, found.cause) == (VerdictKind.HOLD, HoldCause.THIN)
    assert "(at least 7 failures in 20 requests)" in found.sentence


@given(st.lists(st.sampled_from([GOOD, BAD, (0, 0), (40, 0)]), max_size=15))
def test_it_fires_exactly_on_six_bins_above_one_after_another(counts: list[tuple[int, int]]) -> None:
    letters = "".join("x" if one == BAD else "." for one in counts if one[0])
    assert (_kind(_errors(*counts)) is VerdictKind.ROLLBACK) == ("xxxxxx" in letters)


@given(st.floats(5.0, 900.0), st.integers(1, 12))
def test_a_short_window_fires_after_as_many_bins(window: float, bins: int) -> None:
    policy = WRITTEN.scaled(window)
    seen = logs(_rows(*[BAD] * bins, size=policy.bin_s))
    assert (_kind(error_rate(evidence(seen, policy=policy))) is VerdictKind.ROLLBACK) == (bins >= 6)


def test_a_fault_that_is_older_than_the_release_is_not_blamed_on_it() -> None:
    sick = replace(BEFORE, failures=180)
    found = _errors(*[BAD] * 6, before=sick)
    assert found is not None
    assert (found.kind, found.cause) == (VerdictKind.HOLD, HoldCause.UNDECIDABLE)
    assert "6.0 % failed before the switch too, so the fault is older than this release" in found.sentence


@pytest.mark.parametrize(
    "before",
    [
        None,
        replace(BEFORE, failures=150),
        replace(BEFORE, requests=19, failures=5),
        replace(BEFORE, requests=20, failures=2),
    ],
)
def test_a_baseline_that_does_not_show_a_fault_excuses_nothing(before: Baseline | None) -> None:
    # None, exactly 5 %, too few requests, too few failures.
    assert _kind(_errors(*[BAD] * 6, before=before)) is VerdictKind.ROLLBACK


def _shared(old_failures: int, *, hold: bool = False, old_requests: int = 10) -> Finding | None:
    rows = [user_bin(index, *BAD) for index in range(6)]
    rows += [user_bin(index, old_requests, old_failures, version=OLD) for index in range(6)]
    return error_rate(evidence(logs(rows), policy=replace(WRITTEN, hold_on_shared_fault=hold)))


def test_a_fault_that_both_versions_share_rolls_back_with_words_about_it() -> None:
    found = _shared(1)
    assert found is not None
    assert found.kind is VerdictKind.ROLLBACK
    assert found.sentence.endswith(
        "; the old version fails too (they share plan and database); it began 0 s after the switch; "
        "rolling back may help"
    )


def test_policy_may_hold_a_shared_fault() -> None:
    found = _shared(1, hold=True)
    assert found is not None
    assert (found.kind, found.cause) == (VerdictKind.HOLD, HoldCause.UNDECIDABLE)


@pytest.mark.parametrize(("failures", "requests"), [(0, 10), (1, 20), (1, 3)])
def test_an_old_version_that_is_well_or_hardly_met_shares_nothing(failures: int, requests: int) -> None:
    # No failure; exactly 5 %; 18 requests.
    found = _shared(failures, hold=True, old_requests=requests)
    assert found is not None
    assert found.kind is VerdictKind.ROLLBACK
    assert "old version" not in found.sentence


def test_runs_are_maximal_and_in_order() -> None:
    rows = _rows(BAD, BAD, GOOD, BAD)
    assert runs_above(rows, lambda row: row.failures > 5) == [(rows[0], rows[1]), (rows[3],)]
    assert runs_above([], lambda row: True) == []


# -- performance degradation above 50 % ------------------------------------------------------------------------------


def _slow(*p95s: float | None, requests: int = 100, before: Baseline | None = BEFORE) -> Finding | None:
    rows = [user_bin(index, requests, p95=p95) for index, p95 in enumerate(p95s)]
    return degradation(evidence(logs(rows), before=before))


def test_half_as_slow_again_for_more_than_five_minutes_fires() -> None:
    assert _slow(*[180.0] * 15) is None  # exactly 1.5 times 120 ms
    assert _kind(_slow(*[260.0] * 5)) is VerdictKind.WAIT
    fired = _slow(*[260.0] * 6)
    assert fired is not None
    assert (fired.kind, fired.rule) == (VerdictKind.ROLLBACK, Rule.DEGRADATION)
    assert fired.sentence == (
        "p95 of v1.3.0 is 260 ms since 08:54:00 UTC, before 120 ms: above 1.5 times that for 360 s (limit 300 s, n 600)"
    )


def test_one_slow_bin_is_not_a_beginning_and_two_are() -> None:
    assert _slow(120.0, 260.0) is None
    rising = _slow(120.0, 260.0, 260.0)
    assert rising is not None
    assert rising.kind is VerdictKind.WAIT
    assert rising.sentence.endswith("; the written trigger would fire at 09:01:00 UTC")


def test_a_quick_bin_ends_the_streak() -> None:
    assert _kind(_slow(*[260.0] * 5, 120.0, *[260.0] * 5)) is VerdictKind.WAIT


@pytest.mark.parametrize(("requests", "fires"), [(40, True), (39, False)])
def test_only_bins_of_forty_requests_have_a_p95(requests: int, fires: bool) -> None:
    assert (_kind(_slow(*[260.0] * 6, requests=requests)) is VerdictKind.ROLLBACK) is fires
    assert (_slow(*[260.0] * 6, requests=requests) is None) is not fires


def test_bins_that_cannot_be_judged_are_passed_over() -> None:
    assert _kind(_slow(*[260.0] * 3, None, None, *[260.0] * 3)) is VerdictKind.ROLLBACK


@pytest.mark.parametrize("before", [None, replace(BEFORE, p95=None), replace(BEFORE, requests=39, failures=0)])
def test_without_a_baseline_there_is_nothing_to_be_worse_than(before: Baseline | None) -> None:
    assert _slow(*[900.0] * 15, before=before) is None


QUICK = replace(BEFORE, p50=20.0, p95=40.0)


@pytest.mark.parametrize(
    ("p95", "before", "kind"),
    [
        (89.0, QUICK, VerdictKind.HOLD),  # under the target, 49 ms worse
        (90.0, QUICK, VerdictKind.ROLLBACK),  # 50 ms worse
        (199.0, replace(QUICK, p95=130.0), VerdictKind.ROLLBACK),  # 69 ms worse
        (200.0, replace(QUICK, p95=130.0), VerdictKind.ROLLBACK),  # not under the target
    ],
)
def test_by_the_letter_alone_a_person_decides(p95: float, before: Baseline, kind: VerdictKind) -> None:
    found = _slow(*[p95] * 6, before=before)
    assert found is not None
    assert found.kind is kind
    assert found.cause is (HoldCause.BY_THE_LETTER if kind is VerdictKind.HOLD else None)


def test_a_streak_by_the_letter_that_is_over_holds_nothing() -> None:
    assert _slow(*[80.0] * 8, 40.0, before=QUICK) is None


def test_a_long_streak_by_the_letter_does_not_hide_that_it_became_truly_slow() -> None:
    found = _slow(*[80.0] * 9, *[400.0] * 6, before=QUICK)
    assert found is not None
    assert found.kind is VerdictKind.ROLLBACK
    assert "400 ms" in found.sentence or "240 ms" in found.sentence


# -- complete unavailability -----------------------------------------------------------------------------------------


def _down(
    *more: Observation,
    until: int = 25,
    since: int = 5,
    now: float | None = None,
    second_host: bool | None = None,
    sources: tuple[Source, ...] = (Source.LOGS, Source.PLATFORM, Source.PROBES_PRODUCTION),
    before: Baseline | None = BEFORE,
    window: float | None = None,
) -> Finding | None:
    """Every probe from ``since`` to ``until`` seconds after the switch fails; those before succeed."""
    seen = [probes(*range(since)), probes(*range(since, until + 1), ok=False, second_host=second_host)]
    policy = WRITTEN if window is None else WRITTEN.scaled(window)
    found = evidence(*seen, *more, sources=sources, before=before, policy=policy)
    return unavailable(found, T0 + until if now is None else now)


def _failed_point(failures: int, requests: int | None = None, start: float = 10.0) -> Observation:
    row = Bin(T0 + start, 10.0, "", failures if requests is None else requests, failures)
    return Observation(Source.PLATFORM, T0 + 26, bins=(row,), lag_p95=0.0)


def test_while_probes_are_answered_nothing_is_unavailable() -> None:
    assert unavailable(evidence(probes(1, 2, 3)), T0 + 3) is None
    assert unavailable(evidence(), T0 + 3) is None


def test_two_failed_probes_are_not_a_beginning() -> None:
    assert _down(until=6) is None
    assert _kind(_down(until=7)) is VerdictKind.WAIT


def test_every_probe_and_every_request_for_twenty_seconds_fires() -> None:
    assert _kind(_down(_failed_point(3), until=24)) is VerdictKind.WAIT
    fired = _down(_failed_point(3), until=25)
    assert fired is not None
    assert (fired.kind, fired.rule) == (VerdictKind.ROLLBACK, Rule.UNAVAILABLE)
    assert fired.sentence == (
        "21 of 21 probes of production failed since 08:54:05 UTC (20 s), and 3 of 3 requests (platform)"
    )


def test_a_source_that_exists_must_tell_of_three_failures() -> None:
    assert _kind(_down(_failed_point(2))) is VerdictKind.WAIT


def test_one_served_request_contradicts() -> None:
    found = _down(_failed_point(5, requests=6))
    assert found is not None
    assert found.kind is VerdictKind.WAIT
    assert "while users' requests are served" in found.sentence


def test_a_bin_of_the_logs_counts_by_the_date_of_its_last_success() -> None:
    bad = [user_bin(0, 60, 30, p95=None), user_bin(1, 60, 60, p95=None)]
    served = logs([replace(bad[0], last_ok=T0 + 10.0), bad[1]], at=T0 + 121)
    dead = logs([replace(bad[0], last_ok=T0 + 4.0), bad[1]], at=T0 + 121)
    assert "served" in str(_down(served, until=120, sources=(Source.LOGS,)))
    assert _kind(_down(dead, until=120, sources=(Source.LOGS,))) is VerdictKind.ROLLBACK


def test_a_bin_that_began_before_and_does_not_date_its_successes_says_nothing() -> None:
    vague = logs([replace(user_bin(0, 60, 30), last_ok=None)], at=T0 + 61)
    found = _down(vague, until=61, second_host=True, sources=(Source.LOGS,), now=T0 + 400)
    assert found is not None
    assert "no user request is told of" in found.sentence


@pytest.mark.parametrize("reached", [True, False, None])
def test_probes_alone_count_only_with_a_second_host(reached: bool | None) -> None:
    found = _down(second_host=reached, sources=(Source.PROBES_PRODUCTION,))
    assert found is not None
    if reached:
        assert found.kind is VerdictKind.ROLLBACK
        assert found.sentence.endswith("no user request is told of, and another host answers from here")
    else:
        assert (found.kind, found.cause) == (VerdictKind.HOLD, HoldCause.STALE)
        assert found.sentence.endswith(": this may be our own network")
        assert ("no second host answers either" in found.sentence) is (reached is False)


def test_a_second_host_that_was_reached_before_the_failures_or_long_ago_proves_nothing() -> None:
    before = [probes(1, second_host=True), probes(*range(5, 26), ok=False)]
    alone = evidence(*before, sources=(Source.PROBES_PRODUCTION,))
    assert _kind(unavailable(alone, T0 + 25)) is VerdictKind.HOLD
    long_ago = [probes(*range(5, 26), ok=False, second_host=True), probes(*range(26, 61), ok=False)]
    later = evidence(*long_ago, sources=(Source.PROBES_PRODUCTION,))
    assert _kind(unavailable(later, T0 + 60)) is VerdictKind.HOLD
    later.take(probes(61, ok=False, second_host=True))
    assert _kind(unavailable(later, T0 + 61)) is VerdictKind.ROLLBACK


def test_logs_that_may_still_tell_are_waited_for_and_silent_ones_are_not() -> None:
    assert _kind(_down(second_host=True, sources=(Source.LOGS, Source.PROBES_PRODUCTION))) is VerdictKind.ROLLBACK
    slow = logs([], at=T0 + 20, lag=30.0)
    waits = _down(slow, second_host=True, now=T0 + 50)
    assert _kind(waits) is VerdictKind.WAIT
    assert _kind(_down(slow, second_host=True, now=T0 + 56)) is VerdictKind.ROLLBACK


def test_an_outage_that_is_older_than_the_release_is_not_blamed_on_it() -> None:
    dead = Baseline(50, 50, None, None, None, T0 - 400, T0 - 100)
    found = _down(_failed_point(9), before=dead)
    assert found is not None
    assert (found.kind, found.cause) == (VerdictKind.HOLD, HoldCause.UNDECIDABLE)


@given(st.floats(1.0, 900.0))
def test_it_never_fires_on_less_than_three_seconds(window: float) -> None:
    policy = WRITTEN.scaled(window)
    failing = [T0 + 10.0 + step * 0.5 for step in range(100)]
    fired_after = None
    for last in range(3, 100):
        times = [at - T0 for at in failing[:last]]
        seen = evidence(
            probes(9.0), probes(*times, ok=False, second_host=True), policy=policy, sources=(Source.PROBES_PRODUCTION,)
        )
        if _kind(unavailable(seen, failing[last - 1])) is VerdictKind.ROLLBACK:
            fired_after = times[-1] - 10.0
            break
    assert fired_after == pytest.approx(max(3.0, 20.0 * window / 900.0), abs=0.5)


def test_failures_from_before_the_switch_do_not_lengthen_the_streak() -> None:
    found = evidence(probes(*range(-30, 11), ok=False, second_host=True), sources=(Source.PROBES_PRODUCTION,))
    assert _kind(unavailable(found, T0 + 10)) is VerdictKind.WAIT


def test_the_platform_s_requests_that_succeed_contradict_failing_probes() -> None:
    healthy = platform([(50, 0)] * 10, size=10.0)
    assert "served" in str(_down(healthy, until=60, second_host=True))
