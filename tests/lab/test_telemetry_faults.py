"""What goes wrong with the telemetry itself: rows and points that are lost, doubled, late, misdated, frozen, cut."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from cpr_cockpit.lab.telemetry import Telemetry
from cpr_cockpit.lab.telemetry_faults import NAMES, Fault, TelemetryFaults

BEGAN = 1_700_000_040.0  # a whole minute
OLD, NEW = "v1.2.0", "v1.3.0"


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


class Lab:
    """Telemetry without delay whose rows and points come at 10 requests a second."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.telemetry = Telemetry(0.0, 1.0, 7, clock=self.clock)
        self.sent = 0

    def fault(self, name: str, **members: Any) -> None:
        self.telemetry.faults.begin(Fault.parse({"fault": name, **members}))

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds * 10):
            self.clock.now += 0.1
            self.sent += 1
            self.telemetry.request({"TimeGenerated": self.clock.now, "Id": self.sent, "ItemCount": 1})
            self.telemetry.counted("production", self.clock.now, 200, 0.1)

    def ids(self) -> Counter[int]:
        return Counter(row["Id"] for row in self.telemetry.rows("AppRequests", self.clock.now))

    def points(self) -> list[tuple[float, float]]:
        found = self.telemetry.platform("production", "Requests", BEGAN, self.clock.now)
        return [(at - BEGAN, point["total"]) for at, point in found]


def test_a_fault_of_one_source_leaves_the_other_alone() -> None:
    lab = Lab()
    lab.fault("frozen", source="platform")
    lab.pass_seconds(10)
    assert (len(lab.ids()), lab.points()) == (100, [])
    lab.fault("frozen", source="logs")
    lab.fault("none", source="platform")
    lab.pass_seconds(10)
    assert len(lab.ids()) == 100
    assert len(lab.points()) > 15


def test_a_lossy_source_loses_its_share_for_ever() -> None:
    lab = Lab()
    lab.pass_seconds(20)
    before = lab.points()
    lab.fault("lossy", share=0.5)
    lab.pass_seconds(100)
    during, points = lab.ids(), lab.points()
    assert 350 < len(during) - 200 < 650
    assert all(lab_id in during for lab_id in range(1, 201)), "what came before is not touched"
    assert points[: len(before)] == before
    assert 25 < len(points) - len(before) < 75
    lab.fault("none")
    lab.pass_seconds(10)
    assert len(lab.ids()) == len(during) + 100
    lab.fault("lossy", share=1.0)
    lab.pass_seconds(10)
    assert len(lab.ids()) == len(during) + 100


def test_a_source_that_is_ahead_dates_everything_into_the_future() -> None:
    lab = Lab()
    lab.pass_seconds(5)
    lab.fault("ahead")
    lab.pass_seconds(5)
    rows = lab.telemetry.rows("AppRequests", lab.clock.now)
    assert len(rows) == 100, "they come when they always came"
    ahead = [row["TimeGenerated"] - row["_ingestion"] for row in rows]
    assert ahead[:50] == pytest.approx([0.0] * 50)
    assert ahead[50:] == pytest.approx([90.0] * 50)
    times = [at for at, _ in lab.points()]
    assert times[:4] == [0.0, 1.0, 2.0, 3.0]
    assert times[5:] == [at + 90.0 for at in range(5, 5 + len(times[5:]))] != []


def test_a_frozen_source_tells_what_it_told_and_catches_up_at_the_end() -> None:
    lab = Lab()
    lab.pass_seconds(20)
    rows, points = lab.ids(), lab.points()
    lab.fault("frozen", seconds=30.0)
    lab.pass_seconds(29)
    assert (lab.ids(), lab.points()) == (rows, points)
    lab.pass_seconds(2)
    assert len(lab.ids()) == 510, "it ended by itself"
    assert len(lab.points()) > 45


def test_a_duplicating_source_tells_its_share_twice() -> None:
    lab = Lab()
    lab.fault("duplicated", share=0.5)
    lab.pass_seconds(100)
    twice = Counter(lab.ids().values())
    assert set(twice) == {1, 2}
    assert 350 < twice[2] < 650
    points = Counter(lab.points())
    assert set(points.values()) == {1, 2}
    lab.fault("duplicated")
    lab.pass_seconds(10)
    assert {lab.ids()[number] for number in range(1001, 1101)} == {2}, "without a share all of it is hit"


