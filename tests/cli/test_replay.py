"""``replay``: a run in lines, what another policy would have decided, and what it refuses."""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cpr_cockpit.cli.rejudged import lines, rows
from cpr_cockpit.cli.replay import reading_on
from cpr_cockpit.cli.values import moment, speed
from cpr_cockpit.core.events import Noted, Observed, Script, VerdictGiven
from cpr_cockpit.core.run import fold
from cpr_cockpit.engine.journal import Journal, read
from cpr_cockpit.engine.places import runs_home
from cpr_cockpit.engine.rejudging import Said, judge_again
from cpr_cockpit.engine.writer import FILE
from tests.cli import runs
from tests.cli.commands import Command
from tests.cli.test_listing import damage
from tests.engine.journals import records_of
from tests.engine.users import ERRORS

ONE = "20260101-000000-goal-aaaa"


def policy(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "other.toml"
    path.write_text(f"[policy]\n{text}\n", "utf-8")
    return path


# -- played in lines -----------------------------------------------------------------------------------------------


def test_every_event_is_printed_with_its_own_time(command: Command) -> None:
    folder = runs.ended(ONE, ERRORS)
    said = command("replay", "--plain")
    assert said.code == 0
    first, *events, last = said.out.splitlines()
    assert "replay max of 20260101-000000-goal-aaaa" in first
    assert "nothing of it is now" in first
    assert "end of the replay" in last
    times = [line[:8] for line in events]
    assert times == sorted(times)
    assert times[0] == "08:53:20"
    assert any("START by drill" in line for line in events)
    assert any("traffic switched: production serves v1.3.0" in line for line in events)
    assert "run ended: rolled_back" in events[-1]
    assert len(read(folder)) > len(events) > 30


def test_it_begins_where_it_is_told(command: Command) -> None:
    runs.ended(ONE)
    whole = command("replay", "--plain").out
    before, after = (command("replay", "--plain", "--from", at).out for at in ("T0-3s", "T0+1"))
    assert "START by" in whole
    assert "START by" not in before
    assert "traffic switched" in before
    assert "traffic switched" not in after
    assert "run ended: kept" in after
    assert command("replay", "--plain", "--from", "-3").out == before


def test_with_a_speed_the_lines_take_their_time_and_gaps_are_shortened(command: Command) -> None:
    folder = runs.died(ONE, "outcome deploy")
    with Journal(folder) as journal:
        begun, last = journal.records[0].at, journal.records[-1].at
        journal.append(Noted(by="ana", words="an hour later"), last + 3600.0)
    before = time.monotonic()
    said = command("replay", "--plain", "--speed", "50")
    took = time.monotonic() - before
    assert said.code == 0
    assert "replay x50" in said.out
    assert "nothing happened for 1 h 0 min: shortened" in said.out
    assert "an hour later" in said.out
    assert (last - begun) / 50.0 < took < 10.0


def test_a_journal_that_is_being_written_is_read_on_until_its_writer_has_gone(command: Command) -> None:
    folder = runs.died(ONE, "outcome deploy")
    with Journal(folder) as journal:
        known, more = len(journal.records), reading_on(folder)
        assert more(known) == ()
        coming = journal.append(Noted(by="ana", words="and on"), journal.records[-1].at + 1.0)
        assert more(known) == (coming,)
    assert more(known) == (coming,)
    assert more(known + 1) is None


# -- judged once more ----------------------------------------------------------------------------------------------


def test_the_written_triggers_alone_beside_what_was_said(command: Command) -> None:
    runs.ended(ONE, ERRORS, script=Script(decide="keep"))
    body = command.object("replay", "--judge", "written")
    assert (body["run"], body["judge"], body["policy"]) == (ONE, "written", None)
    assert body["was"]["verdicts"][-1]["rule"] == "early: error rate"
    assert body["would"]["decision"] == "rollback"
    assert body["would"]["verdicts"][-1]["rule"] == "error rate"
    assert body["was"]["verdicts"][-1]["at_s"] < body["would"]["at_s"] <= body["observed_for_s"]
    said = command("replay", "--judge", "written")
    assert said.code == 0
    assert "the written triggers alone" in said.out
    assert "not replayed: holds for a foreign change or a machine that slept" in said.out
    assert sum("ROLLBACK early: error rate" in line for line in said.out.splitlines()) == 1
    assert sum("ROLLBACK error rate" in line for line in said.out.splitlines()) == 1


def test_another_policy_beside_what_was_decided(command: Command, tmp_path: Path) -> None:
    runs.ended(ONE, ERRORS)
    file = policy(tmp_path, "error_rate = 0.5\npoll_logs_s = 5")
    body = command.object("replay", "--policy", file)
    assert body["changed"] == {"error_rate": {"was": 0.05, "now": 0.5}}
    assert body["not_replayed"][0] == "poll_logs_s"
    assert (body["was"]["decision"], body["would"]["decision"], body["switched_back"]) == ("rollback", None, True)
    said = command("replay", "--policy", file)
    assert "error_rate 0.05 -> 0.5" in said.out
    assert "not replayed: poll_logs_s" in said.out
    assert "was decided:      ROLLBACK" in said.out
    assert "would have been:  undecided" in said.out
    assert "nobody knows" in said.out


def test_a_policy_that_the_journal_cannot_answer_is_refused(command: Command, tmp_path: Path) -> None:
    runs.ended(ONE)
    said = command("replay", "--policy", policy(tmp_path, 'bin_s = "30s"'))
    assert said.code == 3
    assert "bin_s" in said.err
    assert "Nothing was changed" in said.err
    assert said.out == ""


def test_a_policy_that_is_none_is_wrong_use(command: Command, tmp_path: Path) -> None:
    runs.ended(ONE)
    said = command("replay", "--policy", policy(tmp_path, "error_rat = 0.5"))
    assert said.code == 2
    assert "other.toml, line 2" in said.err
    assert "error_rate" in said.err
    assert command("replay", "--policy", tmp_path / "missing.toml").code == 2


def test_variables_of_the_environment_are_no_part_of_the_other_policy(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.ended(ONE)
    monkeypatch.setenv("COCKPIT_POLICY__ERROR_RATE", "0.4")
    assert command.object("replay", "--policy", policy(tmp_path, "letter_ms = 60"))["changed"].keys() == {"letter_ms"}


def in_the_window(*events: Observed | VerdictGiven) -> tuple[Path, float, int]:
    """A run that died in its window, and what was recorded then; its folder, T0, and the number of the first of it."""
    folder = runs.died(ONE, "outcome keep-warm")
    with Journal(folder) as journal:
        last = journal.records[-1].at
        added = [journal.append(event, last + 0.1 * (place + 1)) for place, event in enumerate(events)]
    t0 = fold(read(folder)).t0
    assert t0 is not None
    return folder, t0, added[0].seq


def test_what_cannot_be_read_is_named_and_the_rest_is_judged(command: Command) -> None:
    block = {"start": 0.0, "length": 1.0, "version": "v1.3.0", "requests": 1, "failures": 0, "operations": ["GET"]}
    _, _, number = in_the_window(Observed(source="logs", body={"source": "logs", "at": 1.0, "blocks": [block]}))
    said = command("replay", "--judge", "whole")
    assert said.code == 0
    why = "block: operations is a table, found ['GET']"
    assert f"left out: event {number} (observation) cannot be read by this program: {why}" in said.out
    assert "WAIT" in said.out.partition("  why\n")[2]
    body = command.object("replay", "--judge", "whole")
    assert body["unread"] == [{"seq": number, "type": "observation", "why": why}]
    assert command("replay", "--plain").code == 0


def test_a_hold_that_no_figure_gave_is_told_with_where_it_came_from(command: Command) -> None:
    held = VerdictGiven(kind="HOLD", cause="suspicious", rule=None, sentence="step 'Keep warm' did not succeed")
    folder, t0, _ = in_the_window(held)
    since = read(folder)[-1].at - t0
    said = command("replay", "--judge", "whole")
    assert f"not replayed: HOLD suspicious {since:.1f} s after T0: it came from the session itself" in said.out
    (row,) = [line for line in said.out.splitlines() if "did not succeed" in line]
    assert row.endswith(f"{'HOLD suspicious':<24}  {'not replayed':<24}  {held.sentence}")
    body = command.object("replay", "--judge", "whole")
    assert [one["origin"] for one in body["was"]["verdicts"]][-1] == "the session itself"
    assert f"HOLD suspicious {since:.1f} s after T0: it came from the session itself" in body["not_replayed"]


def test_what_was_said_before_t0_and_after_go_is_told_as_not_replayed() -> None:
    result = judge_again(records_of())
    early = Said(result.t0 - 2.0, "WAIT", None, None, "one request in ten goes to v1.3.0")
    was = replace(result.was, said=(early, *result.was.said))
    result = replace(result, was=was, watched_from=result.t0 + 20.0, returned_at=result.t0 + 7200.0)
    text = list(lines("a run", result, {"judge": None, "policy": None}))
    assert "not replayed: verdicts before T0: the window had not begun" in text
    after = "the watch after GO, 20.0 s after T0 and later: it judges the newest stretch alone"
    assert f"not replayed: {after}; it ended in ROLLBACK 7200.0 s after T0" in text
    assert rows(result)[0] == (-2.0, "WAIT", "not replayed", early.sentence)


# -- refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("--json",),
        ("--plain", "--json"),
        ("--judge", "written", "--plain"),
        ("--judge", "written", "--speed", "10"),
        ("--judge", "written", "--from", "T0"),
        ("--judge", "mine"),
        ("--speed", "0"),
        ("--from", "lunch"),
    ],
)
def test_wrong_use(command: Command, words: tuple[str, ...]) -> None:
    runs.ended(ONE)
    said = command("replay", *words)
    assert said.code == 2
    assert said.err
    assert said.out == ""


