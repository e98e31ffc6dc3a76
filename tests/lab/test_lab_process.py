"""The whole lab as a process, met over the wire by the SDK's own clients."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.appconfiguration import AzureAppConfigurationClient, FeatureFlagConfigurationSetting
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity.aio import ClientSecretCredential
from azure.mgmt.web.aio import WebSiteManagementClient
from azure.mgmt.web.models import CsmDeploymentStatus, CsmSlotEntity
from azure.monitor.query.aio import LogsQueryClient

from tests.lab import running, slots

MEMBERS = {
    "pipeline",
    "git_host",
    *("resource_manager", "authority", "ca", "identity_endpoint", "identity_header", "tenant", "client_id"),
    *("client_secret", "subscription", "resource_group", "app", "slot", "workspace_id", "app_insights_id", "logs"),
    *("logs_audience", "app_configuration", "production_url", "slot_url", "packages", "versions", "control"),
    *("user_token", "user_password", "journeys", "workers", "plan_id", "database_id", "apps", "front_url"),
    *("front_profile_id", "ui_origin", "alert_rules", "dashboard_id", "settings_file"),
    "app_configuration_key",
    *("tag", "webhook_url", "staging_url", "staging_app_insights_id"),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.RunningLab]:
    options = ("--telemetry-delay", "0.2", "--seed", "7", "--window", "30")
    with running.running(tmp_path_factory.mktemp("lab"), *options) as started:
        yield started


def test_the_ready_file_is_private_and_tells_everything(lab: running.RunningLab) -> None:
    args = lab.process.args
    assert isinstance(args, list)
    file = Path(str(args[args.index("--ready-file") + 1]))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(lab.ready) == MEMBERS
    assert [entry.name for entry in file.parent.iterdir() if entry.name.startswith(".")] == []
    ca = Path(lab.ready["ca"])
    assert stat.S_IMODE(ca.parent.stat().st_mode) == 0o700
    assert all(Path(lab.ready["packages"][name]).is_file() for name in ("serving", "good", "defective", "bad"))


def test_both_slots_serve_the_first_version_at_once(lab: running.RunningLab) -> None:
    first = lab.ready["versions"]["serving"]
    assert lab.version(lab.ready["production_url"]) == lab.version(lab.ready["slot_url"]) == first
    slots = lab.control("GET", "/state")["slots"]
    assert {name: slot["version"] for name, slot in slots.items()} == {"production": first, "green": first}


def test_nobody_comes_in_without_a_token(lab: running.RunningLab) -> None:
    with lab.client() as client:
        assert client.get(lab.ready["resource_manager"] + lab.site, params=running.API_VERSION).status_code == 401
        url = f"{lab.ready['logs']}/v1/workspaces/{lab.ready['workspace_id']}/query"
        assert client.post(url, json={"query": "AppRequests"}).status_code == 401
        for token in (b"", b"Bearer", b"Bearer wrong", b"Bearer a.b.\xff"):
            headers = {b"Authorization": token} if token else {}
            assert client.get(f"{lab.ready['control']['url']}/state", headers=headers).status_code == 401
            site = lab.ready["resource_manager"] + lab.site
            assert client.get(site, params=running.API_VERSION, headers=headers).status_code == 401
    with lab.kudu("green") as kudu:
        assert kudu.get("/api/deployments", headers={"Authorization": "Bearer wrong"}).status_code == 401


async def test_a_release_is_deployed_swapped_in_and_swapped_back_without_a_failed_request(
    lab: running.RunningLab,
) -> None:
    """The procedure's own way, with Azure's own client of App Service."""
    ready, versions = lab.ready, lab.ready["versions"]
    group, app, slot = ready["resource_group"], ready["app"], ready["slot"]
    async with running.sdk(lab) as client:
        assert [site.name async for site in client.web_apps.list_by_resource_group(group)] == [app]
        assert [found.name async for found in client.web_apps.list_slots(group, app)] == [f"{app}/{slot}"]
        settings = await client.web_apps.list_application_settings_slot(group, app, slot)
        assert settings.properties

        package = await asyncio.to_thread(Path(ready["packages"]["good"]).read_bytes)
        answer = await asyncio.to_thread(lab.deploy, package)
        assert answer.status_code == 200
        assert answer.json()["status"] == 4
        assert await asyncio.to_thread(lab.version, ready["slot_url"]) == versions["good"]
        assert await asyncio.to_thread(lab.version, ready["production_url"]) == versions["serving"]

        for production, other in (("good", "serving"), ("serving", "good")):
            entity = CsmSlotEntity(target_slot="production", preserve_vnet=True)
            poller = await client.web_apps.begin_swap_slot(group, app, slot, entity, polling_interval=1)
            await poller.result()
            assert await asyncio.to_thread(lab.version, ready["production_url"]) == versions[production]
            assert await asyncio.to_thread(lab.version, ready["slot_url"]) == versions[other]
            site = await client.web_apps.get(group, app)
            assert site.properties is not None
            status = site.properties.slot_swap_status
            assert status is not None
            assert (status.source_slot_name, status.destination_slot_name) == (slot, "production")

    traffic = lab.control("GET", "/traffic")
    assert traffic["failed_otherwise"] == 0, traffic["errors"]
    assert traffic["failed_by_defect"] == 0
    for group_of_clients in ("pinned", "unpinned"):
        assert set(traffic["counts"][group_of_clients]) == {versions["serving"], versions["good"]}


@pytest.mark.long
async def test_the_status_of_a_deployment_goes_on_until_the_site_runs_it(lab: running.RunningLab) -> None:
    ready, place = lab.ready, (lab.ready["resource_group"], lab.ready["app"], lab.ready["slot"])
    good = await asyncio.to_thread(Path(ready["packages"]["good"]).read_bytes)

    async def ended(client: WebSiteManagementClient, package: bytes, code: int) -> tuple[CsmDeploymentStatus, Any]:
        """What the SDK's poller ends with, and the newest status when Kudu had answered."""
        answer = await asyncio.to_thread(lab.deploy, package)
        assert answer.status_code == code
        id = answer.headers["SCM-DEPLOYMENT-ID"]
        listed = [found.status async for found in client.web_apps.list_slot_site_deployment_statuses_slot(*place)]
        poller = await client.web_apps.begin_get_slot_site_deployment_status_slot(*place, id, polling_interval=1)
        status = await poller.result()
        assert status.deployment_id == id
        return status, listed[0]

    async with running.sdk(lab) as client:
        status, _ = await ended(client, good, 200)
        assert status.status == "RuntimeSuccessful"
        assert (status.number_of_instances_successful, status.number_of_instances_failed) == (1, 0)
        status, _ = await ended(client, good[: len(good) // 2], 400)
        assert status.status == "BuildFailed"
        assert status.errors
        assert status.errors[0].message
        # Kudu's success comes before the process runs, which this one takes two seconds not to do.
        dies = slots.script("import time; time.sleep(2.0); raise SystemExit('no configuration')")
        status, first = await ended(client, dies, 200)
        assert (first, status.status, status.number_of_instances_failed) == ("RuntimeStarting", "RuntimeFailed", 1)
        await ended(client, good, 200)
        with pytest.raises(ResourceNotFoundError):
            await client.web_apps.begin_get_slot_site_deployment_status_slot(*place, "nosuch")


def test_a_fast_swap_takes_about_two_seconds(lab: running.RunningLab) -> None:
    accepted, switched, ended = (lab.log(f"swap.{kind}") for kind in ("accepted", "switched", "ended"))
    assert len(accepted) == len(switched) == len(ended) == 2
    for began, changed, done in zip(accepted, switched, ended, strict=True):
        assert began["id"] == changed["id"] == done["id"]
        assert 1.1 < changed["at"] - began["at"] < 10.0
        assert 1.8 < done["at"] - began["at"] < 15.0


async def test_azures_client_of_logs_finds_the_requests_of_both_versions(lab: running.RunningLab) -> None:
    ready = lab.ready
    credential = ClientSecretCredential(
        ready["tenant"],
        ready["client_id"],
        ready["client_secret"],
        authority=ready["authority"],
        disable_instance_discovery=True,
        connection_verify=ready["ca"],
    )
    client = LogsQueryClient(
        credential, endpoint=ready["logs"], audience=ready["logs_audience"], connection_verify=ready["ca"]
    )
    async with credential, client:
        result = await client.query_workspace(
            ready["workspace_id"],
            "AppRequests | summarize N = sum(ItemCount) by AppVersion",
            timespan=timedelta(minutes=5),
        )
        with pytest.raises(HttpResponseError):
            await client.query_workspace(ready["workspace_id"], "NoTable | take 1", timespan=timedelta(minutes=5))
    rows = {row["AppVersion"]: row["N"] for table in result.tables for row in table.rows}  # type: ignore[union-attr]
    assert rows[ready["versions"]["serving"]] > 0
    assert rows[ready["versions"]["good"]] > 0


def test_platform_metrics_count_what_came(lab: running.RunningLab) -> None:
    with lab.manager() as manager:
        names = {"metricnames": "Requests,Http5xx", "timespan": "PT5M", "interval": "PT1M"}
        answer = manager.get(f"{lab.site}/providers/Microsoft.Insights/metrics", params=names)
    value = answer.raise_for_status().json()["value"]
    assert [metric["name"]["value"] for metric in value] == ["Requests", "Http5xx"]


def _store(lab: running.RunningLab) -> AzureAppConfigurationClient:
    key = lab.ready["app_configuration_key"]
    return AzureAppConfigurationClient.from_connection_string(
        f"Endpoint={lab.ready['app_configuration']};Id={key['id']};Secret={key['secret']}",
        connection_verify=lab.ready["ca"],
    )


def _flag_is(lab: running.RunningLab, store: AzureAppConfigurationClient, enabled: bool, percent: int) -> None:
    """Change the flag, and return when every slot knows."""
    flag = store.get_configuration_setting(".appconfig.featureflag/goal-suggestions")
    assert isinstance(flag, FeatureFlagConfigurationSetting)
    assert flag.filters
    flag.enabled = enabled
    flag.filters[0]["parameters"]["Audience"]["DefaultRolloutPercentage"] = percent
    etag = store.set_configuration_setting(flag, match_condition=MatchConditions.IfNotModified).etag

    def known(url: str) -> bool:
        answer = client.get(f"{url}/api/flags").raise_for_status()
        return bool(answer.json()["flags"]["goal-suggestions"]["etag"] == etag)

    with lab.client() as client:
        for url in (lab.ready["production_url"], lab.ready["slot_url"]):
            assert running.until(lambda url=url: known(url))  # type: ignore[misc]


@pytest.mark.long
def test_a_flag_is_switched_on_and_off_and_only_those_who_have_it_meet_its_defect(lab: running.RunningLab) -> None:
    version = lab.control("GET", "/state")["slots"]["production"]["version"]
    order = {"name": "errors", "version": version, "window": 30, "share": 1.0, "flag": "goal-suggestions"}
    since = lab.control("GET", "/state")["now"]
    assert lab.control("PUT", "/scenario", json=order)["scenario"]["flag"] == "goal-suggestions"
    with _store(lab) as store:
        assert lab.control("GET", "/traffic", params={"since": since})["failed_by_defect"] == 0
        _flag_is(lab, store, True, 100)
        assert running.until(lambda: lab.control("GET", "/traffic")["failed_by_defect"] > 5)
        _flag_is(lab, store, False, 100)
    off = lab.control("GET", "/state")["now"]
    assert running.until(lambda: lab.control("GET", "/traffic", params={"since": off})["total"] > 20)
    after, before = lab.control("GET", "/traffic", params={"since": off}), lab.control("GET", "/traffic")
    assert (after["failed_by_defect"], after["failed_otherwise"]) == (0, 0), after["errors"]
    assert (after["flags"]["goal-suggestions"]["on"], after["flags"]["goal-suggestions"]["last_on"]) == (0, None)
    assert before["flags"]["goal-suggestions"]["on"] >= before["failed_by_defect"] > 5
    assert since < before["flags"]["goal-suggestions"]["last_on"] < off
    lab.control("PUT", "/scenario", json=order | {"name": "healthy", "flag": None})


@pytest.mark.long
def test_the_logs_tell_the_flag_of_every_request(lab: running.RunningLab) -> None:
    query = """AppRequests | where AppVersion == "v1.2.0" or AppVersion == "v1.3.0"
        | extend Flag = tostring(Properties["FeatureFlag.goal-suggestions"])
        | summarize Failed = sumif(ItemCount, toint(ResultCode) >= 500) by Flag | order by Flag asc"""
    with lab.client(lab.ready["logs"], lab.token(lab.ready["logs_audience"])) as client:
        answer = client.post(f"/v1/workspaces/{lab.ready['workspace_id']}/query", json={"query": query})
    rows = answer.raise_for_status().json()["tables"][0]["rows"]
    assert [row[0] for row in rows] == ["off", "on"]
    assert rows[0][1] == 0 < rows[1][1]


def test_wrong_orders_to_the_control_endpoint_change_nothing(lab: running.RunningLab) -> None:
    before = lab.control("GET", "/state")["scenario"]
    for method, path, body in (
        ("PUT", "/scenario", {"name": "sabotage", "version": "v1.3.0", "window": 30}),
        ("PUT", "/scenario", {"name": "errors", "version": "v1.3.0", "window": "long"}),
        ("PUT", "/scenario", {"name": "errors", "version": "v1.3.0", "window": 30, "flag": "dark-mode"}),
        ("PUT", "/scenario", {"name": "errors", "version": "v1.3.0", "window": 30, "flag": True}),
        ("PUT", "/scenario", {"name": "outage", "version": "v1.3.0", "window": 30, "flag": "goal-suggestions"}),
        ("PUT", "/scenario", []),
        ("PUT", "/faults", {"swap": ["cut-everything"]}),
        ("PUT", "/faults", {"swap": ["conflict"], "app": "goals-lab-2"}),
        ("PUT", "/faults", {"swap": ["conflict"], "app": []}),
        ("POST", "/lease", {"seconds": -1}),
    ):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            lab.control(method, path, json=body)
        assert refused.value.response.status_code == 400
        assert refused.value.response.json()["error"]
    with pytest.raises(httpx.HTTPStatusError):
        lab.control("GET", "/traffic", params={"since": "yesterday"})
    assert lab.control("GET", "/state")["scenario"] == before
    assert lab.control("POST", "/lease", json={"seconds": 60}) == {"lease_left": None}
