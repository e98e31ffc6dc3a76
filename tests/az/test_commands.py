"""The procedure's own commands by the real `az` client; after each, what the lab itself shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.az.client import NEEDS_AZ
from tests.az.conftest import Bench
from tests.lab.running import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600), NEEDS_AZ]

PREPARED = "The slot cannot be changed because its configuration settings have been prepared for swap."


def test_the_app_is_listed_and_shown(bench: Bench) -> None:
    ready = bench.lab.ready
    assert [app["name"] for app in bench.az("webapp", "list", "-g", ready["resource_group"])] == [ready["app"]]
    shown = bench.webapp("show")
    assert f"https://{shown['defaultHostName']}" == ready["production_url"]
    assert (shown["id"], shown["state"], shown["slotSwapStatus"]) == (bench.lab.site, "Running", None)
    slot = bench.webapp("show", "--slot", ready["slot"])
    assert f"https://{slot['defaultHostName']}" == ready["slot_url"]
    assert [found["name"] for found in bench.webapp("deployment slot list")] == [ready["slot"]]


def test_a_new_slot_has_nothing_of_production_unless_it_is_asked_for(bench: Bench) -> None:
    production = bench.settings("production")
    bench.webapp("config appsettings set", "--settings", "FEATURE=on")
    bench.webapp("deployment slot create", "--slot", "bare")
    bench.webapp("deployment slot create", "--slot", "like", "--configuration-source", bench.lab.ready["app"])
    assert [bench.settings(slot) for slot in ("production", "bare", "like")] == [
        production | {"FEATURE": "on"},
        {},
        {"FEATURE": "on"},
    ]
    health = [bench.read(slot, "/config/web")["healthCheckPath"] for slot in ("production", "bare", "like")]
    assert health == ["/api/health", None, "/api/health"]
    bench.webapp("config appsettings delete", "--setting-names", "FEATURE")
    assert bench.settings("production") == production


def test_settings_are_set_listed_and_deleted_and_some_stay_with_their_slot(bench: Bench) -> None:
    before, instance = bench.settings("green"), bench.instance("green")
    bench.webapp("config appsettings set", "--slot", "green", "--settings", "A=1", "--slot-settings", "B=2")
    assert bench.settings("green") == before | {"A": "1", "B": "2"}
    sticky = bench.read("production", "/config/slotConfigNames")["appSettingNames"]
    assert "B" in sticky
    assert "A" not in sticky
    assert bench.instance("green") != instance
    listed = bench.webapp("config appsettings list", "--slot", "green")
    assert {(one["name"], one["value"], one["slotSetting"]) for one in listed} >= {("A", "1", False), ("B", "2", True)}
    bench.webapp("config appsettings delete", "--slot", "green", "--setting-names", "A", "B")
    assert bench.settings("green") == before


def test_a_release_is_deployed_to_a_slot_and_is_swapped_in(bench: Bench) -> None:
    versions = bench.lab.ready["versions"]
    assert bench.served() == (versions["serving"], versions["serving"])
    deploying = ("--slot", "green", "--type", "zip", "--src-path", bench.package("good"))
    said = bench.said("deploy", *deploying)
    assert said.code == 0, said.err
    assert "Warmed up Kudu instance successfully" in said.err
    assert (said.json["status"], said.json["complete"], said.json["deployer"]) == (4, True, "OneDeploy")
    assert bench.served() == (versions["serving"], versions["good"])
    bench.webapp("deployment slot swap", "--slot", "green", "--target-slot", "production")
    assert bench.served() == (versions["good"], versions["serving"])
    status = bench.webapp("show")["slotSwapStatus"]
    assert (status["sourceSlotName"], status["destinationSlotName"]) == ("green", "production")
    assert len(bench.lab.log("swap.switched")) == 1


@pytest.mark.parametrize(
    "command",
    [
        ("deploy", "--type", "zip", "--async", "true", "--src-path"),
        ("deployment source config-zip", "--src"),
    ],
    ids=["deploy --async", "config-zip"],
)
def test_a_release_is_deployed_without_waiting_for_the_answer(bench: Bench, command: tuple[str, ...]) -> None:
    before = len(bench.lab.log("deploy.ended"))
    answer = bench.webapp(command[0], "--slot", "like", *command[1:], bench.package("good"))
    assert answer["status"] == 4
    assert bench.version("like") == bench.lab.ready["versions"]["good"]
    assert [entry["status"] for entry in bench.lab.log("deploy.ended")[before:]] == [4]


def test_a_release_is_deployed_to_production_and_followed_until_the_site_runs_it(bench: Bench) -> None:
    said = bench.said("deploy", "--type", "zip", "--src-path", bench.package("serving"))
    assert said.code == 0, said.err
    assert "Site started successfully" in said.err
    assert bench.version("production") == bench.lab.ready["versions"]["serving"]


def test_a_package_that_is_damaged_is_refused_and_the_slot_serves_what_it_served(bench: Bench) -> None:
    before = bench.served()
    bad = ("--slot", "green", "--type", "zip", "--src-path", bench.package("bad"))
    assert "Deployment failed" in bench.refused("deploy", *bad)
    # Then the client asks for logs of production, and goes on to tell what it found.
    assert "DEPLOYMENT FAILED" in bench.refused("deploy", *bad, "--async", "true")
    assert bench.read("production", "/config/logs")["httpLogs"]["fileSystem"]["enabled"] is True
    assert bench.served() == before


def test_a_swap_is_previewed_and_reset(bench: Bench) -> None:
    before, own, instance = bench.served(), bench.settings("green"), bench.instance("production")
    bench.webapp("deployment slot swap", "--slot", "green", "--action", "preview")
    assert bench.read("green")["targetSwapSlot"] == "production"
    assert bench.settings("green") == bench.settings("production") != own
    # Of this conflict the client tells the status alone; the lab's own words are in the answer (azure-cli#27820).
    said = bench.said("config appsettings set", "--slot", "green", "--settings", "A=1", "--debug")
    assert said.code != 0
    assert PREPARED in said.err
    # What the client is told is the target is what it resets: by itself it names production, which has its own.
    bench.webapp("deployment slot swap", "--slot", "green", "--target-slot", "green", "--action", "reset")
    assert bench.read("green")["targetSwapSlot"] is None
    assert bench.settings("green") == own
    assert (bench.served(), bench.instance("production")) == (before, instance)


def test_a_previewed_swap_is_completed(bench: Bench) -> None:
    before, switched = bench.served(), len(bench.lab.log("swap.switched"))
    bench.webapp("deployment slot swap", "--slot", "green", "--action", "preview")
    assert (bench.served(), len(bench.lab.log("swap.switched"))) == (before, switched)
    prepared = bench.instance("green")
    bench.webapp("deployment slot swap", "--slot", "green", "--action", "swap")
    assert bench.served() == before[::-1]
    assert bench.instance("production") == prepared
    assert bench.read("green")["targetSwapSlot"] is None


def test_sessions_are_routed_to_a_slot_and_back(bench: Bench) -> None:
    bench.choose("healthy")
    production, slot = bench.served()
    (rule,) = bench.webapp("traffic-routing set", "--distribution", "green=100")
    assert (rule["name"], rule["reroutePercentage"]) == ("green", 100.0)
    # `served` comes without a cookie: each of its requests is a new session.
    assert bench.served() == (slot, slot)
    assert [(one["name"], one["reroutePercentage"]) for one in bench.webapp("traffic-routing show")] == [
        ("green", 100.0)
    ]
    bench.webapp("traffic-routing set", "--distribution", "green=12.5")
    assert bench.lab.log("routing.changed")[-1]["shares"] == {"green": 12.5}
    bench.webapp("traffic-routing clear")
    assert bench.webapp("traffic-routing show") == []
    assert bench.served() == (production, slot)
    assert "Bad Request" in bench.refused("traffic-routing set", "--distribution", "nosuch=10")
    assert bench.read("production", "/config/web")["experiments"]["rampUpRules"] == []


def test_a_restart_gives_the_slot_a_new_process(bench: Bench) -> None:
    before, served = bench.instance("green"), bench.served()
    bench.webapp("restart", "--slot", "green")
    assert until(lambda: bench.instance("green") not in (before, ""))
    assert bench.served() == served


def test_a_slot_that_does_not_exist_is_not_found(bench: Bench) -> None:
    before = bench.served()
    assert "(ResourceNotFound)" in bench.refused("deployment slot swap", "--slot", "nosuch")
    assert bench.served() == before


def test_platform_metrics_are_listed(bench: Bench) -> None:
    def total() -> float:
        listed = bench.az("monitor", "metrics", "list", "--resource", bench.lab.site, "--metric", "Requests")
        (metric,) = listed["value"]
        points = [point for series in metric["timeseries"] for point in series["data"]]
        return float(sum(point.get("total") or 0.0 for point in points))

    before = total()
    assert before > 0
    assert total() > before


def test_the_logs_api_answers_a_query(bench: Bench, tmp_path: Path) -> None:
    ready = bench.lab.ready
    body = tmp_path / "query.json"
    body.write_text(json.dumps({"query": "AppRequests | summarize N = sum(ItemCount) by AppVersion"}), "utf-8")
    url = f"{ready['logs']}/v1/workspaces/{ready['workspace_id']}/query"
    told = bench.az(
        "rest", "--method", "post", "--url", url, "--resource", ready["logs_audience"], "--body", f"@{body}"
    )
    rows = dict(told["tables"][0]["rows"])
    assert {ready["versions"]["serving"], ready["versions"]["good"]} <= set(rows)
    assert all(number > 0 for number in rows.values())
    refused = bench.az.refused("rest", "--method", "post", "--url", url, "--body", f"@{body}")
    assert "Unauthorized" in refused or "InvalidAuthenticationTokenAudience" in refused


def test_no_user_was_harmed(bench: Bench) -> None:
    traffic = bench.lab.control("GET", "/traffic")
    assert traffic["total"] > 0
    assert traffic["failed_by_defect"] + traffic["failed_otherwise"] == 0, traffic["errors"]
