"""``resume``, ``rollback``, ``stop``: on runs that ended, died, hang or refuse; always words and the right code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cpr_cockpit.core.run import fold
from cpr_cockpit.documents.card import CARD
from cpr_cockpit.engine.journal import read
from cpr_cockpit.engine.places import runs_home
from cpr_cockpit.engine.writer import FILE, writer_alive
from cpr_cockpit.session_main import leave_papers
from cpr_cockpit.session_main import main as session_main
from tests.cli import runs
from tests.cli.commands import Command
from tests.engine.children import child
from tests.engine.stage import Stage
from tests.engine.users import ERRORS, SILENT, Behaviour

ONE, TWO, THREE = "20260101-000000-goal-aaaa", "20260102-000000-goal-bbbb", "20260103-000000-goal-cccc"


def _smoke_fails(stage: Stage) -> None:
    stage.world.smoke_fails = True


def _no_artifact(stage: Stage) -> None:
    stage.world.content_missing = True


def _gone(stage: Stage) -> None:
    stage.world.unreachable.append((0.0, 600.0))


@pytest.mark.parametrize("name", ["resume", "rollback"])
@pytest.mark.parametrize(
    ("behaviour", "prepare", "code", "decision"),
    [
        (Behaviour(), lambda stage: None, 0, "kept"),
        (ERRORS, lambda stage: None, 10, "rolled_back"),
        (ERRORS, _no_artifact, 11, "partial"),
        (SILENT, lambda stage: None, 20, "held"),
        (Behaviour(), _smoke_fails, 40, "failed"),
        (Behaviour(), _gone, 1, "failed"),
    ],
    ids=["kept", "rolled back", "in part", "held", "failed", "blocked"],
)
def test_a_run_that_ended_gives_its_outcome_and_its_code(
    command: Command, name: str, behaviour: Behaviour, prepare: Callable[[Stage], None], code: int, decision: str
) -> None:
    runs.ended(ONE, behaviour, prepare)
    said = command(name, ONE, "--json")
    # What was kept was not rolled back, whatever became of the run.
    assert said.code == (1 if (name, code) == ("rollback", 0) else code)
    (outcome,) = [json.loads(line) for line in said.out.splitlines()]
    assert (outcome["type"], outcome["decision"], outcome["run"]) == ("outcome", decision, ONE)
    assert set(outcome) == {
        *("type", "run", "decision", "provisional", "production_version", "swaps", "detected_after_s", "rollback_s"),
        *("swaps_by_others", "proven_s", "azure_s", "requests", "telemetry_fault", "journal", "report", "reason"),
        *("left_to_do", "flag"),
    }
    assert Path(outcome["report"]).exists()
    assert Path(outcome["journal"]).name == FILE
    assert json.loads(command(name, ONE, "--json").out) == outcome, "the outcome is kept, not made up again"


@pytest.mark.parametrize("name", ["resume", "rollback", "stop", "status", "report", "ack"])
def test_without_a_run_every_command_says_so(command: Command, name: str) -> None:
    said = command(name)
    assert said.code == 1
    assert "There is no run" in said.err


def test_nothing_is_rolled_back_before_start(command: Command) -> None:
    runs.died(ONE, "gate.judged")
    said = command("rollback", ONE)
    assert said.code == 1
    assert "did not touch production" in said.err
    assert ONE in said.err


def test_without_a_name_only_a_run_in_production_is_rolled_back_and_it_is_named(command: Command) -> None:
    runs.ended(ONE)
    named = command("rollback", ONE)
    assert "had ended before: this command rolled nothing back" in named.err
    assert named.out.lstrip().startswith("this run had ended, so:\nKEPT: ")
    assert "nobody is called for it any more. Nothing was acknowledged." in command("ack", ONE).err
    said = command("rollback")
    assert (said.code, said.out) == (1, "")
    assert "No run is in production: there is nothing to roll back, and nothing was changed." in said.err
    assert f"The newest is {ONE} (kept)" in said.err
    runs.died(TWO, "intent swap")
    runs.died(THREE, "gate.judged")
    said = command("rollback")
    assert f"Rolls back {TWO}: its session is gone, and it was the newest in production." in said.err


def test_stop_without_a_session_has_nothing_to_stop(command: Command) -> None:
    runs.died(ONE, "gate.judged")
    said = command("stop")
    assert said.code == 0
    assert "nothing to stop" in said.out


@pytest.mark.parametrize("name", ["resume", "rollback"])
def test_a_session_that_cannot_begin_is_said_in_its_own_words_with_the_card(command: Command, name: str) -> None:
    folder = runs.died(ONE, "intent swap")
    said = command(name)
    assert said.code == 40
    assert "session.json" in said.err
    assert str(folder / "rollback-card.md") in said.err
    assert "Traceback" not in said.err


def test_before_start_a_session_that_cannot_begin_changed_nothing_and_names_no_card_that_was_not_written(
    command: Command,
) -> None:
    folder = runs.died(ONE, "gate.judged")
    assert not (folder / CARD).exists()
    said = command("resume")
    assert said.code == 1
    assert "session.json" in said.err
    assert "A rollback card was not written." in said.err
    assert CARD not in said.err


def test_resume_says_first_what_it_follows_and_how_to_leave(command: Command) -> None:
    folder = runs.died(ONE, "gate.judged")
    with child("tests.engine.hosting_child", str(folder)) as session:
        assert session.line() == "ready"
        resumed = subprocess.Popen([sys.executable, "-m", "cpr_cockpit", "resume"], stdout=subprocess.PIPE, text=True)
        assert resumed.stdout is not None
        try:
            line = resumed.stdout.readline()
            assert line.startswith(f"Follows the session (process {session.pid}) of run {ONE}: preparing.")
            assert f"Ctrl-C leaves it running; cpr-cockpit stop {ONE} ends it." in line
            resumed.send_signal(signal.SIGINT)
            assert resumed.wait(60.0) == 130
        finally:
            resumed.kill()
            resumed.wait()
            resumed.stdout.close()
        assert writer_alive(folder)


@pytest.mark.parametrize(("name", "code"), [("stop", 1), ("rollback", 40)])
def test_what_a_session_refuses_is_told_in_its_words(command: Command, name: str, code: int, tmp_path: Path) -> None:
    folder = runs.died(ONE, "intent swap")
    with child("tests.engine.hosting_child", str(folder)) as session:
        assert session.line() == "ready"
        said = command(name)
        assert said.code == code
        assert f"{name} is not possible now. Nothing was changed." in said.err
        assert writer_alive(folder)


@pytest.mark.long
def test_a_hung_session_is_ended_for_a_rollback(command: Command) -> None:
    folder = runs.died(ONE, "intent swap")
    with child("tests.engine.hosting_child", str(folder)) as session:
        assert session.line() == "ready"
        session.signal(signal.SIGSTOP)
        said = command("rollback", "--as", "ana")
        assert f"It is ended (process {session.pid})" in said.err
        assert session.process.wait() == -signal.SIGKILL
        # The run was made without a configuration: a new session cannot begin, and the last rung is named.
        assert said.code == 40
        assert "rollback-card.md" in said.err


def test_a_session_process_without_its_configuration_ends_with_one_sentence(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs_home() / ONE
    folder.mkdir(parents=True)
    assert session_main([str(folder)]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "session.json" in said


def test_a_session_leaves_the_report_of_a_run_that_has_ended(
    command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    folder = runs.ended(ONE)
    run = fold(read(folder))
    leave_papers(folder, run)
    assert "Deployment Report" in (folder / "report" / "deployment-report.md").read_text("utf-8")
    blocked = folder / "journal.db"
    leave_papers(blocked, run)
    assert "cpr-cockpit report" in caplog.text


def test_a_damaged_journal_of_an_ended_run_shows_no_outcome(command: Command) -> None:
    folder = runs.ended(ONE)
    (folder / FILE).write_bytes(b"no database")
    for name in ("status", "report"):
        assert command(name).code == 50


def test_without_a_name_the_run_that_began_last_is_meant_whichever_was_written_to_last(command: Command) -> None:
    older, newer = runs.ended("20260101-000000-goal-aaaa"), runs.ended("20260102-000000-goal-bbbb")
    os.utime(newer / FILE, (1.0, 1.0))
    assert older.name not in command("status").out
    assert newer.name in command("status").out