@pytest.mark.parametrize("words", [("--judge", "written"), ("--plain", "--from", "T0")])
def test_without_t0_there_is_nothing_to_judge_or_to_count_from(command: Command, words: tuple[str, ...]) -> None:
    runs.died(ONE, "intent swap")
    said = command("replay", ONE, *words)
    assert said.code == 3
    assert "no T0" in said.err
    assert command("replay", ONE, "--plain").code == 0


@pytest.mark.parametrize("words", [("--plain",), ("--judge", "written")])
def test_a_damaged_journal_is_replayed_up_to_the_bad_event(command: Command, words: tuple[str, ...]) -> None:
    folder = runs.ended(ONE)
    number = next(one.seq for one in read(folder) if one.event.type == "decision")
    damage(folder, number)
    status, said = command("status", ONE), command("replay", ONE, *words)
    assert said.code == status.code == 50
    assert said.err == status.err
    assert f"event {number} is the first bad one" in said.err
    assert "production serves v1.3.0" in said.out or "not decided yet" in said.out
    assert "DECISION" not in said.out
    assert "run ended" not in said.out


def test_a_journal_that_is_damaged_from_the_first_event_says_so_alone(command: Command) -> None:
    damage(runs.ended(ONE), 1)
    said = command("replay", "--plain")
    assert said.code == 50
    assert said.out == ""
    assert "0 events before it hold" in said.err


def test_no_run_no_journal_no_terminal(command: Command) -> None:
    assert command("replay").code == 1
    (runs_home() / ONE).mkdir(parents=True)
    said = command("replay", "--plain")
    assert said.code == 1
    assert "never began" in said.err
    (runs_home() / ONE).rmdir()
    folder = runs.ended(ONE)
    before = (folder / FILE).read_bytes()
    said = command("replay")
    assert said.code == 1
    assert "--plain" in said.err
    assert (folder / FILE).read_bytes() == before


# -- its values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("T0", 0.0), ("t0+90s", 90.0), ("T0-2m", -120.0), ("-30", -30.0), ("45", 45.0), ("+1.5", 1.5), ("2m", 120.0)],
)
def test_moments(text: str, value: float) -> None:
    assert moment(text) == value


@pytest.mark.parametrize("text", ["", "T1", "T0+", "noon", "T0+1d", "T0T0"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        moment(text)


@pytest.mark.parametrize(("text", "value"), [("10", 10.0), ("x2", 2.0), ("max", math.inf), ("0.5", 0.5)])
def test_speeds(text: str, value: float) -> None:
    assert speed(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "fast", "inf", "nan", "1e9"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        speed(text)
