"""Exact binomial bounds against sums in whole numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.rates import excludes, requests_needed, tail_at_most


def exact_tail(failures: int, requests: int, rate: Fraction) -> Fraction:
    """P(Binomial(requests, rate) <= failures) without rounding."""
    ks = range(min(failures, requests) + 1)
    return sum((math.comb(requests, k) * rate**k * (1 - rate) ** (requests - k) for k in ks), Fraction(0))


rates = st.integers(1, 63).map(lambda n: Fraction(n, 64))
"""Shares that a float holds exactly."""


@given(st.integers(0, 60), st.integers(0, 60), rates)
def test_the_tail_is_the_exact_sum(failures: int, requests: int, rate: Fraction) -> None:
    exact = exact_tail(failures, requests, rate)
    assert tail_at_most(failures, requests, float(rate)) == pytest.approx(float(exact), rel=1e-9)


def test_nothing_underflows_with_many_requests() -> None:
    # The normal approximation at half a million requests, where its own error is a few percent of so small a tail.
    found = tail_at_most(24_500, 500_000, 0.05)
    assert found == pytest.approx(0.5 * math.erfc((25_000 - 24_500.5) / math.sqrt(2 * 500_000 * 0.05 * 0.95)), rel=0.05)
    assert tail_at_most(0, 100_000, 0.5) == 0.0
    assert tail_at_most(49_999, 100_000, 0.5) == pytest.approx(0.5, abs=0.01)


@given(st.integers(0, 40), st.integers(0, 40), rates, st.integers(1, 31).map(lambda n: Fraction(n, 64)))
def test_a_rate_is_excluded_exactly_when_the_sum_says_so(k: int, n: int, limit: Fraction, alpha: Fraction) -> None:
    exact = n > 0 and k < limit * n and exact_tail(k, n, limit) <= alpha
    near = n > 0 and abs(float(exact_tail(k, n, limit)) - float(alpha)) < 1e-9
    assert near or excludes(k, n, limit=float(limit), alpha=float(alpha)) == exact


@given(st.integers(0, 200), st.integers(0, 2000))
def test_more_failures_or_fewer_requests_never_help(k: int, n: int) -> None:
    if excludes(k + 1, n, limit=0.05, alpha=0.05):
        assert excludes(k, n, limit=0.05, alpha=0.05)
    if excludes(k, n, limit=0.05, alpha=0.05):
        assert excludes(k, n + 1, limit=0.05, alpha=0.05)


def test_no_request_and_a_rate_at_the_limit_exclude_nothing() -> None:
    assert not excludes(0, 0, limit=0.05, alpha=0.05)
    assert not excludes(50_000, 1_000_000, limit=0.05, alpha=0.05)


@pytest.mark.parametrize(("alpha", "needed"), [(0.05, 59), (0.01 / 8, 131)])
def test_without_a_failure_five_percent_takes_the_known_numbers(alpha: float, needed: int) -> None:
    assert requests_needed(0, limit=0.05, alpha=alpha) == needed


@given(st.integers(0, 60), st.sampled_from([0.01, 0.05, 0.2]), st.sampled_from([0.01, 0.05]))
def test_the_number_needed_is_the_smallest_that_does(failures: int, limit: float, alpha: float) -> None:
    needed = requests_needed(failures, limit=limit, alpha=alpha)
    assert excludes(failures, needed, limit=limit, alpha=alpha)
    assert not excludes(failures, needed - 1, limit=limit, alpha=alpha)


@pytest.mark.parametrize(
    ("failures", "requests"), [(10**9, 10**11), (4 * 10**9, 10**11), (10**6, 10**12), (9_000, 10**6)]
)
def test_counts_of_any_size_are_told_at_once(failures: int, requests: int) -> None:
    # Far below the limit: the tail is next to nothing, and is not summed failure by failure.
    assert tail_at_most(failures, requests, 0.05) < 1e-9
    assert excludes(failures, requests, limit=0.05, alpha=0.01)
    assert requests_needed(failures, limit=0.05, alpha=0.01) < 21 * failures + 100_000


def test_the_normal_law_goes_on_where_the_exact_sum_ends() -> None:
    requests = 20_000_000
    just_exact, just_normal = 0.05278, 0.05279
    assert requests * just_exact * (1.0 - just_exact) < 1e6 < requests * just_normal * (1.0 - just_normal)
    below = [tail_at_most(round(requests * rate - 2_000), requests, rate) for rate in (just_exact, just_normal)]
    assert below[0] == pytest.approx(below[1], rel=0.01)
