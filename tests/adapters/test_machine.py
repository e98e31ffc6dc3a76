"""This machine as a deployment at night needs it: each line says what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.adapters import machine
from cpr_cockpit.adapters.machine import Terminal
from cpr_cockpit.core.sensing import State

WHOLE = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("environ", "seen", "state", "words"),
    [
        (WHOLE, Terminal((120, 40), True, "utf-8"), State.OK, "120 x 40"),
        (WHOLE, Terminal((120, 40), False, "utf-8"), State.NOTE, "no terminal"),
        (WHOLE, Terminal((70, 20), True, "UTF-8"), State.NOTE, "smaller than 80 x 24"),
        (WHOLE, Terminal((50, 40), True, "utf-8"), State.FAILED, "--plain"),
        (WHOLE, Terminal((120, 10), True, "utf-8"), State.FAILED, "--plain"),
        (WHOLE, Terminal((120, 40), True, "ascii"), State.NOTE, "no UTF-8"),
        ({"TERM": "xterm"}, Terminal((120, 40), True, "utf-8"), State.NOTE, "fewer than 256 colours"),
        ({"TERM": "dumb"}, Terminal((120, 40), True, "utf-8"), State.FAILED, "--plain"),
        ({}, Terminal((120, 40), True, "utf-8"), State.FAILED, "TERM not set"),
    ],
)
def test_the_terminal(environ: dict[str, str], seen: Terminal, state: State, words: str) -> None:
    told = machine.terminal(environ, seen)
    assert told.state is state
    assert words in told.words


def supply(root: Path, name: str, **values: str) -> None:
    folder = root / name
    folder.mkdir()
    for key, value in values.items():
        (folder / key).write_text(f"{value}\n", "utf-8")


def test_power(tmp_path: Path) -> None:
    assert machine.power(tmp_path / "none").state is State.NOTE
    assert machine.power(tmp_path).state is State.OK
    supply(tmp_path, "AC", type="Mains", online="1")
    supply(tmp_path, "mouse", type="Battery", status="Discharging", scope="Device")
    assert machine.power(tmp_path).state is State.OK
    supply(tmp_path, "BAT0", type="Battery", status="Charging", capacity="80")
    assert machine.power(tmp_path).state is State.NOTE
    supply(tmp_path, "BAT1", type="Battery", status="Discharging", capacity="42")
    told = machine.power(tmp_path)
    assert told.state is State.FAILED
    assert "connect it to mains" in told.words


def _program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("kills", "linger", "state", "words"),
    [
        ("b true", "no", State.FAILED, "loginctl enable-linger"),
        ("b true", "yes", State.OK, "(linger)"),
        ("b false", "no", State.OK, "inside tmux; a session outlives its login"),
        ("", "", State.UNKNOWN, "did not tell"),
    ],
)
async def test_what_was_begun_outlives_its_login_or_not(
    kills: str, linger: str, state: State, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, "busctl", f"echo {kills}" if kills else "exit 1")
    _program(tmp_path, "loginctl", f"echo {linger}" if linger else "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    told = await machine.login({"TMUX": "/tmp/tmux"}, systemd=tmp_path)
    assert told.state is state
    assert words in told.words


async def test_without_systemd_nothing_ends_with_the_login(tmp_path: Path) -> None:
    told = await machine.login({"SSH_CONNECTION": "1"}, systemd=tmp_path / "none")
    assert (told.state, "over SSH" in told.words) == (State.OK, True)


def test_the_journals_have_room_and_are_ours(tmp_path: Path) -> None:
    assert machine.journals(tmp_path / "runs" / "deep").state is State.OK
    (tmp_path / "file").write_text("", "utf-8")
    told = machine.journals(tmp_path / "file" / "runs")
    assert told.state is State.FAILED
    assert "XDG_STATE_HOME" in told.words
