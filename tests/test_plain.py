"""The face of lines: what it says, what it sends, and what it never sends."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.view import View
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.plain import PlainFace, run_plain
from tests.tui import views


class Source:
    """A session at the port: it keeps what was sent, and refuses if told to."""

    run = "0001-a1b2"

    def __init__(self, refusal: str = "") -> None:
        self.sent: list[tuple[str, dict[str, str]]] = []
        self._refusal = refusal

    async def views(self) -> AsyncIterator[View]:
        yield views.window_calm()

    async def command(self, name: str, **arguments: str) -> None:
        if self._refusal:
            raise SessionRefused(self._refusal)
        self.sent.append((name, arguments))

    async def close(self) -> None:
        return None


def _face(view: View, *, refusal: str = "", read_only: bool = False) -> tuple[PlainFace, Source, list[str]]:
    said: list[str] = []
    source = Source(refusal)
    face = PlainFace(source, "ana", read_only=read_only, say=said.append)
    face.show(view)
    return face, source, said


async def test_rollback_takes_two_different_words() -> None:
    face, source, said = _face(views.window_breach())
    await face.typed("rollback")
    assert source.sent == []
    assert any("to confirm" in line for line in said)
    await face.typed("yes")
    assert source.sent == [("rollback", {"by": "ana"})]


@pytest.mark.parametrize("second", ["rollback", "", "y", "go", "YES"])
async def test_any_other_second_word_sends_nothing(second: str) -> None:
    face, source, said = _face(views.window_breach())
    await face.typed("rollback")
    await face.typed(second)
    assert source.sent == []
    assert said[-1] == "nothing was sent"


async def test_go_against_the_data_is_confirmed_by_version_and_reason() -> None:
    view = views.overdue()
    assert view.panel.go is not None
    face, source, _ = _face(view)
    await face.typed("go")
    await face.typed(f"{view.panel.go.type_this} the alert is known")
    assert source.sent == [("keep", {"by": "ana", "reason": "the alert is known"})]


async def test_the_strategy_is_told_with_its_times_and_what_else_there_is_and_why_not() -> None:
    face, source, said = _face(views.ready())
    await face.typed("strategy")
    text = "\n".join(said)
    assert "forth: slot ~14s, then proof not measured yet, then baseline up to 20s, then swap ~41s, then proof" in text
    assert "blue-green   blue-green: everybody at once, by a swap; chosen" in text
    assert "not now: users who are routed to it would meet other settings" in text
    await face.typed("strategy preview=on")
    assert source.sent == [("choose", {"by": "ana", "choice": "preview=on"})]


async def test_after_start_the_strategy_is_told_to_be_fixed_and_before_a_plan_that_there_is_none() -> None:
    face, _, said = _face(views.deploying())
    await face.typed("strategy")
    assert said[-1] == "nothing else can be chosen any more: START was pressed by ana"
    face, _, said = _face(views.preparing())
    await face.typed("strategy")
    assert said[-1] == "the plan is being made"


async def test_start_names_the_plan_that_was_seen() -> None:
    face, source, _ = _face(views.ready())
    await face.typed("start")
    face.show(replace(views.ready(), plan=replace(views.ready().plan, number=2)))
    await face.typed("yes")
    assert source.sent == [("start", {"by": "ana", "plan": "1"})]


async def test_a_control_that_is_not_possible_says_why_and_sends_nothing() -> None:
    view = views.window_calm()
    assert view.panel.go is not None
    face, source, said = _face(view)
    await face.typed("go")
    await face.typed("go")
    assert source.sent == []
    assert view.panel.go.reason in said[-1]


async def test_a_refusal_is_told() -> None:
    face, source, said = _face(views.window_breach(), refusal="The run has ended. Nothing was changed.")
    await face.typed("rollback")
    await face.typed("yes")
    assert source.sent == []
    assert said[-1] == "refused: The run has ended. Nothing was changed."


async def test_read_only_sends_nothing() -> None:
    face, source, _ = _face(views.window_breach(), read_only=True)
    for line in ("rollback", "yes", "sign x.y", "note hello"):
        await face.typed(line)
    assert source.sent == []


async def test_what_others_did_is_looked_at_with_a_word_and_a_lease_taken_over_when_confirmed() -> None:
    face, source, _ = _face(views.window_breach())
    await face.typed("looked-at it was me")
    await face.typed("take-over ben is asleep")
    assert source.sent == [("acknowledge", {"by": "ana", "words": "it was me"})]
    await face.typed("yes")
    assert source.sent[-1] == ("take_over", {"by": "ana", "words": "ben is asleep"})


async def test_sign_fail_defer_waive_and_list() -> None:
    face, source, _ = _face(views.lists_half_done())
    for line in (
        "sign a.b seen",
        "fail a.b broken",
        "defer a.b later",
        "waive a.b no database",
        "sign-list prerequisites",
    ):
        await face.typed(line)
    assert [arguments.get("mark") for _, arguments in source.sent] == ["signed", "failed", "deferred", "waived", None]
    assert source.sent[-1] == ("sign_list", {"by": "ana", "list": "prerequisites"})


async def test_quit_leaves() -> None:
    face, source, _ = _face(views.window_calm())
    assert not await face.typed("quit")
    assert source.sent == []


def test_happenings_are_said_once_and_the_word_when_it_changes() -> None:
    face, _, said = _face(views.window_calm())
    before = len(said)
    face.show(views.window_calm())
    assert len(said) == before
    face.show(replace(views.window_breach(), happenings=views.window_calm().happenings))
    assert len(said) == before + 1
    assert "ROLL BACK NOW" in said[-1]


def test_text_from_outside_cannot_move_the_cursor() -> None:
    _, _, said = _face(views.hostile())
    assert said
    assert all(line.isprintable() for line in said)


async def test_status_says_every_signal_with_its_age() -> None:
    view = views.window_calm()
    face, _, said = _face(view)
    await face.typed("status")
    for signal in view.signals:
        assert any(line.startswith(f"{signal.name}: {signal.now}") for line in said)


@given(st.lists(st.sampled_from(["rollback", "go", "start", "status", "lists", "quit", ""]), max_size=8))
@settings(max_examples=60, deadline=None)
async def test_no_sequence_without_a_confirming_word_sends_anything(lines: list[str]) -> None:
    face, source, _ = _face(views.window_breach())
    for line in lines:
        await face.typed(line)
    assert source.sent == []


class Ending(Source):
    """A session whose run ends, or that goes away, when told so."""

    def __init__(self, gone: str = "") -> None:
        super().__init__()
        self.shown = asyncio.Event()
        self.ends = asyncio.Event()
        self._gone = gone

    async def views(self) -> AsyncIterator[View]:
        yield views.window_breach()
        self.shown.set()
        await self.ends.wait()
        if self._gone:
            raise SessionGone(self._gone)


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of standard input."""
    ours, typed = os.pipe()
    with os.fdopen(ours) as theirs:
        monkeypatch.setattr(sys, "stdin", theirs)
        yield typed
    os.close(typed)


