"""A key that is pressed before a command has drawn anything: it is taken, and what was begun goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import runs
from tests.cli.commands import Command
from tests.tui.terminal import Terminal


@pytest.fixture
def replay(command: Command, tmp_path: Path) -> Iterator[Terminal]:
    """A replay of a whole run in a real terminal."""
    runs.ended("20260101-000000-goal-aaaa")
    made = Terminal(tmp_path / "state", "replay", "--from", "T0", module="cpr_cockpit")
    yield made
    made.close()


@pytest.mark.parametrize(("key", "title"), [(b"2", b"CHECKLISTS"), (b"l", b"LOG")])
def test_a_replay_begins_on_the_screen_that_was_asked_for_early(replay: Terminal, key: bytes, title: bytes) -> None:
    os.write(replay.master, key)
    replay.read_until(title)
    replay.read_until(b"replay x")
    replay.read_until(b"KEEP WATCHING")
    os.write(replay.master, b"q")
    assert replay.ended() == 0
    assert b"The replay of 20260101-000000-goal-aaaa was closed. Nothing was changed." in replay.output
