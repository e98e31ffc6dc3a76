"""The scenarios in which a swap is what goes wrong, and the one in which a single operation does, over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.lab import running
from tests.lab.running import RunningLab, until

WINDOW = 6.0
GOALS = "/api/v1/goals"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running.running(tmp_path_factory.mktemp("swaps"), "--telemetry-delay", "0.2", "--seed", "11") as started:
        yield started


def _served(lab: RunningLab) -> tuple[str, str]:
    """The versions in production and in the slot."""
    return lab.version(lab.ready["production_url"]), lab.version(lab.ready["slot_url"])


def _versions(lab: RunningLab) -> tuple[str, str]:
    """The serving version and the one under deployment."""
    return lab.ready["versions"]["serving"], lab.ready["versions"]["good"]


def _begin(lab: RunningLab, scenario: str, **members: Any) -> None:
    """The old version in production, the new one in the slot, and `scenario` chosen for it, as before any test."""
    order = {"name": "healthy", "version": _versions(lab)[1], "window": WINDOW}
    lab.control("PUT", "/scenario", json=order)
    for slot, package in (("production", "serving"), ("green", "good")):
        assert lab.deploy(Path(lab.ready["packages"][package]).read_bytes(), slot).status_code == 200
    assert _served(lab) == _versions(lab)
    lab.control("PUT", "/scenario", json=order | {"name": scenario} | members)


def _places(lab: RunningLab) -> list[Any]:
    """All that a swap could change: instances and versions, and what Resource Manager says of the slot."""
    with lab.manager() as manager:
        settings = manager.post(f"{lab.slot}/config/appsettings/list").json()["properties"]
        said = manager.get(lab.slot).json()["properties"]
        return [lab.control("GET", "/state")["slots"], settings, said["targetSwapSlot"], said["slotSwapStatus"]]


@pytest.mark.long
def test_a_process_that_dies_with_the_settings_of_production_is_not_swapped_in(lab: RunningLab) -> None:
    _begin(lab, "crash-loop")
    before, switched, failures = _places(lab), len(lab.log("swap.switched")), len(lab.log("process.failed"))
    answer = lab.swap()
    assert answer.status_code == 400
    assert "because the worker process for 'green' slot could not be started" in answer.json()["Message"]
    assert lab.log("swap.ended")[-1]["status"] == "Failed"
    assert len(lab.log("swap.switched")) == switched
    died = lab.log("process.failed")[failures:]
    assert len(died) == 3
    assert all("has no section 'Partner'" in entry["reason"] for entry in died)
    assert _places(lab) == before
    assert _served(lab) == _versions(lab)
    traffic = lab.control("GET", "/traffic")
    assert traffic["total"] > 0
    assert traffic["failed_by_defect"] + traffic["failed_otherwise"] == 0, traffic["errors"]


@pytest.mark.long
def test_what_is_chosen_later_ends_a_crash_loop(lab: RunningLab) -> None:
    _begin(lab, "crash-loop")
    lab.control("PUT", "/scenario", json={"name": "healthy", "version": _versions(lab)[1]})
    assert lab.swap().status_code == 200
    assert _served(lab) == _versions(lab)[::-1]


@pytest.mark.long
def test_slow_swaps_take_ten_times_as_long_and_come_to_the_same(lab: RunningLab) -> None:
    _begin(lab, "slow-swap")
    assert lab.swap().status_code == 200
    assert _served(lab) == _versions(lab)[::-1]
    accepted, switched, ended = (lab.log(f"swap.{kind}")[-1]["at"] for kind in ("accepted", "switched", "ended"))
    assert accepted + 14.9 <= switched
    assert accepted + 19.9 <= ended


@pytest.mark.long
def test_the_way_back_is_refused_for_good_and_all_else_works(lab: RunningLab) -> None:
    _begin(lab, "swap-refused", share=1.0)
    assert lab.swap().status_code == 200
    assert _served(lab) == _versions(lab)[::-1]
    accepted = len(lab.log("swap.accepted"))
    with lab.manager() as manager, lab.client(token=lab.ready["user_token"]) as client:
        met = client.get(lab.ready["production_url"] + GOALS)
        assert (met.status_code, met.headers["x-lab-defect"]) == (500, "errors")
        refused = [
            manager.post(f"{lab.slot}/slotsswap", json=running.SWAP),
            manager.post(f"{lab.slot}/slotsswap", json=running.SWAP),
            manager.post(f"{lab.site}/slotsswap", json=running.SWAP | {"targetSlot": "green"}),
        ]
        assert [answer.status_code for answer in refused] == [409] * 3
        first, second = (answer.json()["Message"] for answer in refused[:2])
        assert "Cannot modify this site because another operation is in progress" in first
        assert first == second
        host = manager.get(lab.slot).json()["properties"]["defaultHostName"]
        rules = [{"actionHostName": host, "reroutePercentage": 100.0, "name": "green"}]
        for asked in (rules, []):
            members = {"experiments": {"rampUpRules": asked}}
            routed = manager.patch(f"{lab.site}/config/web", json={"properties": members})
            assert routed.status_code == 200
    assert len(lab.log("swap.accepted")) == accepted
    serving = Path(lab.ready["packages"]["serving"]).read_bytes()
    assert lab.deploy(serving, "production").status_code == 200
    # What serves now is not refused.
    assert lab.swap().status_code == 200


@pytest.mark.long
def test_somebody_else_swaps_back_after_a_third_of_the_window(lab: RunningLab) -> None:
    _begin(lab, "foreign-swap")
    before = len(lab.log("swap.accepted"))
    assert lab.swap().status_code == 200
    switched = lab.log("swap.switched")[-1]
    assert switched["version"] == _versions(lab)[1]
    assert until(lambda: len(lab.log("swap.accepted")) == before + 2)
    ours, foreign = lab.log("swap.accepted")[before:]
    assert "by" not in ours
    assert (foreign["by"], foreign["source"], foreign["target"]) == ("somebody else", "green", "production")
    assert foreign["at"] >= switched["at"] + WINDOW / 3
    assert until(lambda: lab.log("swap.ended")[-1]["id"] == foreign["id"])
    assert lab.log("swap.ended")[-1]["status"] == "Succeeded"
    assert _served(lab) == _versions(lab)


def test_one_operation_of_the_new_version_fails(lab: RunningLab) -> None:
    _begin(lab, "one-endpoint", share=1.0)
    assert lab.swap().status_code == 200
    with lab.client(lab.ready["production_url"], lab.ready["user_token"]) as client:
        answers = [client.post(GOALS, json={"title": "Learn to sail"}), client.get(GOALS)]
    met = [(answer.status_code, answer.headers.get("x-lab-defect")) for answer in answers]
    assert met == [(500, "one-endpoint"), (200, None)]
    assert until(lambda: lab.control("GET", "/traffic")["failed_by_defect"] > 0)


def test_rights_that_end_are_told_and_kept_and_a_manager_that_is_away_answers_nobody(lab: RunningLab) -> None:
    path = f"{lab.site}/providers/Microsoft.Authorization/permissions"
    reader = {"actions": ["*/read"], "notActions": []}
    with lab.manager() as manager:
        manager.params = manager.params.set("api-version", "2022-04-01")
        assert manager.get(path).json()["value"][0]["actions"] == ["*"]
        try:
            lab.control("PUT", "/rights", json={"permissions": [reader]})
            assert manager.get(path).json()["value"] == [reader | {"dataActions": [], "notDataActions": []}]
            refused = manager.post(f"{lab.slot}/slotsswap", json=running.SWAP)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "AuthorizationFailed")
            assert "'Microsoft.Web/sites/slots/slotsswap/action'" in refused.json()["error"]["message"]
            lab.control("PUT", "/rights", json={"permissions": [{"actions": ["*"]}], "away": True})
            with pytest.raises(httpx.HTTPError):
                manager.get(path)
        finally:
            lab.control("PUT", "/rights", json={"permissions": [{"actions": ["*"]}], "away": False})
        assert manager.get(path).status_code == 200
        assert any(one["path"] == path for one in lab.control("GET", "/requests")["requests"])
