"""Drills whose telemetry is spoiled from the switch on: never kept by what was not seen, nor rolled back by it."""

from __future__ import annotations

import pytest

from tests.drills import papers
from tests.drills.cockpit import Ended, Home, Line

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def _of_type(ended: Ended, kind: str) -> list[Line]:
    return [event for event in ended.events if event["type"] == kind]


@pytest.mark.parametrize(
    ("fault", "causes"),
    [("lossy", {"incomplete", "thin", "suspicious"}), ("ahead", {"stale"}), ("frozen", {"stale"})],
)
def test_a_healthy_release_with_spoiled_telemetry_is_held(home: Home, fault: str, causes: set[str]) -> None:
    ended = home.run("drill", "--telemetry-fault", fault, "--window", "60s", "--json")
    outcome, last = ended.outcome, _of_type(ended, "verdict")[-1]
    assert (ended.code, outcome["decision"], outcome["swaps"]) == (20, "held", 1), outcome
    assert outcome["telemetry_fault"] == {"fault": fault, "sources": ["logs", "platform"]}
    assert (last["kind"], last["cause"] in causes) == ("HOLD", True), last
    assert ended.events == papers.journal(home.folder())


def test_logs_that_are_cut_hold_the_verdict_until_they_are_back(home: Home) -> None:
    ended = home.run(
        "drill", "--telemetry-fault", "cut", "--fault-source", "logs", "--fault-seconds", "20s", "--window", "90s",
        "--json",
    )  # fmt: skip
    assert ended.outcome["telemetry_fault"] == {"fault": "cut", "sources": ["logs"]}
    verdicts = _of_type(ended, "verdict")
    (stale, *_) = [number for number, one in enumerate(verdicts) if (one["kind"], one["cause"]) == ("HOLD", "stale")]
    back = next(one for one in verdicts[stale + 1 :] if one["cause"] != "stale")
    (switched,) = _of_type(ended, "traffic.switched")
    cut_until = switched["t0"] + 20.0
    assert verdicts[stale]["at"] < cut_until < back["at"]
    seen = {one["source"] for one in _of_type(ended, "observation") if verdicts[stale]["at"] < one["at"] < back["at"]}
    assert {"platform", "probes_production"} <= seen, "the other sources fell silent with the logs"
