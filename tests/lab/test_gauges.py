"""Metrics of the plan and of the database: sampled from real processes, counted from real calls."""

from __future__ import annotations

import os
import sys
import time

import pytest

from cpr_cockpit.lab.gauges import Gauges
from cpr_cockpit.lab.telemetry import Telemetry

BEGAN = 1_700_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


def _point(telemetry: Telemetry, clock: Clock, kind: str, metric: str, name: str = "") -> dict[str, float]:
    """The one point of the second in which the clock began."""
    clock.now = BEGAN + 2.0
    ((at, point),) = telemetry.points(kind, name, metric, BEGAN, BEGAN + 1.0)
    assert at == BEGAN
    return point


@pytest.mark.skipif(sys.platform != "linux", reason="processor time of other processes is read from /proc")
def test_processor_and_memory_are_those_of_the_processes_that_live() -> None:
    clock = Clock()
    telemetry = Telemetry(0.0, 1.0, 1, clock=clock)
    gauges = Gauges(telemetry, 1.0, lambda: {"": [os.getpid()]}, dict)
    gauges.sample()
    # As much processor time as the clock ticks of the kernel can show.
    deadline = time.process_time() + 0.1
    while time.process_time() < deadline:
        pass
    gauges.sample()
    cpu = _point(telemetry, clock, "plan", "CpuPercentage")
    assert 5.0 / (os.cpu_count() or 1) < cpu["average"] <= 100.0
    memory = _point(telemetry, clock, "plan", "MemoryPercentage")
    assert 0.0 < memory["minimum"] <= memory["average"] <= memory["maximum"] < 100.0
    assert _point(telemetry, clock, "database", "sessions_percent")["average"] == pytest.approx(100.0 / 600.0)


def test_a_process_that_is_gone_has_no_figures() -> None:
    clock = Clock()
    telemetry = Telemetry(0.0, 1.0, 1, clock=clock)
    gauges = Gauges(telemetry, 1.0, lambda: {"": [2**22 + 1]}, lambda: {"production": 3, "green": 0})
    gauges.sample()
    gauges.sample()
    assert _point(telemetry, clock, "site", "RequestsInApplicationQueue", "production")["average"] == 3.0
    assert _point(telemetry, clock, "site", "RequestsInApplicationQueue", "green")["average"] == 0.0
    for metric in ("CpuPercentage", "MemoryPercentage"):
        assert list(telemetry.points("plan", "", metric, BEGAN, BEGAN + 1.0)) == []


def test_the_database_counts_for_itself() -> None:
    clock = Clock()
    telemetry = Telemetry(0.0, 1.0, 1, clock=clock)
    telemetry.database({"ok": 3, "failed": 1, "ms": 80.0})
    telemetry.database({"ok": 1, "failed": 0, "ms": 80.0})
    telemetry.database({"ok": "many", "failed": 0, "ms": 80.0})
    assert _point(telemetry, clock, "database", "connection_successful") == {"total": 4.0, "count": 4.0}
    assert _point(telemetry, clock, "database", "connection_failed") == {"total": 1.0, "count": 1.0}
    assert _point(telemetry, clock, "database", "cpu_percent")["average"] == pytest.approx(2.0)
    clock.now += 2.0
    quiet = list(telemetry.points("database", "", "connection_failed", BEGAN + 1.0, BEGAN + 2.0))
    assert quiet == [(BEGAN + 1.0, {"total": 0.0, "count": 0.0})], "nothing asked is a measured zero"
    assert list(telemetry.points("database", "", "deadlock", BEGAN, BEGAN + 2.0)) == []


def test_refused_requests_have_metrics_of_their_own() -> None:
    clock = Clock()
    telemetry = Telemetry(0.0, 1.0, 1, clock=clock)
    for status in (200, 302, 401, 401, 403, 404, 500):
        telemetry.counted("production", BEGAN, status, 0.1)
    found = {
        metric: _point(telemetry, clock, "site", metric, "production")["total"]
        for metric in ("Http2xx", "Http3xx", "Http401", "Http403", "Http404", "Http4xx", "Http5xx")
    }
    assert list(found.values()) == [1.0, 1.0, 2.0, 1.0, 1.0, 4.0, 1.0]
