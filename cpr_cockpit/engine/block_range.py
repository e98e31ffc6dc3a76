"""Which blocks of users' requests the next reading of the logs asks for: those that may still change, and no others."""

from __future__ import annotations

import math

from cpr_cockpit.core.blocks import BlockQuestion
from cpr_cockpit.core.events import BaselineTaken
from cpr_cockpit.core.signals import Observation
from cpr_cockpit.core.yardstick import Yardstick

# Blocks that are asked again although they should be complete: the lag that is measured moves a little.
_AGAIN = 4


class BlockRange:
    """The range of one run's blocks; ``length``: seconds of a block."""

    def __init__(self, length: float, declared_delay_s: float) -> None:
        self._length = length
        self._lag_s = declared_delay_s
        self._complete_until: float | None = None
        self._thresholds: tuple[float, ...] | None = None

    def question(self, t0: float, now: float, baseline: BaselineTaken | None) -> BlockQuestion:
        """The blocks from the oldest that may still change to ``now``, on the grid that begins at ``t0``."""
        if self._thresholds is None:
            told = baseline.yardstick if baseline is not None else None
            self._thresholds = Yardstick.from_dict(told).thresholds_ms if told is not None else ()
        first = 0
        if self._complete_until is not None:
            first = max(0, math.floor((self._complete_until - t0) / self._length) - _AGAIN)
        last = max(first + 1, math.ceil((now - t0) / self._length))
        return BlockQuestion(t0 + first * self._length, t0 + last * self._length, self._length, self._thresholds)

    def told(self, seen: Observation) -> None:
        """An answer came whole; what its lag leaves open is asked again."""
        if seen.partial is None and seen.error is None and seen.blocks:
            lag = self._lag_s if seen.lag_p95 is None else max(0.0, seen.lag_p95)
            self._complete_until = max(self._complete_until or -math.inf, seen.at - lag)
