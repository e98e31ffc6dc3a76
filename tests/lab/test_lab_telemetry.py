"""The telemetry of a whole lab over the wire: tables, metrics of plan and database, live log, faults, what was sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cpr_cockpit.lab_client import TELEMETRY_FAULTS, TELEMETRY_SOURCES, LabControl, LabError, LabOptions
from tests.lab import running
from tests.lab.running import RunningLab, until

METRICS = "/providers/Microsoft.Insights/metrics"
LOGS = "https://api.loganalytics.io"
OPTIONS = LabOptions(fast=False, telemetry_delay_s=0.2, window_s=30.0, seed=7, telemetry_fault="frozen")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running.running(tmp_path_factory.mktemp("telemetry"), *OPTIONS.arguments()) as started:
        yield started


@pytest.fixture(scope="module")
def logs(lab: RunningLab) -> Iterator[httpx.Client]:
    with lab.client(f"{lab.ready['logs']}/v1/workspaces/{lab.ready['workspace_id']}", lab.token(LOGS)) as client:
        yield client


def _rows(logs: httpx.Client, text: str) -> list[list[Any]]:
    rows: list[list[Any]] = logs.post("/query", json={"query": text}).raise_for_status().json()["tables"][0]["rows"]
    return rows


def _metrics(lab: RunningLab, resource: str, names: str, **more: str) -> dict[str, dict[str, Any]]:
    with lab.manager() as manager:
        answer = manager.get(resource + METRICS, params={"metricnames": names, "timespan": "PT1M", **more})
    return {value["name"]["value"]: value for value in answer.raise_for_status().json()["value"]}


def _numbers(value: dict[str, Any], aggregation: str) -> list[float]:
    """The points that have data."""
    points = [point for series in value["timeseries"] for point in series["data"]]
    return [point[aggregation] for point in points if aggregation in point]


def test_every_table_of_the_workspace_is_filled(logs: httpx.Client) -> None:
    text = (
        "union withsource=Table AppRequests, AppDependencies, AppEvents, AppPageViews, AppBrowserTimings "
        "| where isempty(SyntheticSource) | summarize Rows=count(), Users=dcountif(UserId, isnotempty(UserId)) by Table"
    )

    def filled() -> bool:
        rows = {table: (count, users) for table, count, users in _rows(logs, text)}
        return len(rows) == 5 and all(count >= 10 and users >= 5 for count, users in rows.values())

    assert until(filled)
    targets = _rows(
        logs, "AppDependencies | summarize countif(Success) by Target, DependencyType | order by Target asc"
    )
    assert [row[:2] for row in targets] == [["goals-db", "SQL"], ["partner.example", "HTTP"]]
    ((total, parts, version),) = _rows(
        logs,
        "AppBrowserTimings | top 1 by TimeGenerated | project TotalDurationMs, "
        "NetworkDurationMs + SendDurationMs + ReceiveDurationMs + ProcessingDurationMs, AppVersion",
    )
    assert total == pytest.approx(parts, abs=0.5)
    assert version == "v1.2.0"
    joined = "AppDependencies | join kind=leftanti (AppRequests) on OperationId | where TimeGenerated < ago(5s) | count"
    assert _rows(logs, joined) == [[0]], "every call belongs to a request"


def test_plan_and_database_are_resources_with_metrics(lab: RunningLab) -> None:
    ready = lab.ready
    with lab.manager() as manager:
        site = manager.get(lab.site).json()["properties"]
        assert site["serverFarmId"] == ready["plan_id"]
        for resource, kind in (
            (ready["plan_id"], "Microsoft.Web/serverfarms"),
            (ready["database_id"], "Microsoft.Sql/servers/databases"),
        ):
            found = manager.get(resource).raise_for_status().json()
            assert (found["id"], found["type"]) == (resource, kind)
            for path in (f"{resource}-x", f"{resource}-x{METRICS}"):
                answer = manager.get(path)
                assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")

    def measured() -> bool:
        plan = _metrics(lab, ready["plan_id"], "CpuPercentage,MemoryPercentage")
        return all(_numbers(value, "average") for value in plan.values())

    assert until(measured)
    for value in _metrics(lab, ready["plan_id"], "CpuPercentage,MemoryPercentage").values():
        assert value["unit"] == "Percent"
        assert all(0.0 <= number <= 100.0 for number in _numbers(value, "average"))
    names = "cpu_percent,connection_successful,connection_failed,sessions_percent"
    # The load is told from the start, connections from their first minute on.
    assert until(lambda: bool(_numbers(_metrics(lab, ready["database_id"], names)["connection_successful"], "total")))
    database = _metrics(lab, ready["database_id"], names)
    assert list(database) == names.split(",")
    assert max(_numbers(database["connection_successful"], "total")) > 0.0
    assert set(_numbers(database["connection_failed"], "total")) == {0.0}
    assert max(_numbers(database["cpu_percent"], "average")) > 0.0
    # Which of its users is sent away first, and when, is the lab's chance.
    assert until(lambda: sum(_numbers(_metrics(lab, lab.site, "Http401")["Http401"], "total")) > 0.0)
    site_metrics = _metrics(lab, lab.site, "HttpResponseTime,Http4xx,Http401,Http403,RequestsInApplicationQueue")
    assert 0.0 < max(_numbers(site_metrics["HttpResponseTime"], "average")) < 5.0
    assert sum(_numbers(site_metrics["Http401"], "total")) == sum(_numbers(site_metrics["Http4xx"], "total")) > 0.0
    assert set(_numbers(site_metrics["Http403"], "total")) == {0.0}
    assert _numbers(site_metrics["RequestsInApplicationQueue"], "average")


def test_a_metric_that_is_not_there_is_told_beside_those_that_are(lab: RunningLab) -> None:
    found = _metrics(lab, lab.ready["plan_id"], "cpupercentage,Requests")
    assert found["CpuPercentage"]["errorCode"] == "Success"
    assert found["Requests"]["errorCode"] == "BadRequest"
    assert "Valid metrics: CpuPercentage,MemoryPercentage" in found["Requests"]["errorMessage"]
    assert found["Requests"]["timeseries"] == []


def test_the_live_log_streams_until_the_slot_has_another_process(lab: RunningLab) -> None:
    with lab.kudu("green") as green:
        assert green.get("/api/logstream", headers={"Authorization": ""}).status_code == 401
    with lab.kudu("production") as kudu, kudu.stream("GET", "/api/logstream") as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        assert "Welcome, you are now connected to log-streaming service." in next(lines)
        assert " INFO  " in next(lines)
        with lab.manager() as manager:
            assert manager.post(f"{lab.site}/restart").status_code == 200
        for _ in lines:
            pass
    with lab.kudu("production") as kudu, kudu.stream("GET", "/logstream") as stream:
        assert "Welcome" in next(stream.iter_lines())


def test_a_fault_that_the_lab_was_started_with_begins_with_the_switch(lab: RunningLab, logs: httpx.Client) -> None:
    lab.control("PUT", "/scenario", json={"name": "healthy", "version": lab.ready["versions"]["good"]})
    assert lab.control("GET", "/telemetry")["awaiting_switch"]["fault"] == "frozen"
    assert lab.deploy(Path(lab.ready["packages"]["good"]).read_bytes()).status_code == 200
    assert lab.control("GET", "/telemetry")["logs"] is None
    assert lab.swap().status_code == 200
    found = lab.control("GET", "/telemetry")
    (switch,) = lab.log("swap.switched")
    assert found["logs"]["fault"] == found["platform"]["fault"] == "frozen"
    assert found["logs"]["since"] == pytest.approx(switch["at"], abs=1.0)
    newest = "AppRequests | summarize max(ingestion_time()), count()"
    frozen = _rows(logs, newest)
    sent = lab.control("GET", "/traffic")["total"]
    assert until(lambda: lab.control("GET", "/traffic")["total"] > sent + 20)
    assert _rows(logs, newest) == frozen
    lab.control("PUT", "/telemetry", json={"fault": "none"})
    assert until(lambda: _rows(logs, newest)[0][1] > frozen[0][1] + 20)


async def test_a_source_that_is_cut_off_answers_nobody_and_the_other_everybody(
    lab: RunningLab, logs: httpx.Client
) -> None:
    control = LabControl(lab.ready)
    try:
        began = await control.telemetry_fault("cut", source="logs", seconds=0.5)
        assert began["logs"]["fault"] == "cut"
        assert began["platform"] is None
        asked = time.time()
        waiting = asyncio.create_task(asyncio.to_thread(_rows, logs, "AppRequests | count"))
        assert await asyncio.to_thread(_metrics, lab, lab.site, "Requests")
        with pytest.raises(httpx.RemoteProtocolError):
            await waiting
        assert time.time() >= began["logs"]["until"] > asked
        assert await asyncio.to_thread(_rows, logs, "AppRequests | count")
        assert (await control.telemetry())["logs"] is None
        with pytest.raises(LabError):
            await control.telemetry_fault("slow")
        for name in TELEMETRY_FAULTS:
            for source in TELEMETRY_SOURCES:
                await control.telemetry_fault(name, source=source, share=0.0)
        await control.telemetry_fault("none")
    finally:
        await control.close()
    assert {key: lab.control("GET", "/telemetry")[key] for key in ("logs", "platform")} == {
        "logs": None,
        "platform": None,
    }


async def test_every_request_to_change_something_is_written_down_and_no_other(
    lab: RunningLab, logs: httpx.Client
) -> None:
    control = LabControl(lab.ready)
    since = time.time()
    try:
        with lab.manager() as manager, lab.kudu("green") as kudu:
            manager.post(f"{lab.site}/config/appsettings/list").raise_for_status()
            _rows(logs, "print 1")
            kudu.get("/api/deployments").raise_for_status()
            assert await control.mutating_requests(since) == []
            refused = [
                ("POST", f"{lab.slot}/slotsswap", manager.post(f"{lab.slot}/slotsswap", headers={"Authorization": ""})),
                ("DELETE", lab.slot, manager.delete(lab.slot)),
                ("POST", "/subscriptions/none/wipe", manager.post("/subscriptions/none/wipe")),
                ("PUT", "/api/zipdeploy", kudu.put("/api/zipdeploy", headers={"Authorization": "Bearer x"})),
            ]
            sent = [(method, path) for method, path, answer in refused if answer.status_code >= 400]
            assert len(sent) == 4
            assert manager.post(f"{lab.slot}/restart", params={"synchronous": "true"}).status_code == 200
        found = await control.mutating_requests(since)
        assert [(entry["method"], entry["path"]) for entry in found] == [*sent, ("POST", f"{lab.slot}/restart")]
        assert all(since <= entry["at"] <= time.time() for entry in found)
    finally:
        await control.close()


def test_a_dependency_that_fails_is_seen_by_every_source(lab: RunningLab, logs: httpx.Client) -> None:
    fault = {"fault": "ahead", "source": "platform"}
    body = {"name": "dependency", "version": lab.ready["versions"]["good"], "share": 0.5, "window": 30}
    lab.control("PUT", "/scenario", json=body | {"telemetry_fault": fault})
    assert lab.control("GET", "/telemetry")["platform"]["fault"] == "ahead", "production serves that version already"
    failed = "AppDependencies | where Success == false | summarize count() by Target, ResultCode"
    assert until(lambda: _rows(logs, failed) != [])
    assert [row[:2] for row in _rows(logs, failed)] == [["goals-db", "-2"]]
    browser = 'AppExceptions | where ClientType == "Browser" and OuterMessage has "503" | distinct ProblemId'
    assert until(lambda: _rows(logs, browser) == [["Error at ask (/app.js)"]])
    with lab.kudu("production") as kudu, kudu.stream("GET", "/api/logstream") as stream:
        assert any(" ERROR " in line and "System.TimeoutException" in line for line in stream.iter_lines())

    def ahead() -> list[float]:
        value = _metrics(lab, lab.ready["database_id"], "connection_failed")["connection_failed"]
        return [n for n in _numbers(value, "total") if n > 0.0]

    assert until(lambda: ahead() != [])
