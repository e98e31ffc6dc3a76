"""The sources, on a lab in processes of its own: loop time of a round of all; and from an observation to a verdict."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.ports import PRODUCTION, Asked
from cpr_cockpit.core.verdict import VerdictKind
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.lab_client import LabControl, LabOptions, start_lab
from cpr_cockpit.wiring.outside import outside_of
from cpr_cockpit.wiring.target import Target, place_of
from tests.core.observations import BEFORE, NEW, OLD, T0, WRITTEN, logs, probes, user_bin

ROUNDS, TRAFFIC_S, BEAT_S = 12, 30.0, 0.001


async def _round(ports: Ports, asked: Asked, slot: str) -> None:
    """Everything that is asked every 15 s of a window, at once: the worst case."""
    versions = (asked.old_version, asked.new_version)
    telemetry = ports.telemetry.requests(start=asked.t0, end=asked.now, bin_s=15.0, versions=versions)
    platform = ports.metrics.platform(start=asked.t0, end=asked.now, granularity_s=15.0)
    readers = [reader.read(asked) for reader in ports.readers]
    await asyncio.gather(telemetry, platform, ports.probe.look(PRODUCTION), ports.probe.look(slot), *readers)


async def _beat(gaps: list[float]) -> None:
    """How long the loop left a task waiting that is due every millisecond."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(BEAT_S)
        gaps.append(time.perf_counter() - began - BEAT_S)


async def _rounds(folder: Path) -> tuple[list[float], list[float]]:
    ready = start_lab(folder, LabOptions(fast=True, telemetry_delay_s=1.0, window_s=180.0))
    control = LabControl(ready)
    try:
        async with outside_of(place_of(Target(), ready)) as ports:
            t0 = time.time()
            await asyncio.sleep(TRAFFIC_S)
            spent, gaps = [], []
            for _ in range(ROUNDS):
                asked = Asked(time.time(), t0, "v1.2.0", "v1.3.0", 180.0, 0.2)
                stalls: list[float] = []
                beating = asyncio.create_task(_beat(stalls))
                await asyncio.sleep(0.0)
                began = time.thread_time()
                await _round(ports, asked, str(ready["slot"]))
                spent.append(time.thread_time() - began)
                beating.cancel()
                gaps.append(max(stalls, default=0.0))
        return spent, gaps
    finally:
        await control.stop()
        await control.close()


def one_round() -> None:
    """CPU of the loop's thread for one round of all sources, and the longest time that it let a task wait."""
    with tempfile.TemporaryDirectory() as folder:
        spent, gaps = asyncio.run(_rounds(Path(folder)))
    # The first round signs in and opens the connections.
    middle, stall = 1000.0 * statistics.median(spent[1:]), 1000.0 * statistics.median(gaps[1:])
    print(f"{'sources: one round of all':<42} {middle:8.1f} ms   of the loop; longest stall {stall:.1f} ms")


def to_a_verdict() -> None:
    """From the observation that decides to the verdict that says so, after ten minutes of a window."""
    took = []
    for _ in range(ROUNDS):
        judging = Judge(WRITTEN, NEW, OLD, 2.0)
        judging.baseline(BEFORE)
        judging.t0(T0)
        rows = []
        for minute in range(10):
            rows.append(user_bin(minute, 2400, 5 if minute < 4 else 240))
            seen, at = logs(rows), T0 + 60.0 * minute + 61.0
            judging.observe(probes(60.0 * minute + 59.0))
            began = time.perf_counter()
            judging.observe(seen)
            verdict = judging.verdict(at)
            if verdict.kind is VerdictKind.ROLLBACK:
                took.append(time.perf_counter() - began)
                break
    slowest = 1000.0 * max(took) if took else float("nan")
    print(f"{'judge: from observation to verdict':<42} {slowest:8.2f} ms   the slowest of {len(took)}")
