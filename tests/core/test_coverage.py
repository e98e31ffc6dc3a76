"""How much of the data has come: holes, rows against the platform's count, and what cannot have come yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core.coverage import coverage, coverages, row_share
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.signals import Observation, Source
from tests.core.observations import NEW, T0, WRITTEN, evidence, logs, platform, probes, user_bin

TEN = [user_bin(index) for index in range(10)]
LOGS_ALONE = (Source.LOGS,)


def _time(found: Evidence, source: Source = Source.LOGS) -> float:
    return coverage(found, source).time


def test_nothing_told_covers_nothing() -> None:
    assert coverage(evidence(), Source.LOGS).value == 0.0
    assert coverage(evidence(logs([], at=T0 + 300)), Source.LOGS).value == 0.0
    assert coverage(Evidence(WRITTEN, NEW, "old", 0.0, LOGS_ALONE), Source.LOGS).value == 0.0


def test_bins_without_rows_are_not_covered() -> None:
    assert _time(evidence(logs(TEN), sources=LOGS_ALONE)) == 1.0
    holes = [row for place, row in enumerate(TEN) if place not in (2, 3, 9)]
    assert _time(evidence(logs(holes, at=T0 + 600), sources=LOGS_ALONE)) == pytest.approx(0.7)
    empty = [*holes, *(replace(TEN[place], requests=0, failures=0) for place in (2, 3, 9))]
    assert _time(evidence(logs(empty, at=T0 + 600), sources=LOGS_ALONE)) == pytest.approx(0.7)


def test_what_happened_within_the_lag_is_not_missing_yet() -> None:
    assert _time(evidence(logs(TEN[:8], at=T0 + 600, lag=120.0))) == 1.0
    assert _time(evidence(logs(TEN[:8], at=T0 + 600, lag=60.0))) == pytest.approx(8 / 9)
    assert _time(evidence(logs(TEN[:1], at=T0 + 100, lag=120.0))) == 1.0


def test_a_later_answer_that_brings_nothing_new_covers_less() -> None:
    found = evidence(logs(TEN[:5]), sources=LOGS_ALONE)
    assert _time(found) == 1.0
    found.take(logs(TEN[:5], at=T0 + 600))
    assert _time(found) == pytest.approx(0.5)


def test_a_failed_answer_tells_nothing_of_coverage() -> None:
    found = evidence(logs(TEN[:5]), replace(logs(TEN[:5], at=T0 + 600), error="HTTP 503"), sources=LOGS_ALONE)
    assert _time(found) == 1.0


def test_without_any_row_none_of_what_the_platform_counted_was_told() -> None:
    found = evidence(logs([]), platform([(100, 0)] * 10))
    assert row_share(found, T0, T0 + 600.0) == 0.0


@pytest.mark.parametrize(("counted", "share"), [(100, 1.0), (125, 0.8), (200, 0.5), (90, 1.0)])
def test_rows_are_held_against_what_the_platform_counted(counted: int, share: float) -> None:
    found = evidence(logs(TEN), platform([(counted, 0)] * 10))
    assert coverage(found, Source.LOGS).rows == pytest.approx(share)
    assert coverage(found, Source.LOGS).value == pytest.approx(share)


def test_sampled_rows_count_for_what_they_stand_for() -> None:
    sampled = [replace(row, total=4.0 * row.requests) for row in TEN]
    assert coverage(evidence(logs(sampled), platform([(400, 0)] * 10)), Source.LOGS).rows == pytest.approx(1.0)


def test_our_own_probes_are_not_users_whom_the_logs_have_lost() -> None:
    found = evidence(logs(TEN), platform([(160, 0)] * 10), probes(*range(600)))
    assert coverage(found, Source.LOGS).rows == pytest.approx(1.0)
    # Told twice, they are still taken off once.
    found.take(probes(*range(600)))
    assert coverage(found, Source.LOGS).rows == pytest.approx(1.0)


def test_rows_are_compared_only_where_a_point_came_and_on_enough_requests() -> None:
    some = platform([(100, 0)] * 5, at=T0 + 600)
    assert coverage(evidence(logs(TEN), some), Source.LOGS).rows == pytest.approx(1.0)
    few = platform([(1, 0)] * 10)
    assert coverage(evidence(logs([user_bin(0, 1)], at=T0 + 600), few), Source.LOGS).rows is None
    coarse = replace(platform([(1000, 0)], size=600.0), granularity_s=300.0)
    assert coverage(evidence(logs(TEN[:5], at=T0 + 600), coarse), Source.LOGS).rows is None


def test_points_that_do_not_come_are_not_covered() -> None:
    counts = platform([(100, 0)] * 10)
    holes = replace(counts, bins=counts.bins[:3] + counts.bins[6:])
    assert _time(evidence(holes), Source.PLATFORM) == pytest.approx(6 / 9)
    assert _time(evidence(counts), Source.PLATFORM) == 1.0


def test_points_that_overlap_do_not_cover_for_those_that_are_missing() -> None:
    coarse = platform([(100, 0)] * 5, size=120.0)
    overlapping = Observation(Source.PLATFORM, T0 + 600, bins=platform([(50, 0)] * 5).bins[1:], lag_p95=0.0)
    found = evidence(replace(coarse, bins=coarse.bins[:3], at=T0 + 599), overlapping)
    # One of 120 s at 0, and one of 60 s at each of 60, 120, 180 and 240: together 300 of the 480 s that can have come.
    assert [row.length for row in found.points()] == [120.0, 60.0, 60.0, 60.0, 60.0]
    assert _time(found, Source.PLATFORM) == pytest.approx(300 / 480)


def test_a_point_without_requests_is_data() -> None:
    assert _time(evidence(platform([(0, 0)] * 10)), Source.PLATFORM) == 1.0


def test_it_is_counted_for_required_sources_of_users_only() -> None:
    seen: tuple[Observation, ...] = (logs(TEN), platform([(100, 0)] * 10), probes(1, 2))
    sources = {one.source for one in coverages(evidence(*seen))}
    assert sources == {Source.LOGS, Source.PLATFORM}
    coarse = replace(seen[1], granularity_s=300.0)
    assert {one.source for one in coverages(evidence(seen[0], coarse))} == {Source.LOGS}
