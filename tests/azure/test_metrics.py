from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cpr_cockpit.adapters.azure.metrics import PlatformMetrics
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.signals import Observation
from tests.azure.clocks import FixedClock
from tests.azure.conftest import Azure
from tests.azure.sites import SITE
from tests.azure.wire import Answer, Wire

PATH = f"{SITE}/providers/Microsoft.Insights/metrics"
START = 1_700_000_040.0  # on a minute


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + ".0000000Z"


def _metric(name: str, points: list[tuple[float, float | None]], **members: Any) -> dict[str, Any]:
    data = [{"timeStamp": _at(at)} | ({} if total is None else {"total": total}) for at, total in points]
    series = [{"metadatavalues": [], "data": data}] if points else []
    return {"name": {"value": name}, "timeseries": series, "errorCode": "Success", **members}


def _body(requests: dict[str, Any], failures: dict[str, Any], interval: str = "PT1M") -> dict[str, Any]:
    return {"cost": 0, "interval": interval, "timespan": "x", "value": [requests, failures]}


async def _read(azure: Azure, wire: Wire, body: Any, *, now: float = 600.0) -> Observation:
    wire.on("GET", PATH, Answer(body=body))
    metrics = PlatformMetrics(azure.manager, FixedClock(START + now))
    return await metrics.platform(start=START, end=START + now, granularity_s=60.0)


async def test_points_of_requests_and_failures(azure: Azure, wire: Wire) -> None:
    body = _body(_metric("Requests", [(0, 100.0), (60, 120.0)]), _metric("Http5xx", [(0, 0.0), (60, 7.0)]))
    found = await _read(azure, wire, body)
    assert [(row.start - START, row.length, row.requests, row.failures) for row in found.bins] == [
        (0.0, 60.0, 100, 0),
        (60.0, 60.0, 120, 7),
    ]
    assert (found.granularity_s, found.measured_at, found.partial) == (60.0, START + 120.0, None)
    [asked] = wire.of("GET")
    assert asked.query["api-version"] == "2018-01-01"
    assert asked.query["metricnames"] == "Requests,Http5xx"
    assert asked.query["aggregation"] == "total"
    assert asked.query["interval"] == "PT1M"
    assert asked.query["timespan"] == "2023-11-14T22:14:00Z/2023-11-14T22:24:00Z"


async def test_a_point_without_a_total_is_no_data_and_not_zero(azure: Azure, wire: Wire) -> None:
    requests = _metric("Requests", [(0, 100.0), (60, None), (120, 90.0), (180, 80.0)])
    failures = _metric("Http5xx", [(0, 1.0), (60, None), (120, None), (180, 0.0)])
    found = await _read(azure, wire, _body(requests, failures))
    assert [row.start - START for row in found.bins] == [0.0, 180.0]


async def test_no_points_at_all_is_an_observation_of_nothing(azure: Azure, wire: Wire) -> None:
    found = await _read(azure, wire, _body(_metric("Requests", []), _metric("Http5xx", [])))
    assert (found.bins, found.measured_at, found.error) == ((), None, None)


async def test_the_grain_is_the_answers_own(azure: Azure, wire: Wire) -> None:
    body = _body(_metric("Requests", [(0, 8.0)]), _metric("Http5xx", [(0, 0.0)]), "PT4S")
    found = await _read(azure, wire, body)
    assert found.granularity_s == 4.0
    assert found.bins[0].length == 4.0


@pytest.mark.parametrize(
    ("told", "seconds"), [("P1D", 86400.0), ("P1W", 604800.0), ("PT1H30M", 5400.0), ("PT0.5S", 0.5), ("PT1,5M", 90.0)]
)
async def test_a_grain_is_any_duration_of_iso_8601(azure: Azure, wire: Wire, told: str, seconds: float) -> None:
    found = await _read(azure, wire, _body(_metric("Requests", []), _metric("Http5xx", []), told))
    assert found.granularity_s == seconds


