"""Rows come late and in their own order; platform metrics tell what was measured, and nothing else."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cpr_cockpit.lab.telemetry import Telemetry

BEGAN = 1_700_000_040.0  # a whole minute
UNMEASURED = ("CpuTime", "MemoryWorkingSet", "HealthCheckStatus", "NoSuchMetric")


class Clock:
    def __init__(self, now: float = BEGAN) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def _row(began: float, ms: float = 100.0, **more: Any) -> dict[str, Any]:
    return {"TimeGenerated": began, "DurationMs": ms, "Name": "GET /", "AppVersion": "v1.2.0", "ItemCount": 1} | more


def _lab(clock: Clock, *, delay: float = 2.0, step: float = 60.0) -> Telemetry:
    return Telemetry(delay, step, 7, clock=clock)


def test_a_row_is_found_from_its_ingestion_on() -> None:
    clock = Clock()
    telemetry = _lab(clock, delay=10.0)
    telemetry.request(_row(BEGAN, 500.0, Url="/x"))
    (row,) = telemetry.rows("AppRequests", BEGAN + 3600.0)
    came = row["_ingestion"]
    assert BEGAN + 0.5 + 8.0 <= came <= BEGAN + 0.5 + 12.0
    assert row == _row(BEGAN, 500.0, Url="/x", _ingestion=came)
    assert telemetry.rows("AppRequests", came - 1e-3) == []
    assert len(telemetry.rows("AppRequests", came)) == 1


def test_properties_that_come_again_are_kept_once_and_those_that_differ_are_told_apart() -> None:
    telemetry = _lab(Clock(), delay=0.0)
    for flag in ("on", "off", "on"):
        telemetry.request(_row(BEGAN, Properties={"Flag": flag}))
    found = [row["Properties"] for row in telemetry.rows("AppRequests", BEGAN + 60.0)]
    assert found == [{"Flag": "on"}, {"Flag": "off"}, {"Flag": "on"}]
    assert found[0] is found[2]


def test_rows_come_in_the_order_of_ingestion_each_once() -> None:
    clock = Clock()
    telemetry = _lab(clock, delay=30.0)
    for index in range(200):
        clock.now = BEGAN + index * 0.05
        telemetry.request(_row(clock.now - 0.1, Id=index))
    found = telemetry.rows("AppRequests", BEGAN + 100.0)
    times = [row["_ingestion"] for row in found]
    assert times == sorted(times)
    assert sorted(row["Id"] for row in found) == list(range(200))
    assert [row["Id"] for row in found] != list(range(200)), "the delay varies, so rows overtake each other"
    middle = times[100]
    assert telemetry.rows("AppRequests", middle) == [row for row in found if row["_ingestion"] <= middle]


def test_the_same_seed_gives_the_same_delays() -> None:
    def delays(seed: int) -> list[float]:
        telemetry = Telemetry(5.0, 60.0, seed, clock=Clock())
        for index in range(20):
            telemetry.request(_row(BEGAN + index))
        return [row["_ingestion"] for row in telemetry.rows("AppRequests", BEGAN + 1000.0)]

    assert delays(1) == delays(1)
    assert delays(1) != delays(2)


def test_a_row_that_reaches_the_lab_late_was_not_there_before() -> None:
    clock = Clock(BEGAN + 50.0)
    telemetry = _lab(clock, delay=0.0)
    telemetry.request(_row(BEGAN))
    assert telemetry.rows("AppRequests", BEGAN + 49.9) == []
    assert telemetry.rows("AppRequests", BEGAN + 50.0)[0]["_ingestion"] == BEGAN + 50.0


def test_requests_and_exceptions_are_tables_of_their_own() -> None:
    telemetry = _lab(Clock(), delay=0.0)
    telemetry.exception({"TimeGenerated": BEGAN, "ProblemId": "p"})
    assert telemetry.rows("AppRequests", BEGAN + 1.0) == []
    assert telemetry.rows("AppTraces", BEGAN + 1.0) == []
    assert [row["ProblemId"] for row in telemetry.rows("AppExceptions", BEGAN + 1.0)] == ["p"]


@pytest.mark.parametrize("time", [None, "soon", float("nan"), True])
def test_a_row_without_a_time_is_dropped(time: Any) -> None:
    telemetry = _lab(Clock(), delay=0.0)
    telemetry.request(_row(BEGAN) | {"TimeGenerated": time})
    telemetry.request(_row(BEGAN) | {"DurationMs": time})
    telemetry.request(_row(BEGAN))
    assert len(telemetry.rows("AppRequests", BEGAN + 10.0)) == 1


def test_rows_are_kept_for_an_hour() -> None:
    clock = Clock()
    telemetry = _lab(clock, delay=0.0)
    for minute in range(180):
        clock.now = BEGAN + minute * 60.0
        telemetry.request(_row(clock.now, Id=minute))
    kept = [row["Id"] for row in telemetry.rows("AppRequests", clock.now + 1.0)]
    assert kept[-61:] == list(range(119, 180))
    assert len(kept) <= 63


def test_without_traffic_whole_points_are_a_measured_zero() -> None:
    clock = Clock(BEGAN + 1.0)
    telemetry = _lab(clock)
    clock.now = BEGAN + 185.0
    start, end = BEGAN - 600.0, BEGAN + 600.0
    for metric in ("Requests", "Http2xx", "Http4xx", "Http5xx"):
        # The first minute began before the lab, the fourth has not ended.
        assert list(telemetry.platform("green", metric, start, end)) == [
            (BEGAN + 60.0, {"total": 0.0}),
            (BEGAN + 120.0, {"total": 0.0}),
        ]
    for metric in ("HttpResponseTime", "InstanceCount", *UNMEASURED):
        assert list(telemetry.platform("green", metric, start, end)) == []


def test_a_point_tells_what_was_counted() -> None:
    clock = Clock()
    telemetry = _lab(clock)
    for status, seconds in ((200, 0.1), (201, 0.2), (404, 0.3), (500, 0.6), (302, 0.3)):
        telemetry.counted("production", BEGAN + 1.0, status, seconds)
    clock.now = BEGAN + 61.0

    def point(metric: str) -> dict[str, float]:
        ((at, values),) = telemetry.platform("production", metric, BEGAN, BEGAN + 60.0)
        assert at == BEGAN
        return values

    totals = {metric: point(metric)["total"] for metric in ("Requests", "Http2xx", "Http4xx", "Http5xx")}
    assert totals == {"Requests": 5.0, "Http2xx": 2.0, "Http4xx": 1.0, "Http5xx": 1.0}
    times = point("HttpResponseTime")
    assert times["average"] == pytest.approx(0.3)
    assert (times["minimum"], times["maximum"], times["count"]) == (0.1, 0.6, 5.0)
    assert point("InstanceCount") == {"average": 1.0}
    for metric in UNMEASURED:
        assert list(telemetry.platform("production", metric, BEGAN, BEGAN + 60.0)) == []


def test_the_front_ends_own_errors_prove_no_instance() -> None:
    clock = Clock()
    telemetry = _lab(clock)
    telemetry.counted("production", BEGAN, 503, 0.001)
    clock.now = BEGAN + 61.0
    assert list(telemetry.platform("production", "Http5xx", BEGAN, clock.now)) == [(BEGAN, {"total": 1.0})]
    assert list(telemetry.platform("production", "InstanceCount", BEGAN, clock.now)) == []


def test_the_minute_in_which_the_lab_began_has_only_what_was_counted() -> None:
    clock = Clock(BEGAN + 30.0)
    telemetry = _lab(clock)
    telemetry.counted("production", BEGAN + 31.0, 200, 0.1)
    clock.now = BEGAN + 61.0
    assert list(telemetry.platform("production", "Requests", BEGAN, clock.now)) == [(BEGAN, {"total": 1.0})]
    assert list(telemetry.platform("green", "Requests", BEGAN, clock.now)) == []


def test_a_slot_opened_later_has_no_data_before() -> None:
    clock = Clock()
    telemetry = _lab(clock)
    clock.now = BEGAN + 90.0
    telemetry.opened("blue")
    clock.now = BEGAN + 200.0
    assert list(telemetry.platform("blue", "Requests", BEGAN, clock.now)) == [(BEGAN + 120.0, {"total": 0.0})]


def test_a_point_appears_a_second_after_its_end_and_never_changes() -> None:
    clock = Clock()
    telemetry = _lab(clock)
    telemetry.counted("production", BEGAN + 5.0, 200, 0.1)
    clock.now = BEGAN + 60.9
    assert list(telemetry.platform("production", "Requests", BEGAN, clock.now)) == []
    telemetry.counted("production", BEGAN + 59.9, 200, 0.1)
    clock.now = BEGAN + 61.0
    shown = list(telemetry.platform("production", "Requests", BEGAN, clock.now))
    assert shown == [(BEGAN, {"total": 2.0})]
    telemetry.counted("production", BEGAN + 10.0, 200, 51.0)
    assert list(telemetry.platform("production", "Requests", BEGAN, clock.now)) == shown
    clock.now = BEGAN + 121.0
    both = list(telemetry.platform("production", "Requests", BEGAN, clock.now))
    assert both == [*shown, (BEGAN + 60.0, {"total": 1.0})]


@pytest.mark.parametrize("step", [1.0, 2.0, 60.0 * 50.0 / 900.0, 60.0 * 47.0 / 900.0, 60.0])
def test_points_lie_on_the_grid_of_the_route_and_lose_nothing(step: float) -> None:
    clock = Clock()
    telemetry = _lab(clock, step=step)
    chance = random.Random(3)
    sent = 500
    for _ in range(sent):
        clock.now += chance.random()
        telemetry.counted("production", clock.now, 200, 0.1)
    first = int(BEGAN // step)
    start = first * step
    clock.now += step + 1.0
    found = dict(telemetry.platform("production", "Requests", start, clock.now + step))
    assert sum(point["total"] for point in found.values()) == sent
    # The same product as in rest/metrics.py: the very same floats, so that the route can join the two.
    assert set(found) <= {index * step for index in range(first, first + int(600 / step) + 3)}


def test_points_are_kept_for_an_hour_and_are_no_data_after_it() -> None:
    clock = Clock()
    telemetry = _lab(clock)
    for minute in range(180):
        clock.now = BEGAN + minute * 60.0 + 1.0
        telemetry.counted("production", clock.now, 200, 0.1)
    found = list(telemetry.platform("production", "Requests", BEGAN, clock.now))
    assert 59 <= len(found) <= 61
    assert {point["total"] for _, point in found} == {1.0}
