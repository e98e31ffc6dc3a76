"""What commands print: every event as a JSON line, or lines for a person; text from outside is only ever text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.cli.output import Printer
from cpr_cockpit.core.events import AnyEvent
from cpr_cockpit.core.inert import clean
from cpr_cockpit.engine.journal import read
from tests.cli import runs
from tests.cli.commands import Command
from tests.engine.moments import bounded

OUTCOME: dict[str, Any] = {
    "type": "outcome",
    "run": "a-run",
    "decision": "rolled_back",
    "provisional": False,
    "production_version": "v1.2.0",
    "swaps": 2,
    "detected_after_s": 12.34,
    "rollback_s": 3.21,
    "azure_s": None,
    "requests": None,
    "journal": "j",
    "report": "the/report.md",
    "reason": "v1.2.0 serves again",
}


@bounded(100)
@given(st.text())
def test_clean_text_is_one_printable_line_of_the_same_length(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert len(cleaned) == len(text)
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x9b31m", "\u202e", "a\nb", "\r", "\x00", "\x07", "\ud800"])
def test_control_and_direction_marks_do_not_reach_a_terminal(evil: str, capsys: pytest.CaptureFixture[str]) -> None:
    Printer(as_json=False).event({"type": "note", "at": 0.0, "by": evil, "words": evil})
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    assert shown.strip("\n").isprintable()


def test_a_person_reads_lines_and_is_spared_readings(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.ended("20260101-000000-goal-0001")
    records = [record.line() for record in read(folder)]
    printer = Printer(as_json=False)
    for record in records:
        printer.event(record)
    lines = capsys.readouterr().out.splitlines()
    spared = ("observation", "item.marked", "step.accepted", "surroundings.taken")
    quiet = sum(record["type"] in spared for record in records)
    assert 10 < len(lines) == len(records) - quiet
    assert any("START by drill" in line for line in lines)
    assert any("DECISION keep" in line for line in lines)
    # What has no sentence of its own would be shown by its type's name, with a dot in it.
    types = {record["type"] for record in records}
    assert not any(line.split("  ", 1)[1] in types for line in lines)


def test_every_kind_of_event_has_words_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [kind.model_fields["type"].default for kind in get_args(get_args(AnyEvent)[0])]
    assert len(kinds) >= 20
    for kind in kinds:
        Printer(as_json=False).event({"type": kind, "at": 0.0})
        shown = capsys.readouterr().out
        # "verdict" and "decision" are words; the others would be shown as what they are in a program.
        assert "." not in kind or kind not in shown


def test_json_lines_are_the_events_whole(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.ended("20260101-000000-goal-0001")
    records = [record.line() for record in read(folder)]
    printer = Printer(as_json=True)
    for record in records:
        printer.event(record)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == records
    assert all("intent" in record["type"] for record in records if "mutates" in record)


def test_the_outcome_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    requests = {"total": 7, "failed_by_defect": 2, "failed_otherwise": 0, "on_bad_version_after_rollback": 0}
    Printer(as_json=False).outcome(OUTCOME | {"requests": requests, "provisional": True})
    shown = capsys.readouterr().out
    assert "ROLLED BACK: v1.2.0 serves again" in shown
    assert "production serves   v1.2.0  (provisional)" in shown
    assert "detected after      12.3 s" in shown
    assert "of that Azure" not in shown
    assert "requests            7 of the lab's own clients: hit by the defect (failed or slow) 2,\n" in shown
    assert "failed otherwise 0, on the bad version after the rollback 0\n" in shown
    assert "rollback took       3.2 s from the decision to the last user's request on the bad version\n" in shown
    assert "rollback proven" not in shown
    assert "NOT FINISHED" not in shown
    assert "telemetry fault" not in shown
    assert shown.rstrip().endswith("the/report.md")
    fault = {"fault": "cut", "sources": ["logs"]}
    Printer(as_json=False).outcome(OUTCOME | {"telemetry_fault": fault})
    assert "telemetry fault     cut: logs" in capsys.readouterr().out
    Printer(as_json=False).outcome(OUTCOME | {"proven_s": 42.04, "left_to_do": "slot green still holds v1.3.0"})
    shown = capsys.readouterr().out
    assert "rollback proven     42.0 s after the decision: the old version serves\n" in shown
    assert "\n  NOT FINISHED        slot green still holds v1.3.0\n" in shown


def test_a_flag_is_told_as_it_is_seen_and_as_it_was_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    for percent in (5.0, 0.0):
        Printer(as_json=False).event({"type": "flag.seen", "at": 0.0, "flag": "goals", "percent": percent})
    shown = capsys.readouterr().out
    assert "flag goals: on for 5 % of the users\n" in shown
    assert "flag goals: off\n" in shown
    Printer(as_json=False).outcome(OUTCOME | {"flag": {"name": "goals", "percent": 0.0, "alone": True}})
    shown = capsys.readouterr().out
    assert "  flag                goals off\n" in shown
    assert "s from the decision to the last request for which the flag was on\n" in shown
    Printer(as_json=False).outcome(OUTCOME | {"flag": {"name": "goals", "percent": 0.0, "alone": False}})
    assert "s from the decision to the last user's request on the bad version\n" in capsys.readouterr().out


def test_the_outcome_as_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Printer(as_json=True).outcome(OUTCOME)
    assert json.loads(capsys.readouterr().out) == OUTCOME


@pytest.mark.usefixtures("command")
def test_a_terminal_of_another_encoding_loses_no_message() -> None:
    folder = runs.ended("20260101-000000-goal-0001")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    code = "import sys; from cpr_cockpit.cli import main; sys.exit(main(['status', 'caf\\u00e9 \\u2026']))"
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, cwd=folder
    )
    assert said.returncode == 2
    assert "There is no run 'caf? ?'" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_check_that_fails_and_a_manager_that_answers_again_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer(as_json=False)
    printer.event({"type": "rollback.checked", "at": 0.0, "ready": True, "words": "slot green v1"})
    printer.event({"type": "rollback.checked", "at": 0.0, "ready": False, "trouble": "rights", "rung": "the card"})
    printer.event({"type": "manager.reach", "at": 0.0, "reached": False, "words": "No connection."})
    printer.event({"type": "manager.reach", "at": 0.0, "reached": True})
    assert [line.split("  ", 1)[1] for line in capsys.readouterr().out.splitlines()] == [
        "rollback check: slot green v1",
        "rollback check: NOT READY: rights. What would work now: the card",
        "Resource Manager does not answer: No connection. The way by hand is on the rollback card",
        "Resource Manager answers again",
    ]


def test_a_rollback_check_is_told_where_it_is_news(capsys: pytest.CaptureFixture[str]) -> None:
    good: dict[str, Any] = {
        "type": "rollback.checked",
        "at": 0.0,
        "ready": True,
        "words": "200 on 3 of 3",
        "trouble": "",
    }
    bad = good | {"ready": False, "trouble": "a swap is under way", "rung": "the card"}
    printer = Printer(as_json=False)
    for one in (good, good | {"words": "200 on 2 of 2"}, bad, bad, bad | {"rung": "the next rung"}, good):
        printer.event(one)
    told = [line.partition("rollback check: ")[2] for line in capsys.readouterr().out.splitlines()]
    assert [one.partition(":")[0] for one in told] == ["200 on 3 of 3", "NOT READY", "NOT READY", "200 on 3 of 3"]
    Printer(as_json=True).event(good)
    assert json.loads(capsys.readouterr().out) == good


def test_a_list_is_read_as_a_person_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"type": "journey.told", "at": 0.0, "name": "browser", "lines": ["one", "two"]}
    Printer(as_json=False).event(told)
    assert capsys.readouterr().out == "00:00:00    journey browser writes: one; two\n"


def test_what_has_no_words_leaves_no_loose_ends_and_what_is_no_news_here_is_spared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printer = Printer(as_json=False)
    printer.spare("verdict")
    printer.event({"type": "alarm.acknowledged", "at": 0.0, "by": "ana", "words": ""})
    printer.event({"type": "verdict", "at": 0.0, "kind": "HOLD", "sentence": "thin"})
    printer.event({"type": "figure.told", "at": 0.0, "kind": "tickets", "value": 3, "words": "", "by": "ana"})
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "00:00:00  alarm acknowledged by ana"
    assert said[1:] == ["00:00:00  tickets: 3 (by ana)"]
