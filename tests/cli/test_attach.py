"""``attach`` where no session lives, and what is said after a face whose session died."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cpr_cockpit.cli.attach import shown
from cpr_cockpit.cli.person import acting
from cpr_cockpit.core.view import View
from cpr_cockpit.engine.face import FaceSource
from cpr_cockpit.engine.greeting import SessionGone
from cpr_cockpit.engine.places import runs_home
from tests.cli import runs
from tests.cli.commands import Command
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


def test_a_run_that_never_began_is_no_failure_after_start(command: Command) -> None:
    (runs_home() / ONE).mkdir(parents=True)
    said = command("attach")
    assert said.code == 1
    assert f"cpr-cockpit resume {ONE}" in said.err


def test_whoever_was_named_acts_and_else_the_user_or_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert acting("ana") == "ana"
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert acting("").strip()
    monkeypatch.setenv("LOGNAME", "ben")
    assert acting("") == "ben"
