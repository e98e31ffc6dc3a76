"""What goes wrong with the telemetry itself, while the product may be well: lost, late, misdated, frozen, cut off.

`lossy`: a share of what is reported never arrives. `duplicated`: a share arrives twice. `late`: a share comes a minute
later than usual. `ahead`: all of it is dated 90 s into the future. `frozen`: answers stay what they were when the fault
began. `cut`: requests get no answer, and at the end of the fault their connection is closed. Times are epoch seconds.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

NONE, LOSSY, AHEAD, FROZEN, CUT, DUPLICATED, LATE = "none", "lossy", "ahead", "frozen", "cut", "duplicated", "late"
NAMES = (NONE, LOSSY, AHEAD, FROZEN, CUT, DUPLICATED, LATE)
LOGS, PLATFORM, ALL = "logs", "platform", "all"
SOURCES = (LOGS, PLATFORM)
AHEAD_BY = 90.0  # seconds
LATER_BY = 60.0  # seconds
_SHARES = {LOSSY: 0.5}  # where none is asked for; of the others everything is hit


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `source`: logs, platform or all; `share` of the rows or points is hit; `seconds` None: for good."""

    fault: str
    source: str
    share: float
    seconds: float | None = None

    @classmethod
    def parse(cls, body: Any) -> Fault:
        """A fault from its name, or from an object with the members of this class. Raises ValueError."""
        members = {"fault": body} if isinstance(body, str) else body
        if not isinstance(members, Mapping):
            raise ValueError("a telemetry fault is a name or an object with a 'fault'")  # noqa: TRY004 - a wrong body
        name, source = members.get("fault"), members.get("source", ALL)
        if name not in NAMES:
            raise ValueError(f"the telemetry fault {name!r} is unknown; allowed are {', '.join(NAMES)}")
        if source not in (*SOURCES, ALL):
            raise ValueError(f"the source {source!r} is unknown; allowed are {', '.join(SOURCES)} and {ALL}")
        share, seconds = _number(members, "share"), _number(members, "seconds")
        if share is not None and not 0.0 <= share <= 1.0:
            raise ValueError(f"'share' must be between 0 and 1, found {share}")
        if seconds is not None and seconds <= 0.0:
            raise ValueError(f"'seconds' must be above 0 or null, found {seconds}")
        return cls(name, source, _SHARES.get(name, 1.0) if share is None else share, seconds)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that it is for."""
        return SOURCES if self.source == ALL else (self.source,)


def _number(members: Mapping[str, Any], name: str) -> float | None:
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"'{name}' must be a number, found {value!r}")
    return float(value)


@dataclass(frozen=True, slots=True)
class Active:
    """A fault that has begun; `replaced` is set when another one, or none, takes its place."""

    fault: Fault
    since: float
    until: float | None
    replaced: asyncio.Event = field(default_factory=asyncio.Event)


class TelemetryFaults:
    """The faults of one lab, one for each source; at first none. `clock`: epoch seconds now."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._active: dict[str, Active] = {}
        self._awaiting: Fault | None = None
        self._version = ""  # whose switch is awaited; empty: of any that was not served first
        self._served: list[str] = []

    def begin(self, fault: Fault) -> None:
        """From now on this fault, in the place of what its sources had; what awaits a switch is forgotten."""
        self._awaiting = None
        self._begin(fault)

    def _begin(self, fault: Fault) -> None:
        now = self._clock()
        until = None if fault.seconds is None else now + fault.seconds
        for source in fault.sources:
            if source in self._active:
                self._active.pop(source).replaced.set()
            if fault.fault != NONE:
                self._active[source] = Active(fault, now, until)

    def at_switch(self, fault: Fault, version: str) -> bool:
        """Begin the fault when production first serves `version` ("": another one than the first).

        Where it serves it already, at once: whether it began.
        """
        self._awaiting, self._version = fault, version
        return bool(self._served) and self.switched(self._served[-1])

    def awaits(self, version: str) -> bool:
        """Let what awaits a switch, if anything does, await that to `version`; whether that began it."""
        return self._awaiting is not None and self.at_switch(self._awaiting, version)

    def switched(self, version: str) -> bool:
        """Take note that production serves `version`; whether this began a fault."""
        self._served = [*self._served[:1], version]
        fault = self._awaiting
        if fault is None or (version != self._version if self._version else version == self._served[0]):
            return False
        self._awaiting = None
        self._begin(fault)
        return True

    def active(self, source: str) -> Active | None:
        """What is wrong with the source now."""
        found = self._active.get(source)
        return None if found is None or (found.until is not None and self._clock() >= found.until) else found

    async def passed(self, source: str) -> bool:
        """Whether a request to the source reaches it; where it is cut off, False, once the fault has ended."""
        found = self.active(source)
        if found is None or found.fault.fault != CUT:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(None if found.until is None else max(0.0, found.until - self._clock())):
                await found.replaced.wait()
        return False

    def end(self) -> None:
        """The lab ends: nobody waits any more."""
        for found in self._active.values():
            found.replaced.set()

    def as_dict(self) -> dict[str, Any]:
        """For the control endpoint: what each source has, and what awaits the switch."""
        shown: dict[str, Any] = {"awaiting_switch": None if self._awaiting is None else asdict(self._awaiting)}
        for source in SOURCES:
            found = self.active(source)
            shown[source] = None
            if found is not None:
                members = {"fault": found.fault.fault, "share": found.fault.share}
                shown[source] = members | {"since": found.since, "until": found.until}
        return shown
