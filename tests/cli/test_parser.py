"""The words of the command line: what is taken, what is refused with 2, what the help tells."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

import pytest

from cpr_cockpit import __version__
from cpr_cockpit.cli.fault_options import FAULTS
from cpr_cockpit.cli.lab_run import fault_of
from cpr_cockpit.cli.parser import SCENARIOS, parse
from cpr_cockpit.cli.values import factor, seconds, share, window
from cpr_cockpit.core.run import EXIT_BLOCKED, EXIT_CODES
from cpr_cockpit.lab_client import TELEMETRY_FAULTS, LabOptions
from tests.cli.commands import Command


@pytest.mark.parametrize(
    ("text", "value"),
    [("30", 30.0), ("30s", 30.0), ("15m", 900.0), ("1h", 3600.0), ("250ms", 0.25), (" 1.5m ", 90.0), ("0s", 0.0)],
)
def test_durations(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 m", "1d", "1m30s", "soon", "1e3", "nan", "inf"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write 30s"):
        seconds(text)


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (window, ("10s", "24h"), ("9s", "25h", "0")),
        (share, ("0.2", "1"), ("0", "1.01", "-0.1", "nan", "a lot")),
        (factor, ("1.1", "100"), ("1", "0", "101", "nan", "inf", "x")),
    ],
)
def test_bounds(read: Callable[[str], float], good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    for text in good:
        assert read(text) > 0
    for text in bad:
        with pytest.raises(argparse.ArgumentTypeError):
            read(text)


def test_a_drill_without_words_is_the_healthy_one_of_30_seconds() -> None:
    options = parse(["drill"])
    assert (options.scenario, options.strategy, options.decide) == ("healthy", "blue-green", "auto")
    assert (options.window, options.telemetry_delay, options.fast) == (30.0, 2.0, True)
    assert [options.extended, options.plan, options.json] == [False, False, False]
    assert not parse(["drill", "--no-fast"]).fast


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_is_taken(scenario: str) -> None:
    assert parse(["drill", "--scenario", scenario]).scenario == scenario


@pytest.mark.parametrize("command_words", [["drill"], ["rehearse"], ["lab", "--ready-file", "lab.json"]], ids=" ".join)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_telemetry_is_taken(command_words: list[str], fault: str) -> None:
    assert parse(command_words).telemetry_fault is None
    assert parse([*command_words, "--telemetry-fault", fault]).telemetry_fault == fault


def test_a_lab_has_one_app_unless_several_are_asked_for() -> None:
    assert parse(["lab", "--ready-file", "lab.json"]).apps == 1
    assert parse(["lab", "--ready-file", "lab.json", "--apps", "3"]).apps == 3
    usual = LabOptions(fast=True, telemetry_delay_s=2.0, window_s=900.0)
    assert "--apps" not in usual.arguments()
    assert replace(usual, apps=3).arguments()[-2:] == ["--apps", "3"]


def test_the_faults_are_those_of_the_lab() -> None:
    assert {"none", *FAULTS} == set(TELEMETRY_FAULTS)


@pytest.mark.parametrize("name", ["drill", "rehearse"])
def test_a_fault_reaches_the_lab_with_its_source_and_its_length(name: str) -> None:
    assert fault_of(parse([name])) is None
    assert fault_of(parse([name, "--telemetry-fault", "lossy"])) == {"fault": "lossy", "source": "all"}
    cut = parse([name, "--telemetry-fault", "cut", "--fault-source", "logs", "--fault-seconds", "60s"])
    assert fault_of(cut) == {"fault": "cut", "source": "logs", "seconds": 60.0}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["drill", "--telemetry-fault", "slow"],
        ["drill", "--telemetry-fault", "cut", "--fault-source", "browser"],
        ["drill", "--telemetry-fault", "cut", "--fault-seconds", "soon"],
        ["drill", "--telemetry-fault", "cut", "--fault-seconds", "0s"],
        ["drill", "--fault-source", "logs"],
        ["rehearse", "--fault-seconds", "60s"],
        ["dril"],
        ["drill", "--scen", "errors"],
        ["drill", "--scenario", "bad"],
        ["drill", "--strategy", "all-at-once"],
        ["drill", "--strategy", "rolling", "--control", "5"],
        ["drill", "--control", "51"],
        ["drill", "--strategy", "canary", "--preview"],
        ["drill", "--strategy", "feature-flag", "--control", "5"],
        ["drill", "--control", "some"],
        ["drill", "--window", "1s"],
        ["drill", "--share", "2"],
        ["drill", "extra"],
        ["lab"],
        ["lab", "--ready-file", "lab.json", "--apps", "5"],
        ["status", "one", "two"],
        ["rollback", "--as"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_2_and_says_what(command: Command, words: list[str]) -> None:
    said = command(*words)
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith("cpr-cockpit")
    assert "Nothing was changed. See: cpr-cockpit" in line
    assert line.endswith(" --help")
    assert said.out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("drill", "--window", "-5s"), "argument --window: '-5s' is no duration: write 30s, 15m or 1h"),
        (("drill", "--share", "-0.5"), "argument --share: a share is above 0"),
        (("replay", "--policy", "/none/such.toml"), "argument --policy: /none/such.toml is not there"),
        (("replay", "--policy", "/dev"), "argument --policy: /dev is a folder, not a file"),
        (("check", "/none/such"), "argument FEATURE_DIR: /none/such is not there"),
        (("open", "/etc/hostname"), "argument FEATURE_DIR: /etc/hostname is a file, not a folder"),
        (("plan", "/none/such", "--lab", "/none/lab.json"), "argument FEATURE_DIR: /none/such is not there"),
        (("open", "/etc", "--lab", "/none/lab.json"), "argument --lab: /none/lab.json is not there"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_value_that_cannot_be_is_told_as_it_was_given(command: Command, words: tuple[str, ...], told: str) -> None:
    said = command(*words)
    assert said.code == 2
    assert told in said.err
    assert len(said.err.splitlines()) == 1


def test_a_moment_before_t0_is_taken() -> None:
    assert parse(["replay", "--from", "-30s"]).start == -30.0
    assert parse(["replay", "--plain", "a-run", "--from=-2m"]).start == -120.0


@pytest.mark.parametrize("name", ["status", "report", "resume", "rollback", "stop", "attach"])
def test_a_run_that_is_not_there_is_wrong_use(command: Command, name: str) -> None:
    said = command(name, "none-such")
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert "There is no run" in said.err


def test_the_help_names_every_exit_code(command: Command) -> None:
    said = command("--help")
    assert said.code == 0
    for code in {0, EXIT_BLOCKED, 2, 3, 50, *EXIT_CODES.values()}:
        assert f"{code} " in said.out


@pytest.mark.parametrize("name", ["drill", "lab", "runs", "status", "resume", "rollback", "stop", "report", "attach"])
def test_every_command_helps(command: Command, name: str) -> None:
    said = command(name, "--help")
    assert said.code == 0
    assert f"usage: cpr-cockpit {name}" in said.out


def test_the_version(command: Command) -> None:
    assert command("--version").out.strip() == f"cpr-cockpit {__version__}"
