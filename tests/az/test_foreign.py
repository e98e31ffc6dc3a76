"""A swap by somebody else, by the real `az` client, in the window of a drill: told, and rolled back past it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.az.client import NEEDS_AZ, signed_in
from tests.drills.cockpit import Home, LabWatch, a_home, lab_of
from tests.lab.running import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600), NEEDS_AZ]

OLD, NEW = "v1.2.0", "v1.3.0"
TOLD_WITHIN_S = 20.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(tmp_path / "home") as made:
        yield made


def _swap(ready: dict[str, Any]) -> tuple[str, ...]:
    app = ("-g", ready["resource_group"], "-n", ready["app"])
    return ("webapp", "deployment", "slot", "swap", *app, "--slot", ready["slot"], "--target-slot", "production")


def _kinds(log: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [entry for entry in log if entry["kind"] == kind]


def _asked_to_swap(log: list[dict[str, Any]]) -> int:
    """The requests to swap that came, whatever became of them."""
    return len([one for one in _kinds(log, "request.mutating") if one["path"].lower().endswith("/slotsswap")])


def test_a_foreign_swap_is_told_and_rollback_does_not_swap_again(home: Home, tmp_path: Path) -> None:
    drill = home.start("drill", "--window", "60s", "--fast", "--json")
    drill.wait_for_type("run.started")
    folder = home.folder()
    lab = lab_of(folder)
    watch = LabWatch(lab)
    az = signed_in(tmp_path / "user", lab.ready)
    drill.wait_for_type("traffic.switched")
    assert until(lambda: len(_kinds(lab.operations(), "swap.ended")) == 1)
    az(*_swap(lab.ready))
    assert lab.serving() == {"production": OLD, "green": NEW}
    drill.wait_for_type("verdict", cause="foreign")

    rollback = home.run("rollback", folder.name, "--json")
    assert (rollback.code, rollback.outcome["decision"]) == (10, "rolled_back"), rollback.err
    ended = drill.end()
    assert (ended.code, ended.outcome["production_version"], ended.err) == (10, OLD, "")
    assert ended.outcome["requests"]["failed_otherwise"] == 0
    told = next(one for one in ended.events if one["type"] == "verdict" and one["cause"] == "foreign")
    switched = watch.swaps()
    assert told["kind"] == "HOLD"
    assert told["at"] - switched[-1]["at"] <= TOLD_WITHIN_S
    # A look that comes while the swap runs tells that it runs, a later one what it came to.
    under_way = told["sentence"].startswith("a swap that this run did not begin is under way")
    assert under_way or (
        told["sentence"].startswith("somebody swapped slots at ")
        and told["sentence"].endswith(f"production serves {OLD}, slot green serves {NEW}")
    )
    # Ours and that of somebody else: the way back found the old version where it belongs, and swapped nothing.
    assert [entry["version"] for entry in switched] == [NEW, OLD]
    assert _asked_to_swap(watch.log()) == 2


def test_rollback_while_a_foreign_swap_is_in_flight_waits_for_it_and_does_not_swap_again(
    home: Home, tmp_path: Path
) -> None:
    drill = home.start("drill", "--scenario", "slow-swap", "--window", "120s", "--fast", "--json")
    drill.wait_for_type("run.started")
    folder = home.folder()
    lab = lab_of(folder)
    watch = LabWatch(lab)
    az = signed_in(tmp_path / "user", lab.ready)
    drill.wait_for_type("traffic.switched")
    assert until(lambda: len(_kinds(lab.operations(), "swap.ended")) == 1, 60.0)
    foreign = az.start(*_swap(lab.ready))
    assert until(lambda: len(_kinds(lab.operations(), "swap.accepted")) == 2, 60.0)

    rollback = home.run("rollback", folder.name, "--json")
    assert az.end(foreign).code == 0
    assert (rollback.code, rollback.outcome["decision"]) == (10, "rolled_back"), rollback.err
    ended = drill.end()
    assert (ended.code, ended.outcome["production_version"]) == (10, OLD), ended.err
    assert ended.outcome["requests"]["failed_otherwise"] == 0
    decided = next(one["at"] for one in ended.events if one["type"] == "decision" and one["word"] == "rollback")
    assert _kinds(watch.log(), "swap.accepted")[1]["at"] < decided < watch.swaps()[1]["at"]
    assert [entry["version"] for entry in watch.swaps()] == [NEW, OLD]
    assert _asked_to_swap(watch.log()) == 2
