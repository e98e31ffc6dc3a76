"""What a run's readings add up to: the cockpit's own probes of production, and the load of its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cpr_cockpit.core.signals import Observation, ProbeCount, Source


@dataclass(slots=True)
class ProbeTally:
    """Own probes of one stretch of time. Times are epoch seconds.

    ``down_s``: seconds from each first failed probe to the next good one, added up; ``longest_s``: the longest of them.
    """

    ok: int = 0
    failed: int = 0
    first_at: float | None = None
    last_at: float | None = None
    last_ok: bool | None = None
    down_s: float = 0.0
    longest_s: float = 0.0
    down_since: float | None = None
    down_until: float | None = None

    @property
    def count(self) -> int:
        """Probes, good and failed."""
        return self.ok + self.failed

    def take(self, probe: ProbeCount) -> None:
        """Add a probe; they come in the order of time."""
        self.ok += probe.ok
        self.failed += probe.failed
        self.first_at = probe.at if self.first_at is None else self.first_at
        self.last_at, self.last_ok = probe.at, probe.failed == 0
        if probe.failed and self.down_since is None:
            self.down_since = self.down_until = probe.at
        if self.down_since is None or self.down_until is None:
            return
        # Counted on with every probe, so that a stretch that has not ended yet is in the sum.
        self.down_s += max(0.0, probe.at - self.down_until)
        self.longest_s = max(self.longest_s, probe.at - self.down_since)
        self.down_until = probe.at
        if not probe.failed:
            self.down_since = self.down_until = None


@dataclass(slots=True)
class Load:
    """CPU or memory in percent: the last reading, when it was taken, and the highest of all."""

    at: float
    last: float
    peak: float


@dataclass(slots=True)
class Tally:
    """``forward``: production's probes from the switch to the switch back (or the end); ``back``: those after it.

    ``whole``: all of them, so that a stretch without a good answer ends with the first good one on either side.
    """

    whole: ProbeTally = field(default_factory=ProbeTally)
    forward: ProbeTally = field(default_factory=ProbeTally)
    back: ProbeTally = field(default_factory=ProbeTally)
    load: dict[str, Load] = field(default_factory=dict)

    def take(self, body: Mapping[str, Any], switched_back_at: float | None) -> None:
        """Add a believed reading; one that has no figures of these kinds changes nothing."""
        if body.get("source") not in (Source.PROBES_PRODUCTION, Source.PLATFORM, Source.PLAN):
            return
        seen = reading(body)
        if seen is None:
            return
        if seen.source is Source.PROBES_PRODUCTION:
            for probe in seen.probes:
                after = switched_back_at is not None and probe.at >= switched_back_at
                (self.back if after else self.forward).take(probe)
                self.whole.take(probe)
        for name, value in (("CPU", seen.cpu_percent), ("memory", seen.memory_percent)):
            if value is not None:
                before = self.load.get(name)
                self.load[name] = Load(seen.at, value, max(value, before.peak) if before else value)


def reading(body: Mapping[str, Any]) -> Observation | None:
    """The observation of a journal body; None where it is none (a journal that was damaged and continued)."""
    try:
        return Observation.from_dict(body)
    except (ValueError, AttributeError):
        return None


def believed(body: Mapping[str, Any], skew_s: float) -> bool:
    """Whether a reading's figures count: whole, without error, and not dated ahead of its own arrival."""
    if body.get("error") is not None or body.get("partial") is not None:
        return False
    measured, at = body.get("measured_at"), body.get("at")
    if not isinstance(measured, int | float) or not isinstance(at, int | float):
        return True
    return bool(measured <= at + skew_s)
