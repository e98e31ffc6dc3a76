"""The time before the first View: what a person presses, a session that does not answer, and why it does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cpr_cockpit.engine.face import FaceSource
from cpr_cockpit.engine.greeting import SessionGone
from cpr_cockpit.tui.app import CockpitApp
from cpr_cockpit.tui.widgets.panel import DecisionPanel
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, foot, screen_text, until


class Late:
    """A source that answers when it is let; ``told`` is raised first, each once."""

    def __init__(self, *told: str) -> None:
        self.script = Script(views.window_calm())
        self.let = asyncio.Event()
        self.asked = 0
        self._told = list(told)

    async def __call__(self) -> FaceSource:
        self.asked += 1
        if self._told:
            raise SessionGone(self._told.pop(0))
        await self.let.wait()
        return await self.script()


def words(app: CockpitApp) -> str:
    """The screen as one line, without the panel's border."""
    return " ".join(line.strip(" ┊┌┐└┘┈") for line in screen_text(app).splitlines())


@pytest.mark.parametrize("keys", [(), ("5",), ("l",), ("question_mark",)])
async def test_a_session_that_does_not_answer_for_twenty_seconds_is_told_with_its_log(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    source, clock, log = Late(), Hand(), tmp_path / "log"
    app = CockpitApp(source, "ana", monotonic=clock, log=log)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: source.asked)
        await pilot.press(*keys)
        clock.move(19)
        app.draw()
        await pilot.pause()
        assert "could not be started" not in words(app)
        clock.move(1)
        app.draw()
        await until(
            pilot, lambda: "No session answered within 20 s: it could not be started, or it hangs." in words(app)
        )
        assert "Its log" not in words(app)
        log.write_text("no port is free")
        app.draw()
        await until(pilot, lambda: "Its log:" in screen_text(app))
        assert str(log) in screen_text(app).replace("\n", "").replace("┊", "").replace(" ", "")
        # It may still come up.
        source.let.set()
        await until(pilot, lambda: "KEEP WATCHING" in screen_text(app))


async def test_whoever_went_nowhere_is_taken_to_the_run_also_after_the_trouble_was_shown() -> None:
    source, clock = Late(), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: source.asked)
        clock.move(20)
        app.draw()
        await until(pilot, lambda: app.screen.query(DecisionPanel))
        assert app.place == ""
        source.let.set()
        await until(pilot, lambda: at(app) == "window")


async def test_the_smallest_terminal_tells_it_too() -> None:
    source, clock = Late(), Hand()
    app = face(source, clock)
    async with app.run_test(size=(40, 10)) as pilot:
        await until(pilot, lambda: source.asked)
        clock.move(20)
        app.draw()
        await until(pilot, lambda: "NO SESSION" in screen_text(app) and at(app) == "floor")
        assert "could not be started" in words(app)


async def test_what_failed_first_is_not_hidden_by_the_attempts_after_it() -> None:
    source = Late("The rehearsal could not be started: no port is free.", "No session of the run is alive.")
    app = face(source)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: source.asked == 3)
        await pilot.pause()
        assert screen_text(app).count("no port is free") == 2
        assert "is alive" not in screen_text(app)


async def test_help_that_was_asked_for_early_is_read_on() -> None:
    source = Late()
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: "HELP  (? or esc: back)" in screen_text(app))
        await pilot.press("end")
        # Of no screen in particular: each action once.
        assert screen_text(app).count("Every checklist") == 1
        source.let.set()
        await until(pilot, lambda: app.view is not None)
        assert at(app) == "help"
        source.script.push(views.rolled_back())
        await until(pilot, lambda: app.view is not None and app.view.phase == "ended")
        assert at(app) == "help"
        await pilot.press("escape")
        await until(pilot, lambda: at(app) == "papers")


async def test_help_that_was_left_early_leads_to_the_run() -> None:
    source = Late()
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark", "escape")
        source.let.set()
        await until(pilot, lambda: app.view is not None)
        await pilot.pause()
        assert at(app) == "window"


async def test_what_was_not_possible_before_the_first_view_is_not_said_after_it() -> None:
    source = Late()
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        assert foot(app).strip() == "ROLL BACK is not possible now: not connected yet"
        source.let.set()
        await until(pilot, lambda: at(app) == "window")
        assert "not possible" not in foot(app)
