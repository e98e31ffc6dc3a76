"""Anytime-valid tests of counts: look after every block, and the bound on false alarms holds all the same.

Each test is an e-process: a product of likelihood ratios that has expectation at most 1 while nothing is wrong, so that
by Ville's inequality it ever reaches 1/alpha with a chance of at most alpha. All of them mix over alternatives, because
nobody knows how bad it is, and over onsets, because nobody knows when it began. Memory is constant.

Sources: Lindon & Malek, Anytime-Valid Inference for Multinomial Count Data (NeurIPS 2022); Robbins' mixtures; Hoeffding
(1963) for the binomial that dominates the hypergeometric.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

RHO_FLOOR = 0.004
"""Least correlation of failures within one block: one block is never worth more than about 250 requests."""
RHO_CEILING = 0.2
_FIRST = 0.5
"""Share of the wager that is put on the first block; the rest is spread over the blocks that follow."""
_EXACT = 300
"""Up to so many requests an arm the two-sample distribution is exact; beyond it stands the binomial that bounds it."""


def overdispersion(pairs: Iterable[tuple[int, int]], floor: float = RHO_FLOOR) -> float:
    """Correlation of failures within a block, by moments, from (requests, failures) of the history's blocks.

    rho = [sum (k - n p)^2 - p q sum n] / [p q sum n (n - 1)], between ``floor`` and 0.2.
    """
    rows = [(requests, failures) for requests, failures in pairs if requests > 1]
    total = sum(requests for requests, _ in rows)
    share = sum(failures for _, failures in rows) / total if total else 0.0
    spread = share * (1.0 - share) * sum(requests * (requests - 1) for requests, _ in rows)
    if spread <= 0.0:
        return floor
    seen = sum((failures - requests * share) ** 2 for requests, failures in rows)
    return min(RHO_CEILING, max(floor, (seen - share * (1.0 - share) * total) / spread))


class Mixture:
    """The wagers on every alternative, as logarithms; ``blocks``: over how many blocks the onsets are spread."""

    __slots__ = ("_left", "_log_each", "_logs", "_spent", "blocks")

    def __init__(self, alternatives: int, blocks: int) -> None:
        self.blocks = max(1, blocks)
        self._logs = [-math.inf] * alternatives
        self._log_each = -math.log(alternatives)
        self._left = 1.0
        self._spent = 0

    def add(self, log_ratios: Sequence[float]) -> None:
        """One block's log likelihood ratio under every alternative."""
        wager = _FIRST if self._spent == 0 else (1.0 - _FIRST) / self.blocks
        wager = min(wager, self._left)
        self._left -= wager
        self._spent += 1
        log_wager = math.log(wager) if wager > 0.0 else -math.inf
        self._logs = [_log_add(log, log_wager) + ratio for log, ratio in zip(self._logs, log_ratios, strict=True)]

    @property
    def log_e(self) -> float:
        """Natural logarithm of the e-process: evidence against the null, at most log(1/alpha) by chance."""
        top = max(self._logs)
        staked = -math.inf
        if top > -math.inf:
            staked = top + math.log(sum(math.exp(log - top) for log in self._logs)) + self._log_each
        return _log_add(staked, math.log(self._left)) if self._left > 0.0 else staked


class LimitTest:
    """Whether failures are more frequent than ``limit`` (a share above 0 and below 1), judged alone.

    ``rho``: correlation within a block (`overdispersion`). ``alternatives``: the shares above the limit that are tried.
    The beta-binomial's likelihood ratio rises with the failures, so the test is valid for every share up to the limit.
    """

    __slots__ = ("_mix", "_null", "_others", "limit")

    def __init__(self, limit: float, rho: float, alternatives: Sequence[float], blocks: int) -> None:
        if not 0.0 < limit < 1.0 or not all(limit < other < 1.0 for other in alternatives):
            raise ValueError(f"limit test: 0 < limit < alternatives < 1, found {limit} and {tuple(alternatives)}")
        self.limit = limit
        size = (1.0 - rho) / rho
        self._null = _Beta(limit, size)
        self._others = tuple(_Beta(other, size) for other in alternatives)
        self._mix = Mixture(len(alternatives), blocks)

    def add(self, failures: float, requests: float) -> None:
        """One block, or what is to be expected of one; without requests it tells nothing."""
        if requests:
            null = self._null.log_weight(failures, requests)
            self._mix.add([other.log_weight(failures, requests) - null for other in self._others])

    @property
    def log_e(self) -> float:
        """Evidence that the limit is exceeded."""
        return self._mix.log_e


class _Beta:
    """The part of a beta-binomial's log probability that depends on its mean."""

    __slots__ = ("_a", "_b", "_norm")

    def __init__(self, share: float, size: float) -> None:
        self._a, self._b = share * size, (1.0 - share) * size
        self._norm = math.lgamma(self._a) + math.lgamma(self._b)

    def log_weight(self, failures: float, requests: float) -> float:
        return math.lgamma(self._a + failures) + math.lgamma(self._b + requests - failures) - self._norm


