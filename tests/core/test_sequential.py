"""Anytime-valid tests: the bound on false alarms under every null that they are built for, and what they must find.

Nulls are drawn by the exact distribution at the edge of what is allowed, where a false alarm is likeliest, and looked
at after every block. A bound holds where the observed share of alarms is not above it beyond chance (Wilson, 99.9 %).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.sequential import (
    RHO_CEILING,
    RHO_FLOOR,
    ControlTest,
    LimitTest,
    Mixture,
    OddsTest,
    RateTest,
    _hypergeometric_norms,
    overdispersion,
)

ALPHA = 0.05
BLOCK = 40
_Z = 3.29


class EProcess(Protocol):
    """What every e-process has."""

    @property
    def add(self) -> Callable[..., None]: ...
    @property
    def log_e(self) -> float: ...


class Side:
    """One side of a `RateTest`."""

    def __init__(self, *, low: bool) -> None:
        self._test, self._low = RateTest(60), low

    def add(self, *block: Any) -> None:
        self._test.add(*block)

    @property
    def log_e(self) -> float:
        return self._test.log_low if self._low else self._test.log_high


Draw = Callable[[random.Random], tuple[Any, ...]]


def alarms(make: Callable[[], EProcess], draw: Draw, runs: int, looks: int) -> int:
    """In how many runs the test ever reaches 1/alpha."""
    chance, bound, found = random.Random(7), math.log(1.0 / ALPHA), 0
    for _ in range(runs):
        test = make()
        for _ in range(looks):
            test.add(*draw(chance))
            if test.log_e >= bound:
                found += 1
                break
    return found


def at_least(found: int, runs: int) -> float:
    """Lower Wilson bound of a share: what it is at least, beyond chance."""
    share, z2 = found / runs, _Z * _Z
    middle = share + z2 / (2 * runs)
    return (middle - _Z * math.sqrt(share * (1 - share) / runs + z2 / (4 * runs * runs))) / (1 + z2 / runs)


def binomial(trials: int, share: float) -> list[float]:
    return list(accumulate(math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(trials + 1)))


def beta_binomial(trials: int, share: float, rho: float) -> list[float]:
    a, b = share * (1 - rho) / rho, (1 - share) * (1 - rho) / rho

    def beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    pmf = (math.comb(trials, k) * math.exp(beta(a + k, b + trials - k) - beta(a, b)) for k in range(trials + 1))
    return list(accumulate(pmf))


def poisson(mean: float) -> list[float]:
    return list(accumulate(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(500)))


def one_of(weights: Sequence[float]) -> Callable[[random.Random], int]:
    values = range(len(weights))
    return lambda chance: chance.choices(values, cum_weights=weights)[0]


def failures(weights: Sequence[float]) -> Draw:
    count = one_of(weights)
    return lambda chance: (count(chance), BLOCK)


def two_arms(ratio: float, shares: Sequence[float], *, rho: float | None = None, new: int = BLOCK) -> Draw:
    """Blocks of both arms whose common share jumps from block to block: what a control has to cancel."""

    def arm(trials: int, share: float) -> Callable[[random.Random], int]:
        return one_of(binomial(trials, share) if rho is None else beta_binomial(trials, share, rho))

    pairs = [(arm(new, ratio * share), arm(BLOCK, share)) for share in shares]

    def draw(chance: random.Random) -> tuple[tuple[int, int], tuple[int, int]]:
        ours, theirs = chance.choice(pairs)
        return (ours(chance), new), (theirs(chance), BLOCK)

    return draw


def counts(mean: float, expected: float) -> Draw:
    count = one_of(poisson(mean))
    return lambda chance: (count(chance), expected)


def limit_test(rho: float = RHO_FLOOR) -> LimitTest:
    return LimitTest(0.02, rho, (0.04, 0.1), 60)


def control_test(tolerance: float, rho: float = RHO_FLOOR) -> ControlTest:
    return ControlTest(tolerance, rho, (3.0, 8.0), 60)


def odds_test() -> OddsTest:
    return OddsTest((1.5, 4.0), 60)


WILD = (0.001, 0.01, 0.1, 0.3)
NULLS: dict[str, tuple[Callable[[], EProcess], Draw]] = {
    "binomial at the limit": (limit_test, failures(binomial(BLOCK, 0.02))),
    "bursts as the history had them": (lambda: limit_test(0.05), failures(beta_binomial(BLOCK, 0.02, 0.05))),
    "both arms suffer alike": (lambda: control_test(1.0), two_arms(1.0, WILD)),
    "a small new arm": (lambda: control_test(1.0), two_arms(1.0, WILD, new=10)),
    "both arms, each with its bursts": (lambda: control_test(1.0, 0.05), two_arms(1.0, WILD[1:], rho=0.05)),
    "worse by just what is tolerated": (lambda: control_test(1.25), two_arms(1.25, (0.002, 0.01, 0.02))),
    "a frequent event, alike": (odds_test, two_arms(1.0, (0.1, 0.5, 0.8), new=15)),
    "as few as allowed": (lambda: Side(low=True), counts(5.0, 10.0)),
    "as many as allowed": (lambda: Side(low=False), counts(15.0, 10.0)),
    "as few as allowed, more than a block is worth": (lambda: Side(low=True), counts(50.0, 100.0)),
}
FAULTS: dict[str, tuple[Callable[[], EProcess], Draw]] = {
    "more than the limit": (limit_test, failures(binomial(BLOCK, 0.08))),
    "more than the control": (lambda: control_test(1.0), two_arms(5.0, (0.01, 0.05, 0.1))),
    "more of a frequent event": (odds_test, two_arms(1.6, (0.3, 0.5))),
    "fewer requests": (lambda: Side(low=True), counts(2.0, 10.0)),
    "more requests": (lambda: Side(low=False), counts(30.0, 10.0)),
}


@pytest.mark.parametrize("null", NULLS)
def test_false_alarms_keep_their_bound_however_often_one_looks(null: str) -> None:
    make, draw = NULLS[null]
    runs = 400
    assert at_least(alarms(make, draw, runs, 120), runs) <= ALPHA


@pytest.mark.long
def test_the_bound_holds_over_many_long_runs() -> None:
    runs = 2000
    found = alarms(limit_test, failures(beta_binomial(BLOCK, 0.02, RHO_FLOOR)), runs, 200)
    assert at_least(found, runs) <= ALPHA
    # A test that never alarms would keep every bound.
    assert found > 0


def test_a_burst_that_the_history_never_showed_breaks_the_bound() -> None:
    """Correlation within a block is an assumption: without it one burst would be worth as much as many requests."""
    runs = 100
    assert at_least(alarms(limit_test, failures(beta_binomial(BLOCK, 0.02, 0.15)), runs, 120), runs) > ALPHA


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_the_same_tests(fault: str) -> None:
    make, draw = FAULTS[fault]
    assert alarms(make, draw, 50, 120) >= 49


# -- the parts -------------------------------------------------------------------------------------------------------


def _exact_norm(new: int, control: int, events: int, odds: float) -> float:
    low, high = max(0, events - control), min(new, events)
    ways = (math.comb(new, y) * math.comb(control, events - y) * Fraction(odds) ** y for y in range(low, high + 1))
    mean = sum(ways, Fraction(0)) / math.comb(new + control, events)
    return math.log(mean.numerator) - math.log(mean.denominator)


@given(st.integers(1, 60), st.integers(1, 60), st.data(), st.sampled_from([0.25, 1.0, 1.5, 4.0, 13.0]))
@settings(max_examples=60, deadline=None)
def test_the_hypergeometric_mean_is_exact(new: int, control: int, data: st.DataObject, odds: float) -> None:
    events = data.draw(st.integers(1, new + control - 1))
    found = _hypergeometric_norms(new, control, events, [odds])[0]
    assert found == pytest.approx(_exact_norm(new, control, events, odds), abs=1e-9)


@pytest.mark.parametrize(
    ("new", "control", "events"), [(300, 300, 300), (300, 40, 30), (400, 500, 450), (5000, 350, 90)]
)
def test_an_odds_ratio_has_mean_one_at_most_over_all_that_can_happen(new: int, control: int, events: int) -> None:
    """Exact up to 300 an arm, the binomial bound beyond; counts that never happen (1e-25) are left out."""
    mean, ways = 0.0, math.comb(new + control, events)
    for hits in range(max(0, events - control), min(new, events) + 1):
        probability = math.comb(new, hits) * math.comb(control, events - hits) / ways
        if probability < 1e-25:
            continue
        test = OddsTest((3.0,), 1)
        test.add((hits, new), (events - hits, control))
        mean += probability * math.exp(test.log_e)
    assert mean <= 1.0 + 1e-9


BIG = 10**6


@pytest.mark.parametrize("requests", [1, 15, 300, BIG])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_evidence_stays_a_number_for_extreme_counts(requests: int, share: float) -> None:
    hits = round(share * requests)
    tests: list[EProcess] = [limit_test(), limit_test(RHO_CEILING), control_test(1.25), odds_test()]
    for _ in range(300):
        tests[0].add(hits, requests)
        tests[1].add(hits, requests)
        for test in tests[2:]:
            test.add((hits, requests), (requests - hits, requests))
    assert all(math.isfinite(test.log_e) for test in tests)
    rate = RateTest(60)
    for expected in (1e-9, 1.0, 1e9):
        for count in (0, requests):
            rate.add(count, expected)
    assert math.isfinite(rate.log_low)
    assert math.isfinite(rate.log_high)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_one_failure_more_is_never_less_evidence(blocks: list[int], which: int) -> None:
    def evidence(
        counted: Sequence[int], make: Callable[[], EProcess], block: Callable[[int], tuple[Any, ...]]
    ) -> float:
        test = make()
        for count in counted:
            test.add(*block(count))
        return test.log_e

    more = [count + (index == which % len(blocks)) for index, count in enumerate(blocks)]
    cases: list[tuple[Callable[[], EProcess], Callable[[int], tuple[Any, ...]]]] = [
        (limit_test, lambda count: (count, 61)),
        (odds_test, lambda count: ((count, 61), (10, 61))),
        (lambda: Side(low=False), lambda count: (count, 20.0)),
    ]
    for make, block in cases:
        assert evidence(more, make, block) >= evidence(blocks, make, block) - 1e-9
    low = (lambda: Side(low=True), lambda count: (count, 20.0))
    assert evidence(more, *low) <= evidence(blocks, *low) + 1e-9


def test_blocks_that_hold_nothing_are_no_evidence() -> None:
    limit, control, odds, rate = limit_test(), control_test(1.0), odds_test(), RateTest(60)
    for _ in range(50):
        limit.add(0, 0)
        for test in (control, odds):
            test.add((0, 0), (3, 40))
            test.add((3, 40), (0, 0))
            test.add((0, 40), (0, 40))
        odds.add((40, 40), (40, 40))
        rate.add(0, 0.0)
    assert [test.log_e for test in (limit, control, odds)] == [0.0, 0.0, 0.0]
    assert rate.log_low == rate.log_high == 0.0
    limit.add(20, 20)
    assert limit.log_e > math.log(1.0 / ALPHA)


def test_a_shared_fault_is_no_evidence_against_the_new_arm() -> None:
    control, alone = control_test(1.25), limit_test()
    for _ in range(60):
        control.add((80, 100), (80, 100))
        alone.add(80, 100)
    assert control.log_e < 0.0 < math.log(1e6) < alone.log_e


def test_no_more_is_staked_than_there_is() -> None:
    mixture = Mixture(3, 4)
    for _ in range(50):
        mixture.add([0.0, 0.0, 0.0])
        assert mixture.log_e == pytest.approx(0.0, abs=1e-9)
    mixture.add([-math.inf] * 3)
    assert mixture.log_e == -math.inf
    fresh = Mixture(3, 4)
    fresh.add([-math.inf] * 3)
    # Half was kept for onsets that were still to come.
    assert fresh.log_e == pytest.approx(math.log(0.5))


def _blocks(chance: random.Random, rho: float) -> Iterator[tuple[int, int]]:
    draw = one_of(beta_binomial(BLOCK, 0.1, rho) if rho else binomial(BLOCK, 0.1))
    return ((BLOCK, draw(chance)) for _ in range(3000))


@pytest.mark.parametrize(
    ("rho", "low", "high"), [(0.0, RHO_FLOOR, 0.006), (0.05, 0.04, 0.06), (0.5, RHO_CEILING, RHO_CEILING)]
)
def test_correlation_within_a_block_is_found(rho: float, low: float, high: float) -> None:
    assert low <= overdispersion(_blocks(random.Random(2), rho)) <= high


def test_a_history_that_tells_nothing_gets_the_least_correlation() -> None:
    for pairs in ([], [(1, 1)] * 9, [(40, 0)] * 9, [(40, 40)] * 9):
        assert overdispersion(pairs) == RHO_FLOOR


@pytest.mark.parametrize(
    ("limit", "others"), [(0.0, (0.5,)), (1.0, ()), (0.1, (0.1,)), (0.1, (1.0,)), (math.nan, (0.5,))]
)
def test_a_limit_that_is_none_is_refused(limit: float, others: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="limit test"):
        LimitTest(limit, RHO_FLOOR, others, 60)


def test_tolerances_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="control test"):
        ControlTest(2.0, RHO_FLOOR, (1.5,), 60)
    with pytest.raises(ValueError, match="rate test"):
        RateTest(60, fewer=1.5, more=1.2)