@pytest.mark.parametrize(
    "told", ["", "P", "PT", "1M", "PT0S", "-PT1M", "P1M", "P1Y", "P0003-06-04T12:30:05", f"PT{'9' * 400}S", 60]
)
async def test_an_interval_that_is_no_length_of_time_is_an_error(azure: Azure, wire: Wire, told: Any) -> None:
    with pytest.raises(PortError, match="cannot be read"):
        await _read(azure, wire, _body(_metric("Requests", []), _metric("Http5xx", []), told))


async def test_a_value_that_no_number_of_this_machine_holds_is_an_error(azure: Azure, wire: Wire) -> None:
    requests = _metric("Requests", [(0, 10**400)])
    with pytest.raises(PortError, match="cannot be read"):
        await _read(azure, wire, _body(requests, _metric("Http5xx", [(0, 0.0)])))


async def test_a_point_that_has_not_ended_is_left_out_and_one_of_the_future_shows(azure: Azure, wire: Wire) -> None:
    points: list[tuple[float, float | None]] = [(0, 5.0), (60, 1.0), (300, 5.0)]
    body = _body(_metric("Requests", points), _metric("Http5xx", [(0, 0.0), (60, 9.0), (300, 0.0)]))
    found = await _read(azure, wire, body, now=90.0)
    assert [row.start - START for row in found.bins] == [0.0, 300.0]
    assert found.measured_at == START + 300.0
    assert found.partial is None


async def test_series_of_one_metric_add_up(azure: Azure, wire: Wire) -> None:
    requests = _metric("Requests", [(0, 5.0)])
    requests["timeseries"].append({"data": [{"timeStamp": _at(0), "total": 6.0}]})
    found = await _read(azure, wire, _body(requests, _metric("Http5xx", [(0, 1.0)])))
    assert (found.bins[0].requests, found.bins[0].failures) == (11, 1)


async def test_a_point_that_is_told_twice_counts_once(azure: Azure, wire: Wire) -> None:
    twice: list[tuple[float, float | None]] = [(0, 5.0), (0, 5.0)]
    found = await _read(azure, wire, _body(_metric("Requests", twice), _metric("Http5xx", [(0, 1.0)])))
    assert (found.bins[0].requests, found.bins[0].failures) == (5, 1)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            _body(
                _metric("Requests", [(0, 5.0)]),
                _metric("Http5xx", [], errorCode="QueryThrottled", errorMessage="too many"),
            ),
            "Http5xx: too many (QueryThrottled)",
        ),
        ({"interval": "PT1M", "value": [_metric("Requests", [(0, 5.0)])]}, "Http5xx is not in the answer"),
        (
            _body(_metric("Requests", [(0, 5.0)]), _metric("Http5xx", [(0, 9.0)])),
            "1 points count more 5xx than requests",
        ),
    ],
)
async def test_what_is_wrong_inside_an_answer_of_success_is_told(
    azure: Azure, wire: Wire, body: dict[str, Any], words: str
) -> None:
    found = await _read(azure, wire, body)
    assert found.partial == words
    assert found.bins == ()


@pytest.mark.parametrize(
    "body",
    ["<html>", [], {"value": []}, _body({}, {}), _body(_metric("Requests", []), _metric("Http5xx", []), "PT0S")],
)
async def test_an_answer_of_another_form_is_an_error(azure: Azure, wire: Wire, body: Any) -> None:
    with pytest.raises(PortError, match="cannot be read"):
        await _read(azure, wire, body)


async def test_a_refusal_is_an_error(azure: Azure, wire: Wire) -> None:
    wire.on("GET", PATH, Answer(403, {"error": {"code": "AuthorizationFailed", "message": "no"}}))
    with pytest.raises(PortError) as caught:
        await PlatformMetrics(azure.manager, FixedClock(START)).platform(start=START, end=START, granularity_s=300)
    assert caught.value.status == 403
    assert wire.of("GET")[0].query["interval"] == "PT5M"
