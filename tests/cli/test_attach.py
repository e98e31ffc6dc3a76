"""``attach`` where no session lives, and what is said after a face whose session died."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cpr_cockpit.cli.attach import shown
from cpr_cockpit.cli.known import never_began
from cpr_cockpit.cli.person import acting
from cpr_cockpit.core.view import View
from cpr_cockpit.documents.card import CARD
from cpr_cockpit.engine.face import FaceSource
from cpr_cockpit.engine.greeting import SessionGone
from cpr_cockpit.engine.places import runs_home
from cpr_cockpit.lab_client import READY_FILE
from cpr_cockpit.wiring.run_config import CONFIG
from tests.cli import runs
from tests.cli.commands import Command
from tests.engine.children import child
from tests.tui import views

ONE = "20260101-000000-goal-aaaa"


class _Dying:
    """A session that shows itself once and dies."""

    run = ONE

    async def views(self) -> AsyncIterator[View]:
        yield views.window_breach()
        raise SessionGone("The session went away.")

    async def command(self, name: str, **arguments: str) -> None:
        raise SessionGone("The session went away.")

    async def close(self) -> None:
        return None


async def _source() -> FaceSource:
    return _Dying()


@pytest.fixture
def nobody_types(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard input as a pipeline has it."""
    with Path("/dev/null").open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


def _leave(folder: Path) -> int:
    return shown(folder, _source, "ana", plain=True, read_only=False)


@pytest.mark.usefixtures("nobody_types")
@pytest.mark.parametrize(("what", "code"), [("gate.judged", 1), ("intent swap", 40)])
def test_a_session_that_died_is_not_said_to_go_on(
    command: Command, capsys: pytest.CaptureFixture[str], what: str, code: int
) -> None:
    folder = runs.died(ONE, what)
    assert _leave(folder) == code
    said = capsys.readouterr()
    assert "goes on" not in said.out
    assert f"cpr-cockpit rollback {ONE}" in said.err
    assert f"cpr-cockpit resume {ONE}" in said.err


@pytest.mark.usefixtures("nobody_types")
def test_a_face_of_a_run_that_ended_ends_with_its_outcome(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert _leave(runs.ended(ONE)) == 0
    assert "KEPT: " in capsys.readouterr().out


class _Leaving(_Dying):
    """A session that shows itself once, and goes on when the face is closed."""

    async def views(self) -> AsyncIterator[View]:
        yield views.window_breach()


async def _left() -> FaceSource:
    return _Leaving()


@pytest.mark.usefixtures("nobody_types")
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("gate.judged", "START was not pressed: production is as it was. The session and its lab go on until it is "),
        ("intent swap", "The session and its lab go on without this face. Come back with: cpr-cockpit attach"),
    ],
)
def test_whoever_leaves_is_told_what_goes_on_and_how_it_ends(
    command: Command, capsys: pytest.CaptureFixture[str], what: str, words: str
) -> None:
    folder = runs.died(ONE, what)
    (folder / READY_FILE).touch()
    with child("tests.engine.hosting_child", str(folder)) as session:
        assert session.line() == "ready"
        assert shown(folder, _left, "ana", plain=True, read_only=False) == 0
    said = capsys.readouterr().out
    assert words in said
    assert (f"cpr-cockpit stop {ONE}" in said) is (what == "gate.judged")


NEVER_BEGAN = ("attach", "resume", "rollback", "stop", "status", "report")


@pytest.mark.parametrize("name", NEVER_BEGAN)
def test_a_run_that_never_began_sends_to_a_new_one_and_names_no_file(command: Command, name: str) -> None:
    folder = runs_home() / ONE
    folder.mkdir(parents=True)
    said = command(name)
    assert (said.code, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert "never began: nothing was started and nothing was changed. Begin a new run: cpr-cockpit rehearse" in line
    assert str(folder) not in line
    assert not any(f"cpr-cockpit {other}" in line for other in NEVER_BEGAN)
    (folder / "lab.log").write_text("no port is free\n", "utf-8")
    assert command(name).err.rstrip().endswith(f"See {folder / 'lab.log'}.")


def test_a_run_that_has_its_settings_or_its_card_is_not_said_never_to_have_begun(command: Command) -> None:
    folder = runs_home() / ONE
    folder.mkdir(parents=True)
    assert never_began(folder)
    for name in (CONFIG, CARD):
        (folder / name).touch()
        assert not never_began(folder)
        (folder / name).unlink()


def test_whoever_was_named_acts_and_else_the_user_or_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert acting("ana") == "ana"
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert acting("").strip()
    monkeypatch.setenv("LOGNAME", "ben")
    assert acting("") == "ben"
