"""Real drills that prove the most, one at a time; the long series are in `tests/drills/long`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills import papers
from tests.drills.cockpit import Home, LabWatch, a_home, kill_session, lab_of, session_of

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds processes in /proc"),
]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(tmp_path / "home") as made:
        yield made


def test_a_bad_release_whose_session_is_killed_in_the_swap_is_rolled_back_by_its_resume(home: Home) -> None:
    drill = home.start("drill", "--scenario", "errors", "--two-person", "--freeze", "--json")
    drill.wait_for_type("run.started")
    folder = home.folder()
    lab = lab_of(folder)
    watch = LabWatch(lab)
    drill.wait_for_type("step.intent", step="swap", way="forward")
    drill.wait_for_type("step.accepted", step="swap", way="forward")
    kill_session(folder)
    died = drill.end()
    assert died.code == 40
    assert f"cpr-cockpit resume {folder.name}" in died.err

    going = home.start("resume", folder.name, "--json")
    resumed = going.end()
    assert going.first_line_after is not None
    assert going.first_line_after < 2.0
    outcome = resumed.outcome
    assert (resumed.code, outcome["decision"], outcome["production_version"]) == (10, "rolled_back", "v1.2.0")
    assert outcome["swaps"] == 2
    assert [entry["version"] for entry in watch.swaps()] == ["v1.3.0", "v1.2.0"]
    assert outcome["requests"]["failed_by_defect"] > 0
    assert outcome["requests"]["failed_otherwise"] == 0
    assert outcome["requests"]["on_bad_version_after_rollback"] == 0
    assert outcome["rollback_s"] - outcome["azure_s"] <= 3.0
    assert outcome["detected_after_s"] > 0.0
    assert papers.missing(died.events + resumed.events, folder) == []
    # START needed both, ROLLBACK neither.
    guards = ("tags.read", "second.asked", "second.given", "freeze.overridden", "run.started", "decision")
    told = [event["type"] for event in died.events + resumed.events if event["type"] in guards]
    assert list(dict.fromkeys(told)) == list(guards)
    assert told.count("second.given") == told.count("freeze.overridden") == 1
    _told(watch, folder)
    plan = next(event for event in died.events if event["type"] == "plan.made")
    titles = [step["title"] for step in plan["forward"] + plan["back"]]
    assert [title for title, _, _ in papers.steps(outcome["report"])] == titles
    assert papers.moments(outcome["report"]).count("Interrupted") == 1
    walked = {
        (event["name"], event["place"]) for event in died.events + resumed.events if event["type"] == "journey.walked"
    }
    assert walked == {(name, place) for name in ("goals", "refusals") for place in ("green", "production")}
    # What the journeys signed in with, and the token that they were given: nowhere.
    everything = papers.everything(folder) + f"{died}{resumed}".encode()
    assert b"deploy-check@goals.example" in everything
    assert [name for name in ("user_token", "user_password") if lab.ready[name].encode() in everything] == []


def _told(watch: LabWatch, folder: Path) -> None:
    """What people outside were told, each once though a session died; and the switches, marked for who reads charts."""
    came = watch.messages()
    kinds = [one["body"]["kind"] for one in came]
    assert [kind for kind in kinds if kind != "verdict"] == ["start", "decision", "end"]
    assert len({one["body"]["id"] for one in came}) == len(came)
    start, end = came[0], came[-1]
    assert start["attachments"][0]["name"] == "rollback-card.md"
    assert start["attachments"][0]["bytes"] == (folder / "rollback-card.md").stat().st_size
    assert end["body"]["title"] == "REHEARSAL: ROLLED BACK: v1.3.0 on goals-lab"
    assert all(one["body"]["status"].startswith("v1.3.0 on goals-lab: ") for one in came)
    report = (folder / "report" / "deployment-report.md").read_text("utf-8")
    assert f"{len(came)} sent." in report
    marks = [entry["name"] for entry in watch.log() if entry["kind"] == "annotation.written"]
    assert marks == ["Release v1.3.0", "Rollback to v1.2.0"]
    secret = json.loads((folder / "lab.json").read_text("utf-8"))["webhook_url"].rsplit("/", 1)[-1]
    for name in ("journal.db", "cockpit.log", "session.json", "report/deployment-report.md"):
        assert secret.encode() not in (folder / name).read_bytes()


def test_a_plan_prints_every_request_and_sends_none(home: Home) -> None:
    plan = home.start("drill", "--plan")
    folder = home.folder()
    watch = LabWatch(lab_of(folder), every_s=0.02)
    ended = plan.end()
    assert ended.code == 0, ended.err
    assert "slotsswap" in ended.out
    assert "/api/zipdeploy" in ended.out or "/api/publish" in ended.out
    assert "az webapp deployment slot swap" in ended.out
    assert "/Annotations?api-version=2015-05-01" in ended.out
    # The lab writes its ready file once its own slots are up.
    ready_at = (folder / "lab.json").stat().st_mtime
    assert watch.log() != []
    assert [entry for entry in watch.log() if entry["at"] > ready_at] == []


@pytest.mark.long
def test_silence_holds_and_what_was_written_cannot_be_changed_unseen(home: Home) -> None:
    drill = home.start("drill", "--scenario", "silent", "--window", "20s", "--json")
    drill.wait_for_type("run.started")
    folder = home.folder()
    watch = LabWatch(lab_of(folder))
    assert session_of(folder) > 0
    ended = drill.end()
    outcome = ended.outcome
    assert (ended.code, outcome["decision"], outcome["production_version"]) == (20, "held", "v1.3.0")
    assert [entry["version"] for entry in watch.swaps()] == ["v1.3.0"]
    assert outcome["requests"]["failed_otherwise"] == 0
    assert ended.events == papers.journal(folder)
    assert home.run("status", "--json").code == 0
    assert home.run("resume").code == 20

    baseline = next(event for event in ended.events if event["type"] == "baseline.taken")
    papers.change_a_byte(folder / "journal.db", f'"requests":{baseline["requests"]}'.encode())
    for command in ("status", "report"):
        refused = home.run(command)
        assert refused.code == 50
        assert f"event {baseline['seq']} is the first bad one" in refused.err
