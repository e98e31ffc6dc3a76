"""The world of a lab over the wire: swaps and their faults, deployments, settings, restarts, defects."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.lab import running
from tests.lab.running import RunningLab, until


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running.running(tmp_path_factory.mktemp("world"), "--telemetry-delay", "0.2", "--seed", "11") as started:
        good = Path(started.ready["packages"]["good"]).read_bytes()
        assert started.deploy(good).status_code == 200
        yield started


def _served(lab: RunningLab) -> tuple[str, str]:
    """The versions in production and in the slot."""
    return lab.version(lab.ready["production_url"]), lab.version(lab.ready["slot_url"])


def _instance(lab: RunningLab, slot: str) -> str:
    instance: str = lab.control("GET", "/state")["slots"][slot]["instance"]
    return instance


def _that_dies() -> bytes:
    """A package whose process ends before it is ready."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("main.py", "raise SystemExit('no configuration')")
        file.writestr("release.json", json.dumps({"version": "v9.9.9", "defect": None}))
    return packed.getvalue()


# What the POST shows and whether the swap took place, per fault of the script.
FAULTS = {
    "after-effect-500": (500, True),
    "cut-before": (None, False),
    "cut-middle": (None, True),
    "cut-after": (None, True),
    "no-headers": (202, True),
    "conflict": (409, False),
    "poll-vanishes": (202, True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_the_swap_route(lab: RunningLab, fault: str) -> None:
    status, takes_place = FAULTS[fault]
    before, swaps = _served(lab), len(lab.log("swap.ended"))
    lab.control("PUT", "/faults", json={"swap": [fault]})
    with lab.manager() as manager:
        try:
            answer = manager.post(f"{lab.slot}/slotsswap", json=running.SWAP)
        except httpx.TransportError:
            assert status is None
        else:
            assert answer.status_code == status
            _check_answer(manager, answer, fault)
        assert len(lab.log("swap.accepted")) == swaps + takes_place
        if takes_place:
            assert until(lambda: len(lab.log("swap.ended")) == swaps + 1)
        assert _served(lab) == (before[::-1] if takes_place else before)
        said = manager.get(lab.site).json()["properties"]["slotSwapStatus"]
    switched = lab.log("swap.switched")
    assert len(switched) == swaps + takes_place
    assert (said is None) == (not switched)


def _check_answer(manager: httpx.Client, answer: httpx.Response, fault: str) -> None:
    if fault == "no-headers":
        assert not {"Location", "Retry-After", "Azure-AsyncOperation"} & {name.title() for name in answer.headers}
    elif fault == "poll-vanishes":
        assert manager.get(answer.headers["Location"]).status_code == 404
    elif fault == "conflict":
        assert "another operation is in progress" in answer.json()["Message"]


def test_a_second_swap_and_a_deployment_are_refused_while_one_runs(lab: RunningLab) -> None:
    before = _served(lab)
    with lab.manager() as manager, lab.kudu("green") as kudu:
        accepted = manager.post(f"{lab.slot}/slotsswap", json=running.SWAP)
        assert accepted.status_code == 202
        second = manager.post(f"{lab.slot}/slotsswap", json=running.SWAP)
        assert second.status_code == 409
        assert "SwapSiteSlots" in second.json()["Message"]
        assert manager.get(lab.site).json()["properties"]["inProgressOperationId"]
        assert kudu.post("/api/zipdeploy", content=b"").status_code == 409
        assert lab.follow(manager, accepted.headers["Location"]).status_code == 200
        assert manager.get(lab.site).json()["properties"]["inProgressOperationId"] is None
    assert _served(lab) == before[::-1]


def test_sticky_settings_stay_and_the_others_travel(lab: RunningLab) -> None:
    places = {"production": lab.site, "green": lab.slot}
    with lab.manager() as manager:

        def settings(place: str) -> dict[str, str]:
            answer = manager.post(f"{places[place]}/config/appsettings/list").raise_for_status()
            found: dict[str, str] = answer.json()["properties"]
            return found

        names = manager.get(f"{lab.site}/config/slotConfigNames").json()["properties"]["appSettingNames"]
        assert names
        before = _instance(lab, "green")
        asked = {"properties": settings("green") | {"FEATURE": "on"}}
        manager.put(f"{lab.slot}/config/appsettings", json=asked).raise_for_status()
        assert _instance(lab, "green") != before
        sticky = {place: {name: settings(place)[name] for name in names} for place in places}
        assert sticky["production"] != sticky["green"]
        shared = {name: value for name, value in settings("production").items() if name not in names}
        assert lab.swap().status_code == 200
        after = {place: settings(place) for place in places}
    assert after["production"] == {"FEATURE": "on"} | shared | sticky["production"]
    assert after["green"] == shared | sticky["green"]


def test_a_restart_gives_the_slot_a_new_process_and_loses_no_request(lab: RunningLab) -> None:
    before, served = _instance(lab, "green"), _served(lab)
    with lab.manager() as manager:
        assert manager.post(f"{lab.slot}/restart", params={"synchronous": "true"}).status_code == 200
        listed = manager.get(f"{lab.slot}/instances").json()["value"]
    assert [found["name"] for found in listed] == [_instance(lab, "green")] != [before]
    assert _served(lab) == served


def test_a_file_that_is_no_zip_is_refused_and_changes_nothing(lab: RunningLab) -> None:
    before, instance = _served(lab), _instance(lab, "green")
    answer = lab.deploy(Path(lab.ready["packages"]["bad"]).read_bytes())
    assert answer.status_code == 400
    assert answer.json()["Message"].removeprefix("Deployment failed. ")
    with lab.kudu("green") as kudu:
        newest, *older = kudu.get("/api/deployments").json()
    assert (newest["status"], newest["complete"], newest["active"]) == (3, True, False)
    assert [found["active"] for found in older].count(True) == 1
    assert (_served(lab), _instance(lab, "green")) == (before, instance)


def test_a_second_deployment_is_refused_while_one_runs(lab: RunningLab) -> None:
    package = Path(lab.ready["packages"]["good"]).read_bytes()
    with lab.kudu("green") as kudu:
        first = kudu.post("/api/zipdeploy", params={"isAsync": "true"}, content=package)
        second = kudu.post("/api/zipdeploy", content=package)
        assert (first.status_code, second.status_code) == (202, 409)
        assert "deployment currently in progress" in second.json()["Message"]
        id = first.headers["SCM-DEPLOYMENT-ID"]
        assert until(lambda: kudu.get(f"/api/deployments/{id}").status_code == 200)
        found = kudu.get("/api/deployments/latest").json()
    assert (found["id"], found["status"], found["active"]) == (id, 4, True)


def test_no_request_of_the_clients_failed_so_far(lab: RunningLab) -> None:
    """After swaps, cut connections, restarts and deployments; the tests below break things on purpose."""
    traffic = lab.control("GET", "/traffic")
    assert traffic["total"] > 100
    assert traffic["failed_otherwise"] == 0, traffic["errors"]
    assert traffic["failed_by_defect"] == 0


def test_a_package_that_does_not_start_leaves_the_slot_at_503_and_is_not_swapped_in(lab: RunningLab) -> None:
    production = lab.version(lab.ready["production_url"])
    assert lab.deploy(_that_dies()).json()["status"] == 4
    with lab.client() as client:
        assert until(lambda: client.get(lab.ready["slot_url"]).status_code == 503)
    answer = lab.swap()
    assert answer.status_code == 400
    assert "the worker process for 'green' slot could not be started" in answer.json()["Message"]
    assert lab.log("swap.ended")[-1]["status"] == "Failed"
    assert lab.version(lab.ready["production_url"]) == production


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the process in /proc")
def test_a_process_that_is_killed_is_started_again(lab: RunningLab) -> None:
    assert lab.deploy(Path(lab.ready["packages"]["good"]).read_bytes()).status_code == 200
    assert lab.version(lab.ready["slot_url"]) == lab.ready["versions"]["good"]
    before = _instance(lab, "green")
    os.kill(_pid_of(before), signal.SIGKILL)
    assert until(lambda: _instance(lab, "green") != before)
    assert lab.log("process.died")[-1]["code"] == -signal.SIGKILL
    assert lab.version(lab.ready["slot_url"]) == lab.ready["versions"]["good"]


def _pid_of(instance: str) -> int:
    """The process that was started under this name."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if f"INSTANCE_ID={instance}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    return int(entry.name)
    raise AssertionError(f"no process is called {instance}")


def _created(lab: RunningLab, name: str, **properties: Any) -> tuple[dict[str, Any], ...]:
    """Site, `config/web`, settings and connection strings of a slot that was created with these properties."""
    place = f"{lab.site}/slots/{name}"
    with lab.manager() as manager:
        made = manager.put(place, json={"location": "westeurope", "properties": properties})
        assert made.status_code == 202
        assert until(lambda: manager.get(made.headers["Azure-AsyncOperation"]).json()["status"] == "Succeeded")
        assert manager.get(f"{place}/instances").json()["value"] == []
        answers = (
            *(manager.get(place + what) for what in ("", "/config/web")),
            *(manager.post(f"{place}/config/{what}/list") for what in ("appsettings", "connectionstrings")),
        )
        return tuple(answer.raise_for_status().json()["properties"] for answer in answers)


def test_a_new_slot_has_what_was_asked_for_and_nothing_of_production(lab: RunningLab) -> None:
    _, web, *rest = _created(lab, "bare")
    assert rest == [{}, {}]
    assert (web["linuxFxVersion"], web["alwaysOn"], web["healthCheckPath"]) == ("", False, None)
    asked = {
        "appSettings": [{"name": "FEATURE", "value": "on"}],
        "connectionStrings": [{"name": "Main", "connectionString": "Server=db", "type": "SQLAzure"}],
        "healthCheckPath": "/api/health",
    }
    _, web, settings, strings = _created(lab, "asked", siteConfig=asked)
    assert (settings, strings) == ({"FEATURE": "on"}, {"Main": {"value": "Server=db", "type": "SQLAzure"}})
    assert web["healthCheckPath"] == "/api/health"
    assert not {"appSettings", "connectionStrings"} & set(web)


@pytest.mark.parametrize(
    "properties",
    [
        {"siteConfig": []},
        {"siteConfig": {"appSettings": {"FEATURE": "on"}}},
        {"siteConfig": {"appSettings": [{"name": "FEATURE"}]}},
        {"siteConfig": {"connectionStrings": [{"name": "Main", "connectionString": "x", "type": "Oracle"}]}},
    ],
)
def test_a_slot_that_is_asked_for_wrongly_is_not_created(lab: RunningLab, properties: dict[str, Any]) -> None:
    with lab.manager() as manager:
        assert manager.put(f"{lab.site}/slots/wrong", json={"properties": properties}).status_code == 400
        assert manager.get(f"{lab.site}/slots/wrong").status_code == 404


def test_a_new_slot_takes_a_deployment(lab: RunningLab) -> None:
    host = _created(lab, "blue")[0]["defaultHostName"]
    good = Path(lab.ready["packages"]["good"]).read_bytes()
    assert lab.deploy(good, "blue").status_code == 200
    assert lab.version(f"https://{host}") == lab.ready["versions"]["good"]


WELL, HIT = (200, None), (500, "errors")


def _met(client: httpx.Client, url: str) -> tuple[int, str | None]:
    """Status and defect that a user of the goals meets."""
    answer = client.get(f"{url}/api/v1/goals")
    return answer.status_code, answer.headers.get("x-lab-defect")


def test_a_defect_comes_on_at_the_switch_and_follows_its_version(lab: RunningLab) -> None:
    defective = lab.ready["versions"]["good"]
    serving = Path(lab.ready["packages"]["serving"]).read_bytes()
    assert lab.deploy(serving, "production").status_code == 200
    assert lab.deploy(Path(lab.ready["packages"]["good"]).read_bytes()).status_code == 200
    # A deployment is accepted as done before its process runs: a request waits for it.
    assert _served(lab) == (lab.ready["versions"]["serving"], defective)
    order = {"name": "errors", "version": defective, "window": 30, "share": 1.0}
    assert lab.control("PUT", "/scenario", json=order)["scenario"]["active_since"] is None
    with lab.client(token=lab.ready["user_token"]) as client:
        assert _met(client, lab.ready["slot_url"]) == WELL
        assert lab.swap().status_code == 200
        assert _met(client, lab.ready["production_url"]) == HIT
        assert _met(client, lab.ready["slot_url"]) == WELL
        assert lab.swap().status_code == 200
        assert _met(client, lab.ready["production_url"]) == WELL
        assert _met(client, lab.ready["slot_url"]) == HIT
        switched = lab.log("swap.switched")[-2]
        assert switched["version"] == defective
        met = lab.control("GET", "/traffic")
        assert met["failed_by_defect"] > 0
        # A client's request that was under way at the switch may have been begun a moment before it.
        assert met["first_bad_at"] > switched["at"] - 1.0
        lab.control("PUT", "/scenario", json=order | {"name": "healthy"})
        assert until(lambda: _met(client, lab.ready["slot_url"]) == WELL)


@pytest.mark.long
def test_what_dies_of_an_outage_stays_dead_and_can_be_swapped_out_and_replaced(lab: RunningLab) -> None:
    serving, good = lab.ready["versions"]["serving"], lab.ready["versions"]["good"]
    assert _served(lab) == (serving, good)
    lab.control("PUT", "/scenario", json={"name": "outage", "version": good, "window": 30})
    assert lab.swap().status_code == 200
    assert until(lambda: not lab.control("GET", "/state")["slots"]["production"]["alive"])
    with lab.client() as client:
        assert _met(client, lab.ready["production_url"]) == (503, "outage")
    assert lab.swap().status_code == 200
    assert lab.version(lab.ready["production_url"]) == serving
    assert lab.deploy(Path(lab.ready["packages"]["serving"]).read_bytes()).status_code == 200
    assert _served(lab) == (serving, serving)