def test_a_late_source_tells_a_minute_later() -> None:
    lab = Lab()
    lab.pass_seconds(10)
    points = lab.points()
    lab.fault("late")
    lab.pass_seconds(50)
    assert len(lab.ids()) == 100
    assert lab.points()[: len(points)] == points
    assert len(lab.points()) < 15
    lab.pass_seconds(20)
    assert 190 <= len(lab.ids()) <= 210
    late = lab.telemetry.rows("AppRequests", lab.clock.now)[150]
    assert late["_ingestion"] - late["TimeGenerated"] == pytest.approx(60.0)


async def test_a_request_to_a_source_that_is_cut_off_waits_for_the_end_and_does_not_pass() -> None:
    faults = TelemetryFaults(Clock())
    assert await faults.passed("logs")
    faults.begin(Fault.parse({"fault": "cut", "source": "logs"}))
    waiting = asyncio.create_task(faults.passed("logs"))
    assert await faults.passed("platform")
    await asyncio.sleep(0)
    assert not waiting.done()
    faults.begin(Fault.parse("none"))
    assert not await waiting
    assert await faults.passed("logs")
    faults.begin(Fault.parse({"fault": "cut", "seconds": 0.05}))
    assert not await faults.passed("logs"), "the time of the fault is over"
    left = asyncio.create_task(faults.passed("platform"))
    faults.begin(Fault.parse({"fault": "cut"}))
    again = asyncio.create_task(faults.passed("platform"))
    await asyncio.sleep(0)
    faults.end()
    assert not await left
    assert not await again


def test_a_fault_awaits_the_switch_to_its_version() -> None:
    faults = TelemetryFaults(Clock())
    faults.switched(OLD)
    assert not faults.at_switch(Fault.parse("lossy"), NEW)
    assert faults.active("logs") is None
    assert faults.as_dict()["awaiting_switch"]["fault"] == "lossy"
    assert not faults.switched("v9.9.9")
    assert faults.switched(NEW)
    active = faults.active("logs")
    assert active is not None
    assert (active.fault.fault, active.fault.share, active.since) == ("lossy", 0.5, BEGAN)
    assert faults.as_dict()["awaiting_switch"] is None
    assert not faults.switched(OLD), "it stays after the way back"
    assert faults.active("platform") is not None


def test_without_a_version_any_switch_from_the_first_one_begins_it() -> None:
    faults = TelemetryFaults(Clock())
    assert not faults.at_switch(Fault.parse("frozen"), "")
    assert not faults.switched(OLD)
    assert not faults.switched(OLD), "a restart is no switch"
    assert faults.switched(NEW)
    assert not faults.awaits(NEW), "nothing is left that awaits one"


def test_a_version_that_is_named_later_is_the_one_that_is_awaited() -> None:
    faults = TelemetryFaults(Clock())
    faults.at_switch(Fault.parse("late"), "")
    faults.switched(OLD)
    assert not faults.awaits(NEW)
    assert not faults.switched("v1.2.9")
    assert faults.switched(NEW)
    assert faults.at_switch(Fault.parse("ahead"), NEW), "it serves already"
    faults.at_switch(Fault.parse("cut"), "v2.0.0")
    faults.begin(Fault.parse("none"))
    assert not faults.switched("v2.0.0"), "what is set now takes the place of what was awaited"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "name or an object"),
        ("slow", "'slow' is unknown"),
        ({}, "None is unknown"),
        ({"fault": "lossy", "source": "traces"}, "'traces' is unknown"),
        ({"fault": "lossy", "share": 1.5}, "between 0 and 1"),
        ({"fault": "lossy", "share": "half"}, "must be a number"),
        ({"fault": "cut", "seconds": 0}, "above 0"),
        ({"fault": "cut", "seconds": True}, "must be a number"),
    ],
)
def test_what_is_no_fault_is_refused(body: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Fault.parse(body)


def test_every_name_is_a_fault_of_both_sources() -> None:
    assert [Fault.parse(name).sources for name in NAMES] == [("logs", "platform")] * len(NAMES)
