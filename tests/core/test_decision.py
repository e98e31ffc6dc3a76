"""What GO needs beside silent triggers: each doubt with its cause and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cpr_cockpit.core.decision import incomplete_or_thin, keep_words, pending, slower, stale
from cpr_cockpit.core.doubt import Doubt
from cpr_cockpit.core.signals import Baseline, Bin, Observation, Source
from cpr_cockpit.core.targets import target_missed
from cpr_cockpit.core.triggers import error_rate
from cpr_cockpit.core.verdict import HoldCause
from tests.core.observations import BEFORE, T0, evidence, logs, platform, probes, user_bin, whole_of

FIFTEEN = [user_bin(index) for index in range(15)]
END = T0 + 900.0
LOGS_ALONE = (Source.LOGS,)


def _cause(doubt: Doubt | None) -> HoldCause | None:
    return None if doubt is None else doubt.cause


# -- stale -----------------------------------------------------------------------------------------------------------


def test_fresh_sources_raise_no_doubt() -> None:
    assert stale(evidence(logs(FIFTEEN), platform([(100, 0)] * 15), probes(899, 900)), END) is None


def test_a_source_that_told_nothing_since_the_switch_is_named_with_its_limit() -> None:
    doubt = stale(evidence(sources=LOGS_ALONE), T0 + 33)
    assert doubt == Doubt(HoldCause.STALE, "no data to judge by: logs told nothing since the switch (limit 32 s)")
    assert stale(evidence(sources=LOGS_ALONE), T0 + 32) is None


def test_silent_telemetry_while_probes_and_platform_are_normal_is_said_with_their_signs() -> None:
    seen = evidence(logs(FIFTEEN[:5]), platform([(1200, 3)] * 15), probes(*range(880, 901)))
    doubt = stale(seen, END)
    assert doubt is not None
    assert doubt.cause is HoldCause.STALE
    assert doubt.sentence == (
        "no data to judge by: newest of logs is 600 s old (limit 32 s); our probes are answered and the platform "
        "counted 1200 requests (3 5xx) in 60 s"
    )


def test_failing_probes_are_said_too_and_silent_ones_are_no_sign() -> None:
    failing = stale(evidence(logs(FIFTEEN[:5]), probes(899, 900, ok=False)), END)
    assert "the last 2 of our probes failed" in str(failing)
    silent = stale(evidence(logs(FIFTEEN), platform([(100, 0)] * 15), probes(1)), END)
    assert silent is not None
    assert silent.sentence.startswith("no data to judge by: newest of probes production is 899 s old")
    assert "answered" not in silent.sentence


def test_future_dated_data_and_the_source_s_own_trouble_are_said() -> None:
    ahead = stale(evidence(replace(logs(FIFTEEN), measured_at=END + 60), sources=LOGS_ALONE), END)
    assert ahead is not None
    assert "logs is dated ahead of our clock and refused" in ahead.sentence
    failed = Observation(Source.LOGS, END, error="HTTP 429 from the workspace")
    told = stale(evidence(logs(FIFTEEN[:5]), failed, sources=LOGS_ALONE), END)
    assert "(HTTP 429 from the workspace)" in str(told)


def test_a_source_that_is_not_required_may_be_silent() -> None:
    coarse = replace(platform([(100, 0)]), granularity_s=300.0)
    assert stale(evidence(logs(FIFTEEN), coarse, probes(900)), END) is None


# -- incomplete or thin ----------------------------------------------------------------------------------------------


def _covered(bins: Sequence[Bin], *more: Observation, sources: tuple[Source, ...] = LOGS_ALONE) -> Doubt | None:
    return incomplete_or_thin(evidence(logs(bins, at=END), *more, sources=sources))


def test_seventy_percent_of_the_time_is_enough_and_less_is_not() -> None:
    assert _covered([*FIFTEEN[:10], FIFTEEN[14]]) is None
    doubt = _covered(FIFTEEN[:10])
    assert doubt == Doubt(HoldCause.INCOMPLETE, "logs cover 66.7 % of the time since the switch (at least 70.0 %)")


def test_rows_that_the_platform_counted_and_the_logs_do_not_hold() -> None:
    both = (Source.LOGS, Source.PLATFORM)
    assert _covered(FIFTEEN, platform([(140, 0)] * 15), sources=both) is None
    doubt = _covered(FIFTEEN, platform([(150, 0)] * 15), sources=both)
    assert doubt == Doubt(
        HoldCause.INCOMPLETE, "logs hold 66.7 % of the requests that the platform counted (at least 70.0 %)"
    )
    # Lost rows are the cause also where what is left is too little to judge by.
    few = [user_bin(index, 3) for index in range(15)]
    assert _cause(_covered(few, platform([(100, 0)] * 15), sources=both)) is HoldCause.INCOMPLETE


def test_few_requests_are_thin_even_where_bins_are_empty() -> None:
    doubt = _covered([user_bin(2, 20), user_bin(9, 20)])
    assert doubt == Doubt(
        HoldCause.THIN,
        "40 requests with 0 failures are too few to exclude an error rate of 5.0 %: "
        "19 more without a failure are needed",
    )


@pytest.mark.parametrize(
    ("requests", "failures", "thin"), [(58, 0, True), (59, 0, False), (92, 1, True), (93, 1, False)]
)
def test_the_number_of_requests_that_excludes_five_percent(requests: int, failures: int, thin: bool) -> None:
    rows = [user_bin(index, 1) for index in range(14)] + [user_bin(14, requests - 14, failures)]
    assert (_cause(_covered(rows)) is HoldCause.THIN) is thin


def test_no_request_at_all_is_thin() -> None:
    assert _cause(_covered([])) is HoldCause.THIN


def test_a_rate_above_the_limit_is_suspicious_and_one_just_below_it_is_thin() -> None:
    below = _covered([user_bin(index, 100, 9 if index % 2 else 1) for index in range(15)])
    assert _cause(below) is HoldCause.THIN
    clear = _covered([user_bin(index, 100, 19 if index % 2 else 1) for index in range(15)])
    assert clear == Doubt(
        HoldCause.SUSPICIOUS, "141 of 1500 requests failed (9.4 %): above 5.0 %, though not for longer than 300 s"
    )


# -- pending, targets, degradation over the whole --------------------------------------------------------------------


def test_a_trigger_under_way_is_suspicious() -> None:
    rising = error_rate(evidence(logs([*FIFTEEN[:12], *(user_bin(index, 100, 20) for index in (12, 13, 14))])))
    assert rising is not None
    doubt = pending([rising])
    assert doubt is not None
    assert doubt.cause is HoldCause.SUSPICIOUS
    assert doubt.sentence.startswith("error rate rising: 60 of 300 requests failed since ")
    assert pending([]) is None


def _whole(requests: int, failures: int, **changes: Any) -> Observation:
    """Fifteen bins that are all as the whole is."""
    shares = [failures // 15 + (index < failures % 15) for index in range(15)]
    bins = [replace(user_bin(index, requests // 15, shares[index]), **changes) for index in range(15)]
    return logs(bins, whole=[replace(whole_of(FIFTEEN)[0], requests=requests, failures=failures, **changes)])


@pytest.mark.parametrize(
    ("failures", "before", "missed"),
    [
        (14, BEFORE, False),  # 0.9 %
        (15, BEFORE, True),  # 1 %: the target is "< 1 %"
        (42, BEFORE, True),
        (42, replace(BEFORE, failures=75), False),  # 2.8 %, before 2.5 %: within the tolerance of a fifth
        (42, replace(BEFORE, failures=54), False),  # before 1.8 %: chance makes of that what it is now
        (42, replace(BEFORE, failures=42), True),  # before 1.4 %
        (42, None, True),
        (42, Baseline(0, 0, None, None, None, 0.0, 1.0), True),
        (14, None, False),
    ],
)
def test_between_target_and_trigger_go_is_not_automatic(failures: int, before: Baseline | None, missed: bool) -> None:
    doubt = target_missed(evidence(_whole(1500, failures), before=before))
    assert (_cause(doubt) is HoldCause.TARGET_MISSED) is missed
    assert (doubt is None) is not missed


def test_a_missed_target_is_said_with_what_was_before() -> None:
    doubt = target_missed(evidence(_whole(1500, 42)))
    assert doubt is not None
    assert doubt.sentence == "2.8 % of 1500 requests failed: target 1.0 %, before 0.3 %"
    unknown = target_missed(evidence(_whole(1500, 42), before=None))
    assert unknown is not None
    assert unknown.sentence.endswith("before unknown")


@pytest.mark.parametrize(
    ("changes", "before", "words"),
    [
        ({"p50": 100.0}, BEFORE, "p50 is 100 ms over 1500 requests: target 100 ms, before 70 ms"),
        ({"p95": 200.0}, BEFORE, "p95 is 200 ms over 1500 requests: target 200 ms, before 120 ms"),
        ({"p99": 500.0}, BEFORE, "p99 is 500 ms over 1500 requests: target 500 ms, before 180 ms"),
        ({"p99": 600.0}, None, "p99 is 600 ms over 1500 requests: target 500 ms, before unknown"),
        ({"p99": 499.0}, BEFORE, None),
        ({"p99": 600.0}, replace(BEFORE, p99=500.0), None),
        ({"p99": 810.0}, replace(BEFORE, p99=500.0), None),  # 15 requests lie beyond it: chance makes that of 500 ms
        ({"p99": 820.0}, replace(BEFORE, p99=500.0), "p99 is 820 ms over 1500 requests: target 500 ms, before 500 ms"),
    ],
)
def test_latency_targets_are_strict_and_not_worse_than_before_is_good_enough(
    changes: dict[str, float | None], before: Baseline | None, words: str | None
) -> None:
    doubt = target_missed(evidence(_whole(1500, 0, **changes), before=before))
    assert (doubt.sentence if doubt else None) == words


@pytest.mark.parametrize("name", ["p50", "p95", "p99"])
def test_a_percentile_that_was_not_told_is_no_percentile_met(name: str) -> None:
    doubt = target_missed(evidence(_whole(1500, 0, **{name: None})))
    assert doubt == Doubt(HoldCause.INCOMPLETE, f"no {name} was told for the time since the switch")


def test_without_any_request_no_target_is_met() -> None:
    assert _cause(target_missed(evidence())) is HoldCause.INCOMPLETE


THIN_BINS = [user_bin(index, 30, p95=185.0) for index in range(15)]


@pytest.mark.parametrize(
    ("p95", "before", "cause"),
    [
        (185.0, BEFORE, HoldCause.SUSPICIOUS),
        (180.0, BEFORE, None),
        (89.0, replace(BEFORE, p95=40.0), HoldCause.BY_THE_LETTER),
        (185.0, None, None),
        (185.0, replace(BEFORE, p95=None), None),
        (185.0, replace(BEFORE, requests=39, failures=0), None),
    ],
)
def test_where_bins_are_too_thin_for_the_trigger_the_whole_is_held_against_its_factor(
    p95: float, before: Baseline | None, cause: HoldCause | None
) -> None:
    seen = evidence(logs(THIN_BINS, whole=whole_of(THIN_BINS, p95=p95)), before=before)
    assert _cause(slower(seen)) is cause


def test_where_the_trigger_could_see_it_has_the_word() -> None:
    # A slow minute after the switch lifts the p95 of the whole time; bins of their own tell it from a slow release.
    cold = [user_bin(0, p95=900.0), *FIFTEEN[1:]]
    assert slower(evidence(logs(cold, whole=whole_of(cold, p95=190.0)))) is None


def test_why_it_may_be_kept_is_one_sentence_with_numbers() -> None:
    assert keep_words(evidence(_whole(1500, 3)), END) == (
        "3 of 1500 requests to v1.3.0 failed since 08:54:00 UTC (0.2 %, target 1.0 %, before 0.3 %); "
        "p95 120 ms (target 200 ms, before 120 ms); data 0 s old"
    )
    assert keep_words(evidence(), END) == "no request of v1.3.0 was told of since 08:54:00 UTC"
    assert "before" not in keep_words(evidence(_whole(1500, 3), before=None), END)
