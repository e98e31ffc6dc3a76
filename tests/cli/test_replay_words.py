"""What ``replay`` says of another policy: at the run's own window, what it ignores, no line wider than a screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cpr_cockpit.cli.rejudged import WIDTH, lines
from cpr_cockpit.core.events import Script
from cpr_cockpit.engine.rejudging import Said, judge_again
from tests.cli import runs
from tests.cli.commands import Command
from tests.cli.test_replay import ONE, policy
from tests.engine.journals import records_of
from tests.engine.users import ERRORS

# The runs of these tests have a window of 10 s: durations are 10/900 of the procedure's.
F = 10.0 / 900.0


def test_what_differs_is_shown_as_it_held_in_the_run(command: Command, tmp_path: Path) -> None:
    runs.ended(ONE, ERRORS)
    file = policy(tmp_path, "error_for_s = 30")
    said = command("replay", "--policy", file).out
    flat = " ".join(said.split())
    assert f"(at this run's window: error_for_s {300.0 * F:g} s -> {30.0 * F:g} s)" in flat
    assert "300" not in flat.partition("was decided")[0].partition("judged once more")[2].replace(str(file), "")
    body = command.object("replay", "--policy", file)
    assert body["changed"] == {"error_for_s": {"was": pytest.approx(300.0 * F), "now": pytest.approx(30.0 * F)}}
    assert body["ignored"] is None


def test_what_is_the_same_at_the_run_s_window_is_no_difference(command: Command, tmp_path: Path) -> None:
    runs.ended(ONE)
    body = command.object("replay", "--policy", policy(tmp_path, "unavailable_for_s = 25"))
    assert body["changed"] == {}


@pytest.mark.parametrize(("text", "length"), [('window_s = "3m"', "180"), ('window_s = "15m"', "900")])
def test_a_window_of_another_length_is_said_to_be_ignored(
    command: Command, tmp_path: Path, text: str, length: str
) -> None:
    runs.ended(ONE)
    file = policy(tmp_path, text)
    words = f"window_s ({length} s): the run is judged in its own window of 10 s, durations scaled to it"
    said = command("replay", "--policy", file)
    assert f"ignored: {words}" in " ".join(said.out.split())
    assert "nothing differs" in " ".join(said.out.split())
    assert command.object("replay", "--policy", file)["ignored"] == words


@pytest.mark.parametrize("text", ['window_s = "10s"\nbin_s = "10s"', "letter_ms = 60"])
def test_where_the_file_says_nothing_else_of_the_window_nothing_is_ignored(
    command: Command, tmp_path: Path, text: str
) -> None:
    runs.ended(ONE)
    assert "ignored" not in command("replay", "--policy", policy(tmp_path, text)).out


def test_no_line_is_wider_than_a_screen_and_a_sentence_stays_in_its_column(command: Command) -> None:
    runs.ended(ONE, ERRORS, script=Script(decide="keep"))
    said = command("replay", "--judge", "written").out
    assert max(len(line) for line in said.splitlines()) <= WIDTH
    assert "no figure gave them" not in said
    result = judge_again(records_of())
    long = Said(result.t0 + 1.0, "HOLD", "stale", None, "word " * 60)
    told = list(lines("a run", replace(result, was=replace(result.was, said=(long,))), {"judge": None, "policy": None}))
    column = next(line for line in told if "since T0" in line and "why" in line).index("why")
    first = next(number for number, line in enumerate(told) if "HOLD stale" in line)
    assert told[first][column:].startswith("word word")
    assert told[first + 1][:column].strip() == ""
    assert told[first + 1][column:].startswith("word word")


def test_a_decision_has_the_words_of_the_screen(command: Command) -> None:
    runs.ended(ONE)
    said = command("replay", "--judge", "whole").out
    assert "was decided:      GO " in said
    assert "KEEP" not in said
