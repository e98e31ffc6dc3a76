"""``runs``, ``status``, ``report``: what journals tell, and what they refuse to tell."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from cpr_cockpit.cli.known import SETTINGS
from cpr_cockpit.core.run import fold
from cpr_cockpit.engine.journal import read
from cpr_cockpit.engine.places import runs_home
from cpr_cockpit.engine.writer import FILE
from tests.cli import runs
from tests.cli.commands import Command
from tests.engine.children import child
from tests.engine.users import ERRORS
from tests.tui import views

ONE, TWO, THREE = "20260101-000000-goal-aaaa", "20260102-000000-goal-bbbb", "20260103-000000-goal-cccc"


def damage(folder: Path, number: int) -> None:
    """Change a byte of an event of a finished journal."""
    path = folder / FILE
    content, text = path.read_bytes(), read(folder)[number - 1].hash.encode()
    path.write_bytes(content.replace(text, b"0" + text[1:] if text[:1] != b"0" else b"1" + text[1:]))


# -- runs ----------------------------------------------------------------------------------------------------------


def test_no_runs_at_all(command: Command) -> None:
    assert "There is no run yet" in command("runs").out
    assert json.loads(command("runs", "--json").out) == []


def test_runs_are_listed_with_their_states(command: Command) -> None:
    runs.ended(ONE)
    runs.died(TWO, "intent swap")
    damage(runs.ended(THREE, ERRORS), 5)
    (runs_home() / "20260104-000000-empty-dddd").mkdir()
    rows = json.loads(command("runs", "--json").out)
    assert [(row["run"], row["state"], row["pid"]) for row in rows] == [
        (ONE, "kept", None),
        (TWO, "deploying", None),
        (THREE, "damaged", None),
        ("20260104-000000-empty-dddd", "empty", None),
    ]
    assert set(rows[0]) == {"run", "feature", "state", "closed", "pid", "started_at"}
    assert rows[0]["started_at"].endswith("Z")
    assert rows[3]["started_at"] is None
    heading, *lines = command("runs").out.splitlines()
    assert heading.split() == ["run", "state", "session", "START", "(UTC)", "feature"]
    assert len(lines) == 4
    assert lines[0].split()[:3] == [ONE, "kept", "none"]
    assert lines[0].endswith("0001-goal")
    # Every column begins under its heading; the time is told as everywhere else.
    place = heading.index("START")
    assert lines[0][place : place + 19] == rows[0]["started_at"].replace("T", " ").removesuffix("Z")
    assert lines[3][place:].startswith("not pressed")


def test_a_living_session_is_told_by_its_process(command: Command, tmp_path: Path) -> None:
    folder = runs_home() / ONE
    with child("tests.engine.writer", "hold", str(folder)) as session:
        assert session.line() == "open"
        (row,) = json.loads(command("runs", "--json").out)
        assert row["pid"] == session.pid
        assert f"process {session.pid}" in command("runs").out
        session.signal(signal.SIGKILL)
        session.process.wait()
        (row,) = json.loads(command("runs", "--json").out)
        assert row["pid"] is None


# -- status --------------------------------------------------------------------------------------------------------


def test_status_of_a_run_that_ended(command: Command) -> None:
    folder = runs.ended(ONE)
    body = json.loads(command("status", "--json").out)
    assert body["run"] == ONE
    assert (body["state"], body["production_version"], body["swaps"]) == ("kept", "v1.3.0", 1)
    assert (body["old_version"], body["new_version"]) == ("v1.2.0", "v1.3.0")
    assert body["verdict"].startswith("GO: ")
    assert body["verdict"].endswith(f" (as of {body['verdict_at'][11:19]} UTC)")
    assert body["now"] is None
    assert body["events"] == len(read(folder))
    assert body["session_pid"] is None
    said = command("status")
    assert said.code == 0
    assert "resume" not in said.out
    assert "last check" not in said.out


def test_a_living_session_is_asked_for_the_sentence_of_now(command: Command) -> None:
    folder = runs.died(ONE, "verdict")
    was = fold(read(folder)).verdict
    assert was is not None
    with child("tests.cli.watched_child", str(folder)) as session:
        assert session.line() == "ready"
        body = json.loads(command("status", "--json").out)
        now = views.window_breach()
        assert body["now"].startswith(f"{now.panel.word}: {now.panel.sentence} (asked at ")
        assert body["verdict"] == f"{was.kind}, given at {body['verdict_at'][11:19]} UTC"
        said = command("status").out
        assert now.panel.sentence in said
        assert was.sentence not in said
    # It died: what the journal says is all there is, and as old as it is.
    assert f"{was.kind}: {was.sentence} (as of " in command("status").out


def test_a_session_that_answers_as_none_of_this_program_leaves_the_journal_s_word(command: Command) -> None:
    folder = runs.died(ONE, "verdict")
    with child("tests.engine.hosting_child", str(folder)) as session:
        assert session.line() == "ready"
        body = json.loads(command("status", "--json").out)
    assert body["now"] is None
    assert "(as of " in body["verdict"]


def test_status_of_a_run_whose_session_died_tells_how_to_go_on(command: Command) -> None:
    runs.died(ONE, "intent swap")
    said = command("status", ONE)
    assert said.code == 0
    assert "deploying" in said.out
    assert "Swap green with production" in said.out
    assert f"cpr-cockpit resume {ONE}" in said.out


@pytest.mark.parametrize("name", [ONE, "20260101", "aaaa", "goal-aaaa", "0101-000000-goal"])
def test_a_run_is_found_by_its_name_its_beginning_its_end_and_a_part(command: Command, name: str) -> None:
    runs.ended(ONE)
    runs.ended(TWO)
    assert json.loads(command("status", name, "--json").out)["run"] == ONE


@pytest.mark.parametrize(("name", "words"), [("2026", "2 runs fit"), ("nothing", "There is no run 'nothing'")])
def test_a_name_that_fits_none_or_several_is_refused(command: Command, name: str, words: str) -> None:
    runs.died(ONE, "plan.made")
    runs.died(TWO, "plan.made")
    said = command("status", name)
    assert said.code == 2
    assert words in said.err
    assert "cpr-cockpit runs" in said.err


def test_without_any_run_status_says_how_to_start_one(command: Command) -> None:
    said = command("status")
    assert said.code == 1
    assert "cpr-cockpit rehearse" in said.err


@pytest.mark.parametrize("name", ["status", "report"])
def test_a_damaged_journal_is_refused_and_its_first_bad_event_named(command: Command, name: str) -> None:
    folder = runs.ended(ONE)
    damage(folder, 7)
    said = command(name, ONE)
    assert said.code == 50
    assert "event 7 is the first bad one" in said.err
    assert "6 events before it hold" in said.err
    assert said.out == ""
    assert not (folder / "report").exists()


@pytest.mark.parametrize("name", ["status", "report"])
def test_a_run_without_a_journal_could_not_be_determined(command: Command, name: str) -> None:
    folder = runs_home() / ONE
    folder.mkdir(parents=True)
    (folder / SETTINGS).write_text("{}", "utf-8")
    said = command(name)
    assert said.code == 3
    assert "no journal yet" in said.err
    assert "See " not in said.err
    (folder / "cockpit.log").write_text("it begins", "utf-8")
    (folder / "session.err").touch()
    assert command(name).err.rstrip().endswith(f"See {folder / 'cockpit.log'}.")


# -- report --------------------------------------------------------------------------------------------------------


def test_the_report_is_written_again_from_the_journal(command: Command) -> None:
    folder = runs.ended(ONE, ERRORS)
    said = command("report")
    assert said.code == 0
    paths = [Path(line) for line in said.out.splitlines()]
    assert folder / "report" / "deployment-report.md" in paths
    text = (folder / "report" / "deployment-report.md").read_text("utf-8")
    assert "rolled back" in text
    assert "REHEARSAL" in text
    again = command("report")
    assert again.code == 0
    assert (folder / "report" / "deployment-report.md").read_text("utf-8") == text


def test_a_report_that_cannot_be_written_says_so(command: Command) -> None:
    folder = runs.ended(ONE)
    (folder / "report").write_text("in the way")
    said = command("report")
    assert said.code == 1
    assert "cannot be written" in said.err
    assert "The journal was not changed" in said.err
