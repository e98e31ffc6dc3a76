"""Exact one-sided binomial bounds: whether enough requests have been seen to exclude an error rate.

Clopper and Pearson (1934): ``failures`` of ``requests`` exclude every rate of ``limit`` and more at level ``alpha``
when P(Binomial(requests, limit) <= failures) <= alpha. Without a failure, 5 % takes 59 requests at alpha 5 %.
"""

from __future__ import annotations

import math
from functools import lru_cache


# The judge is asked every half second and the counts change with every reading of the logs.
@lru_cache(maxsize=64)
def tail_at_most(failures: int, requests: int, rate: float) -> float:
    """P(Binomial(requests, rate) <= failures) for 0 < rate < 1, summed in logarithms so that nothing underflows."""
    if failures >= requests:
        return 1.0
    log_odds = math.log(rate) - math.log1p(-rate)
    log_term = requests * math.log1p(-rate)
    terms = [log_term]
    for k in range(failures):
        log_term += math.log(requests - k) - math.log(k + 1) + log_odds
        terms.append(log_term)
    top = max(terms)
    return min(1.0, math.exp(top) * math.fsum(math.exp(term - top) for term in terms))


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
