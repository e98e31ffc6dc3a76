"""The outcome of a run that two faces see the end of: the lab ends once, and its figures are not lost."""

from __future__ import annotations

import asyncio
import json

import pytest

from cpr_cockpit.cli.outcome import OUTCOME_FILE, _swaps, conclude, stored
from cpr_cockpit.cli.output import Printer
from cpr_cockpit.core.run import fold
from cpr_cockpit.documents.whole import write_whole
from cpr_cockpit.engine.journal import read
from cpr_cockpit.lab_client import READY_FILE
from tests.cli import runs
from tests.cli.commands import Command
from tests.cli.test_output import OUTCOME

ONE = "20260101-000000-goal-aaaa"
# Nobody listens there: the lab has ended.
GONE = {"control": {"url": "http://127.0.0.1:9", "token": "t"}}


@pytest.mark.usefixtures("command")
def test_the_figures_of_the_face_that_ended_the_lab_stand(capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.ended(ONE)
    (folder / READY_FILE).write_text(json.dumps(GONE), "utf-8")
    first = OUTCOME | {"requests": {"total": 7}}

    async def two_faces() -> int:
        second = asyncio.create_task(conclude(folder, fold(read(folder)), Printer(as_json=True)))
        await asyncio.sleep(0)
        write_whole(folder / OUTCOME_FILE, json.dumps(first).encode())
        return await second

    assert asyncio.run(two_faces()) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == first
    assert said.err == ""
    assert stored(folder) == first


def test_without_another_face_the_missing_figures_are_told(command: Command) -> None:
    folder = runs.ended(ONE)
    (folder / READY_FILE).write_text(json.dumps(GONE), "utf-8")
    said = command("resume", "--json")
    assert said.code == 0
    assert "The figures of its clients are missing in the outcome." in said.err
    assert json.loads(said.out)["requests"] is None


def test_a_swap_of_somebody_else_is_not_counted_as_the_runs_own() -> None:
    log = [
        {"kind": "swap.accepted", "id": "1"},
        {"kind": "swap.switched", "id": "1"},
        {"kind": "swap.accepted", "id": "2", "by": "somebody"},
        {"kind": "swap.switched", "id": "2"},
        {"kind": "swap.accepted", "id": "3"},
    ]
    assert _swaps(log) == {"swaps": 1, "swaps_by_others": 1}
    assert _swaps(log[:2]) == {"swaps": 1, "swaps_by_others": 0}
