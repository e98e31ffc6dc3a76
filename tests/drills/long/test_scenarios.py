"""Every scenario as a whole drill: what it must end with, by exit code, outcome and the lab's own log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.drills import papers
from tests.drills.cockpit import Home, LabWatch, a_home, lab_of
from tests.drills.long.series import assert_all_of, batches, busy_cores

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

Outcome = dict[str, Any]
KEPT = ("kept", "v1.3.0", ["v1.3.0"])
BACK = ("rolled_back", "v1.2.0", ["v1.3.0", "v1.2.0"])
HELD = ("held", "v1.3.0", ["v1.3.0"])


def _nothing_more(_: Outcome) -> None:
    return


def _rolled_back_well(outcome: Outcome) -> None:
    assert outcome["rollback_s"] - outcome["azure_s"] <= 3.0, outcome
    assert outcome["requests"]["failed_by_defect"] > 0, outcome
    assert outcome["requests"]["on_bad_version_after_rollback"] == 0, outcome


def _zero_downtime(outcome: Outcome) -> None:
    assert outcome["requests"]["failed_by_defect"] == 0, outcome
    assert outcome["provisional"] is True


@dataclass(frozen=True)
class Case:
    """One drill: its options, the exit code, what the outcome must say."""

    options: tuple[str, ...]
    code: int
    end: tuple[str, str, list[str]]
    more: Callable[[Outcome], None] = _nothing_more

    def __str__(self) -> str:
        return " ".join(self.options) or "healthy"


CASES = (
    Case(("--scenario", "errors", "--window", "60s"), 10, BACK, _rolled_back_well),
    Case(("--scenario", "outage", "--window", "60s"), 10, BACK, _rolled_back_well),
    Case(("--scenario", "silent", "--window", "45s"), 20, HELD),
    Case(("--scenario", "slow", "--window", "60s"), 10, BACK),
    Case(("--decide", "keep"), 0, KEPT, _zero_downtime),
    Case(("--decide", "rollback"), 10, BACK),
    Case(("--scenario", "errors", "--decide", "keep"), 0, KEPT),
    Case(("--no-fast", "--scenario", "errors", "--window", "60s"), 10, BACK, _rolled_back_well),
    Case(("--extended",), 0, KEPT),
    Case(("--preview",), 0, KEPT, _zero_downtime),
    Case(("--preview", "--scenario", "errors", "--window", "60s"), 10, BACK, _rolled_back_well),
)


def assert_drilled(home: Home, case: Case) -> Outcome:
    drill = home.start("drill", "--json", *case.options)
    drill.wait_for_type("run.started")
    folder = home.folder()
    watch = LabWatch(lab_of(folder))
    ended = drill.end(400.0)
    outcome = ended.outcome
    decision, version, switched = case.end
    assert (ended.code, outcome["decision"], outcome["production_version"]) == (case.code, decision, version), outcome
    assert [entry["version"] for entry in watch.swaps()] == switched
    assert outcome["swaps"] == len(switched)
    assert outcome["requests"]["total"] > 500, outcome
    assert outcome["requests"]["failed_otherwise"] == 0, outcome
    assert ended.events == papers.journal(folder)
    assert ended.err == ""
    case.more(outcome)
    return outcome


@pytest.mark.parametrize("cases", batches(CASES), ids=lambda cases: "; ".join(map(str, cases)))
def test_a_scenario_ends_as_it_must(cases: Sequence[Case], tmp_path: Path) -> None:
    assert_all_of(cases, tmp_path, assert_drilled)


def test_a_sick_dependency_is_told_honestly(home: Home) -> None:
    """Both versions suffer for a while: whatever is decided, production serves what the outcome says it does."""
    drill = home.start("drill", "--scenario", "dependency", "--window", "60s", "--json")
    drill.wait_for_type("run.started")
    watch = LabWatch(lab_of(home.folder()))
    ended = drill.end(400.0)
    outcome = ended.outcome
    serves = watch.swaps()[-1]["version"]
    assert outcome["production_version"] == serves
    assert (ended.code, outcome["decision"], serves) in (
        (10, "rolled_back", "v1.2.0"),
        (20, "held", "v1.3.0"),
        (0, "kept", "v1.3.0"),
    )
    assert outcome["requests"]["failed_by_defect"] > 0
    assert outcome["requests"]["failed_otherwise"] == 0
    # The figures are never called healthy while the spike is within them.
    verdicts = [event for event in ended.events if event["type"] == "verdict"]
    assert any(event["kind"] != "GO" and event["cause"] for event in verdicts), verdicts
    assert ended.err == ""


def test_a_version_whose_worker_does_what_others_do_is_stopped_before_users_come(home: Home) -> None:
    drill = home.start("drill", "--scenario", "double-work", "--window", "30s", "--json")
    drill.wait_for_type("run.started")
    watch = LabWatch(lab_of(home.folder()))
    ended = drill.end(400.0)
    outcome = ended.outcome
    assert (outcome["decision"], outcome["production_version"], outcome["swaps"]) == ("failed", "v1.2.0", 0), outcome
    assert watch.swaps() == []
    assert "hosted service notices runs in slot green" in outcome["reason"]
    assert "Stop slot green" in outcome["reason"]


HEALTHY = Case((), 0, KEPT, _zero_downtime)


def test_ten_healthy_drills_in_a_row(tmp_path: Path) -> None:
    for number in range(10):
        with a_home(tmp_path / str(number)) as home:
            assert_drilled(home, HEALTHY)


def test_ten_healthy_drills_in_a_row_with_both_cores_busy(tmp_path: Path) -> None:
    with busy_cores():
        for number in range(10):
            with a_home(tmp_path / str(number)) as home:
                assert_drilled(home, HEALTHY)
