"""The rollback card: commands that a shell takes as they are meant, and no text that leaves its place."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path

import pytest

from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.plan import Plan, PlanFacts
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.workers import WorkerRule
from cpr_cockpit.documents.card import CARD, CARD_DATA, render_card, write_card

ENVIRONMENT = {
    "tenant": "t",
    "subscription": "11111111-1111-1111-1111-111111111111",
    "resource_group": "rg-goals (west)",
    "app": "goals",
    "production_url": "https://goals.example.net",
    "slot_url": "https://goals-green.example.net",
}
HOSTILE = "v1`$(reboot)` [x](https://e) <img src=x>\x1b[31m\u202e"


SWAP = Course()


def _plan(old: str = "v1.2.0", *, artifact: bool = True, course: Course = SWAP) -> Plan:
    facts = PlanFacts(old, None, slot_exists=True)
    return plan_by(course, "green", "v1.3.0", facts, baseline_s=20.0, artifact=artifact)


def _commands(card: str) -> list[list[str]]:
    return [shlex.split(line) for line in card.splitlines() if line.startswith("    ")]


def test_a_shell_reads_every_command_as_it_is_meant() -> None:
    card = render_card(Path("/home/it's me/$HOME"), ENVIRONMENT | {"health_path": "/health"}, _plan())
    commands = _commands(card)
    pinned = ["--subscription", ENVIRONMENT["subscription"], "--resource-group", "rg-goals (west)", "--name", "goals"]
    swap = ["az", "webapp", "deployment", "slot", "swap", *pinned, "--slot", "green", "--target-slot", "production"]
    assert swap in commands
    deploy = next(one for one in commands if one[:3] == ["az", "webapp", "deploy"] and "--slot" in one)
    assert deploy[3:9] == pinned
    assert deploy[-1] == "/home/it's me/$HOME/artifacts/old.zip"
    # Production itself is asked, also while all new sessions are routed to the slot.
    assert commands.count(["curl", "-fsS", "https://goals.example.net/health?x-ms-routing-name=self"]) == 2
    assert commands.count(["curl", "-fsS", "https://goals-green.example.net/health"]) == 2


def test_a_health_path_with_a_query_keeps_it() -> None:
    card = render_card(Path("/runs/a"), ENVIRONMENT | {"health_path": "/health?deep=1"}, _plan())
    assert ["curl", "-fsS", "https://goals.example.net/health?deep=1&x-ms-routing-name=self"] in _commands(card)
    assert ["curl", "-fsS", "https://goals-green.example.net/health?deep=1"] in _commands(card)


@pytest.mark.parametrize("artifact", [True, False])
def test_a_version_from_outside_stays_text(artifact: bool) -> None:
    card = render_card(Path("/runs/a"), ENVIRONMENT, _plan(HOSTILE, artifact=artifact))
    assert all(line.isprintable() for line in card.splitlines())
    assert "`v1'$(reboot)' [x](https://e) <img src=x>`" in card
    assert not any("reboot" in word for command in _commands(card) for word in command)
    titles = [line for line in card.splitlines() if line.startswith("#") and "v1" in line]
    assert len(titles) == 2
    assert all("\\[x\\]" in line and "\\<img" in line and "\\`" in line for line in titles)


def test_without_an_artifact_the_card_says_so_and_deploys_nothing() -> None:
    card = render_card(Path("/runs/a"), ENVIRONMENT, _plan(artifact=False))
    assert "rollback is by swap only" in card
    assert "az webapp deploy " not in card


@pytest.mark.parametrize("course", [Course("canary"), Course(control=5.0)], ids=["canary", "control"])
def test_where_sessions_are_routed_that_is_ended_before_anything_is_swapped(course: Course) -> None:
    kinds = [
        " ".join(command[:4]) for command in _commands(render_card(Path("/runs/a"), ENVIRONMENT, _plan(course=course)))
    ]
    assert kinds.index("az webapp traffic-routing clear") < kinds.index("az webapp deployment slot")
    assert "az webapp traffic-routing clear" not in [
        " ".join(command[:4]) for command in _commands(render_card(Path("/runs/a"), ENVIRONMENT, _plan()))[:6]
    ]


def test_the_lower_rungs_are_on_the_card_in_their_order() -> None:
    card = render_card(Path("/runs/a"), ENVIRONMENT, _plan())
    commands = _commands(card)
    kinds = [" ".join(command[2:4]) for command in commands if command[0] == "az"]
    assert kinds == [
        "show --subscription",
        "traffic-routing show",
        "deployment slot",
        "traffic-routing set",
        "deploy --subscription",
        "traffic-routing clear",
        "deploy --subscription",
    ]
    assert commands[[command[3:4] for command in commands].index(["set"])][-2:] == ["--distribution", "green=100"]
    production = [
        command for command in commands if command[:3] == ["az", "webapp", "deploy"] and "--slot" not in command
    ]
    assert [command[-1] for command in production] == ["/runs/a/artifacts/old.zip"]


def test_who_works_in_the_background_is_looked_at_where_a_setting_switches_it_off() -> None:
    rule = WorkerRule("sticky-off", "WORKERS_ENABLED", "0")
    card = render_card(Path("/run"), ENVIRONMENT, _plan(course=Course(workers=rule)))
    (looked,) = [one for one in _commands(card) if one[:4] == ["az", "webapp", "config", "appsettings"]]
    assert looked[-4:] == ["--slot", "green", "--query", "[?name=='WORKERS_ENABLED']"]
    assert "Background work: `WORKERS_ENABLED` is `0` in slot `green`" in card
    for other in (SWAP, Course(workers=WorkerRule("idempotent"))):
        assert "Background work" not in render_card(Path("/run"), ENVIRONMENT, _plan(course=other))


def test_card_and_data_are_written_whole_for_their_owner_alone(tmp_path: Path) -> None:
    path, digest = write_card(tmp_path, ENVIRONMENT, _plan())
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([CARD, CARD_DATA])
    assert all(one.stat().st_mode & 0o777 == 0o600 for one in tmp_path.iterdir())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    data = json.loads((tmp_path / CARD_DATA).read_text("utf-8"))
    assert (data["old_version"], data["new_version"], data["artifact"]) == ("v1.2.0", "v1.3.0", True)
    assert data["sha256"] == digest


APPS = ("goals", "goals-2", "goals-3")
OF_APPS = ENVIRONMENT | {
    "production_url@goals-2": "https://goals-2.example.net",
    "slot_url@goals-2": "https://goals-2-green.example.net",
    "production_url@goals-3": "https://goals-3.example.net",
    "slot_url@goals-3": "https://goals-3-green.example.net",
    "resource_group@goals-3": "rg-goals-3",
}


def test_several_apps_have_a_page_each_in_reverse_with_their_own_ids() -> None:
    card = render_card(Path("/run"), OF_APPS, _plan(course=Course("rolling", apps=APPS)))
    headings = [line for line in card.splitlines() if line.startswith("# App ")]
    assert headings == ["# App goals-3", "# App goals-2", "# App goals"]
    swaps = [command for command in _commands(card) if command[:5] == ["az", "webapp", "deployment", "slot", "swap"]]
    ids = [(one[one.index("--name") + 1], one[one.index("--resource-group") + 1]) for one in swaps]
    assert ids == [("goals-3", "rg-goals-3"), ("goals-2", "rg-goals (west)"), ("goals", "rg-goals (west)")]
    looks = [command[-1] for command in _commands(card) if command[0] == "curl"]
    assert looks[0].startswith("https://goals-3.example.net/api/health")
    assert looks[-1].startswith("https://goals-green.example.net/api/health")
    assert "An app that refuses keeps no other" in card
    pages = card.split("\n# App ")[1:]
    for page, app in zip(pages, reversed(APPS), strict=True):
        assert {line.split("**")[1].partition(":")[0] for line in page.splitlines() if line[:1].isdigit()} == {
            app,
            "The portal",
        }


def test_the_card_of_one_app_is_one_page() -> None:
    card = render_card(Path("/run"), OF_APPS, _plan())
    assert "# App " not in card
    assert "goals-2" not in card


FLAGGED = ENVIRONMENT | {"app_configuration": "https://goals.azconfig.io"}
DISABLE = ["az", "appconfig", "feature", "disable", "--endpoint", "https://goals.azconfig.io", "--auth-mode", "login"]


def test_a_flag_is_set_off_before_anything_is_done_to_the_slots() -> None:
    course = Course("feature-flag", flag="goal $(reboot) suggestions")
    card = render_card(Path("/runs/a"), FLAGGED, _plan(course=course))
    commands = _commands(card)
    off = commands.index([*DISABLE, "--feature", "goal $(reboot) suggestions", "--yes"])
    swap = next(at for at, command in enumerate(commands) if "swap" in command)
    assert off < swap
    # `az` drops what it does not know of the flag, so what the flag was is kept first.
    kept = commands[off - 1]
    assert kept[:4] == ["az", "appconfig", "kv", "show"]
    assert kept[-4:] == ["--key", ".appconfig.featureflag/goal $(reboot) suggestions", ">", "flag-before.json"]
    assert "`az` drops members of the flag that it does not know" in card
    assert "that is the rollback: `v1.3.0` stays, dark" in card


def test_beside_another_strategy_the_flag_is_the_kill_switch_and_nothing_waits_for_it() -> None:
    card = render_card(Path("/runs/a"), FLAGGED, _plan(course=Course("canary", flag="goals")))
    assert [*DISABLE, "--feature", "goals", "--yes"] in _commands(card)
    assert "Go on whatever comes of it" in card
    assert "appconfig" not in render_card(Path("/runs/a"), FLAGGED, _plan())


EVERY = [
    SWAP,
    Course(preview=True, flag="goals", workers=WorkerRule("sticky-off", "W", "0")),
    Course("canary", control=5.0, flag="goals"),
    Course("rolling", apps=APPS),
    Course("feature-flag", flag="goals"),
]


@pytest.mark.parametrize("course", EVERY, ids=lambda course: str(course.strategy))
def test_every_rung_tells_how_long_it_takes_in_the_order_of_the_ladder(course: Course) -> None:
    plan = _plan(course=course)
    places = plan.places if plan.apps else ("",)
    card = render_card(Path("/runs/a"), OF_APPS if plan.apps else ENVIRONMENT, plan)
    in_order = [step for app in reversed(places) for step in (*plan.back, *plan.lower) if step.act.app == app]
    titles = [step.title for step in in_order if step.act.mutates]
    told = [line.split("**")[1] for line in card.splitlines() if line[:1].isdigit() and "**" in line]
    assert [one for one in told if one != "The portal"] == titles
    assert card.count("   - takes: ") == len(titles)


def test_a_rung_tells_what_must_be_so_and_the_right_that_it_takes_each_of_its_own_kind() -> None:
    card = render_card(Path("/runs/a"), ENVIRONMENT, _plan(course=Course(preview=True, flag="goals")))
    rungs = _rungs(card)
    flag, reset = rungs["Flag goals off"], rungs["No preview of a swap is pending on slot green"]
    swap = rungs["Swap back: v1.2.0 serves"]
    assert "App Configuration Data Owner" in flag
    assert "zip" not in flag + reset
    assert "slot `green` answers `v1.2.0`, production does not" in swap
    assert "   - right: `Microsoft.Web/sites/slots/slotsswap/action`" in swap
    # To end the routing before production serves the old version would send everybody to the new one.
    assert "   - only when: production answers `v1.2.0`" in rungs["No new sessions go to slot green"]


def _rungs(card: str) -> dict[str, str]:
    """The ladder's text of each rung, by its title."""
    ladder = card.partition("## The ladder")[2].partition("## 1.")[0]
    return {one.partition("**")[0]: one for one in ladder.split(". **")[1:]}


def test_the_portal_is_linked_by_tenant_and_resource_and_a_lab_has_none() -> None:
    card = render_card(Path("/runs/a"), ENVIRONMENT, _plan())
    group = f"/subscriptions/{ENVIRONMENT['subscription']}/resourceGroups/rg-goals%20(west)"
    site = f"{group}/providers/Microsoft.Web/sites/goals"
    assert f"<https://portal.azure.com/#@t/resource{site}>" in card
    assert f"<https://portal.azure.com/#@t/resource{site}/slots/green>" in card
    lab = render_card(Path("/runs/a"), ENVIRONMENT | {"production_url": "https://localhost:4711"}, _plan())
    assert "portal.azure.com" not in lab


def test_whom_to_call_stands_on_the_card_as_text() -> None:
    people = (Contact("Marta [x](https://e)", "lead", "+49 30 5550 101"), Contact("Jo", "on call"))
    card = render_card(Path("/runs/a"), ENVIRONMENT, _plan(), people=people)
    assert "- Marta \\[x\\]" in card
    assert "+49 30 5550 101" in card
    assert "- Jo, on call: how to reach them is not configured" in card
    assert "Nobody is configured" in render_card(Path("/runs/a"), ENVIRONMENT, _plan())
