"""kill -9 of the session between START and the end of the swap, faults of the swap route, and both at once."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.drills import papers
from tests.drills.cockpit import Going, Home, LabWatch, kill_session, lab_of
from tests.drills.long.series import assert_all_of, batches

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SEED = 2
# Steps from START to the end of the swap and how long each lasts in a fast drill, in seconds; the swap counts thrice.
SPANS = (
    ("keep-old", 0.1),
    ("deploy", 0.9),
    ("prove-slot", 0.2),
    ("swap", 2.4),
    ("warm-up", 0.6),
    ("smoke", 0.7),
    ("baseline", 20.0),
    ("swap", 2.4),
    ("run.started", 24.0),
    ("swap", 2.4),
)
FAULTS = ("after-effect-500", "cut-before", "cut-middle", "cut-after", "no-headers", "conflict", "poll-vanishes")


@dataclass(frozen=True)
class Try:
    """One drill: ``after_s`` seconds after this step's intent the session is killed; "" for never."""

    name: str
    step: str = ""
    after_s: float = 0.0
    fault: str = "none"

    def __str__(self) -> str:
        return self.name


def _kills() -> list[Try]:
    dice = random.Random(SEED)
    tries = []
    for number in range(30):
        step, span = SPANS[number % len(SPANS)]
        after = dice.uniform(0.0, span)
        tries.append(Try(f"{number}-{step}+{after:.2f}s", step, after))
    return tries


def _faults() -> list[Try]:
    dice = random.Random(SEED)
    calm = [Try(fault, fault=fault) for fault in FAULTS]
    return calm + [Try(f"{fault}-killed", "swap", dice.uniform(0.0, 2.4), fault) for fault in FAULTS]


def _kill(drill: Going, folder: Path, one: Try) -> None:
    started = one.step == "run.started"
    at = drill.wait_for_type("run.started") if started else drill.wait_for_type("step.intent", step=one.step)
    time.sleep(max(0.0, at + one.after_s - time.monotonic()))
    kill_session(folder)


def _carried_through(home: Home, one: Try, undisturbed: papers.Told) -> None:
    drill = home.start("drill", "--window", "20s", "--json")
    folder = home.folder()
    lab = lab_of(folder)
    if one.fault != "none":
        lab.control("PUT", "/faults", json={"swap": [one.fault]})
    watch = LabWatch(lab)
    printed = []
    if one.step:
        _kill(drill, folder, one)
        died = drill.end()
        assert died.code == 40
        assert f"cpr-cockpit resume {folder.name}" in died.err
        printed = died.events
        drill = home.start("resume", folder.name, "--json")
    ended = drill.end()
    outcome = ended.outcome
    assert (ended.code, outcome["decision"], outcome["production_version"]) == (0, "kept", "v1.3.0"), outcome
    assert [entry["version"] for entry in watch.swaps()] == ["v1.3.0"], watch.log()
    assert len(watch.swaps("swap.accepted")) == 1, watch.log()
    assert outcome["swaps"] == 1
    assert outcome["requests"]["failed_otherwise"] == 0, outcome
    assert printed + ended.events
    assert papers.missing(printed + ended.events, folder) == []
    assert papers.told(outcome["report"]) == undisturbed
    assert papers.moments(outcome["report"]).count("Interrupted") == (1 if one.step else 0)


def _name(tries: Sequence[Try]) -> str:
    return "; ".join(map(str, tries))


@pytest.mark.parametrize("tries", batches(_kills()), ids=_name)
def test_a_killed_session_is_resumed_with_one_swap(
    tries: Sequence[Try], tmp_path: Path, undisturbed: papers.Told
) -> None:
    assert_all_of(tries, tmp_path, lambda home, one: _carried_through(home, one, undisturbed))


@pytest.mark.parametrize("tries", batches(_faults()), ids=_name)
def test_a_fault_of_the_swap_route_ends_with_one_swap(
    tries: Sequence[Try], tmp_path: Path, undisturbed: papers.Told
) -> None:
    assert_all_of(tries, tmp_path, lambda home, one: _carried_through(home, one, undisturbed))
