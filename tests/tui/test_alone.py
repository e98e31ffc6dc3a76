"""The panel while this face knows better than its newest View: the session went away; a decision was sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core.view import View
from cpr_cockpit.tui.widgets.panel import DecisionPanel
from cpr_cockpit.tui.widgets.rows import Rows
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, foot, screen_text, settled, strike, until
from tests.tui.view_controls import BY_HAND

RUN = "20261129-100204-0001-personal-goal-creat-25a7"
CARD = f"/home/ana/.local/state/cpr-cockpit/runs/{RUN}/rollback-card.md"
ROLLBACK = "cpr-cockpit rollback 20261129-100204"


def named(view: View) -> View:
    """The View of a run whose name is as long as they are."""
    return replace(view, run=RUN, plan=replace(view.plan, card=CARD))


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 10)])
async def test_a_session_that_went_away_is_the_panels_word_with_the_ways_to_go_on(size: tuple[int, int]) -> None:
    source, clock = Script(named(views.window_calm())), Hand()
    app = face(source, clock)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        clock.move(40)
        source.hang_up()
        await until(pilot, lambda: app.newest().gone_since is not None)
        await pilot.pause()
        text = "".join(line.strip(" ┊│") + " " for line in screen_text(app).splitlines())
        for words in ("Gone since 14:08:11 UTC", "cpr-cockpit resume 20261129-100204", ROLLBACK):
            assert words in text
        # On the smallest it is below what is in sight.
        assert CARD in text.replace(" ", "") or size == (40, 10)
        assert "KEEP WATCHING" not in text
        if size != (40, 10):
            panel = app.screen.query_one(DecisionPanel)
            assert panel.value.startswith("NO SESSION")
            # Its shape is that of missing data, none of a calm one.
            assert panel.words.startswith("┌┈")
        source.reachable = True
        await until(pilot, lambda: app.newest().gone_since is None)
        await until(pilot, lambda: "NO SESSION" not in screen_text(app))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_commands_for_the_hand_are_whole_on_the_screen(size: tuple[int, int]) -> None:
    view = views.rolling_back()
    app = face(Script(replace(view, panel=BY_HAND)))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        told = " ".join(app.screen.query_one(DecisionPanel).words.replace("║", " ").split())
        for words in (BY_HAND.sentence, *BY_HAND.commands, "rollback-card.md"):
            assert words in told
        assert told in " ".join(screen_text(app).replace("║", " ").split())
        # On the smallest it is below what is in sight.
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: at(app) == "floor")
        assert any(line.startswith("$ az webapp") for line in app.screen.query_one("#floor", Rows).shown)


@pytest.mark.parametrize("key", ["r", "f9"])
async def test_without_a_session_rollback_names_its_command_and_nothing_is_armed(key: str) -> None:
    source, clock = Script(named(views.window_breach())), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        source.hang_up()
        await until(pilot, lambda: "NO SESSION" in screen_text(app))
        strike(app, key)
        await until(pilot, lambda: ROLLBACK in foot(app))
        assert app.decision.arming.armed is None
        clock.move(2)
        strike(app, "g")
        await until(pilot, lambda: "GO is not possible now: no session since" in foot(app))


@pytest.mark.parametrize("keys", [("r",), ("t", "3")])
async def test_what_was_armed_is_disarmed_when_the_session_goes_and_the_panel_says_so(keys: tuple[str, ...]) -> None:
    source = Script(named(views.window_breach()))
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
        await until(pilot, lambda: app.decision.arming.armed is not None)
        source.hang_up()
        await until(pilot, lambda: app.decision.arming.armed is None)
        await until(pilot, lambda: "nothing was sent" in screen_text(app))
        assert ROLLBACK in screen_text(app)


async def test_before_production_was_touched_there_is_nothing_to_roll_back() -> None:
    source = Script(named(views.ready()))
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        source.hang_up()
        await until(pilot, lambda: app.screen.query_one(DecisionPanel).value.startswith("NO SESSION"))
        await pilot.pause()
        assert "cpr-cockpit rollback" not in screen_text(app)
        assert "cpr-cockpit resume 20261129-100204" in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_a_confirmed_start_never_shows_ready_to_start_again(size: tuple[int, int]) -> None:
    source, clock = Script(views.ready()), Hand()
    app = face(source, clock)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        panel = app.screen.query_one(DecisionPanel)
        await pilot.press("s")
        clock.move(1)
        strike(app, "y")
        await until(pilot, lambda: source.commands)
        assert panel.value.startswith("START SENT")
        # The session looks once more before it says what it does.
        source.push(replace(views.ready(), seq=61))
        await until(pilot, lambda: app.view is not None and app.view.seq == 61)
        assert panel.value.startswith("START SENT")
        if size == (80, 24):
            assert "START SENT" in panel.words
            assert "█" not in panel.words
        source.push(views.deploying())
        await until(pilot, lambda: panel.value.startswith("DEPLOYING"))


async def test_a_refused_decision_shows_the_word_that_stands() -> None:
    source, clock = Script(views.ready()), Hand()
    source.refusing = "marek started it a moment ago"
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        clock.move(1)
        strike(app, "y")
        await until(pilot, lambda: "marek started it" in foot(app))
        assert app.screen.query_one(DecisionPanel).value.startswith("READY TO START")
        assert at(app) == "plan"
