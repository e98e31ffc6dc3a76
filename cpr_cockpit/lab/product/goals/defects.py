"""What is wrong with this process: told by the lab while it runs, or built into its release."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .flags import Seen
from .targeting import FLAG

ERRORS, SLOW, OUTAGE, SILENT, DEPENDENCY = "errors", "slow", "outage", "silent", "dependency"
ONE_ENDPOINT, CRASH_LOOP, FLAG_IGNORED, DOUBLE_WORK = "one-endpoint", "crash-loop", "flag-ignored", "double-work"
KINDS = (ERRORS, SLOW, OUTAGE, SILENT, DEPENDENCY, ONE_ENDPOINT, CRASH_LOOP, FLAG_IGNORED, DOUBLE_WORK)
_WITH_A_SHARE = (ERRORS, DEPENDENCY, ONE_ENDPOINT, FLAG_IGNORED)
_NOT_MET = (SILENT, CRASH_LOOP, DOUBLE_WORK)  # by users
SHARE, FACTOR = 0.2, 3.0  # where a defect does not say them
ENDPOINT = "POST /api/v1/goals"  # the one that `one-endpoint` hits
OUTAGE_LASTS = 2.0  # seconds from the beginning of an outage to the death of the process


@dataclass(frozen=True, slots=True)
class Defect:
    """`share` of the requests is hit; `factor`: how much slower; `until`: when it ends by itself (epoch seconds).

    `flag`: only requests of users for whom this feature flag is on are hit; None: all requests.
    """

    kind: str
    share: float = SHARE
    factor: float = FACTOR
    until: float | None = None
    flag: str | None = None

    @classmethod
    def parse(cls, value: Any) -> Defect | None:
        """A defect from JSON, None from null. Raises ValueError on anything else."""
        if value is None:
            return None
        if not isinstance(value, dict) or value.get("kind") not in KINDS:
            raise ValueError(f"a defect is null or an object with a 'kind' of {', '.join(KINDS)}, found {value!r}")
        until, flag = value.get("until"), value.get("flag")
        if flag not in (None, FLAG):
            raise ValueError(f"the product has no feature flag {flag!r}")
        try:
            share, factor = float(value.get("share", SHARE)), float(value.get("factor", FACTOR))
            return cls(value["kind"], share, factor, None if until is None else float(until), flag)
        except TypeError as error:
            raise ValueError(f"the numbers of the defect {value!r} cannot be read") from error


class Defects:
    """The defect that the process has now, and which requests it hits; `die` ends the process after an outage."""

    def __init__(self, built_in: Defect | None, seed: int, die: Callable[[], None]) -> None:
        self._built_in = built_in
        self._told: Defect | None = None
        self._random = random.Random(seed)
        self._die = die
        self._end: asyncio.TimerHandle | None = None

    def tell(self, defect: Defect | None) -> None:
        """Have `defect` from now on instead of the one told before; the built-in one stays. Needs a running loop."""
        self._told = defect
        current = self.current
        if current is None or current.kind != OUTAGE:
            if self._end is not None:
                self._end.cancel()
            self._end = None
        elif self._end is None:
            self._end = asyncio.get_running_loop().call_later(OUTAGE_LASTS, self._die)

    @property
    def current(self) -> Defect | None:
        """The defect of this moment: the one told by the lab, else the built-in one."""
        for defect in (self._told, self._built_in):
            if defect is not None and (defect.until is None or time.time() < defect.until):
                return defect
        return None

    @property
    def silent(self) -> bool:
        """Whether nothing is reported."""
        return self._has(SILENT)

    @property
    def out(self) -> bool:
        """Whether everything is refused."""
        return self._has(OUTAGE)

    def _has(self, kind: str) -> bool:
        current = self.current
        return current is not None and current.kind == kind

    def spoils_a_notice(self, seen: Seen) -> bool:
        """Whether the next notice is written without what it needs: by the share of `errors`, drawn anew."""
        current = self.current
        if current is None or current.kind != ERRORS or not _reaches(current, seen):
            return False
        return self._random.random() < current.share

    def hits(self, operation: str, seen: Seen) -> Defect | None:
        """The defect that hits the next user's request, drawn anew at every call; `operation`: method and path.

        `seen`: the feature flag for that user.
        """
        current = self.current
        if current is None or current.kind in _NOT_MET or not _reaches(current, seen):
            return None
        if current.kind == ONE_ENDPOINT and operation != ENDPOINT:
            return None
        if current.kind in _WITH_A_SHARE and self._random.random() >= current.share:
            return None
        return current


def _reaches(defect: Defect, seen: Seen) -> bool:
    """Whether the feature flag lets the defect hit a request; one that ignores the flag asks what it once was."""
    if defect.flag is None:
        return True
    return seen.once_on if defect.kind == FLAG_IGNORED else seen.on
