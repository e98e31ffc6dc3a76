"""The single questions of the early tests: one count of the new version, judged alone and against a control.

Each keeps two e-processes (`core.sequential`) and the stretch of bad blocks (`core.excursion`). Evidence must reject
the limit, and where a control exists also that the control suffers the same; and it must have lasted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cpr_cockpit.core.excursion import Excursion
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.sequential import ControlTest, LimitTest, OddsTest

RISING = math.log(20.0)
"""Evidence that is worth a word: one in twenty by chance."""
_SHARED = math.log(4.0)
"""What a shared fault could bring to a false alarm is two families of tests, failures and latency, not all eight."""
_TINY = 5
"""Requests in a block up to which a single failure is telling."""
_BEYOND = 2
_CONTROL_SHARE = 0.7
"""Share of an excursion's blocks that must have a control before the control may speak for or against."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a fault must have lasted, in seconds, by what can be known of its cause."""

    controlled: float
    at_switch: float
    alone: float
    severe: float

    @classmethod
    def of(cls, policy: Policy) -> Patience:
        """The policy's."""
        return cls(policy.early_controlled_s, policy.early_at_switch_s, policy.early_patience_s, policy.early_severe_s)


class Signal:
    """One count against its limit and, block by block, against a control.

    ``level``: the share above which a block is bad, if that is also more than chance makes of the ``usual`` share:
    single failures scattered before and after a spike must not make it look longer. ``least``: the share that the
    excursion must reach to be worth a rollback. ``bound``: log(1/alpha) of this test's own alpha.
    """

    def __init__(
        self,
        limit: LimitTest,
        control: ControlTest | OddsTest,
        excursion: Excursion,
        *,
        level: float,
        least: float,
        usual: float,
        block_s: float,
    ) -> None:
        self.limit = limit
        self._control = control
        self.excursion = excursion
        self.level = level
        self.least = least
        self._usual = usual
        self._block_s = block_s
        self._blocks = self._controlled = 0
        self.control_events = self.control_requests = 0

    def add(
        self,
        start: float,
        end: float,
        new: tuple[int, int],
        control: tuple[int, int] | None,
        *,
        tested: bool = True,
        events: int | None = None,
    ) -> None:
        """One block of (events, requests). ``tested`` False: too early to be evidence (a cold start).

        ``events``: what is counted for how long it has lasted, where that is another count than the tested one.
        """
        requests = new[1]
        events = new[0] if events is None else events
        before = self.excursion.since
        bad = self._bad(events, requests, beside=control is not None and control[1] > 0)
        self.excursion.add(start, end, events, requests, bad=bad)
        if self.excursion.since != before:
            self._blocks = self._controlled = self.control_events = self.control_requests = 0
        if not tested:
            return
        self.limit.add(*new)
        self._blocks += 1
        if control is not None and control[1]:
            self._controlled += 1
            self._control.add(new, control)
            self.control_events += control[0]
            self.control_requests += control[1]

    def _bad(self, events: int, requests: int, *, beside: bool) -> bool:
        if not requests or events / requests <= self.level:
            return False
        expected = requests * self._usual
        if events > expected + 3.0 * math.sqrt(expected) + 1.0:
            return True
        # A single failure of very few requests goes on with what has begun; it begins nothing, unless a control stands
        # beside it: there chance needs no guess.
        return requests <= _TINY and (beside or self.excursion.since is not None)

    @property
    def has_control(self) -> bool:
        """Whether enough of the excursion was seen beside a control."""
        return self._blocks > 0 and self._controlled >= _CONTROL_SHARE * self._blocks

    @property
    def control_share(self) -> float | None:
        """The control's share in the same time; None without one."""
        return self.control_events / self.control_requests if self.control_requests else None

    def rejects(self, bound: float) -> bool:
        """Whether the limit is exceeded beyond chance, now."""
        return self.excursion.since is not None and self.limit.log_e >= bound

    def control_rejects(self, bound: float) -> bool:
        """Whether the control does not explain it."""
        return self.has_control and self._control.log_e >= bound - _SHARED

    def rising(self) -> bool:
        """Whether there is evidence that is not decisive."""
        return self.excursion.since is not None and self.limit.log_e >= RISING

    def lasts(self, patience: Patience, bound: float) -> bool:
        """Whether it has lasted as long as it must; a control that is well shortens the wait.

        Without one, a single event in its last block is chance, however long the stretch is that it makes of a spike.
        """
        needed = self.needed(patience, bound)
        if self.excursion.lasted < needed - 1e-3:
            return False
        return self.control_rejects(bound) or self.excursion.events_after(needed - self._block_s) >= _BEYOND

    def needed(self, patience: Patience, bound: float) -> float:
        """Seconds that it must last.

        Without a control nobody can tell a bad release from a dependency's fault, not even where it began with the
        switch: the only defence is to wait longer than a usual spike.
        """
        return patience.controlled if self.control_rejects(bound) else patience.alone


def share_signal(
    limit: float,
    rho: float,
    policy: Policy,
    *,
    level: float | None = None,
    least: float | None = None,
    usual: float = 0.002,
    tried: Sequence[float] = (1.5, 2.0, 3.0, 5.0, 10.0, 25.0),
) -> Signal:
    """A signal of rare events: failures. ``tried``: factors of the limit."""
    shares = sorted({min(0.98, limit * factor) for factor in tried if limit * factor > limit})
    shares = [share for share in shares if share > limit] or [(1.0 + limit) / 2.0]
    blocks = _blocks(policy)
    control = ControlTest(1.25, rho, (3.0, 8.0, 30.0), blocks)
    return Signal(
        LimitTest(limit, rho, shares, blocks),
        control,
        Excursion(policy.early_calm_s, 2.0 * policy.early_calm_s),
        level=policy.error_rate if level is None else level,
        least=policy.error_rate if least is None else least,
        usual=usual,
        block_s=policy.block_s,
    )


def frequent_signal(null: float, rho: float, policy: Policy, *, alternatives: Sequence[float], level: float) -> Signal:
    """A signal of frequent events: slower than a quantile of the history, ``null`` the history's share of them."""
    blocks = _blocks(policy)
    odds = [share / (1.0 - share) * (1.0 - null) / null for share in alternatives]
    return Signal(
        LimitTest(null, rho, alternatives, blocks),
        OddsTest(odds, blocks),
        Excursion(policy.early_calm_s, 2.0 * policy.early_calm_s),
        level=level,
        least=null,
        usual=null * 0.6,
        block_s=policy.block_s,
    )


def _blocks(policy: Policy) -> int:
    return max(1, round(policy.window_s / policy.block_s))
