"""The procedure's numbers, how they shrink with the window, and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.policy import REFERENCE_WINDOW_S, Policy

WRITTEN = Policy()
FLOORS = {
    "bin_s": 0.0,
    "error_for_s": 0.0,
    "degradation_for_s": 0.0,
    "unavailable_for_s": 3.0,
    "warning_p95_for_s": 0.0,
    "warning_load_for_s": 0.0,
    "baseline_s": 20.0,
    "extended_s": 0.0,
    "poll_probes_s": 1.0,
    "poll_logs_s": 1.0,
    "poll_platform_s": 1.0,
    "block_s": 0.0,
    "early_patience_s": 0.0,
    "early_at_switch_s": 0.0,
    "early_severe_s": 0.0,
    "early_controlled_s": 0.0,
    "early_calm_s": 0.0,
    "warm_up_s": 0.0,
    "page_after_s": 0.0,
    "page_every_s": 0.0,
    "unattended_after_s": 0.0,
}
"""What is multiplied by f, and how short it may become."""
NOT_SCALED = {
    "error_rate", "error_min_failures", "error_min_requests", "degradation", "degradation_min_requests", "letter_ms",
    "unavailable_floor_s", "unavailable_min", "target_error_rate", "target_p50_ms", "target_p95_ms", "target_p99_ms",
    "tolerance", "warning_p95_ms", "warning_cpu_percent", "warning_memory_percent", "baseline_floor_s", "poll_floor_s",
    "platform_delay_s", "skew_s", "coverage", "alpha", "granularity_fits", "require_ready",
    "require_telemetry", "go_early",
    "hold_on_shared_fault", "rollback_on_journey", "keep_warm_s", "signature_s", "early_limit", "early_alpha",
    "unattended", "synthetic_go", "synthetic_steps", "longest_window",
}  # fmt: skip
short_windows = st.floats(1.0, REFERENCE_WINDOW_S)


def test_the_defaults_are_the_procedure_s() -> None:
    assert (WRITTEN.window_s, WRITTEN.extended_s, WRITTEN.bin_s) == (900.0, 1800.0, 60.0)
    assert (WRITTEN.error_rate, WRITTEN.error_for_s) == (0.05, 300.0)
    assert (WRITTEN.degradation, WRITTEN.target_error_rate) == (1.5, 0.01)
    assert (WRITTEN.target_p50_ms, WRITTEN.target_p95_ms, WRITTEN.target_p99_ms) == (100.0, 200.0, 500.0)
    assert (WRITTEN.warning_p95_ms, WRITTEN.warning_p95_for_s) == (500.0, 600.0)
    assert (WRITTEN.warning_cpu_percent, WRITTEN.warning_memory_percent, WRITTEN.warning_load_for_s) == (80, 85, 900)


def test_every_field_is_either_scaled_or_not() -> None:
    assert set(FLOORS) | NOT_SCALED | {"window_s", "scale"} == {field.name for field in fields(Policy)}
    assert not set(FLOORS) & NOT_SCALED


@given(short_windows)
def test_durations_and_polls_shrink_by_f_down_to_their_floors_and_nothing_else_does(window: float) -> None:
    scaled = WRITTEN.scaled(window)
    f = window / 900.0
    for name, floor in FLOORS.items():
        assert getattr(scaled, name) == pytest.approx(max(floor, getattr(WRITTEN, name) * f)), name
    for name in NOT_SCALED:
        assert getattr(scaled, name) == getattr(WRITTEN, name), name
    assert scaled.window_s == window
    assert scaled.scale == pytest.approx(f)


@given(short_windows)
def test_a_short_window_asks_for_as_many_bins_as_the_written_one(window: float) -> None:
    scaled = WRITTEN.scaled(window)
    assert scaled.bins_beyond(scaled.error_for_s) == 6
    assert scaled.bins_beyond(scaled.degradation_for_s) == 6
    assert scaled.unavailable_for_s >= 3.0


@pytest.mark.parametrize(("duration", "bins"), [(0.0, 1), (59.0, 1), (60.0, 2), (61.0, 2), (299.0, 5), (300.0, 6)])
def test_bins_last_strictly_longer_than_the_duration(duration: float, bins: int) -> None:
    assert WRITTEN.bins_beyond(duration) == bins


@pytest.mark.parametrize("window", [900.0, 1800.0, 86400.0])
def test_a_long_window_keeps_the_written_durations(window: float) -> None:
    assert WRITTEN.scaled(window) == replace(WRITTEN, window_s=window)


@pytest.mark.parametrize("window", [0.0, 0.99, -1.0, math.nan, math.inf])
def test_a_window_under_one_second_is_refused(window: float) -> None:
    with pytest.raises(ValueError, match="a window lasts at least 1 s"):
        WRITTEN.scaled(window)


def test_nothing_is_scaled_twice() -> None:
    with pytest.raises(ValueError, match=r"already scaled by 0\.1"):
        WRITTEN.scaled(90.0).scaled(90.0)


@given(st.none() | short_windows)
def test_a_policy_survives_the_journal(window: float | None) -> None:
    policy = WRITTEN if window is None else WRITTEN.scaled(window)
    assert Policy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


def test_absent_fields_are_as_written_and_whole_numbers_do_for_numbers() -> None:
    assert Policy.from_dict({}) == WRITTEN
    assert Policy.from_dict({"window_s": 60, "bin_s": 4}) == replace(WRITTEN, window_s=60.0, bin_s=4.0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"error_rat": 0.05}, "unknown field 'error_rat'"),
        ({"error_rate": "0.05"}, "error_rate is a number, found '0.05'"),
        ({"error_rate": True}, "error_rate is a number, found True"),
        ({"error_rate": None}, "error_rate is a number"),
        ({"error_min_requests": 20.0}, "error_min_requests is a whole number"),
        ({"error_min_requests": True}, "error_min_requests is a whole number"),
        ({"go_early": 1}, "go_early is true or false"),
        ({"error_rate": 0.0}, "error_rate is above 0"),
        ({"error_rate": 1.0}, "error_rate is a share below 1"),
        ({"coverage": 1.5}, "coverage is a share below 1"),
        ({"bin_s": -60.0}, "bin_s is above 0"),
        ({"bin_s": math.nan}, "bin_s is a finite number"),
        ({"window_s": math.inf}, "window_s is a finite number"),
        ({"unavailable_min": 0}, "unavailable_min is above 0"),
        ({"degradation": 1.0}, "degradation is a factor above 1"),
        ({"scale": 1.5}, "scale is at most 1"),
        ({"window_s": 30.0}, r"bin_s \(60.0 s\) does not fit into window_s \(30.0 s\)"),
    ],
)
def test_what_no_rule_can_be_built_on_is_refused_by_name(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Policy.from_dict(values)


@pytest.mark.parametrize("name", ["letter_ms", "tolerance", "skew_s", "platform_delay_s", "keep_warm_s"])
def test_some_numbers_may_be_zero(name: str) -> None:
    assert getattr(Policy.from_dict({name: 0.0}), name) == 0.0
