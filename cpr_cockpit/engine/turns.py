"""The pace of the sources; one further source's turns: its own time limit, and longer pauses while it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Asked, Clock, PortError, Reader
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Observation
from cpr_cockpit.core.tally import reading

log = logging.getLogger(__name__)

# A failing source is asked at half the pace after each failure but the first, down to an eighth of it: one lost answer
# is what happens, and two times the pace is all that the age of a source's data allows.
_SLOWEST = 8.0
LEAST_PAUSE_S = 0.05


def pause_s(poll_s: float, began: float, now: float, least_s: float = LEAST_PAUSE_S) -> float:
    """Seconds to wait at ``now`` after a reading that began at ``began``, for one in every ``poll_s`` seconds.

    Never more than ``poll_s``: a clock that was set back meanwhile silences no source.
    """
    return max(least_s, min(poll_s, poll_s - (now - began)))


def known_of(run: Run, reader: Reader) -> Observation | None:
    """What ``reader`` told last that the journal holds; None where that is nothing, or cannot be read."""
    body = run.readings.get(reader.source)
    return reading(body) if body is not None and body.get("name", "") == reader.name else None


def asked_of_window(run: Run, t0: float, now: float, plan: Plan, policy: Policy, known: Observation | None) -> Asked:
    """What a further source is asked in the window. ``known``: `known_of` it.

    What was before is what was before the version came; with a feature flag that is earlier than T0.
    """
    came, since = (t0, None) if run.switched_at is None or run.switched_at >= t0 else (run.switched_at, t0)
    return Asked(now, came, plan.old_version, plan.new_version, policy.window_s, policy.scale, since, known)


class Turns:
    """Reads ``reader`` again and again; every reading, a failed one included, is given to ``take``.

    ``poll_s``: seconds between two readings of a healthy source, at the run's own length; asked before each pause.
    """

    def __init__(
        self, reader: Reader, clock: Clock, poll_s: Callable[[], float], take: Callable[[Observation], None]
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._poll_s = poll_s
        self._take = take
        self._failures = 0

    async def go_on(self, asked: Callable[[], Asked]) -> None:
        """Never returns; cancel it."""
        while True:
            began = self._clock.now()
            seen = await self._one(asked())
            self._failures = 0 if seen.error is None else self._failures + 1
            self._take(seen)
            await self._clock.sleep(pause_s(self._poll_s() * self._slower(), began, self._clock.now()))

    def _slower(self) -> float:
        """The factor on the pause: doubled by every failure in a row but the first."""
        return min(_SLOWEST, 2.0 ** max(0, self._failures - 1))

    async def _one(self, asked: Asked) -> Observation:
        try:
            async with asyncio.timeout(self._reader.timeout_s):
                return await self._reader.read(asked)
        except PortError as error:
            words = error.what
        except TimeoutError:
            words = f"no answer within {self._reader.timeout_s:g} s"
        except Exception as error:
            # What is only shown must not hold the run: to the judge this source could not be read.
            log.exception("the reader of %s met a defect", self._reader.name or self._reader.source.value)
            words = f"a defect of this program in reading it ({type(error).__name__})"
        return Observation(self._reader.source, self._clock.now(), name=self._reader.name, error=words)
