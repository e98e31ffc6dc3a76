"""What can be seen by when: how large a fault must be for the early tests to find it before the deadline.

A fault of a share p against the limit adds, block by block, the expected log likelihood ratio of the test itself; it is
visible once that reaches the bound, the fault has lasted as long as it must, and its data has come.
"""

from __future__ import annotations

import math

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.sequential import LimitTest
from cpr_cockpit.core.verdict import clock_time, percent

_MOST = 0.98
"""A larger share of failures cannot be told from all of them."""
_WAGER = math.log(240.0)
"""What the unknown onset and size cost: a wager spread over some sixty onsets and four sizes."""


def seconds_to_see(share: float, limit: float, rho: float, rate: float, policy: Policy, bound: float) -> float | None:
    """Seconds of event time until a steady fault of ``share`` is proven at ``rate`` requests a second; None: never."""
    requests = rate * policy.block_s
    if requests <= 0.0 or share <= limit:
        return None
    # One alternative, the fault itself: a single block of what it brings on average tells what a block is worth.
    test = LimitTest(limit, rho, (share,), 1)
    test.add(share * requests, requests)
    # Half of the wager was not staked on the first block: it is no part of what the block told.
    gain = test.log_e + math.log(2.0 - math.exp(-test.log_e))
    return math.ceil((bound + _WAGER) / gain) * policy.block_s if gain > 0.0 else None


def visible(
    rate: float, limit: float, rho: float, policy: Policy, bound: float, now: float, deadline: float, lag_s: float
) -> str:
    """One sentence: by when a rise to the written limit, and one to twice the early limit, would be proven from now."""
    if rate <= 0.0:
        return "no traffic is known, so no fault of users' requests can be seen"
    wanted = (max(policy.error_rate, 2.0 * limit), max(2.0 * policy.target_error_rate, 1.25 * limit))
    parts = []
    for share in (share for share in wanted if share < _MOST):
        seconds = seconds_to_see(share, limit, rho, rate, policy, bound)
        at = None if seconds is None else now + max(seconds, policy.early_patience_s) + lag_s
        if at is not None and at < deadline:
            parts.append(f"a rise to {percent(share)} is visible by about {clock_time(at)}")
        else:
            parts.append(f"a rise to {percent(share)} will not be before the deadline")
    if not parts:
        return f"{percent(limit / 2.0)} and more failed before: hardly any rise could be told from it"
    return f"at {rate:.3g} requests/s {'; '.join(parts)}"
