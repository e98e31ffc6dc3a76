"""`open --observe` beside a blue-green deployment that somebody does by hand on a real lab, over Resource Manager."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.documents import folders
from tests.drills import papers
from tests.drills.cockpit import Ended, Home
from tests.lab import running

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

OLD, NEW = "v1.2.0", "v1.3.0"
# The old version's users have been seen for the whole baseline of a short window.
BEFORE_S = 25.0


@dataclass(frozen=True)
class Case:
    """What the release is like, and what the observer must end with."""

    scenario: str
    code: int
    decision: str


def _deployed_by_hand(lab: running.RunningLab) -> None:
    lab.deploy(Path(lab.ready["packages"]["good"]).read_bytes()).raise_for_status()
    assert running.until(lambda: lab.version(lab.ready["slot_url"]) == NEW, 60.0)
    lab.swap()


@pytest.mark.parametrize(
    "case", [Case("healthy", 0, "kept"), Case("errors", 12, "advised")], ids=lambda case: case.scenario
)
def test_a_deployment_by_hand_is_found_judged_and_left_alone(home: Home, tmp_path: Path, case: Case) -> None:
    feature, place = folders.copy(tmp_path), tmp_path / "lab"
    place.mkdir()
    with running.running(place, "--window", "60", "--telemetry-delay", "2") as lab:
        lab.control("PUT", "/scenario", json={"name": case.scenario, "version": NEW, "window": 60.0})
        looking_on = home.start(
            "open", str(feature), "--observe", "--lab", str(place / "lab.json"),
            "--decide", "auto", "--window", "60s", "--json",
        )  # fmt: skip
        looking_on.wait_for_type("run.started")
        began = lab.control("GET", "/state")["now"]
        assert running.until(lambda: lab.control("GET", "/state")["now"] > began + BEFORE_S, 60.0)
        _deployed_by_hand(lab)
        ended = looking_on.end(300.0)
        _ended_as(case, ended, lab)
        # One deployment and one swap, which this test has sent: whatever else had come would be the observer's.
        sent = [(entry["method"], entry["path"].rsplit("/", 1)[-1]) for entry in lab.log("request.mutating")]
        assert sent == [("POST", "zipdeploy"), ("POST", "slotsswap")]
        assert lab.version(lab.ready["production_url"]) == NEW
    (folder,) = home.folders()
    assert ended.events == papers.journal(folder)
    report = Path(ended.outcome["report"]).read_text("utf-8")
    assert "**OBSERVED ONLY**" in report
    assert "**REHEARSAL**" in report


def _ended_as(case: Case, ended: Ended, lab: running.RunningLab) -> None:
    outcome = ended.outcome
    assert (ended.code, outcome["decision"], outcome["production_version"]) == (case.code, case.decision, NEW), outcome
    (switched,) = [event for event in ended.events if event["type"] == "traffic.switched"]
    (by_the_lab,) = lab.log("swap.switched")
    assert by_the_lab["at"] - 0.5 <= switched["t0"] <= by_the_lab["at"] + 3.0
    (before,) = [event for event in ended.events if event["type"] == "baseline.taken"]
    assert before["requests"] > 100
    assert before["end"] <= switched["t0"]
    assert not any(event["mutates"] for event in ended.events if event["type"] == "step.intent")
    if case.decision == "advised":
        assert "ROLLBACK BY HAND" in outcome["reason"]
        assert OLD in outcome["reason"]
    assert ended.err == ""
