"""Damaged journals and hung sessions: nobody is told a lie, and nothing blocks ROLLBACK."""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.drills import papers
from tests.drills.cockpit import Going, Home, LabWatch, kill_session, lab_of, session_of
from tests.drills.long.series import assert_all_of, batches

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SEED = 3


def test_one_changed_byte_of_a_finished_journal_is_found_wherever_it_is(home: Home) -> None:
    ended = home.run("drill", "--window", "10s", "--json")
    assert ended.code == 0, ended.err
    folder = home.folder()
    journal, dice = folder / "journal.db", random.Random(SEED)
    whole = journal.read_bytes()
    inside = [event for event in ended.events if f'"type":"{event["type"]}"'.encode() in whole]
    for event in dice.sample([one for one in inside[5:-5] if one["hash"].encode() in whole], 8):
        journal.write_bytes(whole)
        papers.change_a_byte(journal, event["hash"].encode())
        assert _refused(home) == event["seq"]
    for at in dice.sample(range(100, len(whole) - 100), 8):
        journal.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        assert 1 <= _refused(home) <= len(ended.events)
    journal.write_bytes(whole)
    assert home.run("status").code == 0
    assert home.run("report").code == 0


def _refused(home: Home) -> int:
    """The first bad event, as `status` and `report` name it alike."""
    named = set()
    for command in ("status", "report"):
        refused = home.run(command)
        found = re.search(r"event (\d+) is the first bad one", refused.err)
        assert (refused.code, refused.out) == (50, "")
        assert found is not None, refused.err
        named.add(int(found[1]))
    (number,) = named
    return number


def _flip(folder: Path) -> None:
    for path in (folder / "journal.db", folder / "journal.db-wal"):
        data = bytearray(path.read_bytes())
        if data:
            data[len(data) // 2] ^= 1
            path.write_bytes(data)


def _overwrite(folder: Path) -> None:
    (folder / "journal.db-wal").unlink(missing_ok=True)
    (folder / "journal.db").write_bytes(random.Random(SEED).randbytes(50_000))


def _empty(folder: Path) -> None:
    for name in ("journal.db", "journal.db-wal"):
        (folder / name).write_bytes(b"")


def _remove(folder: Path) -> None:
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (folder / name).unlink(missing_ok=True)


DAMAGES = {"flipped": _flip, "overwritten": _overwrite, "emptied": _empty, "removed": _remove}


@dataclass(frozen=True)
class Case:
    """What was done to the journal, and whether the session lived then."""

    damage: str
    alive: bool

    def __str__(self) -> str:
        return f"{self.damage}, session {'alive' if self.alive else 'dead'}"


CASES = [Case(damage, alive) for alive in (True, False) for damage in DAMAGES]


def _in_the_window(home: Home) -> tuple[Going, Path, LabWatch]:
    drill = home.start("drill", "--window", "60s", "--json")
    drill.wait_for_type("run.started")
    folder = home.folder()
    watch = LabWatch(lab_of(folder))
    drill.wait_for_type("step.outcome", step="keep-warm")
    return drill, folder, watch


def _rolls_back(home: Home, folder: Path, watch: LabWatch) -> None:
    going = home.start("rollback", folder.name, "--as", "ana", "--json")
    ended = going.end()
    outcome = ended.outcome
    assert (ended.code, outcome["decision"], outcome["production_version"]) == (10, "rolled_back", "v1.2.0"), (
        outcome,
        ended.err,
    )
    assert [entry["version"] for entry in watch.swaps()] == ["v1.3.0", "v1.2.0"]
    assert outcome["requests"]["failed_otherwise"] == 0
    assert outcome["requests"]["on_bad_version_after_rollback"] == 0
    decision = [event for event in ended.events if event["type"] == "decision"]
    assert [event["by"] for event in decision] == ["ana"]
    # What is left is whole again: the next morning's reader is not refused.
    assert home.run("status", folder.name).code == 0
    assert home.run("report", folder.name).code == 0


def _with_damage(home: Home, case: Case) -> None:
    drill, folder, watch = _in_the_window(home)
    if not case.alive:
        kill_session(folder)
        assert drill.end().code == 40
    DAMAGES[case.damage](folder)
    _rolls_back(home, folder, watch)
    if case.alive:
        assert drill.end().code == 10


@pytest.mark.parametrize("cases", batches(CASES), ids=lambda cases: "; ".join(map(str, cases)))
def test_a_damaged_journal_does_not_block_rollback(cases: Sequence[Case], tmp_path: Path) -> None:
    assert_all_of(cases, tmp_path, _with_damage)


def _hung(home: Home, _: str) -> None:
    drill, folder, watch = _in_the_window(home)
    os.kill(session_of(folder), signal.SIGSTOP)
    _rolls_back(home, folder, watch)
    assert drill.end().code in (10, 40)


def _damaged_in_the_swap(home: Home, _: str) -> None:
    """A session killed with the swap on its way, and its journal lost: resume goes by what it sees."""
    drill = home.start("drill", "--window", "20s", "--json")
    drill.wait_for_type("run.started")
    folder = home.folder()
    watch = LabWatch(lab_of(folder))
    drill.wait_for_type("step.accepted", step="swap")
    kill_session(folder)
    assert drill.end().code == 40
    _overwrite(folder)
    ended = home.run("resume", folder.name, "--json")
    assert ended.code in (0, 20), ended.err
    assert [entry["version"] for entry in watch.swaps()] == ["v1.3.0"]
    assert ended.outcome["production_version"] == "v1.3.0"


SESSIONS = {"hung": _hung, "journal lost in the swap": _damaged_in_the_swap}


def test_a_session_that_hangs_or_has_lost_its_journal_does_not_stand_in_the_way(tmp_path: Path) -> None:
    assert_all_of(list(SESSIONS), tmp_path, lambda home, name: SESSIONS[name](home, name))
