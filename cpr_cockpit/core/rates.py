"""Exact one-sided binomial bounds: whether enough requests have been seen to exclude an error rate.

Clopper and Pearson (1934): ``failures`` of ``requests`` exclude every rate of ``limit`` and more at level ``alpha``
when P(Binomial(requests, limit) <= failures) <= alpha. Without a failure, 5 % takes 59 requests at alpha 5 %.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = 1e6
"""From this variance on the normal law with its continuity correction differs from the exact one by less than 0.1 %."""
_NOTHING = 1e-18


# The judge is asked every half second and the counts change with every reading of the logs.
@lru_cache(maxsize=64)
def tail_at_most(failures: int, requests: int, rate: float) -> float:
    """P(Binomial(requests, rate) <= failures) for 0 < rate < 1: the sum away from the mean, until it adds nothing."""
    if failures >= requests:
        return 1.0
    mean, variance = requests * rate, requests * rate * (1.0 - rate)
    if variance > _NORMAL:
        return NormalDist(mean, math.sqrt(variance)).cdf(failures + 0.5)
    if failures + 1 > mean:
        return max(0.0, 1.0 - _tail_below(requests - failures - 1, requests, 1.0 - rate))
    return _tail_below(failures, requests, rate)


def _tail_below(k: int, n: int, rate: float) -> float:
    """P(Binomial(n, rate) <= k) for k below the mean; the first term in logarithms, so that nothing underflows."""
    log_term = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    term = math.exp(log_term + k * math.log(rate) + (n - k) * math.log1p(-rate))
    total = 0.0
    while k >= 0 and term > _NOTHING * total:
        total += term
        term *= k / (n - k + 1) * (1.0 - rate) / rate
        k -= 1
    return min(1.0, total)


def excludes(failures: int, requests: int, *, limit: float, alpha: float) -> bool:
    """Whether the counts exclude an error rate of ``limit`` or more at level ``alpha``."""
    if requests == 0 or failures >= limit * requests:
        # At or above the limit no number of requests excludes it (alpha is far below one half).
        return False
    return tail_at_most(failures, requests, limit) <= alpha


def requests_needed(failures: int, *, limit: float, alpha: float) -> int:
    """The smallest number of requests that, with ``failures`` among them, excludes ``limit``."""
    low, high = failures, max(1, failures)
    while not excludes(failures, high, limit=limit, alpha=alpha):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if excludes(failures, middle, limit=limit, alpha=alpha):
            high = middle
        else:
            low = middle
    return high
