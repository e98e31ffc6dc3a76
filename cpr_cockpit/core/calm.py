"""Whether a feature flag's being off has ended the failures that it was set off for.

Who had the flag on may be one in fifty: among everybody their failures are below every limit. So they are held against
the pace at which they came before, and against that of whoever had the flag off at the same time; both as Poisson
counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

GONE_AT, STILL_AT = 0.05, 0.01
# Nobody who failed is not proof that nobody ever does.
_HALF = 0.5


class Calm(StrEnum):
    """What the failures since then say."""

    GONE = "gone"
    STILL = "still there"
    UNKNOWN = "not known yet"


@dataclass(frozen=True, slots=True)
class Pace:
    """Failures of those with the flag on, and of all others at the same time, in so many seconds before it went off."""

    failed_on: int
    failed_off: int
    seconds: float

    def since(self, failed: int, seconds: float) -> Calm:
        """What ``failed`` requests of everybody say, in so many ``seconds`` since it went off.

        Gone: so few would come once in twenty times if it still failed as before. Still there: so many would come once
        in a hundred times from what failed beside it.
        """
        if not self.failed_on or self.seconds <= 0.0 or seconds <= 0.0:
            return Calm.GONE if not self.failed_on else Calm.UNKNOWN
        usual = (self.failed_off + _HALF) / self.seconds * seconds
        before = self.failed_on / self.seconds * seconds + usual
        if 1.0 - _at_most(failed - 1, usual) <= STILL_AT:
            return Calm.STILL
        return Calm.GONE if _at_most(failed, before) <= GONE_AT else Calm.UNKNOWN


def _at_most(count: int, mean: float) -> float:
    """The probability of at most ``count`` events where ``mean`` are expected."""
    if count < 0:
        return 0.0
    logs = (place * math.log(mean) - mean - math.lgamma(place + 1) for place in range(count + 1))
    return min(1.0, math.fsum(math.exp(one) for one in logs))
