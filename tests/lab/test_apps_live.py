"""Three apps with their processes and users: one is swapped, one is drained, and nobody meets an error."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.mgmt.web.models import CsmSlotEntity

from tests.lab import running
from tests.lab.running import RunningLab, until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    options = ("--telemetry-delay", "0.2", "--window", "30", "--seed", "5", "--apps", "3")
    with running.running(tmp_path_factory.mktemp("apps"), *options) as started:
        yield started


def _app(lab: RunningLab, number: int) -> RunningLab:
    """The lab as who deals with one of its apps alone sees it."""
    return dataclasses.replace(lab, ready=lab.ready | lab.ready["apps"][number - 1])


def _served(lab: RunningLab) -> list[str]:
    """The version of production of each app."""
    return [lab.version(one["production_url"]) for one in lab.ready["apps"]]


def _endpoint(lab: RunningLab, number: int, status: str) -> httpx.Response:
    with lab.manager() as manager:
        path = f"{lab.ready['front_profile_id']}/azureEndpoints/{lab.ready['apps'][number - 1]['app']}"
        body = {"properties": {"endpointStatus": status}}
        return manager.patch(path, json=body, params={"api-version": "2022-04-01"}).raise_for_status()


def _met(lab: RunningLab, since: float) -> dict[str, int]:
    """How many requests sent since then each app has answered."""
    apps: dict[str, Any] = lab.control("GET", "/traffic", params={"since": repr(since)})["apps"]
    return {app: found["total"] for app, found in apps.items()}


def _gone_on(lab: RunningLab) -> dict[str, int]:
    """Where users went once those of this moment are through, in some 80 requests."""
    since = time.time() + 0.2
    assert until(lambda: sum(_met(lab, since).values()) >= 80)
    return _met(lab, since)


def _good(lab: RunningLab) -> bytes:
    return Path(lab.ready["packages"]["good"]).read_bytes()


def test_users_are_spread_over_all_apps(lab: RunningLab) -> None:
    names = [one["app"] for one in lab.ready["apps"]]
    assert names == ["goals-lab", "goals-lab-2", "goals-lab-3"]
    met = _gone_on(lab)
    assert set(met) == set(names)
    assert min(met.values()) > 5
    with lab.client() as client:
        answer = client.get(f"{lab.ready['front_url']}/api/health")
    assert answer.headers["x-lab-app"] in names
    slots = lab.control("GET", "/state")["apps"]
    assert {app: sorted(found) for app, found in slots.items()} == {name: ["green", "production"] for name in names}


async def test_azures_client_lists_the_apps_and_swaps_the_second(lab: RunningLab) -> None:
    serving, good = lab.ready["versions"]["serving"], lab.ready["versions"]["good"]
    second, group = _app(lab, 2), lab.ready["resource_group"]
    assert (await asyncio.to_thread(second.deploy, _good(lab))).status_code == 200
    async with running.sdk(lab) as client:
        listed = [site.name async for site in client.web_apps.list_by_resource_group(group)]
        assert listed == [one["app"] for one in lab.ready["apps"]]
        entity = CsmSlotEntity(target_slot="production", preserve_vnet=True)
        poller = await client.web_apps.begin_swap_slot(group, second.ready["app"], "green", entity, polling_interval=1)
        await poller.result()
    assert await asyncio.to_thread(_served, lab) == [serving, good, serving]
    assert [entry["app"] for entry in lab.log("swap.ended")] == ["goals-lab-2"]
    counts = await asyncio.to_thread(_gone_on, lab)
    assert counts["goals-lab-2"] > 0
    by_app = lab.control("GET", "/traffic")["apps"]
    assert good in by_app["goals-lab-2"]["counts"]["unpinned"]
    assert set(by_app["goals-lab"]["counts"]["unpinned"]) == {serving}


def test_a_drained_app_is_met_by_nobody_and_its_defect_waits_for_users(lab: RunningLab) -> None:
    third = _app(lab, 3)
    _endpoint(lab, 3, "Disabled")
    met = _gone_on(lab)
    assert met.get("goals-lab-3", 0) == 0
    assert min(met["goals-lab"], met["goals-lab-2"]) > 5
    body = {"name": "slow", "version": lab.ready["versions"]["defective"], "window": 30, "factor": 1.0}
    lab.control("PUT", "/scenario", json=body)
    assert third.deploy(Path(lab.ready["packages"]["defective"]).read_bytes()).status_code == 200
    assert third.swap().status_code == 200
    assert _served(lab)[2] == lab.ready["versions"]["defective"]
    assert lab.control("GET", "/state")["scenario"]["active_since"] is None, "no user has met it yet"
    _endpoint(lab, 3, "Enabled")
    assert lab.control("GET", "/state")["scenario"]["active_since"] is not None
    assert until(lambda: _met(lab, time.time() - 1.0).get("goals-lab-3", 0) > 0)


def test_rows_name_their_app_and_metrics_are_those_of_each(lab: RunningLab) -> None:
    query = "AppRequests | summarize N = sum(ItemCount) by AppRoleName"
    with lab.client(lab.ready["logs"], lab.token(lab.ready["logs_audience"])) as logs:
        answer = logs.post(f"/v1/workspaces/{lab.ready['workspace_id']}/query", json={"query": query})
    rows = dict(answer.raise_for_status().json()["tables"][0]["rows"])
    assert {"goals-lab", "goals-lab-2", "goals-lab-3"} <= set(rows)
    with lab.manager() as manager:
        for number in (1, 2, 3):
            path = f"{_app(lab, number).site}/providers/Microsoft.Insights/metrics"
            names = {"metricnames": "Requests", "timespan": "PT5M", "aggregation": "total"}
            series = manager.get(path, params=names).raise_for_status().json()["value"][0]["timeseries"]
            assert sum(point.get("total", 0.0) for point in series[0]["data"]) > 0


def test_no_user_met_an_error(lab: RunningLab) -> None:
    traffic = lab.control("GET", "/traffic")
    assert traffic["failed_otherwise"] == 0, traffic["errors"]
