"""What nobody counts but somebody has to look at: processor and memory of the slots' processes, requests that wait.

Processor time and memory are those of the real processes, read from /proc as a share of this machine's; where there is
no /proc they have no data.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cpr_cockpit.lab.platform_metrics import DATABASE, PLAN, SITE

if TYPE_CHECKING:
    from cpr_cockpit.lab.telemetry import Telemetry

_PER_POINT = 4  # samples, where that is neither too often nor too rare
_SHORTEST, _LONGEST = 0.25, 5.0  # seconds between two samples
_MOST_SESSIONS = 600  # of the database, as a small one of Azure SQL has them
_USER, _SYSTEM, _RESIDENT = 11, 12, 21  # fields of /proc/PID/stat after the name

# The ids of the processes that live on each plan; the slots, and how many requests wait for one.
Living = Callable[[], Mapping[str, Iterable[int]]]
Waiting = Callable[[], dict[str, int]]


class Gauges:
    """Samples of one lab; `step`: seconds of a point of the platform metrics."""

    def __init__(self, telemetry: Telemetry, step: float, living: Living, waiting: Waiting) -> None:
        self._telemetry = telemetry
        self._every = min(max(step / _PER_POINT, _SHORTEST), _LONGEST)
        self._living = living
        self._waiting = waiting
        self._used: dict[int, float] = {}
        self._looked = time.monotonic()

    async def run(self) -> None:
        """Sample until cancelled."""
        # Processor time is told from the second look on: who asks soon after the start gets a figure, too.
        self.sample()
        await asyncio.sleep(_SHORTEST)
        while True:
            self.sample()
            await asyncio.sleep(self._every)

    def sample(self) -> None:
        """Look once. The first look tells no processor time: it is the time since the look before."""
        living = {plan: list(ids) for plan, ids in self._living().items()}
        tell = self._telemetry.sampled
        for slot, count in self._waiting().items():
            tell(SITE, slot, "RequestsInApplicationQueue", float(count))
        tell(DATABASE, "", "sessions_percent", 100.0 * sum(len(ids) for ids in living.values()) / _MOST_SESSIONS)
        now, before = time.monotonic(), self._used
        passed, self._looked, self._used = now - self._looked, now, {}
        for plan, ids in living.items():
            found = {pid: used for pid in ids if (used := _used(pid)) is not None}
            if not found and ids:
                continue
            so_far = {pid: seconds for pid, (seconds, _) in found.items()}
            self._used |= so_far
            memory = sum(resident for _, resident in found.values()) / _memory()
            tell(PLAN, plan, "MemoryPercentage", min(100.0, 100.0 * memory))
            if before and passed > 0.0:
                worked = sum(seconds - before.get(pid, 0.0) for pid, seconds in so_far.items())
                percent = 100.0 * worked / (passed * (os.cpu_count() or 1))
                tell(PLAN, plan, "CpuPercentage", min(100.0, max(0.0, percent)))


def _used(pid: int) -> tuple[float, float] | None:
    """Seconds of processor time and bytes of memory of a process; None where they cannot be read."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks, pages = int(fields[_USER]) + int(fields[_SYSTEM]), int(fields[_RESIDENT])
    except (OSError, ValueError, IndexError):
        return None
    return ticks / os.sysconf("SC_CLK_TCK"), float(pages * os.sysconf("SC_PAGE_SIZE"))


def _memory() -> float:
    """Bytes of memory that this machine has."""
    return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
