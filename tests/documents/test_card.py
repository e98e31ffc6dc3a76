"""The rollback card: commands that a shell takes as they are meant, and no text that leaves its place."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path

import pytest

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
    assert commands.count(["curl", "-fsS", "https://goals.example.net/health"]) == 2
    assert commands.count(["curl", "-fsS", "https://goals-green.example.net/health"]) == 2


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
