"""A service lived through minute by minute after GO, as the rolling judge is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.rolling import Rolling
from cpr_cockpit.core.signals import Bin, Observation, ProbeCount, Source
from cpr_cockpit.core.verdict import Verdict
from tests.core.observations import BEFORE, NEW, OLD, T0, WRITTEN, user_bin

HOUR_S, QUARTER_S, MINUTE_S = 3600.0, 900.0, 60.0
POLL_S = 60.0
GOOD, BAD = 0, 20
"""Failures of a minute's hundred requests."""


def rolling(policy: Policy = WRITTEN, delay: float = 0.0) -> Rolling:
    """As after a GO, with the history from before the switch."""
    return Rolling(policy, NEW, OLD, delay, BEFORE)


def reading(failures: Sequence[int], now: float, first: int = 0, *, lag: float = 0.0) -> Observation:
    """The logs of minutes ``first`` and on since T0, a hundred requests each, received at ``now``."""
    bins = tuple(user_bin(first + place, 100, failed) for place, failed in enumerate(failures))
    whole = Bin(bins[0].start, bins[-1].end - bins[0].start, NEW, 100 * len(bins), sum(failures), 70.0, 120.0, 180.0)
    return Observation(Source.LOGS, now, now, bins, (replace(whole, newest=bins[-1].newest),), lag_p95=lag)


def counted(now: float, first: int, minutes: int, cpu: float | None = None) -> Observation:
    """The platform's points of the same minutes."""
    points = tuple(Bin(T0 + MINUTE_S * (first + place), MINUTE_S, "", 100, 0) for place in range(minutes))
    return Observation(Source.PLATFORM, now, now, points, granularity_s=MINUTE_S, lag_p95=0.0, cpu_percent=cpu)


def probe(at: float, *, ok: bool = True) -> Observation:
    """One look of our own at production."""
    count = ProbeCount(at, int(ok), int(not ok), (NEW,) if ok else ())
    return Observation(Source.PROBES_PRODUCTION, at, at, probes=(count,), lag_p95=0.1, second_host=None if ok else True)


@dataclass(slots=True)
class Minutes:
    """A service lived through minute by minute: failures of each, whether our probe was answered, and CPU."""

    failures: Sequence[int]
    answered: Sequence[bool]
    cpu: Sequence[float]

    def tell(self, judge: Rolling, minute: int) -> Verdict:
        """All that is read at the end of ``minute``; the logs only of the newest stretch."""
        now = T0 + MINUTE_S * (minute + 1)
        judge.take(probe(now - 1.0, ok=self.answered[minute]), 10.0)
        stretch = judge.newest(now, T0)
        first = max(0, round((stretch.start - T0) / MINUTE_S))
        judge.take(counted(now, first, minute + 1 - first, self.cpu[minute]), POLL_S)
        judge.take_logs(reading(self.failures[first : minute + 1], now, first), stretch, POLL_S)
        verdict = judge.verdict(now)
        assert verdict is not None
        return verdict
