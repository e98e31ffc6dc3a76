"""Drills whose telemetry is spoiled from the switch on: never kept by what was not seen, nor rolled back by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.drills import papers
from tests.drills.cockpit import Ended, Home, Line
from tests.drills.long.series import assert_all_of, batches

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

LACKING = {"incomplete", "thin", "suspicious"}
# A dependency suffers for a sixth of the window, the written trigger needs a third of it.
SPIKE, WRITTEN = 1 / 6, 1 / 3


def of_type(ended: Ended, kind: str) -> list[Line]:
    return [event for event in ended.events if event["type"] == kind]


@dataclass(frozen=True)
class Spoiled:
    """Options of one drill of a release whose users are well served, and the causes that it may be held for."""

    options: tuple[str, ...]
    causes: frozenset[str]
    fault: str | None = None

    def __str__(self) -> str:
        return " ".join(self.options)


def _fault(name: str, causes: set[str]) -> Spoiled:
    return Spoiled(("--telemetry-fault", name), frozenset(causes), name)


SPOILED = (
    Spoiled(("--scenario", "silent"), frozenset({"stale"})),
    _fault("lossy", LACKING),
    _fault("ahead", {"stale"}),
    _fault("frozen", {"stale"}),
)


def _held(home: Home, case: Spoiled) -> None:
    ended = home.run("drill", *case.options, "--window", "60s", "--json", timeout=400.0)
    outcome, verdicts = ended.outcome, of_type(ended, "verdict")
    assert (ended.code, outcome["decision"], outcome["swaps"]) == (20, "held", 1), (outcome, verdicts)
    whole = None if case.fault is None else {"fault": case.fault, "sources": ["logs", "platform"]}
    assert outcome["telemetry_fault"] == whole
    assert (verdicts[-1]["kind"], verdicts[-1]["cause"] in case.causes) == ("HOLD", True), verdicts
    assert {verdict["kind"] for verdict in verdicts} <= {"WAIT", "HOLD"}, verdicts
    assert ended.events == papers.journal(home.folder())


@pytest.mark.parametrize("cases", batches(SPOILED), ids=lambda cases: "; ".join(map(str, cases)))
def test_a_healthy_release_with_spoiled_telemetry_is_held(cases: Sequence[Spoiled], tmp_path: Path) -> None:
    assert_all_of(cases, tmp_path, _held)


def _assert_outlived(home: Home, window_s: float) -> None:
    """The spike ends by itself, before the written trigger could have fired: nothing is rolled back for it."""
    ended = home.run("drill", "--scenario", "dependency", "--window", f"{window_s:g}s", "--json", timeout=500.0)
    outcome, verdicts = ended.outcome, of_type(ended, "verdict")
    assert (ended.code, outcome["decision"]) in ((0, "kept"), (20, "held")), (outcome, verdicts)
    assert outcome["production_version"] == "v1.3.0"
    assert outcome["requests"]["failed_by_defect"] > 0
    (switched,) = of_type(ended, "traffic.switched")
    assert not [one for one in verdicts if one["kind"] == "ROLLBACK"], verdicts
    early = [one for one in verdicts if one["at"] < switched["t0"] + WRITTEN * window_s]
    assert all(one["kind"] != "GO" for one in early), early
    last = verdicts[-1]
    assert last["kind"] == ("GO" if outcome["decision"] == "kept" else "HOLD")
    assert "failed" in last["sentence"], last
    assert last["kind"] == "HOLD" or "a spike that is over" in last["sentence"], last


@pytest.mark.parametrize("window_s", [60.0, 180.0])
def test_a_dependency_that_recovers_does_not_roll_back(home: Home, window_s: float) -> None:
    _assert_outlived(home, window_s)


def test_logs_that_are_cut_from_the_switch_on_hold_the_verdict_until_they_are_back(home: Home) -> None:
    ended = home.run(
        "drill", "--telemetry-fault", "cut", "--fault-source", "logs", "--fault-seconds", "20s", "--window", "90s",
        "--json",
    )  # fmt: skip
    assert ended.outcome["telemetry_fault"] == {"fault": "cut", "sources": ["logs"]}
    verdicts = of_type(ended, "verdict")
    stale = next(one for one in verdicts if (one["kind"], one["cause"]) == ("HOLD", "stale"))
    back = next(one for one in verdicts if one["at"] > stale["at"] and one["cause"] != "stale")
    (switched,) = of_type(ended, "traffic.switched")
    # The logs are cut from the very switch on, which is first seen a little later.
    assert stale["at"] < switched["t0"] + 18.0 < back["at"]
    seen = {one["source"] for one in of_type(ended, "observation") if stale["at"] < one["at"] < back["at"]}
    assert {"platform", "probes_production"} <= seen, "the other sources fell silent with the logs"
