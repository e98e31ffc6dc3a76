"""Are the errors back at the baseline? By chance, by n, and never where nothing is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.back_figures import LEAST_REQUESTS, Before, at_baseline, told

BEFORE = Before(2412, 7, 0.01)


@pytest.mark.parametrize(
    ("requests", "failures", "expected"),
    [
        (0, 0, None),
        (99, 0, None),
        (99, 50, None),
        (100, 0, True),
        (100, 1, True),
        (100, 3, False),
        (1000, 6, True),
        (1000, 20, False),
    ],
)
def test_against_a_baseline_of_three_in_a_thousand(requests: int, failures: int, expected: bool | None) -> None:
    assert at_baseline(requests, failures, BEFORE) is expected


def test_without_a_baseline_the_target_counts() -> None:
    nothing = Before(0, 0, 0.01)
    assert at_baseline(1000, 12, nothing) is True
    assert at_baseline(1000, 40, nothing) is False
    assert "no baseline, target 1.0 %" in told(1000, 12, 2.0, nothing)


@given(
    requests=st.integers(0, 5000),
    failures=st.integers(0, 5000),
    before=st.builds(Before, st.integers(0, 5000), st.integers(0, 50), st.just(0.01)),
)
def test_more_failures_never_make_it_better_and_few_requests_never_tell(
    requests: int, failures: int, before: Before
) -> None:
    failures = min(failures, requests)
    before = Before(before.requests, min(before.failures, before.requests), before.target)
    found = at_baseline(requests, failures, before)
    assert (found is None) is (requests < LEAST_REQUESTS)
    if found is False and failures < requests:
        assert at_baseline(requests, failures + 1, before) is False


def test_the_figure_carries_n_age_and_what_it_is_held_against() -> None:
    assert told(512, 2, 3.0, BEFORE) == (
        "0.4 % of 512 requests failed since the way back (0.3 % before, n 2412; newest 3 s old)"
    )
