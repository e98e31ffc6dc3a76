"""The scenario of a lab: what is wrong with the version under deployment or with its swaps, and from when on.

Times are epoch seconds, durations seconds.
"""

from __future__ import annotations

import math
import time
from typing import Any

from cpr_cockpit.lab.flags import FLAG
from cpr_cockpit.lab.models import Defect

HEALTHY, ERRORS, DEPENDENCY, CRASH_LOOP = "healthy", "errors", "dependency", "crash-loop"
FLAG_IGNORED = "flag-ignored"
SLOW_SWAP, SWAP_REFUSED, FOREIGN_SWAP = "slow-swap", "swap-refused", "foreign-swap"
POOL, ONE_INSTANCE, DOUBLE_WORK = "pool", "one-instance", "double-work"
# The defect that a version has in each scenario, by its kind; empty: it is sound.
_KINDS = {
    HEALTHY: "",
    ERRORS: ERRORS,
    "slow": "slow",
    "outage": "outage",
    "silent": "silent",
    DEPENDENCY: DEPENDENCY,
    "one-endpoint": "one-endpoint",
    CRASH_LOOP: CRASH_LOOP,
    FLAG_IGNORED: FLAG_IGNORED,
    SLOW_SWAP: "",
    SWAP_REFUSED: ERRORS,
    FOREIGN_SWAP: "",
    POOL: DEPENDENCY,
    ONE_INSTANCE: ERRORS,
    DOUBLE_WORK: DOUBLE_WORK,
}
# Both versions suffer: from what they depend on, or from what one of them does to what they share.
_SHARED = (DEPENDENCY, POOL)
SCENARIOS = tuple(_KINDS)
# What goes wrong with a whole process cannot be bound to a flag, which is on for some users and off for others.
_WHOLE = frozenset({"outage", "silent", CRASH_LOOP, DOUBLE_WORK})
# What shows when a process starts.
_AT_START = (CRASH_LOOP, DOUBLE_WORK)
SHARE = 0.2  # of the requests are hit, where nothing else is asked for
FACTOR = 3.0  # times as long as usual, where nothing else is asked for
_SPIKE = 150.0  # seconds that the dependency suffers in a window of the real length
_WINDOW = 900.0  # seconds of the real observation window; a shorter one shrinks the spike alike
_FOREIGN_AFTER = 1 / 3  # of the window, after which somebody else swaps


