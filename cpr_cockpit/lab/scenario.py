"""The scenario of a lab: which defect the version under deployment has, and from when on.

Times are epoch seconds, durations seconds.
"""

from __future__ import annotations

import math
import time
from typing import Any

from cpr_cockpit.lab.models import Defect

HEALTHY = "healthy"
DEPENDENCY = "dependency"
SCENARIOS = (HEALTHY, "errors", "slow", "outage", "silent", DEPENDENCY)
SHARE = 0.2  # of the requests are hit, where nothing else is asked for
FACTOR = 3.0  # times as long as usual, where nothing else is asked for
_SPIKE = 150.0  # seconds that the dependency suffers in a window of the real length
_WINDOW = 900.0  # seconds of the real observation window; a shorter one shrinks the spike alike


class Scenario:
    """The scenario chosen now; at first `healthy`.

    A defect begins when users are first sent to the version it belongs to, and stays with that version in whatever
    slot it runs. That of `dependency` hits every version and ends by itself.
    """

    def __init__(self) -> None:
        self.name = HEALTHY
        self.version = ""
        self._window, self._share, self._factor = _WINDOW, SHARE, FACTOR
        self._serving: str | None = None
        self._since: float | None = None

    def choose(self, name: str, *, version: str, window: float, share: float | None, factor: float | None) -> None:
        """Give `version` the defect `name` from its next switch on; at once where production serves it already.

        `window`: seconds of the observation window; `share` and `factor` None: the usual ones. ValueError on an unknown
        name and on numbers that no defect can have; the scenario stays as it was.
        """
        if name not in SCENARIOS:
            raise ValueError(f"the scenario {name!r} is unknown; allowed are {', '.join(SCENARIOS)}")
        if not (math.isfinite(window) and window > 0.0):
            raise ValueError(f"'window' must be seconds above 0, found {window}")
        if share is not None and not 0.0 <= share <= 1.0:
            raise ValueError(f"'share' must be between 0 and 1, found {share}")
        if factor is not None and not (math.isfinite(factor) and factor > 0.0):
            raise ValueError(f"'factor' must be above 0, found {factor}")
        self.name, self.version, self._window = name, version, window
        self._share = SHARE if share is None else share
        self._factor = FACTOR if factor is None else factor
        self._since = time.time() if name != HEALTHY and version == self._serving else None

    def switched(self, version: str, at: float) -> bool:
        """Take note that production serves `version` since `at`; whether this made the defect active."""
        self._serving = version
        return self.met(version, at)

    def met(self, version: str, at: float) -> bool:
        """Users meet `version` since `at`, in whatever slot; whether this made the defect active."""
        if self.name == HEALTHY or self._since is not None or version != self.version:
            return False
        self._since = at
        return True

    @property
    def until(self) -> float | None:
        """When the defect ends by itself; None where it does not, or has not begun."""
        if self.name != DEPENDENCY or self._since is None:
            return None
        return self._since + _SPIKE * min(1.0, self._window / _WINDOW)

    def defect_for(self, version: str) -> Defect | None:
        """What a process of `version` must be told now."""
        if self._since is None or (self.name != DEPENDENCY and version != self.version):
            return None
        return Defect(self.name, self._share, self._factor, self.until)

    def as_dict(self) -> dict[str, Any]:
        """For the control endpoint; `active_since` is null until the defect has begun."""
        return {
            "name": self.name,
            "version": self.version,
            "window": self._window,
            "share": self._share,
            "factor": self._factor,
            "active_since": self._since,
            "until": self.until,
        }