class ControlTest:
    """Whether failures of the new arm are more frequent than ``tolerance`` times the control's of the same block.

    What both arms suffer together cancels, however large it is. ``ratios`` above the tolerance are tried. Given all
    failures of a block, those of the new arm are hypergeometric; the binomial dominates that, and independent noise of
    the two arms (``rho`` within a block) widens it to a beta-binomial.
    """

    __slots__ = ("_mix", "_ratios", "_rho", "_tolerance")

    def __init__(self, tolerance: float, rho: float, ratios: Sequence[float], blocks: int) -> None:
        if not tolerance > 0.0 or not all(tolerance < ratio for ratio in ratios):
            raise ValueError(f"control test: 0 < tolerance < ratios, found {tolerance} and {tuple(ratios)}")
        self._tolerance, self._rho, self._ratios = tolerance, rho, tuple(ratios)
        self._mix = Mixture(len(ratios), blocks)

    def add(self, new: tuple[int, int], control: tuple[int, int]) -> None:
        """One block: (failures, requests) of both arms."""
        failures, requests = new[0] + control[0], new[1] + control[1]
        if not failures or not new[1] or not control[1]:
            return
        share = failures / requests
        shape = max(0.5, share * (1.0 - self._rho) / self._rho)
        size = 2.0 * shape
        null = _Beta(_theta(self._tolerance, new[1], control[1]), size).log_weight(new[0], failures)
        self._mix.add(
            [
                _Beta(_theta(ratio, new[1], control[1]), size).log_weight(new[0], failures) - null
                for ratio in self._ratios
            ]
        )

    @property
    def log_e(self) -> float:
        """Evidence that the new arm is worse than the control."""
        return self._mix.log_e


def _theta(ratio: float, new: int, control: int) -> float:
    return ratio * new / (ratio * new + control)


class OddsTest:
    """Whether a frequent event (slower than the median) is more frequent in the new arm than in the control.

    Exact: given all events of a block, those of the new arm follow Fisher's noncentral hypergeometric distribution with
    the odds ratio as parameter; the null is 1. For large blocks the binomial bound of `ControlTest` is used instead.
    """

    __slots__ = ("_mix", "_odds")

    def __init__(self, odds: Sequence[float], blocks: int) -> None:
        self._odds = tuple(odds)
        self._mix = Mixture(len(odds), blocks)

    def add(self, new: tuple[int, int], control: tuple[int, int]) -> None:
        """One block: (events, requests) of both arms."""
        events = new[0] + control[0]
        if not events or not new[1] or not control[1] or events == new[1] + control[1]:
            return
        if max(new[1], control[1]) <= _EXACT:
            norms = _hypergeometric_norms(new[1], control[1], events, self._odds)
            self._mix.add([new[0] * math.log(odds) - norm for odds, norm in zip(self._odds, norms, strict=True)])
            return
        even = _theta(1.0, new[1], control[1])
        self._mix.add(
            [
                _binomial_ratio(new[0], events, _theta(1.0 + (odds - 1.0) / 2.0, new[1], control[1]), even)
                for odds in self._odds
            ]
        )

    @property
    def log_e(self) -> float:
        """Evidence that the new arm's odds are above the control's."""
        return self._mix.log_e


def _binomial_ratio(hits: int, events: int, share: float, null: float) -> float:
    return hits * math.log(share / null) + (events - hits) * math.log((1.0 - share) / (1.0 - null))


def _hypergeometric_norms(new: int, control: int, events: int, odds: Sequence[float]) -> list[float]:
    """Log E[odds^Y] of a hypergeometric Y for each of ``odds``, summed outwards from the most likely Y."""
    low, high = max(0, events - control), min(new, events)
    mode = min(high, max(low, (events + 1) * (new + 1) // (new + control + 2)))
    weights = {mode: 1.0}
    weight = 1.0
    for y in range(mode, high):
        weight *= (new - y) * (events - y) / ((y + 1) * (control - events + y + 1))
        weights[y + 1] = weight
        if weight < 1e-30:
            break
    weight = 1.0
    for y in range(mode, low, -1):
        weight *= y * (control - events + y) / ((new - y + 1) * (events - y + 1))
        weights[y - 1] = weight
        if weight < 1e-30:
            break
    total = math.log(math.fsum(weights.values()))
    norms = []
    for one in odds:
        step = math.log(one)
        logs = [math.log(weight) + y * step for y, weight in weights.items() if weight > 0.0]
        top = max(logs)
        norms.append(top + math.log(math.fsum(math.exp(log - top) for log in logs)) - total)
    return norms


class RateTest:
    """Whether events come at another rate than expected: fewer than ``fewer`` times, or more than ``more`` times that.

    Poisson counts against the expected number of the same stretch, as a mixture over rates on either side. Counts that
    vary more than Poisson's are handled by ``worth``: at most so many expected events count for one block.
    """

    __slots__ = ("_fewer", "_high", "_low", "_more", "_worth")
    _SHARES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9)

    def __init__(self, blocks: int, *, fewer: float = 0.5, more: float = 1.5, worth: float = 20.0) -> None:
        if not 0.0 < fewer < more:
            raise ValueError(f"rate test: 0 < fewer < more, found {fewer} and {more}")
        self._fewer, self._more, self._worth = fewer, more, worth
        self._low = Mixture(len(self._SHARES), blocks)
        self._high = Mixture(len(self._SHARES), blocks)

    def add(self, count: float, expected: float) -> None:
        """One block: what was counted, and what the history lets one expect of a block as long."""
        if expected <= 0.0:
            return
        scale = min(1.0, self._worth / expected)
        count, expected = count * scale, expected * scale
        self._low.add([_poisson_ratio(count, expected * self._fewer, share) for share in self._SHARES])
        self._high.add([_poisson_ratio(count, expected * self._more, 1.0 / share) for share in self._SHARES])

    @property
    def log_low(self) -> float:
        """Evidence that events come at less than ``fewer`` times the expected rate."""
        return self._low.log_e

    @property
    def log_high(self) -> float:
        """Evidence that events come at more than ``more`` times the expected rate."""
        return self._high.log_e


def _poisson_ratio(count: float, expected: float, times: float) -> float:
    return count * math.log(times) - expected * (times - 1.0)


def _log_add(one: float, other: float) -> float:
    """log(e^one + e^other)."""
    if one < other:
        one, other = other, one
    return one if other == -math.inf else one + math.log1p(math.exp(other - one))
