"""What others change by Resource Manager: a plan that is scaled, and the log that tells later who did what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cpr_cockpit.lab.rest import activity_log
from tests.lab import running
from tests.lab.running import RunningLab, until

WINDOW = 5.0
VERSION = {"api-version": "2025-05-01"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    folder = tmp_path_factory.mktemp("others")
    with running.running(folder, "--telemetry-delay", "0.2", "--seed", "3", "--window", str(WINDOW)) as started:
        yield started


def log(lab: RunningLab, wanted: str) -> httpx.Response:
    path = f"/subscriptions/{lab.ready['subscription']}/providers/Microsoft.Insights/eventtypes/management/values"
    with lab.manager() as manager:
        return manager.get(path, params={"api-version": "2015-04-01", "$filter": wanted})


def told(lab: RunningLab, wanted: str) -> list[dict[str, Any]]:
    answer = log(lab, wanted)
    assert answer.status_code == 200
    return [dict(entry) for entry in answer.json()["value"]]


def test_a_plan_that_is_scaled_says_so_and_the_log_names_who_did_it_later(lab: RunningLab) -> None:
    plan = lab.ready["plan_id"]
    began = time.time()
    body = {"location": "westeurope", "sku": {"name": "P1v3", "capacity": 3}}
    with lab.manager() as manager:
        scaled = manager.put(plan, params=VERSION, json=body)
        assert (scaled.status_code, scaled.json()["sku"]["capacity"]) == (200, 3)
        assert manager.get(plan, params=VERSION).json()["sku"]["capacity"] == 3
    since = f"eventTimestamp ge '{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(began - 2))}'"
    group = f"{since} and resourceGroupName eq '{lab.ready['resource_group']}'"
    assert until(lambda: bool(told(lab, group)))
    assert time.time() - began >= activity_log.delay(WINDOW)
    [entry] = told(lab, f"{since} and resourceUri eq '{plan.upper()}'")
    assert entry["operationName"]["value"] == "Microsoft.Web/serverfarms/write"
    assert (entry["caller"], entry["resourceId"]) == (lab.ready["client_id"], plan)
    assert told(lab, f"{since} and resourceGroupName eq 'another'") == []
    assert told(lab, "eventTimestamp ge '2099-01-01T00:00:00Z'") == []


@pytest.mark.parametrize("sku", [None, {"capacity": 0}, {"capacity": "3"}, {"name": 7}])
def test_a_size_that_is_none_is_refused_and_changes_nothing(lab: RunningLab, sku: Any) -> None:
    plan = lab.ready["plan_id"]
    with lab.manager() as manager:
        before = manager.get(plan, params=VERSION).json()["sku"]
        assert manager.patch(plan, params=VERSION, json={"sku": sku}).status_code == 400
        assert manager.get(plan, params=VERSION).json()["sku"] == before


@pytest.mark.parametrize("wanted", ["", "caller eq 'x'", "eventTimestamp ge 'yesterday'", "resourceUri eq '/a'"])
def test_a_filter_without_a_beginning_or_a_sense_is_refused(lab: RunningLab, wanted: str) -> None:
    assert log(lab, wanted).status_code == 400


def test_operations_are_named_as_resource_manager_names_them() -> None:
    slot = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/goals/slots/green"
    swap = activity_log.operation("POST", f"{slot}/slotsswap")
    assert swap == {"operation": "Microsoft.Web/sites/slots/slotsswap/Action", "resource": slot}
    settings = activity_log.operation("PUT", f"{slot}/config/appsettings")
    assert settings["operation"] == "Microsoft.Web/sites/slots/config/write"


def test_the_webhook_remembers_what_came_and_refuses_when_it_is_told_to(lab: RunningLab) -> None:
    url = lab.ready["webhook_url"]
    file = {"filename": "card.md", "mimetype": "text/markdown", "base64": "IyBjYXJk"}
    with lab.client() as client:
        assert client.post(url, json={"title": "START", "attachments": [file]}).status_code == 200
        assert client.post(f"{url}x", json={}).status_code == 404
        lab.control("PUT", "/messages", json={"answer": "refuse"})
        assert client.post(url, content=b"no json").status_code == 503
        lab.control("PUT", "/messages", json={"answer": "hang"})
        with pytest.raises(httpx.ReadTimeout):
            client.post(url, json={}, timeout=0.2)
    lab.control("PUT", "/messages", json={"answer": "accept"})
    first, second, third = lab.control("GET", "/messages")["messages"]
    assert (first["body"], first["answer"]) == ({"title": "START"}, "accept")
    assert first["attachments"] == [{"name": "card.md", "type": "text/markdown", "bytes": 6}]
    assert first["headers"]["content-type"] == "application/json"
    assert (second["body"], second["answer"], third["answer"]) == ("no json", "refuse", "hang")


def test_a_release_annotation_is_kept_under_its_id(lab: RunningLab) -> None:
    path, version = f"{lab.ready['app_insights_id']}/Annotations", {"api-version": "2015-05-01"}
    id = "0b9d6b52-6d0c-5a39-8d0e-2f8f0f6ad001"
    body = {"Id": id, "AnnotationName": "Release v1", "EventTime": "2026-11-29T01:02:03", "Category": "Deployment"}
    with lab.manager() as manager:
        assert manager.put(path, params=version, json=body).status_code == 400
        assert manager.get(f"{path}/{id}", params=version).status_code == 404
        for _ in range(2):
            assert manager.put(path, params=version, json=body | {"Properties": "{}"}).status_code == 200
        assert manager.get(f"{path}/{id}", params=version).json()[0]["AnnotationName"] == "Release v1"
        assert len(manager.get(path, params=version).json()["value"]) == 1
