"""A run that was, on the screen: its keys, its marks, and that nothing of it can be sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cpr_cockpit.core.events import Record
from cpr_cockpit.core.verdict import clock_time
from cpr_cockpit.engine.replaying import Player, ReplayFace
from cpr_cockpit.engine.tape import ReplaySettings, Tape
from cpr_cockpit.tui.replay_app import ReplayApp
from tests.engine.journals import records_of
from tests.engine.test_tape import spoiled
from tests.engine.users import ERRORS
from tests.tui.faces import Hand, at, foot, screen_text, settled, until

RUN = "20260101-000000-goal-aaaa"


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return records_of(ERRORS, window_s=300.0)


@pytest.fixture(autouse=True)
def private_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


class Played:
    """A replay on a clock that is moved by hand, twenty seconds after T0."""

    def __init__(self, records: list[Record]) -> None:
        self.hand = Hand()
        tape = Tape(ReplaySettings(RUN, Path("nowhere")), records)
        assert tape.t0 is not None
        self.t0 = tape.t0
        tape.wind(self.t0 + 20.0)
        self.player = Player(tape, 10.0, self.hand)
        self.app = ReplayApp(ReplayFace(self.player, lambda run: "# Report"), self.hand)

    @property
    def since(self) -> float:
        """Seconds since T0 of what the screen shows."""
        return self.app.now() - self.t0

    async def press(self, pilot: Pilot[None], key: str, condition: Callable[[], object]) -> None:
        self.hand.move(2.0 if self.player.paused else 0.0)
        await pilot.press(key)
        await until(pilot, condition)


async def test_it_is_marked_as_a_replay_and_shows_the_journals_time(records: list[Record]) -> None:
    played = Played(records)
    async with played.app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        text = screen_text(played.app)
        assert "replay x10 of 20260101" in text.splitlines()[0]
        assert "REPLAY ─" in text
        assert clock_time(played.t0 + 20.0) in text.splitlines()[0]
        assert at(played.app) == "window"
        assert "space pause" in foot(played.app)
        shown = played.since
        played.hand.move(0.5)
        await until(pilot, lambda: played.since > shown)
        assert played.since == pytest.approx(shown + 5.0)


async def test_what_cannot_be_read_is_said_at_the_beginning(records: list[Record]) -> None:
    bad, number = spoiled(records)
    played = Played(bad)
    async with played.app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "left out" in foot(played.app))
        assert f"left out, cannot be read: 1, from event {number} on" in foot(played.app)
        played.player.pause()
        played.hand.move(10.0)
        await until(pilot, lambda: "left out" not in foot(played.app))


async def test_the_keys_play_it(records: list[Record]) -> None:
    played = Played(records)
    async with played.app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await played.press(pilot, "space", lambda: "replay paused of" in screen_text(played.app))
        await played.press(pilot, "left", lambda: played.since == pytest.approx(-10.0))
        await until(pilot, lambda: at(played.app) == "plan")
        await played.press(pilot, "right", lambda: played.since == pytest.approx(20.0))
        await until(pilot, lambda: at(played.app) == "window")
        await played.press(pilot, "n", lambda: "KEEP WATCHING" not in screen_text(played.app))
        await played.press(pilot, "p", lambda: played.since < 20.0)
        await played.press(pilot, "space", lambda: "replay x10 of" in screen_text(played.app))
        await played.press(pilot, "plus", lambda: "replay x30 of" in screen_text(played.app))
        await played.press(pilot, "equals_sign", lambda: "replay x60 of" in screen_text(played.app))
        await played.press(pilot, "minus", lambda: "replay x30 of" in screen_text(played.app))
        for _ in range(4):
            await pilot.press("right")
        played.hand.move(5.0)
        await pilot.press("right")
        await until(pilot, lambda: "the run ended here" in foot(played.app))
        assert played.app.view is not None
        assert played.app.view.phase == "ended"
        await played.press(pilot, "left", lambda: played.app.view is not None and played.app.view.phase != "ended")
        await pilot.press("q")
    assert played.app.last_words() == f"The replay of {RUN} was closed. Nothing was changed."
    assert played.app.return_code == 0


async def test_the_keys_of_the_decision_say_that_it_is_a_replay(records: list[Record]) -> None:
    played = Played(records)
    async with played.app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for key in ("r", "f9", "g", "s", "t", "e"):
            await played.press(pilot, key, lambda: "this is a replay, nothing is sent" in foot(played.app))
            await pilot.press("y")
            assert played.app.decision.arming.armed is None
            played.app.say("")


async def test_no_item_can_be_marked(records: list[Record]) -> None:
    played = Played(records)
    async with played.app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("2")
        await until(pilot, lambda: at(played.app) == "lists")
        for key in ("a", "w", "f"):
            played.app.status = ""
            await pilot.press(key)
            await until(pilot, lambda: "replay" in foot(played.app) or "already" in foot(played.app))
        assert not played.app.screen.query("Prompt")


async def test_its_keys_are_letters_in_the_palette(records: list[Record]) -> None:
    played = Played(records)
    async with played.app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("colon")
        await until(pilot, lambda: played.app.screen.query("CommandInput"))
        await pilot.press("p", "space", "n")
        assert not played.player.paused
        await pilot.press("escape")
        await pilot.press("question_mark")
        await until(pilot, lambda: "in this replay" in screen_text(played.app))


async def test_on_the_smallest_terminal_it_is_told_too(records: list[Record]) -> None:
    played = Played(records)
    async with played.app.run_test(size=(40, 10)) as pilot:
        await settled(pilot)
        assert "replay x10 of 20260101" in screen_text(played.app)


def test_the_window_of_a_replay(
    snap_compare: Callable[..., bool], records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLORFGBG", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    assert snap_compare(Played(records).app, terminal_size=(80, 24), run_before=settled)