class Scenario:
    """The scenario chosen now; at first `healthy`.

    A defect begins when users are first sent to the version it belongs to, in whatever app, and stays with that version
    in whatever slot it runs. That of `dependency` hits every version and ends by itself; that of `pool` hits every
    version for as long as any production serves the one that takes all connections to the database; that of
    `crash-loop`, and that of `double-work`, is there before any user is, for it shows when a process starts. One that
    is bound to a feature flag hits users for whom that is on; that of `flag-ignored` goes on hitting them when the flag
    is switched off. That of `one-instance` is had by the first of the instances of each slot only.
    """

    def __init__(self) -> None:
        self.name = HEALTHY
        self.version = ""
        self.flag: str | None = None
        self._window, self._share, self._factor = _WINDOW, SHARE, FACTOR
        self._serving: dict[str, tuple[str, float]] = {}  # what production of each app serves, and since when
        self._since: float | None = None

    def choose(
        self,
        name: str,
        *,
        version: str,
        window: float,
        share: float | None,
        factor: float | None,
        flag: str | None = None,
    ) -> None:
        """Give `version` the defect `name` from its next switch on; at once where production serves it already.

        `window`: seconds of the observation window; `share` and `factor` None: the usual ones; `flag`: the feature flag
        to which the defect is bound. ValueError on an unknown name or flag, on a defect that cannot be bound to one,
        and on numbers that no defect can have; the scenario stays as it was.
        """
        if name not in SCENARIOS:
            raise ValueError(f"the scenario {name!r} is unknown; allowed are {', '.join(SCENARIOS)}")
        if not (math.isfinite(window) and window > 0.0):
            raise ValueError(f"'window' must be seconds above 0, found {window}")
        if share is not None and not 0.0 <= share <= 1.0:
            raise ValueError(f"'share' must be between 0 and 1, found {share}")
        if factor is not None and not (math.isfinite(factor) and factor > 0.0):
            raise ValueError(f"'factor' must be above 0, found {factor}")
        _check_flag(name, flag)
        self.name, self.version, self._window = name, version, window
        self.flag = FLAG if name == FLAG_IGNORED else flag
        self._share = SHARE if share is None else share
        self._factor = FACTOR if factor is None else factor
        now = time.time()
        # For a scenario the version begins to serve when it is chosen.
        self._serving = {app: (serving, now) for app, (serving, _) in self._serving.items()}
        served = any(serving == version for serving, _ in self._serving.values())
        self._since = now if name in _AT_START or (_KINDS[name] and served) else None

    def switched(self, version: str, at: float, app: str = "") -> bool:
        """Take note that production of `app` serves `version` since `at`; whether a defect began with it, or ended."""
        if app not in self._serving or self._serving[app][0] != version:
            self._serving[app] = (version, at)
        served = any(serving == self.version for serving, _ in self._serving.values())
        if self.name == POOL and self._since is not None and not served:
            self._since = None
            return True
        return self.met(version, at)

    def left(self, app: str) -> None:
        """No user is sent to `app` any more."""
        self._serving.pop(app, None)

    def met(self, version: str, at: float) -> bool:
        """Users meet `version` since `at`, in whatever slot; whether this made the defect active."""
        if not _KINDS[self.name] or self._since is not None or version != self.version:
            return False
        self._since = at
        return True

    @property
    def since(self) -> float | None:
        """When the defect began; None where it has not, or there is none."""
        return self._since

    @property
    def slow_swaps(self) -> bool:
        """Whether swaps take about ten times as long as usual."""
        return self.name == SLOW_SWAP

    def refuses_to_swap_out(self, serving: str) -> bool:
        """Whether production, which serves this version, cannot be swapped any more."""
        return self.name == SWAP_REFUSED and serving == self.version

    @property
    def foreign_swap_at(self) -> float | None:
        """When somebody else swaps, if production serves the version until then; None where nobody will."""
        first = self._served_first()
        return None if self.name != FOREIGN_SWAP or first is None else first[0] + self._window * _FOREIGN_AFTER

    @property
    def foreign_swap_app(self) -> str:
        """Where somebody else swaps: the app that has served the version longest; empty where none serves it."""
        first = self._served_first()
        return "" if first is None else first[1]

    def _served_first(self) -> tuple[float, str] | None:
        """Since when the version has been served, and by which app."""
        found = [(since, app) for app, (serving, since) in self._serving.items() if serving == self.version]
        return min(found, default=None)

    @property
    def until(self) -> float | None:
        """When the defect ends by itself; None where it does not, or has not begun."""
        if self.name != DEPENDENCY or self._since is None:
            return None
        return self._since + _SPIKE * min(1.0, self._window / _WINDOW)

    def defect_for(self, version: str, worker: int = 0) -> Defect | None:
        """What a process of `version` must be told now; `worker`: which of its slot's it is, from 0 on."""
        if self.name == ONE_INSTANCE and worker:
            return None
        if self._since is None or (self.name not in _SHARED and version != self.version):
            return None
        return Defect(_KINDS[self.name], self._share, self._factor, self.until, self.flag)

    def as_dict(self) -> dict[str, Any]:
        """For the control endpoint; `active_since` is null until the defect has begun."""
        return {
            "name": self.name,
            "version": self.version,
            "window": self._window,
            "share": self._share,
            "factor": self._factor,
            "flag": self.flag,
            "active_since": self._since,
            "until": self.until,
        }


def _check_flag(name: str, flag: str | None) -> None:
    if flag not in (None, FLAG):
        raise ValueError(f"the feature flag {flag!r} is unknown; the product has {FLAG!r}")
    if flag is not None and name in _WHOLE:
        raise ValueError(f"the scenario {name!r} hits whole processes and cannot be bound to a feature flag")