async def test_the_face_ends_with_the_run_though_nobody_types(keyboard: int) -> None:
    source = Ending()
    source.ends.set()
    async with asyncio.timeout(30.0):
        await run_plain(source, "ana", read_only=False)
    assert source.sent == []


async def test_a_session_that_goes_away_is_said_at_once(keyboard: int) -> None:
    source = Ending("The session went away.")
    source.ends.set()
    async with asyncio.timeout(30.0):
        with pytest.raises(SessionGone, match="went away"):
            await run_plain(source, "ana", read_only=False)


async def test_what_is_typed_is_carried_out_and_a_huge_paste_triggers_nothing(keyboard: int) -> None:
    source = Ending()
    running = asyncio.create_task(run_plain(source, "ana", read_only=False))
    paste = b"yes rollback " * 20_000 + b"\n"
    await asyncio.to_thread(os.write, keyboard, b"sign a.b seen\n")
    await asyncio.to_thread(_write_all, keyboard, paste + b"rollback\nyes\nquit\n")
    async with asyncio.timeout(30.0):
        await running
    assert source.sent == [
        ("sign", {"by": "ana", "item": "a.b", "mark": "signed", "note": "seen"}),
        ("rollback", {"by": "ana"}),
    ]


async def test_standard_input_stays_one_that_blocks(keyboard: int) -> None:
    source = Ending()
    running = asyncio.create_task(run_plain(source, "ana", read_only=False))
    await asyncio.to_thread(os.write, keyboard, b"status\nquit\n")
    async with asyncio.timeout(30.0):
        await running
    assert os.get_blocking(sys.stdin.fileno())


async def test_where_nothing_can_be_typed_the_face_shows_to_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "typed").write_text("status", "utf-8")
    source = Ending()
    with (tmp_path / "typed").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        running = asyncio.create_task(run_plain(source, "ana", read_only=False))
        async with asyncio.timeout(30.0):
            await source.shown.wait()
        assert not running.done()
        source.ends.set()
        async with asyncio.timeout(30.0):
            await running
    assert "target" in capsys.readouterr().out


def _write_all(number: int, data: bytes) -> None:
    with os.fdopen(os.dup(number), "wb") as file:
        file.write(data)
