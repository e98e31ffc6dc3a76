"""The screen of the live log: reached by its key, left again, and ROLLBACK works from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core.view import LogView
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, screen_text, settled, until
from tests.tui.view_controls import ATTACK


async def test_l_shows_the_error_lines_and_leads_back_and_rollback_works_there() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("l")
        await until(pilot, lambda: at(app) == "log" and "96 error lines of 1204" in screen_text(app))
        assert "SqlException" in screen_text(app)
        assert "Of production alone: the log of slot green is not followed here." in screen_text(app)
        assert "1 interruption in which" in screen_text(app)
        # A new View is drawn here, and leads nobody away.
        source.push(replace(views.window_breach(), seq=140, log=replace(views.window_breach().log, errors=97)))
        await until(pilot, lambda: "97 error lines" in screen_text(app))
        await pilot.press("r")
        await until(pilot, lambda: app.decision.arming.armed is not None)
        clock.move(0.7)
        await pilot.press("y")
        await until(pilot, lambda: source.commands)
        assert source.commands == [("rollback", {"reason": "", "by": "ana"})]
        await pilot.press("l")
        await until(pilot, lambda: at(app) == "window")


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (LogView(), "No reading has come yet."),
        (LogView(trouble="The log stream was refused (404)"), "The log stream was refused (404)"),
        (LogView(heard=True, lines=40, at=1.0), "No error line since the switch."),
    ],
)
async def test_what_is_not_heard_is_never_called_quiet(log: LogView, words: str) -> None:
    app = face(Script(replace(views.window_calm(), log=log)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("l")
        await until(pilot, lambda: words in screen_text(app))
        assert ("No error line" in screen_text(app)) is log.heard


async def test_lines_of_an_attacker_are_text() -> None:
    app = face(Script(views.hostile()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("l")
        await until(pilot, lambda: at(app) == "log")
        shown = screen_text(app)
        assert "\x1b" in ATTACK
        assert "\x1b" not in shown
        assert "\u202e" not in shown
